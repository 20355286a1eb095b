import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'

/**
 * Numbers, from the text that MySQL sends to PostgreSQL's binary form, without strings and BigInt.
 *
 * Each function is a `FieldEncoder`. Source: PostgreSQL's int8recv, numeric_recv, float4recv and float8recv (network byte
 * order); for numeric, numeric_send: count of digits, weight, sign, scale, then digits to the base of 10,000.
 */
const zero = 0x30
const minus = 0x2d
const point = 0x2e
const plus = 0x2b
const lowerE = 0x65
const twoTo32 = 0x1_0000_0000
const negativeSign = 0x4000

export function encodeSmallint(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const value = wholeNumber(source, start, end)
  // Also false for NaN.
  if (!(value >= -0x8000 && value <= 0x7fff)) return false
  out.view.setInt32(out.at, 2)
  out.view.setInt16(out.at + 4, value)
  out.at += 6
  return true
}

export function encodeInteger(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const value = wholeNumber(source, start, end)
  if (!(value >= -0x8000_0000 && value <= 0x7fff_ffff)) return false
  out.view.setInt32(out.at, 4)
  out.view.setInt32(out.at + 4, value)
  out.at += 8
  return true
}

export function encodeBigint(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const { view, at } = out
  const value = wholeNumber(source, start, end)
  if (!Number.isNaN(value)) {
    // What DataView cuts off the low half is what the high half holds, for negative numbers too.
    view.setInt32(at + 4, Math.floor(value / twoTo32))
    view.setInt32(at + 8, value)
  } else if (!putLargeBigint(source, start, end, view, at + 4)) return false
  view.setInt32(at, 8)
  out.at = at + 12
  return true
}

/** The number, exactly; NaN for what is no whole number, and for more than 15 digits. */
function wholeNumber(source: Buffer, start: number, end: number): number {
  const negative = source[start] === minus
  let at = skipZeros(source, negative ? start + 1 : start, end)
  if (end - at > 15 || at >= end) return Number.NaN
  let value = 0
  for (; at < end; at++) {
    const digit = (source[at] ?? 0) - zero
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return negative ? -value : value
}

/** The offset of the first digit that counts: ZEROFILL puts zeros before it. The last digit always counts. */
function skipZeros(source: Buffer, start: number, end: number): number {
  let at = start
  while (at < end - 1 && source[at] === zero) at++
  return at
}

/** Writes a number of 16 to 19 digits; false for anything else. Every product stays below 2^53. */
function putLargeBigint(source: Buffer, start: number, end: number, view: DataView, at: number): boolean {
  const negative = source[start] === minus
  const from = skipZeros(source, negative ? start + 1 : start, end)
  if (end - from < 16 || end - from > 19) return false
  const upper = wholeNumber(source, from, end - 9)
  // The lower part may begin with zeros, but not with a sign.
  const lower = source[end - 9] === minus ? Number.NaN : wholeNumber(source, end - 9, end)
  if (!(upper >= 0 && lower >= 0)) return false
  // upper * 10^9 + lower, in halves of 32 bits.
  const upperProduct = Math.floor(upper / 0x1_0000) * 1e9
  const lowSum = (upperProduct % 0x1_0000) * 0x1_0000 + (upper % 0x1_0000) * 1e9 + lower
  const high = Math.floor(upperProduct / 0x1_0000) + Math.floor(lowSum / twoTo32)
  const low = lowSum % twoTo32
  if (high > 0x7fff_ffff && !(negative && high === 0x8000_0000 && low === 0)) return false
  view.setInt32(at, negative ? -high - (low === 0 ? 0 : 1) : high)
  view.setInt32(at + 4, negative ? -low : low)
  return true
}

/** `scale`: digits after the point, which MySQL always sends all of. */
export function encodeNumeric(source: Buffer, start: number, end: number, out: TupleWriter, scale: number): boolean {
  const negative = source[start] === minus
  const first = negative ? start + 1 : start
  const pointAt = scale === 0 ? end : end - scale - 1
  if (pointAt <= first || (scale > 0 && source[pointAt] !== point)) return false
  const { view, at } = out
  const digitsAt = at + 12
  let write = digitsAt
  let from = first
  while (from < pointAt && source[from] === zero) from++
  let weight = ((pointAt - from + 3) >> 2) - 1
  let group = 0
  for (let i = from; i < pointAt; i++) {
    const digit = (source[i] ?? 0) - zero
    if (digit < 0 || digit > 9) return false
    group = group * 10 + digit
    if (((pointAt - i) & 3) !== 1) continue
    view.setInt16(write, group)
    write += 2
    group = 0
  }
  for (let i = 1; i <= scale; i++) {
    const digit = (source[pointAt + i] ?? 0) - zero
    if (digit < 0 || digit > 9) return false
    group = group * 10 + digit
    if (i === scale) group *= padding[scale & 3] ?? 1
    else if ((i & 3) !== 0) continue
    // Zeros right after the point of a number below 1 are in the weight.
    if (group === 0 && write === digitsAt) weight--
    else {
      view.setInt16(write, group)
      write += 2
    }
    group = 0
  }
  while (write > digitsAt && view.getInt16(write - 2) === 0) write -= 2
  putNumericHead(view, at, write, weight, negative)
  view.setInt16(at + 10, scale)
  out.at = write
  return true
}

/** Everything before the scale. Zero has no digits, no weight and no sign. */
function putNumericHead(view: DataView, at: number, end: number, weight: number, negative: boolean): void {
  const count = (end - at - 12) >> 1
  view.setInt32(at, end - at - 4)
  view.setInt16(at + 4, count)
  view.setInt16(at + 6, count === 0 ? 0 : weight)
  view.setInt16(at + 8, negative && count > 0 ? negativeSign : 0)
}

// What makes four digits of the last ones, by the count of them modulo 4.
const padding = [1, 1000, 100, 10]

/** A FLOAT, sent as a double: it must be one that 32 bits hold exactly, so that nothing is rounded twice. */
export function encodeReal(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const value = floatingPoint(source, start, end)
  if (Math.fround(value) !== value) return false
  out.view.setInt32(out.at, 4)
  out.view.setFloat32(out.at + 4, value)
  out.at += 8
  return true
}

export function encodeDouble(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  const value = floatingPoint(source, start, end)
  if (Number.isNaN(value)) return false
  out.view.setInt32(out.at, 8)
  out.view.setFloat64(out.at + 4, value)
  out.at += 12
  return true
}

/**
 * The double nearest to a decimal number; NaN for what is none, and for what is beyond the range.
 *
 * Up to 15 digits and a power of ten up to 22 are exact as doubles, so one multiplication or division rounds once
 * (W. D. Clinger, "How to Read Floating Point Numbers Accurately"). The rest is left to `Number`.
 */
function floatingPoint(source: Buffer, start: number, end: number): number {
  const negative = source[start] === minus
  let at = negative ? start + 1 : start
  let digits = 0
  let significant = 0
  let mantissa = 0
  let pointAt = -1
  for (; at < end; at++) {
    const byte = source[at] ?? 0
    if (byte === point && pointAt < 0) {
      pointAt = at
      continue
    }
    const digit = byte - zero
    if (digit < 0 || digit > 9) break
    digits++
    mantissa = mantissa * 10 + digit
    if (mantissa > 0) significant++
  }
  const exponent = powerAt(source, at, end) - (pointAt < 0 ? 0 : at - pointAt - 1)
  if (digits === 0 || Number.isNaN(exponent)) return Number.NaN
  if (significant > 15 || exponent > 22 || exponent < -22) {
    const value = Number(source.toString('latin1', start, end))
    const isBeyond = (value === 0 && mantissa > 0) || Math.abs(value) === Number.POSITIVE_INFINITY
    return isBeyond ? Number.NaN : value
  }
  const value = exponent < 0 ? mantissa / (powersOfTen[-exponent] ?? 1) : mantissa * (powersOfTen[exponent] ?? 1)
  return negative ? -value : value
}

/** The power of ten of nothing, or of `e` and a whole number; NaN for anything else. */
function powerAt(source: Buffer, start: number, end: number): number {
  if (start === end) return 0
  if (source[start] !== lowerE) return Number.NaN
  const hasPlus = source[start + 1] === plus
  if (hasPlus && source[start + 2] === minus) return Number.NaN
  return wholeNumber(source, hasPlus ? start + 2 : start + 1, end)
}

const powersOfTen = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
