/**
 * Where the fields of one binary COPY tuple lie: a 16-bit count, then a 32-bit length (-1 for NULL) and so many bytes
 * for each. Source: PostgreSQL manual, COPY, "Binary Format".
 */
export class TupleFields {
  /** Offset of each field's first byte; -1 for NULL. */
  readonly starts: Int32Array
  /** Offset after each field's last byte. */
  readonly ends: Int32Array
  readonly count: number

  constructor(count: number) {
    this.count = count
    this.starts = new Int32Array(count)
    this.ends = new Int32Array(count)
  }

  /** Finds the fields of the tuple in `bytes[start, end)`. Throws a RangeError for bytes that are no such tuple. */
  parse(bytes: Buffer, start: number, end: number): void {
    const { starts, ends, count } = this
    if (bytes.readInt16BE(start) !== count) throw new RangeError('a tuple has another number of fields')
    let at = start + 2
    for (let i = 0; i < count; i++) {
      const length = bytes.readInt32BE(at)
      at += 4
      if (length < 0) {
        starts[i] = -1
        ends[i] = -1
        continue
      }
      starts[i] = at
      at += length
      ends[i] = at
    }
    if (at !== end) throw new RangeError('the fields of a tuple do not fill it')
  }
}
