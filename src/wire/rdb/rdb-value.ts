import { fault } from './faults.ts'
import { checkLzfLength, unpackLzf } from './lzf.ts'
import { readIntset, readListpack, readZiplist, readZipmap } from './packed.ts'

const empty = Buffer.alloc(0)
const leastScratchBytes = 32

/** A decoded string: `bytes[start, end)`, in the value itself or in a scratch of its own; valid until the next decode. */
export class StringSlice {
  bytes: Buffer = empty
  start = 0
  end = 0
  // Made when it is needed: most strings are parts of the value, and there is a slice for each element.
  #scratch: Buffer = empty

  /** A scratch of at least so many bytes, whose old content is lost. */
  scratch(bytes: number): Buffer {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafe(Math.max(bytes, leastScratchBytes))
    return this.#scratch
  }
}

/**
 * Decodes the string that begins at `start`, such as the body of a value of type 0.
 *
 * In: `bytes[start, end)` as in the file. Out: the text in `into` (integers as decimal digits, LZF unpacked); the position
 * after the string is returned. Makes nothing but, now and then, a larger scratch. Faults: RDB_CORRUPT.
 */
export function decodeString(bytes: Buffer, start: number, end: number, into: StringSlice): number {
  const first = bytes[start] ?? 0
  if (first >= 0xc0 && first <= 0xc2) {
    const width = 1 << (first & 3)
    if (start + 1 + width > end) throw corrupt()
    const scratch = into.scratch(16)
    into.bytes = scratch
    into.start = 0
    into.end = writeInteger(scratch, integerAt(bytes, start + 1, width))
    return start + 1 + width
  }
  if (first !== 0xc3) {
    const header = lengthBytes(first)
    const length = plainLength(bytes, start, end)
    into.bytes = bytes
    into.start = start + header
    into.end = into.start + length
    if (into.end > end) throw corrupt()
    return into.end
  }
  const packedAt = start + 1
  const packed = plainLength(bytes, packedAt, end)
  const lengthAt = packedAt + lengthBytes(bytes[packedAt] ?? 0)
  const length = plainLength(bytes, lengthAt, end)
  const from = lengthAt + lengthBytes(bytes[lengthAt] ?? 0)
  if (from + packed > end) throw corrupt()
  checkLzfLength(packed, length)
  const scratch = into.scratch(length)
  unpackLzf(bytes, from, from + packed, scratch, length)
  into.bytes = scratch
  into.start = 0
  into.end = length
  return from + packed
}

/**
 * The body of a value of type 0 as an integer: without allocation, for sums over millions of counters.
 *
 * NaN when it is not a canonical decimal integer of at most 15 digits in plain or integer encoding; `decodeString` gives
 * the text then.
 */
export function decodeSmallInteger(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] ?? 0
  if (first >= 0xc0 && first <= 0xc2) return integerAt(bytes, start + 1, 1 << (first & 3))
  if (first === 0 || first > 16 || start + 1 + first !== end) return Number.NaN
  const isNegative = bytes[start + 1] === 0x2d
  const from = isNegative ? start + 2 : start + 1
  const digits = end - from
  if (digits < 1 || digits > 15 || (bytes[from] === 0x30 && (digits > 1 || isNegative))) return Number.NaN
  let value = 0
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

/**
 * The elements of a list (head first), of a set (in the order of the file), of a hash (field, value, field, value …) or of a
 * sorted set (member, score, member, score …; ZADD makes the same double of the score's text).
 *
 * In: a type byte of `rdbTypes` but 0, and the value as in the file. Out: a new array whose Buffers are parts of the value
 * where they can be, so valid until the reader's `next`. Faults: RDB_CORRUPT. A type that no reader gives is a bug.
 */
export function decodeElements(type: number, bytes: Buffer, start: number, end: number): Buffer[] {
  const cursor = new Cursor(bytes, start, end)
  const out = elements(type, cursor)
  if (!cursor.isAtEnd) throw corrupt()
  return out
}

function elements(type: number, cursor: Cursor): Buffer[] {
  switch (type) {
    case 1:
    case 2:
      return strings(cursor, cursor.length())
    case 3:
      return scored(cursor, () => cursor.textScore())
    case 4:
      return strings(cursor, cursor.length() * 2)
    case 5:
      return scored(cursor, () => cursor.binaryScore())
    case 9:
      return readZipmap(cursor.string())
    case 10:
      return readZiplist(cursor.string())
    case 11:
      return readIntset(cursor.string())
    case 12:
    case 13:
      return paired(readZiplist(cursor.string()))
    case 14:
      return nodes(cursor, () => readZiplist(cursor.string()))
    case 16:
    case 17:
      return paired(readListpack(cursor.string()))
    case 18:
      return nodes(cursor, () => (isPlain(cursor.length()) ? [cursor.string()] : readListpack(cursor.string())))
    case 20:
      return readListpack(cursor.string())
    default:
      throw new Error(`bug: values of type ${type} have no elements`)
  }
}

function strings(cursor: Cursor, count: number): Buffer[] {
  const out: Buffer[] = []
  for (let n = 0; n < count; n++) out.push(cursor.string())
  return out
}

function scored(cursor: Cursor, score: () => Buffer): Buffer[] {
  const out: Buffer[] = []
  for (let left = cursor.length(); left > 0; left--) {
    out.push(cursor.string())
    out.push(score())
  }
  return out
}

function nodes(cursor: Cursor, node: () => Buffer[]): Buffer[] {
  const out: Buffer[] = []
  for (let left = cursor.length(); left > 0; left--) for (const element of node()) out.push(element)
  return out
}

function paired(out: Buffer[]): Buffer[] {
  if (out.length % 2 !== 0) throw corrupt()
  return out
}

/** A quicklist's node: 1 is one element as it is, 2 a listpack. */
function isPlain(container: number): boolean {
  if (container !== 1 && container !== 2) throw corrupt()
  return container === 1
}

const specialScores: Readonly<Record<number, string>> = { 253: 'nan', 254: 'inf', 255: '-inf' }

class Cursor {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  length(): number {
    const length = plainLength(this.#bytes, this.#at, this.#end)
    this.#at += lengthBytes(this.#bytes[this.#at] ?? 0)
    return length
  }

  string(): Buffer {
    const slice = new StringSlice()
    this.#at = decodeString(this.#bytes, this.#at, this.#end, slice)
    return slice.bytes.subarray(slice.start, slice.end)
  }

  /** As the file has it, but for the three that are no digits. */
  textScore(): Buffer {
    const length = this.#take(1)[0] ?? 0
    const special = specialScores[length]
    return special === undefined ? this.#take(length) : Buffer.from(special)
  }

  /** The shortest text that gives the same double. */
  binaryScore(): Buffer {
    const score = this.#take(8).readDoubleLE(0)
    if (Number.isNaN(score)) return Buffer.from('nan')
    if (!Number.isFinite(score)) return Buffer.from(score > 0 ? 'inf' : '-inf')
    return Buffer.from(Object.is(score, -0) ? '-0' : String(score))
  }

  #take(count: number): Buffer {
    const from = this.#at
    if (from + count > this.#end) throw corrupt()
    this.#at += count
    return this.#bytes.subarray(from, this.#at)
  }
}

function integerAt(bytes: Buffer, at: number, width: number): number {
  if (width === 1) return ((bytes[at] ?? 0) << 24) >> 24
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  if (width === 2) return (low << 16) >> 16
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

/** Writes decimal digits from 0; gives their count. At most 11 for 32 bits. */
function writeInteger(into: Buffer, value: number): number {
  let rest = Math.abs(value)
  let length = value < 0 ? 2 : 1
  for (let limit = 10; limit <= rest; limit *= 10) length++
  for (let at = length - 1; at >= 0; at--) {
    const tenth = Math.floor(rest / 10)
    into[at] = 0x30 + rest - tenth * 10
    rest = tenth
  }
  if (value < 0) into[0] = 0x2d
  return length
}

/** How many bytes a length with this first byte takes. */
function lengthBytes(first: number): number {
  if (first < 0x40) return 1
  if (first < 0x80) return 2
  return first === 0x81 ? 9 : 5
}

function plainLength(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0
  if (first > 0x81 || at + lengthBytes(first) > end) throw corrupt()
  if (first < 0x40) return first
  if (first < 0x80) return ((first & 0x3f) << 8) | (bytes[at + 1] ?? 0)
  return first === 0x80 ? bytes.readUInt32BE(at + 1) : Number(bytes.readBigUInt64BE(at + 1))
}

function corrupt(): Error {
  return fault('RDB_CORRUPT', { what: 'a value' })
}
