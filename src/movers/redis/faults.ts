import { exitCode, faultsOf, kind } from '../../base/fault.ts'

const failedSafe = exitCode.failedSafe
type Side = { readonly side: 'source' | 'target'; readonly address: string }
/** Where in the snapshot a command came from. The key itself is never in a message. */
type Place = { readonly family: string; readonly position: number; readonly database: number }
/** A command that the source has sent after its snapshot. Neither its key nor its words are ever in a message. */
type Followed = {
  readonly command: string
  readonly family: string
  readonly database: number
  readonly offset: string
}

/** Everything that can go wrong while a Redis is read, filled or compared. */
export const redisFaults = {
  REDIS_UNREACHABLE: kind<Side & { reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the ${d.side} ${d.address} cannot be reached (${d.reason})`,
    remedy: (d) =>
      `Check host, port and firewall of the ${d.side}, and that the server runs; then run the command again.`,
  }),
  REDIS_TLS_FAILED: kind<Side & { reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} could not be verified over TLS (${d.reason})`,
    remedy: () =>
      'Name the CA with ?sslrootcert=FILE in the URL; only where the path is trusted, ?sslmode=disable goes without TLS.',
  }),
  REDIS_LOGIN_REFUSED: kind<Side>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} refused the login`,
    remedy: (d) => `Correct user and password in the ${d.side}'s URL.`,
  }),
  REDIS_NO_DATABASE: kind<Side>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} has no database of that number`,
    remedy: (d) => `Correct the number at the end of the ${d.side}'s URL; a cluster has only 0.`,
  }),
  REDIS_CONNECTION_LOST: kind<Side & { doing: string; reason: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the connection to the ${d.side} ${d.address} was lost while ${d.doing} (${d.reason})`,
    remedy: () => 'When the server answers again, run the same command: a copy goes on at its last checkpoint.',
  }),
  REDIS_NOT_REDIS: kind<Side>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `what answers at the ${d.side} ${d.address} does not speak the Redis protocol as asked`,
    remedy: (d) => `Give the address of the Redis server itself, not of a proxy, in the ${d.side}'s URL.`,
  }),
  REDIS_SENTINEL_UNKNOWING: kind<Side>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the Sentinel ${d.address} of the ${d.side} does not know a master of that name`,
    remedy: (d) => `Correct ?master=NAME in the ${d.side}'s URL; \`SENTINEL masters\` lists the names.`,
  }),
  REDIS_SNAPSHOT_UNREADABLE: kind<{ file: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the snapshot ${d.file} cannot be read (${d.reason})`,
    remedy: () => 'Give the path of an .rdb (or .rdb.gz) file that you may read.',
  }),
  REDIS_SPOOL_FAILED: kind<{ folder: string; reason: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source could not be spooled into ${d.folder} (${d.reason})`,
    remedy: () => 'Give a folder with room for the whole snapshot: --spool FOLDER.',
  }),
  REDIS_SOURCE_REFUSED: kind<{ address: string; command: string; code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} refused ${d.command} (${d.code})`,
    remedy: () =>
      'Let the user of the source URL run PSYNC and REPLCONF, or SCAN, DUMP and PTTL; or give an .rdb file.',
  }),
  REDIS_MERGE_NEEDS_ONE_MOMENT: kind<object>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: () => 'a source could only be read key by key, which is not one moment: it cannot be merged so',
    remedy: () => 'Let the user of the source URL run PSYNC and REPLCONF, or merge from an .rdb file.',
  }),
  REDIS_SOURCE_UNDUMPABLE: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} gave a DUMP that is none`,
    remedy: () => 'Take an .rdb file of the source with BGSAVE and give that instead.',
  }),
  REDIS_CLUSTER_MODE: kind<Side>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `the ${d.side} ${d.address} runs in cluster mode, in which 3scale's backend does not work`,
    remedy: () => 'Use a Redis with cluster mode disabled; one shard with replicas is fine.',
  }),
  REDIS_TARGET_TOO_OLD: kind<{ address: string; lacks: string; wanted: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `the target ${d.address} does not know ${d.lacks} and would lose times of expiry`,
    remedy: (d) => `Use a Redis of ${d.wanted} or later as the target.`,
  }),
  REDIS_FORBIDDEN: kind<Side & { command: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the ${d.side} ${d.address} does not let this user run ${d.command}`,
    remedy: (d) =>
      d.side === 'target'
        ? `Let the user of the target URL run ${d.command} on every key for the time of the copy (ACL SETUSER … +@all ~*).`
        : `Let the user of the source URL run ${d.command}.`,
  }),
  REDIS_READ_ONLY: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the target ${d.address} is a replica and takes no writes; it may have failed over`,
    remedy: () => 'Give the address of the primary, and run the same command again: it goes on at its last checkpoint.',
  }),
  REDIS_LOADING: kind<Side>({
    exit: failedSafe,
    retry: 'same-input',
    says: (d) => `the ${d.side} ${d.address} is still loading its own data`,
    remedy: () => 'Wait until it answers PING, and run the same command again.',
  }),
  REDIS_OUT_OF_MEMORY: kind<{ address: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the target ${d.address} has reached its maxmemory and takes no more keys`,
    remedy: () =>
      'Give the target a larger node or maxmemory, and run the same command: it goes on at its last checkpoint.',
  }),
  REDIS_MEMORY_FORECAST: kind<{ address: string; needed: number; free: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the snapshot will need about ${Math.ceil(d.needed / 1e6)} MB in the target ${d.address}, which has ${Math.floor(d.free / 1e6)} MB left of its maxmemory`,
    remedy: () => 'Choose a larger node (or maxmemory) for the target; nothing was written.',
  }),
  REDIS_TARGET_NOT_EMPTY: kind<{ address: string; database: number; keys: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `database ${d.database} of the target ${d.address} holds ${d.keys} keys that this copy did not write`,
    remedy: () =>
      'Compare with `threeshift redis verify`; add to live counters with --mode merge; replace with --onto-existing; or empty it.',
  }),
  REDIS_TARGET_OTHER_SNAPSHOT: kind<{ address: string; database: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `database ${d.database} of the target ${d.address} holds part of a copy of another snapshot, mode or choice of keys`,
    remedy: () => 'Finish that copy with its own snapshot and options, or empty the database and run this one again.',
  }),
  REDIS_ALREADY_MERGED: kind<{ address: string; database: number }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `database ${d.database} of the target ${d.address} has this very snapshot merged into it already`,
    remedy: () => 'Nothing is left to do. To merge it twice on purpose would double every counter.',
  }),
  REDIS_MERGE_STUCK: kind<Place & { address: string; code: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) =>
      `the target ${d.address} could not merge a key (${d.code}): family ${d.family}, database ${d.database}, at byte ${d.position} of the snapshot; everything before it is merged once`,
    remedy: () =>
      'The target holds that key with another type or value: restore the target from its snapshot, repair the key, and merge again.',
  }),
  REDIS_COMMAND_REFUSED: kind<Place & { address: string; code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the target ${d.address} refused a key (${d.code}): family ${d.family}, database ${d.database}, at byte ${d.position} of the snapshot`,
    remedy: () =>
      'Look the key up in the snapshot at that byte; what was copied before it stays, and the same command goes on there.',
  }),
  REDIS_NOT_A_COUNTER: kind<Place>({
    exit: failedSafe,
    retry: 'never',
    says: (d) =>
      `a counter of the snapshot is no integer: family ${d.family}, database ${d.database}, at byte ${d.position}`,
    remedy: () => 'Repair that key in the source and take a new snapshot; counters can be merged only as integers.',
  }),
  REDIS_SHARD_GIVEN_TWICE: kind<{ first: number; second: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `sources ${d.first} and ${d.second} are the same Redis: every counter of it would be added to itself`,
    remedy: () => 'Name each shard once; a replica is the same shard as its primary.',
  }),
  REDIS_SHARDS_TOO_MUCH_IN_COMMON: kind<{ limitBytes: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the shards have more keys in common than fit into ${Math.round(d.limitBytes / 1024 ** 2)} MB: they do not look like shards of one Redis`,
    remedy: () =>
      'Check that no source is another one, a replica or an older snapshot of it; shards that really share so much go one by one with --mode merge.',
  }),
  REDIS_SHARDS_CONTRADICT: kind<{ family: string; database: number; first: string; second: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `a key is ${d.first} and ${d.second}, which cannot be made one: family ${d.family}, database ${d.database}`,
    remedy: () =>
      'Look the key up in both snapshots at those bytes, remove the wrong one from its shard, and run again.',
  }),
  REDIS_SHARD_NOT_A_COUNTER: kind<Place & { shard: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `a counter that several shards hold is no integer in shard ${d.shard}: family ${d.family}, database ${d.database}, at byte ${d.position} of its snapshot`,
    remedy: () => 'Repair that key in its shard and run again; counters can be added only as integers.',
  }),
  REDIS_SHARDS_OVERFLOW: kind<{ family: string; database: number; places: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the sum of a counter that several shards hold is larger than a Redis integer: family ${d.family}, database ${d.database}, ${d.places}`,
    remedy: () => 'Repair that counter in one of the shards and run again.',
  }),
  REDIS_SPOOL_IN_USE: kind<{ folder: string; pid: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `another copy from this source to this target is running (process ${d.pid}, spool ${d.folder})`,
    remedy: () => 'Let it end, or stop it; then run the same command, which goes on where it was.',
  }),
  REDIS_FOLLOW_NEEDS_PSYNC: kind<{ address: string; code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) => `the source ${d.address} does not let this user replicate (${d.code}), so it cannot be followed`,
    remedy: () =>
      'Grant the user of the source URL `+psync +replconf` (ACL SETUSER), or stop the traffic and copy without --follow.',
  }),
  REDIS_STREAM_GONE: kind<{ address: string; offset: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) =>
      `the source ${d.address} no longer holds the commands after offset ${d.offset} of its replication: following cannot go on without a gap`,
    remedy: () =>
      "Raise the source's repl-backlog-size (CONFIG SET repl-backlog-size 512mb), empty the target's databases, and copy again.",
  }),
  REDIS_STREAM_DAMAGED: kind<{ folder: string; offset: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) => `the commands spooled in ${d.folder} are none at offset ${d.offset} of the replication`,
    remedy: () => "Check the disk of the spool folder, empty the target's databases, and copy again.",
  }),
  REDIS_FOLLOW_STUCK: kind<Followed & { address: string; code: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) =>
      `the target ${d.address} could not carry out a command of the source (${d.code}): ${d.command}, family ${d.family}, database ${d.database}, offset ${d.offset} of the replication; its data is not the source's`,
    remedy: () => 'Find out who else writes into the target, empty its databases, and copy again.',
  }),
  REDIS_FOLLOW_REFUSED: kind<Followed & { address: string; code: string }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `the target ${d.address} does not take a command of the source (${d.code}): ${d.command}, family ${d.family}, database ${d.database}, offset ${d.offset} of the replication; everything before it is in`,
    remedy: (d) =>
      `Let the user of the target URL run ${d.command} on a server that knows it, and run the same command: it goes on there.`,
  }),
  REDIS_FOLLOW_NOT_POSSIBLE: kind<Followed & { why: string }>({
    exit: failedSafe,
    retry: 'never',
    says: (d) =>
      `a command of the source cannot be followed, because ${d.why}: ${d.command}, database ${d.database}, offset ${d.offset} of the replication; everything before it is in`,
    remedy: () => "Empty the target's databases and copy again, while nobody runs such a command in the source.",
  }),
  REDIS_FOLLOW_UNFINISHED: kind<{ address: string; database: number }>({
    exit: failedSafe,
    retry: 'after-remedy',
    says: (d) =>
      `database ${d.database} of the target ${d.address} holds a copy that was following its source and has not caught up`,
    remedy: () => 'Run the same command with --follow SECONDS, which goes on where it was.',
  }),
  REDIS_MAP_COLLISION: kind<{ first: number; second: number; target: number }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) =>
      `databases ${d.first} and ${d.second} of the source would both become database ${d.target} of the target`,
    remedy: () => 'Give each its own with --map SOURCE=TARGET, or change the number at the end of the target URL.',
  }),
}
export const fault = faultsOf(redisFaults)
