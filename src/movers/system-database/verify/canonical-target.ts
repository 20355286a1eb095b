import type { CanonicalRow, WriteCell } from './canonical-row.ts'

const zero = 0x30
const minus = 0x2d
const point = 0x2e
const colon = 0x3a
const space = 0x20
const word = 0x1_0000_0000
const secondsPerDay = 86_400
// From 0000-03-01, where the calendar's 400 years begin when February comes last, to 2000-01-01.
const daysTo2000 = 730_425

/**
 * Writes the target's binary COPY values in canonical form, or null for a type that is read as text instead.
 *
 * `type` is as format_type prints it. What they give is what `canonicalFromTarget` makes of the same value's text; held
 * equal by a test against a real server. Shares nothing with the copy's encoders, on purpose.
 * Source: the type's `_send` function in PostgreSQL's src/backend/utils/adt.
 */
export function writeFromTarget(type: string): WriteCell | null {
  const name = type.replace(/\(.*?\)/, '').replace(/^bit varying$/, 'bit')
  switch (name) {
    case 'smallint':
      return int16
    case 'integer':
      return int32
    case 'bigint':
      return int64
    case 'numeric':
      return numeric
    case 'real':
      return float4
    case 'double precision':
      return float8
    case 'boolean':
      return boolean
    case 'date':
      return date
    case 'time without time zone':
      return time
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return timestamp
    case 'bit':
      return bits
    case 'uuid':
      return uuid
    case 'bytea':
    case 'text':
    case 'character varying':
    case 'character':
    case 'json':
      return asIs
    default:
      return null
  }
}

/** Bytes that are canonical already, and the text of types that have no writer. */
export const asIs: WriteCell = (row, bytes, start, end) => row.append(bytes, start, end)

const int16: WriteCell = (row, bytes, start) => integer(row, bytes.readInt16BE(start))
const int32: WriteCell = (row, bytes, start) => integer(row, bytes.readInt32BE(start))

const int64: WriteCell = (row, bytes, start) => {
  const high = bytes.readInt32BE(start)
  if (high >= -0x20_0000 && high < 0x20_0000) return integer(row, high * word + bytes.readUInt32BE(start + 4))
  return text(row, bytes.readBigInt64BE(start).toString())
}

const float8: WriteCell = (row, bytes, start) => double(row, bytes.readDoubleBE(start))
const float4: WriteCell = (row, bytes, start) => double(row, bytes.readFloatBE(start))

const boolean: WriteCell = (row, bytes, start) => {
  row.byte(bytes[start] === 0 ? 0x66 : 0x74)
  return 1
}

/** Groups of four decimal digits; `weight` groups and one stand before the point, `scale` digits after it. */
const numeric: WriteCell = (row, bytes, start) => {
  const groups = bytes.readInt16BE(start)
  const weight = bytes.readInt16BE(start + 2)
  const sign = bytes.readUInt16BE(start + 4)
  const scale = bytes.readUInt16BE(start + 6)
  if (sign >= 0xc000) return text(row, sign === 0xc000 ? 'NaN' : sign === 0xd000 ? 'Infinity' : '-Infinity')
  row.reserve(8 + 4 * Math.max(weight + 2, 1) + scale + 4)
  const begun = row.at
  const group = (i: number) => (i >= 0 && i < groups ? bytes.readUInt16BE(start + 8 + 2 * i) : 0)
  if (sign === 0x4000) row.byte(minus)
  unsigned(row, weight < 0 ? 0 : group(0))
  for (let i = 1; i <= weight; i++) padded(row, group(i), 4)
  if (scale > 0) {
    row.byte(point)
    const end = row.at + scale
    for (let i = weight + 1; row.at < end; i++) padded(row, group(i), 4)
    row.at = end
  }
  return row.at - begun
}

const date: WriteCell = (row, bytes, start) => {
  const days = bytes.readInt32BE(start)
  if (days === 0x7fff_ffff) return text(row, 'infinity')
  if (days === -0x8000_0000) return text(row, '-infinity')
  const begun = row.at
  if (day(row, days)) era(row)
  return row.at - begun
}

const time: WriteCell = (row, bytes, start) => {
  const begun = row.at
  const micros = bytes.readInt32BE(start) * word + bytes.readUInt32BE(start + 4)
  const seconds = Math.floor(micros / 1e6)
  clock(row, seconds, micros - seconds * 1e6)
  return row.at - begun
}

const timestamp: WriteCell = (row, bytes, start) => {
  const high = bytes.readInt32BE(start)
  const low = bytes.readUInt32BE(start + 4)
  if (high === 0x7fff_ffff && low === 0xffff_ffff) return text(row, 'infinity')
  if (high === -0x8000_0000 && low === 0) return text(row, '-infinity')
  const begun = row.at
  // Microseconds may be more than 2^53, so they are divided in two steps, as one does on paper.
  const quotient = Math.floor(high / 1e6)
  const rest = (high - quotient * 1e6) * word + low
  const restSeconds = Math.floor(rest / 1e6)
  const seconds = quotient * word + restSeconds
  const days = Math.floor(seconds / secondsPerDay)
  const beforeChrist = day(row, days)
  row.byte(space)
  clock(row, seconds - days * secondsPerDay, rest - restSeconds * 1e6)
  if (beforeChrist) era(row)
  return row.at - begun
}

/** PostgreSQL fills the last byte on the right, MySQL the first one on the left. */
const bits: WriteCell = (row, bytes, start, end) => {
  const from = start + 4
  const shift = (end - from) * 8 - bytes.readInt32BE(start)
  row.reserve(end - from)
  const begun = row.at
  for (let i = from; i < end; i++) {
    const before = i === from ? 0 : (bytes[i - 1] ?? 0)
    row.byte(((before << 8) | (bytes[i] ?? 0)) >>> shift)
  }
  return row.at - begun
}

const hexDigits = Buffer.from('0123456789abcdef')

const uuid: WriteCell = (row, bytes, start, end) => {
  for (let i = start; i < end; i++) {
    const at = i - start
    if (at === 4 || at === 6 || at === 8 || at === 10) row.byte(minus)
    row.byte(hexDigits[(bytes[i] ?? 0) >> 4] ?? 0)
    row.byte(hexDigits[(bytes[i] ?? 0) & 15] ?? 0)
  }
  return 36
}

function integer(row: CanonicalRow, value: number): number {
  const begun = row.at
  if (value < 0) row.byte(minus)
  unsigned(row, value < 0 ? -value : value)
  return row.at - begun
}

function unsigned(row: CanonicalRow, value: number): void {
  if (value >= 1e9) {
    const high = Math.floor(value / 1e9)
    unsigned(row, high)
    padded(row, value - high * 1e9, 9)
    return
  }
  let width = 1
  for (let limit = 10; value >= limit; limit *= 10) width++
  padded(row, value, width)
}

/** `value` is less than 2^31. */
function padded(row: CanonicalRow, value: number, width: number): void {
  const bytes = row.bytes
  let rest = value | 0
  for (let at = row.at + width - 1; at >= row.at; at--) {
    const tenth = (rest / 10) | 0
    bytes[at] = zero + rest - tenth * 10
    rest = tenth
  }
  row.at += width
}

/**
 * Writes a day of the proleptic Gregorian calendar, counted from 2000-01-01, and says whether its year is before Christ.
 * Source: "Civil from days" in Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
 */
function day(row: CanonicalRow, days: number): boolean {
  const shifted = days + daysTo2000
  const centuries4 = Math.floor(shifted / 146_097)
  const inEra = (shifted - centuries4 * 146_097) | 0
  const yearInEra = ((inEra - ((inEra / 1460) | 0) + ((inEra / 36_524) | 0) - ((inEra / 146_096) | 0)) / 365) | 0
  const inYear = inEra - (365 * yearInEra + ((yearInEra / 4) | 0) - ((yearInEra / 100) | 0))
  const fromMarch = ((5 * inYear + 2) / 153) | 0
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = centuries4 * 400 + yearInEra + (month <= 2 ? 1 : 0)
  const shown = year > 0 ? year : 1 - year
  if (shown > 9999) unsigned(row, shown)
  else padded(row, shown, 4)
  row.byte(minus)
  padded(row, month, 2)
  row.byte(minus)
  padded(row, inYear - (((153 * fromMarch + 2) / 5) | 0) + 1, 2)
  return year <= 0
}

/** The time of day; a fraction without trailing zeros, if there is one. */
function clock(row: CanonicalRow, seconds: number, micros: number): void {
  const minutes = (seconds / 60) | 0
  const hours = (minutes / 60) | 0
  padded(row, hours, 2)
  row.byte(colon)
  padded(row, minutes - hours * 60, 2)
  row.byte(colon)
  padded(row, seconds - minutes * 60, 2)
  if (micros === 0) return
  row.byte(point)
  padded(row, micros, 6)
  while (row.bytes[row.at - 1] === zero) row.at--
}

function era(row: CanonicalRow): void {
  text(row, ' BC')
}

function double(row: CanonicalRow, value: number): number {
  row.at = row.bytes.writeDoubleBE(value, row.at)
  return 8
}

function text(row: CanonicalRow, value: string): number {
  row.at += row.bytes.write(value, row.at, 'latin1')
  return value.length
}
