import { never } from '../../base/never.ts'
import { addsUp, type KeyFamily } from '../../threescale/backend-keys.ts'
import { kindOfType } from '../../wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'
import { hashValue, sortedSetValue, stringsValue, stringValue } from '../../wire/rdb/rdb-writer.ts'
import { fault } from './faults.ts'

/** What one shard holds under a key. */
export interface ShardEntry {
  /** From 1, in the order in which the shards were given. */
  readonly shard: number
  /** Its entry's first byte in that shard's snapshot. */
  readonly position: number
  readonly type: number
  /** `bytes[start, end)`: the value as in the file. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Epoch milliseconds; -1: does not expire. */
  readonly expiresAtMs: number
}

export interface CombinedValue {
  readonly type: number
  readonly value: Buffer
  readonly expiresAtMs: number
  /** True when the shards contradicted each other in something that cannot be added, so that the first one's was kept. */
  readonly kept: boolean
}

/** Of the plain encodings, which every server takes. */
const types = { string: 0, list: 1, set: 2, zset: 3, hash: 4 } as const
const largest = 2n ** 63n - 1n
const smallest = -(2n ** 63n)
const integer = /^(?:0|-?[1-9]\d{0,18})$/

/**
 * Makes one value of those that several shards hold under one key, as `MergeWriter` would merge them one after the other
 * into an empty Redis: counters added, sets united, lists appended, and of sorted sets' members, hashes' fields and
 * other strings the first one kept. Expires with the last of them; never, when one never does.
 *
 * In: at least one entry, in the order of the shards. Out: the entry itself when it is the only one.
 * Faults: REDIS_SHARDS_CONTRADICT, REDIS_SHARD_NOT_A_COUNTER, REDIS_SHARDS_OVERFLOW, RDB_CORRUPT.
 */
export function combineValues(
  entries: readonly [ShardEntry, ...ShardEntry[]],
  family: KeyFamily,
  database: number,
): CombinedValue {
  const [first, ...others] = entries
  if (others.length === 0) return { ...asItIs(first), kept: false }
  const kind = kindOfType(first.type)
  for (const other of others) if (kindOfType(other.type) !== kind) throw contradiction(first, other, family, database)
  const expiresAtMs = entries.some((one) => one.expiresAtMs < 0)
    ? -1
    : Math.max(...entries.map((one) => one.expiresAtMs))
  const combined = { type: types[kind], expiresAtMs }
  switch (kind) {
    case 'string':
      if (!addsUp(family)) return { ...asItIs(first), expiresAtMs, kept: others.some((one) => !isSameText(first, one)) }
      return { ...combined, value: stringValue(sumOf(entries, family, database)), kept: false }
    case 'list':
      return { ...combined, value: stringsValue(entries.flatMap(elementsOf)), kept: false }
    case 'set':
      return { ...combined, value: stringsValue([...united(entries).values()]), kept: false }
    case 'zset':
    case 'hash': {
      const { flat, kept } = firstOfEach(entries)
      return { ...combined, value: kind === 'zset' ? sortedSetValue(flat) : hashValue(flat), kept }
    }
    default:
      return never(kind)
  }
}

function sumOf(entries: readonly ShardEntry[], family: KeyFamily, database: number): Buffer {
  let sum = 0n
  for (const entry of entries) {
    const bytes = textOf(entry)
    const text = bytes.length > 20 ? '' : bytes.toString('latin1')
    if (!integer.test(text)) {
      const { shard, position } = entry
      throw fault('REDIS_SHARD_NOT_A_COUNTER', { family: family.name, database, shard, position })
    }
    sum += BigInt(text)
  }
  if (sum >= smallest && sum <= largest) return Buffer.from(String(sum))
  throw fault('REDIS_SHARDS_OVERFLOW', { family: family.name, database, places: entries.map(placeOf).join(', ') })
}

function united(entries: readonly ShardEntry[]): ReadonlyMap<string, Buffer> {
  return new Map(entries.flatMap(elementsOf).map((member) => [member.toString('latin1'), member]))
}

/** The pairs of all entries, of each first word the first pair. */
function firstOfEach(entries: readonly ShardEntry[]): { readonly flat: readonly Buffer[]; readonly kept: boolean } {
  const flat: Buffer[] = []
  const seen = new Map<string, Buffer>()
  let kept = false
  for (const words of entries.map(elementsOf)) {
    for (let i = 0; i + 1 < words.length; i += 2) {
      const [name, value] = [words[i], words[i + 1]]
      if (name === undefined || value === undefined) throw new Error('bug: a pair is not whole')
      const known = seen.get(name.toString('latin1'))
      if (known !== undefined) {
        kept ||= !known.equals(value)
        continue
      }
      seen.set(name.toString('latin1'), value)
      flat.push(name, value)
    }
  }
  return { flat, kept }
}

function asItIs({ type, bytes, start, end, expiresAtMs }: ShardEntry): Omit<CombinedValue, 'kept'> {
  return { type, value: bytes.subarray(start, end), expiresAtMs }
}

function elementsOf({ type, bytes, start, end }: ShardEntry): Buffer[] {
  return decodeElements(type, bytes, start, end)
}

function textOf({ bytes, start, end }: ShardEntry): Buffer {
  const slice = new StringSlice()
  decodeString(bytes, start, end, slice)
  return slice.bytes.subarray(slice.start, slice.end)
}

function isSameText(one: ShardEntry, other: ShardEntry): boolean {
  return textOf(one).equals(textOf(other))
}

function contradiction(first: ShardEntry, other: ShardEntry, family: KeyFamily, database: number): Error {
  return fault('REDIS_SHARDS_CONTRADICT', {
    family: family.name,
    database,
    first: `a ${kindOfType(first.type)} in ${placeOf(first)}`,
    second: `a ${kindOfType(other.type)} in ${placeOf(other)}`,
  })
}

function placeOf({ shard, position }: ShardEntry): string {
  return `shard ${shard} at byte ${position}`
}
