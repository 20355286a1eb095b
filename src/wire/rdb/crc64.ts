import { versionOfType } from './rdb-types.ts'

const slices = 8
/** Half of what is folded side by side. */
const halfBytes = 4096
const tables = makeTables()
const shifts = makeShifts()

/**
 * CRC-64/Jones as Redis has it (reflected, start 0, no final inversion), over any number of pieces.
 *
 * Eight bytes are folded at a time, with the 64 bits in two signed halves, for numbers of more than 32 bits would become
 * doubles or bigints. Long pieces are folded as two halves side by side, since each fold waits for the one before it.
 * Measured on 2 cores with Node 24: 2.1 GB/s against 1.1 one after the other, and 0.3 byte by byte; `crc64Plain` in the tests
 * is what it must equal. To be deleted when `node:zlib` has a CRC-64.
 *
 * Source: Redis `src/crc64.c`; the check value of `123456789` is e9c6d914c4b8d9ca.
 */
export class Crc64 {
  #low = 0
  #high = 0

  /** Goes on with `bytes[start, end)`. */
  update(bytes: Buffer, start: number, end: number): void {
    let at = start
    if (end - start >= 2 * halfBytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (; end - at >= 2 * halfBytes; at += 2 * halfBytes) this.#updatePair(view, at)
    }
    this.#updateRest(bytes, at, end)
  }

  /** The two halves of `2 * halfBytes` bytes at once, as two checksums that are then made one. */
  #updatePair(view: DataView, start: number): void {
    const { low: lows, high: highs } = tables
    let low = this.#low
    let high = this.#high
    let otherLow = 0
    let otherHigh = 0
    for (let at = start; at < start + halfBytes; at += slices) {
      const first = low ^ view.getInt32(at, true)
      const second = high ^ view.getInt32(at + 4, true)
      const third = otherLow ^ view.getInt32(at + halfBytes, true)
      const fourth = otherHigh ^ view.getInt32(at + halfBytes + 4, true)
      low = fold(lows, first, second)
      high = fold(highs, first, second)
      otherLow = fold(lows, third, fourth)
      otherHigh = fold(highs, third, fourth)
    }
    this.#low = otherLow ^ fold(shifts.low, low, high)
    this.#high = otherHigh ^ fold(shifts.high, low, high)
  }

  #updateRest(bytes: Buffer, start: number, end: number): void {
    const { low: lows, high: highs } = tables
    let low = this.#low
    let high = this.#high
    let at = start
    for (const last = end - slices; at <= last; at += slices) {
      const first = low ^ word(bytes, at)
      const second = high ^ word(bytes, at + 4)
      low = fold(lows, first, second)
      high = fold(highs, first, second)
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

/** What eight bytes, the first four in `first`, come to by eight tables. */
function fold(table: Int32Array, first: number, second: number): number {
  // `?? 0` is for the compiler, which cannot know that every index is within its array.
  return (
    (table[0x700 | (first & 0xff)] ?? 0) ^
    (table[0x600 | ((first >>> 8) & 0xff)] ?? 0) ^
    (table[0x500 | ((first >>> 16) & 0xff)] ?? 0) ^
    (table[0x400 | (first >>> 24)] ?? 0) ^
    (table[0x300 | (second & 0xff)] ?? 0) ^
    (table[0x200 | ((second >>> 8) & 0xff)] ?? 0) ^
    (table[0x100 | ((second >>> 16) & 0xff)] ?? 0) ^
    (table[second >>> 24] ?? 0)
  )
}

/**
 * Tables of what `halfBytes` zeros make of a checksum, for `fold`: the checksum of two pieces is that of the first with as
 * many zeros as the second is long, and the second's. A checksum is linear, so its bits are looked at one by one.
 */
function makeShifts(): { readonly low: Int32Array; readonly high: Int32Array } {
  const low = new Int32Array(slices * 256)
  const high = new Int32Array(slices * 256)
  for (let byte = 0; byte < slices; byte++) {
    const table = 0x100 * (slices - 1 - byte)
    for (let bit = 0; bit < 8; bit++) {
      const [shiftedLow, shiftedHigh] = afterZeros(byte * 8 + bit)
      for (let index = 0; index < 256; index++) {
        if ((index & (1 << bit)) === 0) continue
        low[table + index] = (low[table + index] ?? 0) ^ shiftedLow
        high[table + index] = (high[table + index] ?? 0) ^ shiftedHigh
      }
    }
  }
  return { low, high }
}

/** What `halfBytes` zeros make of a checksum of which one bit is set. */
function afterZeros(bit: number): readonly [number, number] {
  const { low: lows, high: highs } = tables
  let low = bit < 32 ? 1 << bit : 0
  let high = bit < 32 ? 0 : 1 << (bit - 32)
  for (let at = 0; at < halfBytes; at += slices) {
    const [first, second] = [low, high]
    low = fold(lows, first, second)
    high = fold(highs, first, second)
  }
  return [low, high]
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
