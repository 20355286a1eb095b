import { type DigestCell, masked } from './digest.ts'
import { RowHash } from '../row-hash.ts'

/** Writes one value's canonical bytes with `row`'s methods and gives their count, which is more for a folded cell. */
export type WriteCell = (row: CanonicalRow, bytes: Buffer, start: number, end: number) => number

/** Where a server's row holds its fields: `RowFields` for the source, `TupleFields` for the target. */
export interface Fields {
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly count: number
  parse(bytes: Buffer, start: number, end: number): void
}

const nullMark = 0xffff_ffff
const maskMark = 0xffff_fffe
const lengthBytes = 4
/** A longer cell is folded. */
export const longestWhole = 4096
// Numbers, dates and times need less; what may need more makes room itself.
const roomPerCell = lengthBytes + 64

/**
 * One row in canonical form, in bytes that are used again for the next row.
 *
 * Each cell is its length (32 bits, big endian) and its canonical bytes. NULL and masked cells have lengths that no cell
 * can have. A cell of more than 4,096 bytes is folded: its length is followed by its `RowHash`, four words of 32 bits,
 * big endian; so memory does not grow with a row.
 */
export class CanonicalRow {
  bytes = Buffer.allocUnsafeSlow(64 * 1024)
  /** Where the next byte goes; the row's length when it has been read. */
  at = 0
  /** Where each cell's length stands in `bytes`; the last is the row's end. */
  readonly offsets: Int32Array
  readonly #fields: Fields
  readonly #writers: readonly WriteCell[]
  readonly #hash = new RowHash()
  readonly #folding = new RowHash()
  #raw: Buffer = this.bytes

  constructor(fields: Fields, writers: readonly WriteCell[]) {
    this.#fields = fields
    this.#writers = writers
    this.offsets = new Int32Array(fields.count + 1)
  }

  /** Takes the server's row in `bytes[start, end)`, which must stay as it is until the next row is read. */
  read(bytes: Buffer, start: number, end: number): void {
    const fields = this.#fields
    const writers = this.#writers
    fields.parse(bytes, start, end)
    this.#raw = bytes
    this.at = 0
    for (let i = 0; i < fields.count; i++) {
      this.reserve(roomPerCell)
      const begun = this.at
      this.offsets[i] = begun
      this.at = begun + lengthBytes
      const from = fields.starts[i] ?? -1
      const write = writers[i]
      const length = from < 0 || write === undefined ? nullMark : write(this, bytes, from, fields.ends[i] ?? from)
      this.#writeWord(begun, length)
    }
    this.offsets[fields.count] = this.at
  }

  /** Takes canonical cells instead of a server's row; `cell` and `mask` do not work on them. */
  take(cells: readonly DigestCell[]): void {
    this.at = 0
    for (const cell of cells) {
      this.reserve(roomPerCell)
      const begun = this.at
      this.at = begun + lengthBytes
      const length = cell === null ? nullMark : cell === masked ? maskMark : this.append(cell, 0, cell.length)
      this.#writeWord(begun, length)
    }
  }

  /** The canonical bytes of a cell that has not been masked; valid until the next row is read. */
  cell(position: number): Buffer | null {
    const length = this.lengthOf(position)
    if (length < 0) return null
    // Only bytes that are canonical as they are get that long.
    if (length > longestWhole) return this.#raw.subarray(this.#fields.starts[position], this.#fields.ends[position])
    const begun = this.begin(position)
    return this.bytes.subarray(begun, begun + length)
  }

  /** How many canonical bytes a cell has that is not masked; -1 for NULL, and for a column that is not there. */
  lengthOf(position: number): number {
    if (position < 0 || position >= this.#fields.count) return -1
    const length = this.bytes.readUInt32BE(this.offsets[position])
    return length === nullMark ? -1 : length
  }

  /** Where the canonical bytes of a cell begin in `bytes`, if it is not folded. */
  begin(position: number): number {
    return (this.offsets[position] ?? 0) + lengthBytes
  }

  /** All cells, like `cell`. */
  cells(): (Buffer | null)[] {
    return this.#writers.map((_, position) => this.cell(position))
  }

  /** The hash of one cell's length and bytes; valid until the next hash. */
  cellDigest(position: number): Uint32Array {
    this.#hash.of(this.bytes, this.offsets[position] ?? 0, this.offsets[position + 1] ?? 0)
    return this.#hash.words
  }

  /** Puts marks in the place of some cells. */
  mask(positions: ReadonlySet<number>): void {
    let to = 0
    for (let i = 0; i < this.#fields.count; i++) {
      const from = this.offsets[i] ?? 0
      const next = this.offsets[i + 1] ?? 0
      this.offsets[i] = to
      if (positions.has(i)) {
        this.#writeWord(to, maskMark)
        to += lengthBytes
      } else {
        this.bytes.copyWithin(to, from, next)
        to += next - from
      }
    }
    this.offsets[this.#fields.count] = to
    this.at = to
  }

  /** The row's hash; valid until the next hash. */
  digest(): Uint32Array {
    this.#hash.of(this.bytes, 0, this.at)
    return this.#hash.words
  }

  /** Makes room for so many bytes from `at` on. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + count))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  /** Appends bytes that are canonical as they are, as a whole cell. */
  append(bytes: Buffer, start: number, end: number): number {
    const length = end - start
    if (length > longestWhole) {
      this.#folding.of(bytes, start, end)
      for (const word of this.#folding.words) {
        this.#writeWord(this.at, word)
        this.at += 4
      }
    } else if (length < 48) {
      const to = this.bytes
      let at = this.at
      for (let i = start; i < end; i++) to[at++] = bytes[i] ?? 0
      this.at = at
    } else {
      this.reserve(length + roomPerCell)
      bytes.copy(this.bytes, this.at, start, end)
      this.at += length
    }
    return length
  }

  /** Appends one byte, for which the caller or `read` has made room. */
  byte(byte: number): void {
    this.bytes[this.at++] = byte
  }

  #writeWord(at: number, word: number): void {
    const bytes = this.bytes
    bytes[at] = word >>> 24
    bytes[at + 1] = word >>> 16
    bytes[at + 2] = word >>> 8
    bytes[at + 3] = word
  }
}
