import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'

/**
 * Dates and times, from the text that MySQL sends to PostgreSQL's binary form: days, or microseconds, since 2000-01-01.
 *
 * Each function is a `FieldEncoder`. A date that the calendar lacks is never encoded. Source: PostgreSQL's date_recv,
 * timestamp_recv and time_recv.
 */
const zero = 0x30
const microsecondsOfDay = 86_400_000_000
const noSuch = -1

export function encodeDate(source: Buffer, start: number, end: number, out: TupleWriter): boolean {
  if (end - start !== 10) return false
  const day = dayAt(source, start)
  if (day === noSuch) return false
  out.view.setInt32(out.at, 4)
  out.view.setInt32(out.at + 4, day - day2000)
  out.at += 8
  return true
}

/** `digits`: how many the column has after the second's point. With or without time zone: both sessions are in UTC. */
export function encodeTimestamp(source: Buffer, start: number, end: number, out: TupleWriter, digits: number): boolean {
  if (end - start < 19 || source[start + 10] !== 0x20) return false
  const day = dayAt(source, start)
  const second = secondAt(source, start + 11)
  const fraction = fractionAt(source, start + 19, end, digits)
  if (day === noSuch || second < 0 || second >= 86_400 || fraction === noSuch) return false
  // A million is 64 * 15,625; until the last step every number is below 2^53.
  const units = ((day - day2000) * 86_400 + second) * 15_625
  const low = (units & 0x3ff_ffff) * 64 + fraction
  return putMicroseconds(out, Math.floor(units / 0x400_0000) + (low >= 0x1_0000_0000 ? 1 : 0), low)
}

/** `digits`: how many the column has after the second's point. */
export function encodeTime(source: Buffer, start: number, end: number, out: TupleWriter, digits: number): boolean {
  if (end - start < 8) return false
  const second = secondAt(source, start)
  const fraction = fractionAt(source, start + 8, end, digits)
  if (second < 0 || fraction === noSuch) return false
  const microseconds = second * 1e6 + fraction
  if (microseconds > microsecondsOfDay) return false
  return putMicroseconds(out, Math.floor(microseconds / 0x1_0000_0000), microseconds)
}

function putMicroseconds(out: TupleWriter, high: number, low: number): boolean {
  const { view, at } = out
  view.setInt32(at, 8)
  view.setInt32(at + 4, high)
  // DataView keeps the low 32 bits.
  view.setInt32(at + 8, low)
  out.at = at + 12
  return true
}

/** Days since 0000-03-01 of `YYYY-MM-DD`; `noSuch` for what is no date. */
function dayAt(source: Buffer, at: number): number {
  const year = twoDigits(source, at) * 100 + twoDigits(source, at + 2)
  const month = twoDigits(source, at + 5)
  const day = twoDigits(source, at + 8)
  if (source[at + 4] !== 0x2d || source[at + 7] !== 0x2d) return noSuch
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return noSuch
  if (day > 28 && day > lengthOf(year, month)) return noSuch
  // With March as the first month, a leap day is a year's last: before a month lie (153 m + 2) / 5 days.
  const shifted = month > 2 ? year : year - 1
  const monthFromMarch = month > 2 ? month - 3 : month + 9
  return dayOfYears(shifted) + (((153 * monthFromMarch + 2) / 5) | 0) + day - 1
}

function dayOfYears(year: number): number {
  const century = (year / 100) | 0
  return year * 365 + (year >> 2) - century + (century >> 2)
}

// 2000-01-01 is 306 days after 1999-03-01.
const day2000 = dayOfYears(1999) + 306

function lengthOf(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Seconds of `HH:MM:SS`; below 0 for what is none. */
function secondAt(source: Buffer, at: number): number {
  const hour = twoDigits(source, at)
  const minute = twoDigits(source, at + 3)
  const second = twoDigits(source, at + 6)
  if (source[at + 2] !== 0x3a || source[at + 5] !== 0x3a) return noSuch
  if (hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 59) return noSuch
  return (hour * 60 + minute) * 60 + second
}

/** Microseconds of nothing, or of `.` and up to `digits` digits; `noSuch` for anything else. */
function fractionAt(source: Buffer, start: number, end: number, digits: number): number {
  if (start === end) return 0
  if (source[start] !== 0x2e || end - start < 2 || end - start - 1 > digits) return noSuch
  let value = 0
  for (let at = start + 1; at <= start + 6; at++) {
    const digit = at < end ? (source[at] ?? 0) - zero : 0
    if (digit < 0 || digit > 9) return noSuch
    value = value * 10 + digit
  }
  return value
}

/** Two digits as a number; far below 0 for anything else, so that no sum with other digits is a number. */
function twoDigits(source: Buffer, at: number): number {
  const tens = (source[at] ?? 0) - zero
  const ones = (source[at + 1] ?? 0) - zero
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1_000_000 : tens * 10 + ones
}
