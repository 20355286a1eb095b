/**
 * CRC-64/NVME as S3 has it (reflected, started with and inverted by all ones), over any number of pieces.
 *
 * The 64 bits are in two signed halves, for numbers of more than 32 bits would become doubles or bigints. Byte by byte,
 * at 0.15 to 0.27 GB/s (2 cores, Node 24): it reads a file once. `rdb/crc64.ts`, which is for every key, keeps its tables
 * as constants: made a kind of this one, it took a third longer for short values. To be deleted when `node:zlib` has a
 * CRC-64.
 *
 * Source: NVM Express, NVM Command Set, "64b CRC"; the check value of `123456789` is ae8b14860a799888.
 */
export class Crc64Nvme {
  readonly #lows = new Int32Array(256)
  readonly #highs = new Int32Array(256)
  #low = -1
  #high = -1

  constructor() {
    for (let index = 0; index < 256; index++) {
      let value = BigInt(index)
      for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? 0x9a6c9329ac4bc9b5n : 0n)
      this.#lows[index] = Number(BigInt.asIntN(32, value))
      this.#highs[index] = Number(BigInt.asIntN(32, value >> 32n))
    }
  }

  update(bytes: Uint8Array): void {
    const lows = this.#lows
    const highs = this.#highs
    let low = this.#low
    let high = this.#high
    for (let at = 0; at < bytes.length; at++) {
      // `?? 0` is for the compiler, which cannot know that every index is within its array.
      const index = (low ^ (bytes[at] ?? 0)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)
      high = (high >>> 8) ^ (highs[index] ?? 0)
    }
    this.#low = low
    this.#high = high
  }

  /** 16 hex digits, high half first. */
  toString(): string {
    return [~this.#high, ~this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
