/** What a value is, however it is encoded. */
export type ValueKind = 'string' | 'list' | 'set' | 'zset' | 'hash'

/** One RDB type byte: `version` is the oldest RDB version that knows it, so what a RESTORE of it needs of the server. */
export interface RdbType {
  readonly name: string
  readonly kind: ValueKind
  readonly version: number
}

/** The newest RDB version that is read: Redis 7.4 and 8.0. */
export const newestRdbVersion = 12

/**
 * Every type that is read, by type byte; other bytes are refused by name (`refusedTypes`).
 *
 * Source: Redis `src/rdb.h` of 2.4 to 7.4. Versions below 6 are given as 6: no server that takes RESTORE is older.
 */
export const rdbTypes: ReadonlyMap<number, RdbType> = new Map<number, RdbType>([
  [0, { name: 'string', kind: 'string', version: 6 }],
  [1, { name: 'list', kind: 'list', version: 6 }],
  [2, { name: 'set', kind: 'set', version: 6 }],
  [3, { name: 'zset', kind: 'zset', version: 6 }],
  [4, { name: 'hash', kind: 'hash', version: 6 }],
  [5, { name: 'zset with binary scores', kind: 'zset', version: 8 }],
  [9, { name: 'hash zipmap', kind: 'hash', version: 6 }],
  [10, { name: 'list ziplist', kind: 'list', version: 6 }],
  [11, { name: 'set intset', kind: 'set', version: 6 }],
  [12, { name: 'zset ziplist', kind: 'zset', version: 6 }],
  [13, { name: 'hash ziplist', kind: 'hash', version: 6 }],
  [14, { name: 'list quicklist', kind: 'list', version: 7 }],
  [16, { name: 'hash listpack', kind: 'hash', version: 10 }],
  [17, { name: 'zset listpack', kind: 'zset', version: 10 }],
  [18, { name: 'list quicklist2', kind: 'list', version: 10 }],
  [20, { name: 'set listpack', kind: 'set', version: 11 }],
])

/** Types and opcodes that are known and not read: none stands in a 3scale key space. */
export const refusedTypes: ReadonlyMap<number, string> = new Map([
  [6, 'module (before 4.0)'],
  [7, 'module'],
  [15, 'stream'],
  [19, 'stream of 7.0'],
  [21, 'stream of 7.2'],
  [22, 'hash with field expiry (before 7.4)'],
  [23, 'hash with field expiry (before 7.4)'],
  [24, 'hash with field expiry'],
  [25, 'hash with field expiry'],
  [246, 'function library (before 7.0)'],
  [247, 'module data'],
])

/** The kind of a type byte that a reader has given; another is a bug. */
export function kindOfType(type: number): ValueKind {
  return knownType(type).kind
}

/** The oldest RDB version that knows the type: a server of a lower one refuses a RESTORE of it. */
export function versionOfType(type: number): number {
  return knownType(type).version
}

function knownType(type: number): RdbType {
  const known = rdbTypes.get(type)
  if (known === undefined) throw new Error(`bug: ${type} is no RDB type that the reader gives`)
  return known
}
