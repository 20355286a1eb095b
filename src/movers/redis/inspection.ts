import { createHash } from 'node:crypto'
import type { UnknownKey } from '../../ports/redis.ts'
import { classify, type KeyFamily, keyFamilies, parseStatsKey, StatsKey } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import { kindOfType, rdbTypes } from '../../wire/rdb/rdb-types.ts'
import { decodeElements, decodeSmallInteger, decodeString, StringSlice } from '../../wire/rdb/rdb-value.ts'
import { CounterTally } from './counter-tally.ts'

/** What is counted of one family. */
export interface FamilyTally {
  keys: number
  expiring: number
  bytes: number
  wrongType: number
}

/** What a pass over a snapshot has counted; the report is made of it. */
export class Inspection {
  readonly families: readonly FamilyTally[] = keyFamilies.map(() => ({ keys: 0, expiring: 0, bytes: 0, wrongType: 0 }))
  readonly counters = new CounterTally()
  readonly databases = new Map<number, { keys: number; expiring: number }>()
  /** Keys by type byte. */
  readonly types = new Float64Array(256)
  readonly unknown: UnknownKey[] = []
  keys = 0
  expiring = 0
  expired = 0
  largest: { readonly family: string; readonly type: string; readonly bytes: number } | null = null
  #largestBytes = -1
  readonly #startedAt: number
  readonly #statsKey = new StatsKey()
  readonly #slice = new StringSlice()
  readonly #seenFamily: number = keyFamilies.findIndex(({ name }) => name === 'applications seen')
  #database = -1
  #inDatabase = { keys: 0, expiring: 0 }

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  /** Counts the reader's current key. Makes nothing for a counter; runs once per key. */
  add(reader: RdbReader): void {
    const { keyBytes, keyStart, keyEnd, type } = reader
    const expires = reader.expiresAtMs >= 0
    const family = classify(keyBytes, keyStart, keyEnd)
    const tally = this.families[family.index]
    if (tally === undefined) throw new Error(`bug: no tally for ${family.name}`)
    this.keys++
    this.types[type] = (this.types[type] ?? 0) + 1
    this.#count(reader.db, expires)
    tally.keys++
    tally.bytes += reader.bytesRead - reader.offset
    if (expires) {
      this.expiring++
      tally.expiring++
      if (reader.expiresAtMs <= this.#startedAt) this.expired++
    }
    const valueBytes = reader.valueEnd - reader.valueStart
    if (valueBytes > this.#largestBytes) {
      this.#largestBytes = valueBytes
      this.largest = { family: family.name, type: nameOfType(type), bytes: valueBytes }
    }
    if (family.class === 'unknown') this.#noteUnknown(reader)
    else if (!this.#take(reader, family, expires)) tally.wrongType++
  }

  #count(database: number, expires: boolean): void {
    if (database !== this.#database) {
      this.#database = database
      this.#inDatabase = this.databases.get(database) ?? { keys: 0, expiring: 0 }
      this.databases.set(database, this.#inDatabase)
    }
    this.#inDatabase.keys++
    if (expires) this.#inDatabase.expiring++
  }

  /** Adds a counter or a set of applications to its service; false when the value is not what its family holds. */
  #take(reader: RdbReader, family: KeyFamily, expires: boolean): boolean {
    if (family.kind === null) return true
    const kind = kindOfType(reader.type)
    if (family.kind !== 'counter') {
      if (kind !== family.kind) return false
      if (family.index === this.#seenFamily) this.#noteApplications(reader)
      return true
    }
    if (kind !== 'string') return false
    const value = this.#integer(reader)
    if (value === null) return false
    if (parseStatsKey(reader.keyBytes, reader.keyStart, reader.keyEnd, this.#statsKey)) {
      this.counters.add(reader.keyBytes, this.#statsKey, value, expires)
    }
    return true
  }

  #integer(reader: RdbReader): number | bigint | null {
    const small = decodeSmallInteger(reader.valueBytes, reader.valueStart, reader.valueEnd)
    if (!Number.isNaN(small)) return small
    const slice = this.#slice
    decodeString(reader.valueBytes, reader.valueStart, reader.valueEnd, slice)
    // An integer of Redis has at most 20 characters; a longer text need not be made a string to be refused.
    if (slice.end - slice.start > 20) return null
    const text = slice.bytes.toString('latin1', slice.start, slice.end)
    return /^(?:0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : null
  }

  /** The key is `stats/{service:S}/cinstances`. */
  #noteApplications(reader: RdbReader): void {
    const key = reader.keyBytes.subarray(reader.keyStart, reader.keyEnd)
    const service = this.counters.service(key, key.indexOf(':') + 1, key.indexOf('}'))
    service.applications += decodeElements(reader.type, reader.valueBytes, reader.valueStart, reader.valueEnd).length
  }

  #noteUnknown(reader: RdbReader): void {
    if (this.unknown.length >= mostSamples) return
    const key = reader.keyBytes.subarray(reader.keyStart, reader.keyEnd)
    const sample = { shape: shapeOf(key), hash: createHash('sha256').update(key).digest('hex').slice(0, 12) }
    this.unknown.push({ ...sample, type: nameOfType(reader.type), database: reader.db })
  }
}

const mostSamples = 20
const shapeCharacters = 40

function nameOfType(type: number): string {
  return rdbTypes.get(type)?.name ?? String(type)
}

/** `user:4711/x` is `a:9/a`. */
function shapeOf(key: Buffer): string {
  return key
    .toString('latin1')
    .replace(/[A-Za-z]+/g, 'a')
    .replace(/\d+/g, '9')
    .replace(/[^a9/:{}_.,*-]+/g, '?')
    .slice(0, shapeCharacters)
}
