/**
 * Where the fields of one text-protocol row lie.
 *
 * A row packet's payload is its fields one after the other: a length-encoded integer and so many bytes, or 0xfb for
 * NULL. Source: MySQL internals, "Text Resultset Row" and "Length-Encoded Integer".
 */
export class RowFields {
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

  /** Finds the fields of the row in `bytes[start, end)`. Throws a RangeError for bytes that are no such row. */
  parse(bytes: Buffer, start: number, end: number): void {
    const { starts, ends, count } = this
    let at = start
    for (let i = 0; i < count; i++) {
      const first = bytes[at++] ?? 0
      if (first === 0xfb) {
        starts[i] = -1
        ends[i] = -1
        continue
      }
      let length = first
      if (first > 0xfb) {
        if (first === 0xfc) {
          length = bytes.readUInt16LE(at)
          at += 2
        } else if (first === 0xfd) {
          length = bytes.readUIntLE(at, 3)
          at += 3
        } else {
          length = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
          at += 8
        }
      }
      starts[i] = at
      at += length
      ends[i] = at
    }
    if (at !== end) throw new RangeError('the fields of a row do not fill it')
  }
}
