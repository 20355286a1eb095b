import type { ValueClass } from '../../../model/decision.ts'

/**
 * What MySQL's DATE and DATETIME may hold and PostgreSQL may not, on the text that the server sends.
 *
 * Source: MySQL manual, "Date and Time Data Types" (zero and partial dates, ALLOW_INVALID_DATES); PostgreSQL manual,
 * "Date/Time Types" (no year 0, no time beyond 24:00:00).
 */
export function classifyDate(text: Buffer): ValueClass | null {
  const { year, month, day } = dateParts(text)
  if (year === 0 && month === 0 && day === 0) return 'zero-date'
  return year === 0 || month === 0 || day === 0 || day > daysOf(year, month) ? 'invalid-date' : null
}

/** A date that exists, for one that does not: the epoch for zero, else the nearest in the same month and year. */
export function replaceDate(text: Buffer, valueClass: ValueClass): Buffer {
  // PostgreSQL prints a fraction without trailing zeros; the ledger holds what it will print.
  const rest = text
    .toString('latin1', 10)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
  if (valueClass === 'zero-date') return Buffer.from(`1970-01-01${rest === '' ? '' : ' 00:00:00'}`)
  const parts = dateParts(text)
  const year = Math.max(1, parts.year)
  const month = Math.max(1, parts.month)
  const day = Math.min(Math.max(1, parts.day), daysOf(year, month))
  return Buffer.from(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}${rest}`)
}

/** TIME goes from -838:59:59 to 838:59:59 in MySQL, from 00:00:00 to 24:00:00 in PostgreSQL. */
export function classifyTime(text: Buffer): ValueClass | null {
  if (text[0] === minus) return 'time-out-of-range'
  const value = text.toString('latin1')
  const hours = Number.parseInt(value, 10)
  return hours > 24 || (hours === 24 && /[1-9]/.test(value.slice(2))) ? 'time-out-of-range' : null
}

export function replaceTime(text: Buffer): Buffer {
  return Buffer.from(text[0] === minus ? '00:00:00' : '24:00:00')
}

const minus = 0x2d

function dateParts(text: Buffer): { readonly year: number; readonly month: number; readonly day: number } {
  return { year: digits(text, 0, 4), month: digits(text, 5, 2), day: digits(text, 8, 2) }
}

function digits(text: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) value = value * 10 + (text[i] ?? 0x30) - 0x30
  return value
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
