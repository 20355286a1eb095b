import type { ObjectAddress } from '../model/object-address.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'

/** Progress of a pass over a snapshot, sent about every 4 MiB and once more at the end. */
export interface RedisProgress {
  readonly phase: 'fetch' | 'inspect' | 'copy' | 'follow' | 'verify'
  /** In `follow`: commands that were carried out. */
  readonly keys: number
  /** Of the snapshot, or in `follow` of what the source has sent after it. `totalBytes` is 0 when nobody knows. */
  readonly bytes: number
  readonly totalBytes: number
  readonly elapsedMs: number
  readonly done: boolean
  /** In `follow`: bytes that came from the source and are not in the target yet; since when nothing carried has come. */
  readonly lag?: { readonly bytes: number; readonly quietMs: number }
}

/** A family of keys in the snapshot. Names, classes and what is done with them are `src/threescale/backend-keys.ts`. */
export interface InspectedFamily {
  readonly name: string
  /** `carry`: its data is nowhere else. `rebuilt`: from the system database. `transient`: ends by itself. `legacy`: rubbish. */
  readonly class: 'carry' | 'rebuilt' | 'transient' | 'legacy' | 'unknown'
  /** By default: copied as it is, appended to the target's list, or left behind. */
  readonly handling: 'copy' | 'append' | 'skip'
  readonly keys: number
  readonly expiring: number
  /** Bytes of its entries in the snapshot. */
  readonly bytes: number
  /** Keys whose type is not one that apisonator gives them. */
  readonly wrongType: number
}

/** Sums are decimal text: they may be larger than a JSON number. */
export interface InspectedMetric {
  readonly kind: 'metric' | 'response_code'
  /** A metric's id, or a code such as `200` or `2XX`. */
  readonly name: string
  readonly keys: number
  /** By granularity, of the service's own counters and of all its applications' together; absent ones have no key. */
  readonly service: Readonly<Record<string, string>>
  readonly applications: Readonly<Record<string, string>>
  /** The service's own counters by month, `YYYYMM`: the month's counter and the sum of its days. */
  readonly months: readonly { readonly month: string; readonly counter: string; readonly days: string }[]
}

export interface InspectedService {
  readonly service: string
  readonly keys: number
  readonly expiring: number
  /** Members of its set of applications seen. */
  readonly applications: number
  readonly metrics: readonly InspectedMetric[]
}

/** A sum that does not add up. A warning only: values set by `#`, purged hours and old timestamps break it rightly. */
export interface RollUpWarning {
  readonly rule:
    | 'eternity = applications'
    | 'months = days'
    | 'weeks = days'
    | 'application years = months'
    | 'application months = days'
    | 'application weeks = days'
  readonly service: string
  readonly metric: string
  /** `YYYYMM` when it is about one month. */
  readonly month?: string
  readonly left: string
  readonly right: string
}

/** A key that no family knows, without the key: it may hold an id or a credential. */
export interface UnknownKey {
  /** Letters as `a`, digits as `9`, other bytes as `?`, runs as one; at most 40 characters. */
  readonly shape: string
  /** The first 12 hex digits of its SHA-256. */
  readonly hash: string
  readonly type: string
  readonly database: number
}

export interface InspectReport {
  /** `warned`: something in `warnings` wants a look; nothing is refused. */
  readonly verdict: 'clean' | 'warned'
  readonly rdbVersion: number
  /** As the snapshot says it: `redis-ver`, `ctime`, `used-mem`, `repl-offset` … */
  readonly aux: Readonly<Record<string, string>>
  /** Epoch milliseconds at which the snapshot was taken, and how old it was at the inspection; null when it does not say. */
  readonly takenAtMs: number | null
  readonly ageMs: number | null
  readonly keys: number
  readonly bytes: number
  readonly expiring: number
  /** Of the expiring ones, those that were already over at the inspection. */
  readonly expired: number
  readonly databases: readonly { readonly database: number; readonly keys: number; readonly expiring: number }[]
  readonly families: readonly InspectedFamily[]
  readonly services: readonly InspectedService[]
  /** By encoding; a target whose RDB version is lower than `needsRdbVersion` takes these keys only decoded. */
  readonly types: readonly { readonly name: string; readonly keys: number; readonly needsRdbVersion: number }[]
  /** Function libraries, which are not part of a 3scale and are not carried. */
  readonly functions: number
  readonly unknown: { readonly keys: number; readonly samples: readonly UnknownKey[] }
  readonly largest: { readonly family: string; readonly type: string; readonly bytes: number } | null
  /** Memory that the target will need: everything, and what is carried by default. From `used-mem`, or from the size. */
  readonly memory: {
    readonly from: 'used-mem' | 'snapshot-size'
    readonly allBytes: number
    readonly carriedBytes: number
  }
  readonly rollUps: { readonly checked: number; readonly broken: number; readonly warnings: readonly RollUpWarning[] }
  /** A sentence each. */
  readonly warnings: readonly string[]
  readonly tookMs: number
}

/**
 * What is moved: an RDB file (`.gz` or not), one in an object store, or a live server, which is spooled into one first;
 * or several of these, the shards of one Redis, which become one.
 */
export type RedisSource = SingleRedisSource | { readonly kind: 'shards'; readonly shards: readonly SingleRedisSource[] }

export type SingleRedisSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'object'; readonly at: ObjectAddress }
  | { readonly kind: 'server'; readonly endpoint: RedisEndpoint }

/**
 * `overwrite` fills an empty target; `merge` adds to a live one: counters are added, sets united, lists appended, and
 * what cannot be added stays as the target has it; `requeue` appends the job lists and nothing else.
 */
export type RedisMode = 'overwrite' | 'merge' | 'requeue'

export interface RedisMoveRequest {
  readonly source: RedisSource
  readonly target: RedisEndpoint
  /** `default` leaves out what is rebuilt, transient or legacy. */
  readonly carry: 'default' | 'all'
  readonly mode: RedisMode
  /** Source database to target database; one that is not named keeps its number. */
  readonly databases: ReadonlyMap<number, number>
  /** Lets `overwrite` write into databases that hold keys it did not write. */
  readonly ontoExisting: boolean
  /**
   * Copy of a live server in mode `overwrite`, not onto existing keys, only: also what the source is told after the snapshot is carried out, until
   * nothing carried has come for so many milliseconds. Null: the snapshot alone.
   */
  readonly followQuietMs: number | null
  /** Folder for what a live or packed source has to be spooled into. */
  readonly spoolFolder: string
  /** Copy only: is told what a run that did not end well leaves on disk for the next one. */
  readonly onSpoolKept: (kept: KeptSpool) => void
  /** Milliseconds that the target may take to answer others during a copy; null: as fast as it goes. */
  readonly maxLatencyMs: number | null
  readonly onProgress: (progress: RedisProgress) => void
  readonly signal: AbortSignal
}

/** A spool that the same copy goes on from. */
export interface KeptSpool {
  readonly folder: string
  readonly bytes: number
}

/** What was carried out after the snapshot, by the run that makes the report. */
export interface RedisFollowed {
  /** Of the source, each once. */
  readonly commands: number
  /** Commands about nothing that is carried. */
  readonly skipped: number
  /** The offset (decimal) of the source's replication up to which everything is in. */
  readonly offset: string
}

export interface RedisCopyReport {
  readonly verdict: 'copied'
  /** Keys of the snapshot that are now in the target; after a resume those of the earlier run too. */
  readonly keys: number
  readonly families: readonly { readonly name: string; readonly keys: number }[]
  /** Keys left behind by the choice of what to carry. */
  readonly skipped: readonly { readonly name: string; readonly keys: number }[]
  /** Keys that were over before they were copied. */
  readonly expired: number
  /** True when an earlier run of the same copy was gone on with. */
  readonly resumed: boolean
  /** Null when the source was not followed. */
  readonly followed: RedisFollowed | null
  readonly notes: readonly string[]
  readonly tookMs: number
}

/** One key that is not on both sides the same. `position` is its entry's first byte in the snapshot. */
export interface RedisDifference {
  readonly kind: 'missing' | 'changed' | 'type' | 'expiry' | 'extra'
  /** The key itself; for families whose keys hold credentials and for unknown ones, `sha256:` and 12 hex digits. */
  readonly key: string
  readonly family: string
  /** Of the target. */
  readonly database: number
  readonly position: number | null
}

/** Sums over a service's own counters of one metric (or response code), as decimal text; equal when `different` is 0. */
export interface RedisStatsSum {
  readonly service: string
  readonly metric: string
  /** `eternity`, `year`, `month`, `week`, `day`, `hour`; of applications all together with `applications `before it. */
  readonly period: string
  readonly keys: number
  readonly sum: string
  readonly targetSum: string
}

export interface RedisVerifyReport {
  readonly verdict: 'equal' | 'different'
  /** Keys compared. */
  readonly keys: number
  readonly expired: number
  readonly differences: readonly RedisDifference[]
  /** All of them; only the first are listed. */
  readonly differenceCount: number
  readonly stats: readonly RedisStatsSum[]
  readonly notChecked: readonly string[]
  readonly tookMs: number
}

/** Moves 3scale's backend Redis into another Redis, and proves it. */
/** One database of a Redis, and the server behind it. */
export interface RedisStanding {
  readonly version: string
  /** `master`, `slave`, `sentinel`. */
  readonly role: string
  /** Of this database. */
  readonly keys: number
  /** Of all databases of the server. */
  readonly usedBytes: number
  /** 0: no limit. */
  readonly maxBytes: number
  /** What the server takes for now, in epoch milliseconds. */
  readonly clockMs: number
}

export interface RedisSight {
  /** Logs in and asks the server about itself; no key is read. Faults: REDIS_*. */
  describe(endpoint: RedisEndpoint, options: { readonly signal: AbortSignal }): Promise<RedisStanding>
}

export interface RedisMover {
  /** Reads the source only. */
  inspect(request: Pick<RedisMoveRequest, 'source' | 'spoolFolder' | 'onProgress' | 'signal'>): Promise<InspectReport>
  /** Abort or a crash: what is in the target stays, with a checkpoint that the same request goes on from. */
  copy(request: RedisMoveRequest): Promise<RedisCopyReport>
  /** Reads both sides and changes neither. Abort: ends the connection. */
  verify(request: RedisMoveRequest): Promise<RedisVerifyReport>
}

/** A snapshot that was written whole. */
export interface SavedSnapshot {
  readonly bytes: number
  /** Of the file, in hex. */
  readonly sha256: string
  /** False when it is not of one moment: keys were read one after the other. */
  readonly exact: boolean
  readonly notes: readonly string[]
}

/** `carry: 'default'` leaves out of the file what a copy would leave behind. */
export type SaveSnapshotRequest = Pick<
  RedisMoveRequest,
  'source' | 'carry' | 'spoolFolder' | 'onProgress' | 'signal'
> & {
  readonly file: string
}

export type RestoreSnapshotRequest = Pick<RedisMoveRequest, 'target' | 'spoolFolder' | 'onProgress' | 'signal'> & {
  readonly file: string
  /** Those that are emptied and filled. */
  readonly databases: readonly number[]
}

export interface RedisSnapshots {
  /**
   * Writes a source into one RDB file, which gets its name only when it is whole; one that is there already is replaced.
   * Reads the source only. Faults: REDIS_*. Abort: nothing of the name is left.
   */
  save(request: SaveSnapshotRequest): Promise<SavedSnapshot>
  /**
   * Makes databases of a server what they are in a file that `save` wrote: they are emptied first. What the file has of others
   * is written over theirs. Again with the effect of once. Faults: REDIS_*. Abort: what is in stays; the same call begins anew.
   */
  restore(request: RestoreSnapshotRequest): Promise<void>
}
