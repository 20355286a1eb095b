import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { encodeBit, encodeBoolean, encodeBytea, encodeText } from './encode-bytes.ts'
import {
  encodeBigint,
  encodeDouble,
  encodeInteger,
  encodeNumeric,
  encodeReal,
  encodeSmallint,
} from './encode-number.ts'
import { encodeDate, encodeTime, encodeTimestamp } from './encode-temporal.ts'

/**
 * Writes one field of a binary COPY tuple, length first, at `out.at` and moves it.
 *
 * In: `source[start, end)`, a value that is not NULL as the source sends it for the codec's `select`; `parameter` as
 * `fieldEncoding` gave it. `out` has room for `fieldRoom` bytes more than the value has. Out: false, and `out.at` where
 * it was, when the value is not plain: of some class, or nothing that this type can be.
 */
export type FieldEncoder = (source: Buffer, start: number, end: number, out: TupleWriter, parameter: number) => boolean

/** How the fields of a column are encoded; chosen once per column, before any row. */
export interface FieldEncoding {
  readonly encode: FieldEncoder
  /** What `encode` has to know of the type: digits after the point, or bits. */
  readonly parameter: number
}

/** The most bytes by which a field is longer than its text: `1` becomes a length and eight bytes. */
export const fieldRoom = 16

/** Chooses the encoder for a type as format_type prints it. */
export function fieldEncoding(targetType: string): FieldEncoding {
  const [, base = '', parameter = '0'] = /^([a-z ]*[a-z])(?:\((?:\d+,)?(\d+)\))?/.exec(targetType) ?? []
  const encode = encoders.get(base.replace(/^(timestamp|time) with.*/, '$1'))
  if (encode === undefined) throw new Error(`bug: no encoder for the type ${targetType}`)
  return { encode, parameter: Number(parameter) }
}

const encoders: ReadonlyMap<string, FieldEncoder> = new Map<string, FieldEncoder>([
  ['boolean', encodeBoolean],
  ['smallint', encodeSmallint],
  ['integer', encodeInteger],
  ['bigint', encodeBigint],
  ['numeric', encodeNumeric],
  ['real', encodeReal],
  ['double precision', encodeDouble],
  ['date', encodeDate],
  ['timestamp', encodeTimestamp],
  ['time', encodeTime],
  ['character varying', encodeText],
  ['text', encodeText],
  ['json', encodeText],
  ['bytea', encodeBytea],
  ['bit', encodeBit],
])
