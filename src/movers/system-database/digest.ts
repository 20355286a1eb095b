import { hash } from 'node:crypto'

/** Stands for a cell that is declared different on the two sides, in a row digest. */
export const masked = Symbol('masked')
export type DigestCell = Buffer | null | typeof masked

const nullMark = 0xffff_ffff
const maskMark = 0xffff_fffe

/**
 * 128 bits of a row: the first half of SHA-256 over each cell's length (32 bits, big endian) and bytes.
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

/** Counts rows and adds their digests modulo 2^128: equal for equal multisets of rows, in any order. */
export class DigestSum {
  rows = 0
  // Four 32-bit limbs, the lowest first: plain numbers are several times faster than one bigint per row.
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  add(digest: Buffer): void {
    this.rows++
    const a = this.#a + digest.readUInt32BE(12)
    const b = this.#b + digest.readUInt32BE(8) + (a > 0xffff_ffff ? 1 : 0)
    const c = this.#c + digest.readUInt32BE(4) + (b > 0xffff_ffff ? 1 : 0)
    this.#a = a >>> 0
    this.#b = b >>> 0
    this.#c = c >>> 0
    this.#d = (this.#d + digest.readUInt32BE(0) + (c > 0xffff_ffff ? 1 : 0)) >>> 0
  }

  /** 32 hex digits. */
  get hex(): string {
    return [this.#d, this.#c, this.#b, this.#a].map((limb) => limb.toString(16).padStart(8, '0')).join('')
  }

  equals(other: DigestSum): boolean {
    return this.rows === other.rows && this.hex === other.hex
  }
}
