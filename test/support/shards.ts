import type { Shard } from '../../src/movers/redis/combine-shards.ts'
import { RdbReader } from '../../src/wire/rdb/rdb-reader.ts'
import { kindOfType, type ValueKind } from '../../src/wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../src/wire/rdb/rdb-value.ts'
import { bytesFrom } from './byte-source.ts'

/** A shard from memory; each has a digest of its own unless one is given. */
export function shardOf(bytes: Buffer, more: Partial<Shard> = {}): Shard {
  return { digest: crypto.randomUUID(), exact: true, notes: [], read: () => bytesFrom(bytes), ...more }
}

export interface ReadEntry {
  readonly database: number
  readonly key: Buffer
  readonly kind: ValueKind
  readonly elements: readonly Buffer[]
  readonly expiresAtMs: number
}

/** Everything in an RDB file, decoded, its checksum compared. */
export function readAll(bytes: Buffer): { readonly reader: RdbReader; readonly entries: readonly ReadEntry[] } {
  const reader = new RdbReader(bytesFrom(bytes))
  const entries: ReadEntry[] = []
  while (reader.next()) {
    const value = Buffer.from(reader.valueBytes.subarray(reader.valueStart, reader.valueEnd))
    entries.push({
      database: reader.db,
      key: Buffer.from(reader.keyBytes.subarray(reader.keyStart, reader.keyEnd)),
      kind: kindOfType(reader.type),
      elements: reader.type === 0 ? [textOf(value)] : decodeElements(reader.type, value, 0, value.length),
      expiresAtMs: reader.expiresAtMs,
    })
  }
  return { reader, entries }
}

function textOf(value: Buffer): Buffer {
  const slice = new StringSlice()
  decodeString(value, 0, value.length, slice)
  return Buffer.from(slice.bytes.subarray(slice.start, slice.end))
}
