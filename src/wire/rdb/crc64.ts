import { versionOfType } from './rdb-types.ts'

const slices = 8
const tables = makeTables()

/**
 * CRC-64/Jones as Redis has it (reflected, start 0, no final inversion), over any number of pieces.
 *
 * Eight bytes are folded at a time, with the 64 bits in two signed halves, for numbers of more than 32 bits would become
 * doubles or bigints. Measured on 2 cores with Node 24: about 0.8 GB/s against 0.27 GB/s byte by byte; `crc64Plain` in the
 * tests is what it must equal. To be deleted when `node:zlib` has a CRC-64.
 *
 * Source: Redis `src/crc64.c`; the check value of `123456789` is e9c6d914c4b8d9ca.
 */
export class Crc64 {
  #low = 0
  #high = 0

  /** Goes on with `bytes[start, end)`. */
  update(bytes: Buffer, start: number, end: number): void {
    const { low: lows, high: highs } = tables
    let low = this.#low
    let high = this.#high
    let at = start
    for (const last = end - slices; at <= last; at += slices) {
      // `?? 0` is for the compiler, which cannot know that every index is within its array.
      const first = low ^ word(bytes, at)
      const second = high ^ word(bytes, at + 4)
      const i0 = 0x700 | (first & 0xff)
      const i1 = 0x600 | ((first >>> 8) & 0xff)
      const i2 = 0x500 | ((first >>> 16) & 0xff)
      const i3 = 0x400 | (first >>> 24)
      const i4 = 0x300 | (second & 0xff)
      const i5 = 0x200 | ((second >>> 8) & 0xff)
      const i6 = 0x100 | ((second >>> 16) & 0xff)
      const i7 = second >>> 24
      low =
        (lows[i0] ?? 0) ^
        (lows[i1] ?? 0) ^
        (lows[i2] ?? 0) ^
        (lows[i3] ?? 0) ^
        (lows[i4] ?? 0) ^
        (lows[i5] ?? 0) ^
        (lows[i6] ?? 0) ^
        (lows[i7] ?? 0)
      high =
        (highs[i0] ?? 0) ^
        (highs[i1] ?? 0) ^
        (highs[i2] ?? 0) ^
        (highs[i3] ?? 0) ^
        (highs[i4] ?? 0) ^
        (highs[i5] ?? 0) ^
        (highs[i6] ?? 0) ^
        (highs[i7] ?? 0)
    }
    for (; at < end; at++) {
      const index = (low ^ (bytes[at] ?? 0)) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)
      high = (high >>> 8) ^ (highs[index] ?? 0)
    }
    this.#low = low
    this.#high = high
  }

  reset(): void {
    this.#low = 0
    this.#high = 0
  }

  /** Writes the 8 bytes as Redis does, low byte first. Out: the position after them. */
  writeTo(into: Buffer, at: number): number {
    into.writeInt32LE(this.#low, at)
    return into.writeInt32LE(this.#high, at + 4)
  }

  /** 16 hex digits, high half first. */
  toString(): string {
    return hexOf(this.#low, this.#high)
  }
}

/** The 8 bytes at `at`, low byte first, as 16 hex digits. */
export function crc64Text(bytes: Buffer, at: number): string {
  return hexOf(bytes.readInt32LE(at), bytes.readInt32LE(at + 4))
}

/** What a RESTORE payload has beyond the value: type, version, checksum. */
export const restoreOverheadBytes = 11
const payloadChecksum = new Crc64()

/**
 * Writes the payload of RESTORE: type byte, value as in the RDB, the lowest version that knows the type (a server
 * refuses a higher one than its own, and looks at nothing but the type), CRC64 of all that.
 *
 * In: `bytes[valueStart, valueEnd)`; `into` has room for that and `restoreOverheadBytes` from `at`.
 * Out: the position after the last byte written. Source: Redis `src/cluster.c`, `createDumpPayload`.
 */
export function restorePayload(
  type: number,
  bytes: Buffer,
  valueStart: number,
  valueEnd: number,
  into: Buffer,
  at: number,
): number {
  into[at] = type
  bytes.copy(into, at + 1, valueStart, valueEnd)
  const end = into.writeUInt16LE(versionOfType(type), at + 1 + valueEnd - valueStart)
  payloadChecksum.reset()
  payloadChecksum.update(into, at, end)
  return payloadChecksum.writeTo(into, end)
}

function word(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

function hexOf(low: number, high: number): string {
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Table k, at 256 k, is what a byte does that k more bytes follow. */
function makeTables(): { readonly low: Int32Array; readonly high: Int32Array } {
  const polynomial = 0x95ac9329ac4bc9b5n
  const low = new Int32Array(slices * 256)
  const high = new Int32Array(slices * 256)
  const all: bigint[] = []
  for (let index = 0; index < slices * 256; index++) {
    let value = BigInt(index)
    if (index < 256) for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? polynomial : 0n)
    else {
      const before = all[index - 256] ?? 0n
      value = (before >> 8n) ^ (all[Number(before & 0xffn)] ?? 0n)
    }
    all.push(value)
    low[index] = Number(BigInt.asIntN(32, value))
    high[index] = Number(BigInt.asIntN(32, value >> 32n))
  }
  return { low, high }
}
