import { exitCode, faultsOf, kind } from '../../base/fault.ts'

const damaged = { exit: exitCode.failedSafe, retry: 'after-remedy' } as const
const again =
  'Take the snapshot again (BGSAVE, wait until LASTSAVE has changed, then copy the file), and compare its size.'

/** What can be wrong with an RDB file. None ever holds a key or a value: a place is a database and a file offset. */
export const rdbFaults = {
  RDB_WRONG_MAGIC: kind<{ looksLike: string }>({
    ...damaged,
    says: (d) => `the snapshot does not begin as an RDB file does: it looks like ${d.looksLike}`,
    remedy: () => 'Give the RDB file that Redis wrote (its `dbfilename`, usually dump.rdb), unpacked if it was packed.',
  }),
  RDB_VALKEY: kind<{ version: number }>({
    ...damaged,
    says: (d) => `the snapshot is Valkey's own RDB version ${d.version}, which Redis and this program do not read`,
    remedy: () => 'Take the data from the running server by SCAN instead of from its snapshot.',
  }),
  RDB_VERSION_UNKNOWN: kind<{ version: number; newest: number }>({
    ...damaged,
    says: (d) => `the snapshot has RDB version ${d.version}; versions 1 to ${d.newest} are read`,
    remedy: () => 'Take the data from the running server by SCAN instead of from its snapshot.',
  }),
  RDB_TRUNCATED: kind<{ offset: number }>({
    ...damaged,
    says: (d) => `the snapshot ends in the middle of an entry that begins at byte ${d.offset}`,
    remedy: () => again,
  }),
  RDB_BAD_CHECKSUM: kind<{ stored: string; computed: string }>({
    ...damaged,
    says: (d) => `the snapshot is damaged: its checksum is ${d.stored}, its bytes give ${d.computed}`,
    remedy: () => again,
  }),
  RDB_CORRUPT: kind<{ what: string }>({
    ...damaged,
    says: (d) => `the snapshot is damaged: ${d.what} cannot be decoded`,
    remedy: () => again,
  }),
  RDB_UNSUPPORTED_TYPE: kind<{ type: string; database: number; offset: number }>({
    ...damaged,
    says: (d) =>
      `database ${d.database} of the snapshot holds a ${d.type} at byte ${d.offset}, which is no part of a 3scale and is not read`,
    remedy: () =>
      'Find out whose it is, move it out of this Redis and take a new snapshot; or take the data by SCAN, which can leave it out.',
  }),
  RDB_VALUE_TOO_LARGE: kind<{ bytes: number; limitBytes: number; database: number; offset: number }>({
    ...damaged,
    says: (d) =>
      `an entry of database ${d.database} at byte ${d.offset} of the snapshot needs ${d.bytes} bytes; the limit is ${d.limitBytes}`,
    remedy: () =>
      'Look at the largest key (redis-cli --bigkeys): no key of a 3scale is so large; remove it if it is not needed.',
  }),
  RDB_IS_AOF: kind<{ offset: number }>({
    ...damaged,
    says: (d) =>
      `the file is an append-only file with an RDB part: commands follow at byte ${d.offset}, and the RDB part alone is not whole`,
    remedy: () => 'Take a snapshot with BGSAVE and give that file; the append-only file is not read.',
  }),
  RDB_TRAILING_BYTES: kind<{ offset: number }>({
    ...damaged,
    says: (d) => `bytes follow the end of the snapshot at byte ${d.offset}`,
    remedy: () => again,
  }),
}

/** Makes a fault of the RDB reader: `throw fault('RDB_TRUNCATED', { offset })`. */
export const fault = faultsOf(rdbFaults)
