import { setImmediate } from 'node:timers/promises'
import { classify } from '../../threescale/backend-keys.ts'
import type { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import type { RdbWriter } from '../../wire/rdb/rdb-writer.ts'
import { combineValues, type ShardEntry } from './combine-values.ts'
import { fault } from './faults.ts'

/** What a key and its value take in memory besides their bytes, about. */
export const commonKeyBytes = 300

const yieldEveryKeys = 4096
const chunkBytes = 256 * 1024

export interface CombineCounts {
  readonly combinedKeys: number
  /** Of them, those for which the first shard's value was kept against another's. */
  readonly keptKeys: number
}

type Entries = [ShardEntry, ...ShardEntry[]]

/**
 * Keys that may be on several shards, with all that the shards hold under them, in memory: at most `limitBytes`.
 *
 * Faults: REDIS_SHARDS_TOO_MUCH_IN_COMMON, those of `combineValues`.
 */
export class CommonKeys {
  readonly #limitBytes: number
  /** By database, then by key; in the order in which they were met. */
  readonly #databases = new Map<number, Map<string, Entries>>()
  #bytes = 0
  #chunk: Buffer = Buffer.alloc(0)
  #chunkAt = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Puts a copy of the reader's entry by; what the same shard has said of the key before is forgotten. */
  add(shard: number, reader: RdbReader): void {
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, type, offset, expiresAtMs } = reader
    this.#bytes += keyEnd - keyStart + valueEnd - valueStart + commonKeyBytes
    if (this.#bytes > this.#limitBytes) throw tooMuchInCommon(this.#limitBytes)
    const { bytes, start, end } = this.#kept(valueBytes, valueStart, valueEnd)
    const entry = { shard, position: offset, type, expiresAtMs, bytes, start, end }
    const name = keyBytes.toString('latin1', keyStart, keyEnd)
    const keys = this.#keysOf(reader.db)
    const known = keys.get(name)
    if (known === undefined) keys.set(name, [entry])
    else if (known.at(-1)?.shard === shard) known[known.length - 1] = entry
    // Not by `push`, which makes room for sixteen more.
    else keys.set(name, [...known, entry])
  }

  /** Writes each key once, by database. Abort: throws the reason within some thousand keys. */
  async writeTo(writer: RdbWriter, signal: AbortSignal): Promise<CombineCounts> {
    let [keysWritten, combinedKeys, keptKeys] = [0, 0, 0]
    for (const [database, keys] of [...this.#databases].sort(([a], [b]) => a - b)) {
      writer.selectDatabase(database)
      for (const [name, entries] of keys) {
        const key = Buffer.from(name, 'latin1')
        const { type, value, expiresAtMs, kept } = combineValues(entries, classify(key, 0, key.length), database)
        writer.entry(type, key, 0, key.length, value, 0, value.length, expiresAtMs)
        if (entries.length > 1) combinedKeys++
        if (kept) keptKeys++
        if (++keysWritten % yieldEveryKeys === 0) {
          await setImmediate()
          signal.throwIfAborted()
        }
      }
    }
    return { combinedKeys, keptKeys }
  }

  /** A copy, in a chunk with others: a Buffer for each would take several times what most values do. */
  #kept(from: Buffer, start: number, end: number): Pick<ShardEntry, 'bytes' | 'start' | 'end'> {
    const length = end - start
    if (length > chunkBytes) return { bytes: Buffer.from(from.subarray(start, end)), start: 0, end: length }
    if (this.#chunkAt + length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(chunkBytes)
      this.#chunkAt = 0
    }
    const at = this.#chunkAt
    this.#chunkAt += from.copy(this.#chunk, at, start, end)
    return { bytes: this.#chunk, start: at, end: this.#chunkAt }
  }

  #keysOf(database: number): Map<string, Entries> {
    const known = this.#databases.get(database)
    if (known !== undefined) return known
    const made = new Map<string, Entries>()
    this.#databases.set(database, made)
    return made
  }
}

export function tooMuchInCommon(limitBytes: number): Error {
  return fault('REDIS_SHARDS_TOO_MUCH_IN_COMMON', { limitBytes })
}
