import { RowFields } from '../../../wire/mysql/row-fields.ts'
import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { type FieldEncoder, fieldEncoding, fieldRoom } from './encode-field.ts'
import type { TupleEncoder } from '../source-dialect.ts'

/**
 * Rewrites the rows of one table, as MySQL's text protocol has them, as tuples of PostgreSQL's binary COPY.
 *
 * Held equal to `encodePlain` by `encode.property.test.ts`. Measured on 2 shared cores, Node 24: 4.1 M rows/s of eight
 * short fields, 5 GB/s of 8 KiB texts; a `switch` over types in place of the array of functions came to the same. Should
 * rows ever be few, `encodePlain` alone would do.
 */
export class RowEncoder implements TupleEncoder {
  /** Where the fields of the last row lie that `encode` was given, whatever came of it. */
  readonly fields: RowFields
  readonly #encoders: readonly FieldEncoder[]
  readonly #parameters: Int32Array

  constructor(move: { readonly columns: readonly { readonly targetType: string }[] }) {
    const encodings = move.columns.map(({ targetType }) => fieldEncoding(targetType))
    this.fields = new RowFields(encodings.length)
    this.#encoders = encodings.map(({ encode }) => encode)
    this.#parameters = Int32Array.from(encodings, ({ parameter }) => parameter)
  }

  /**
   * Appends the tuple of the row in `bytes[start, end)`, of the columns' `codec.select` in their order, to `out`.
   *
   * Out: false, with `out` as it was, when some value is not plain: it is for `transformRow` to decide then. Throws a
   * RangeError for bytes that are no such row.
   */
  encode(bytes: Buffer, start: number, end: number, out: TupleWriter): boolean {
    const { starts, ends, count } = this.fields
    this.fields.parse(bytes, start, end)
    const before = this.#begin(end - start, out)
    for (let i = 0; i < count; i++) {
      const from = starts[i] ?? 0
      if (from < 0) putNull(out)
      else if (!this.#put(i, bytes, from, ends[i] ?? 0, out)) return takeBack(out, before)
    }
    return true
  }

  /**
   * `encode` for values apart from one another, such as those that were decided on; null is NULL. What it leaves is for
   * `encodePlain`.
   */
  encodeValues(values: readonly (Buffer | null)[], out: TupleWriter): boolean {
    let valueBytes = 0
    for (const value of values) valueBytes += value?.length ?? 0
    const before = this.#begin(valueBytes, out)
    for (let i = 0; i < this.fields.count; i++) {
      const value = values[i] ?? null
      if (value === null) putNull(out)
      else if (!this.#put(i, value, 0, value.length, out)) return takeBack(out, before)
    }
    return true
  }

  /** Makes room for a tuple and writes its count; gives where it begins. */
  #begin(valueBytes: number, out: TupleWriter): number {
    const { count } = this.fields
    out.reserve(2 + valueBytes + count * fieldRoom)
    const before = out.at
    out.view.setInt16(before, count)
    out.at = before + 2
    return before
  }

  #put(position: number, source: Buffer, start: number, end: number, out: TupleWriter): boolean {
    return this.#encoders[position]?.(source, start, end, out, this.#parameters[position] ?? 0) === true
  }
}

function putNull(out: TupleWriter): void {
  out.view.setInt32(out.at, -1)
  out.at += 4
}

function takeBack(out: TupleWriter, before: number): false {
  out.at = before
  return false
}
