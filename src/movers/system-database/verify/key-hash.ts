import { type CanonicalRow, longestWhole } from './canonical-row.ts'
import { RowHash } from '../row-hash.ts'
import { rowKey, type TableMove } from '../table-move.ts'

const backslash = 0x5c
const comma = 0x2c
const noCell = Buffer.from('NULL')

/**
 * The hash of a row's key, without a string per row: of the very bytes that `rowKey` gives and the ledger holds.
 */
export class KeyHash {
  readonly #move: TableMove
  readonly #hash = new RowHash()
  #bytes = Buffer.allocUnsafeSlow(1024)

  constructor(move: TableMove) {
    this.#move = move
  }

  /** The hash's words; valid until the next call. The row must not be masked. */
  of(row: CanonicalRow): Uint32Array {
    const { key } = this.#move
    if (key.length === 0) return this.ofBytes(Buffer.from(this.text(row), 'latin1'))
    let at = 0
    for (let i = 0; i < key.length; i++) {
      const position = key[i] ?? -1
      const length = row.lengthOf(position)
      this.#reserve(at, 2 * Math.max(length, noCell.length) + 1)
      if (i > 0) this.#bytes[at++] = comma
      if (length < 0) at += noCell.copy(this.#bytes, at)
      else if (length > longestWhole) at = this.#escape(row.cell(position) ?? noCell, 0, length, at)
      else at = this.#escape(row.bytes, row.begin(position), length, at)
    }
    this.#hash.of(this.#bytes, 0, at)
    return this.#hash.words
  }

  /** The hash of a key in the ledger; valid until the next call. */
  ofBytes(bytes: Buffer, start = 0, end = bytes.length): Uint32Array {
    this.#hash.of(bytes, start, end)
    return this.#hash.words
  }

  /** The key itself, for rows that are reported. */
  text(row: CanonicalRow): string {
    if (this.#move.key.length === 0) return rowKey(this.#move, row.cells())
    const cells: (Buffer | null)[] = []
    for (const position of this.#move.key) cells[position] = row.cell(position)
    return rowKey(this.#move, cells)
  }

  #escape(bytes: Buffer, start: number, length: number, to: number): number {
    let at = to
    for (let i = start; i < start + length; i++) {
      const byte = bytes[i] ?? 0
      if (byte === backslash || byte === comma) this.#bytes[at++] = backslash
      this.#bytes[at++] = byte
    }
    return at
  }

  #reserve(at: number, count: number): void {
    if (at + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, at + count))
    this.#bytes.copy(larger, 0, 0, at)
    this.#bytes = larger
  }
}
