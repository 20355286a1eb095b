import { hash } from 'node:crypto'

/** Stands for a cell that is declared different on the two sides. */
export const masked = Symbol('masked')
export type DigestCell = Buffer | null | typeof masked

const nullMark = 0xffff_ffff
const maskMark = 0xffff_fffe

/**
 * What names a row of a table without a key, in the ledger and in reports: the first 128 bits of SHA-256 over each cell's
 * length (32 bits, big endian) and bytes.
 *
 * NULL and masked cells have lengths that no cell can have, so no two different rows are written alike.
 */
export function rowDigest(cells: readonly DigestCell[]): Buffer {
  let length = 0
  for (const cell of cells) length += 4 + (cell === null || cell === masked ? 0 : cell.length)
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const cell of cells) {
    if (cell === null || cell === masked) {
      at = bytes.writeUInt32BE(cell === null ? nullMark : maskMark, at)
    } else {
      at = bytes.writeUInt32BE(cell.length, at)
      at += cell.copy(bytes, at)
    }
  }
  return hash('sha256', bytes, 'buffer').subarray(0, 16)
}
