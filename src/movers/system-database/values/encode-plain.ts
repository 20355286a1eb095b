import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import type { ColumnMove, TableMove } from '../table-move.ts'

/**
 * Appends one tuple of binary COPY to `out`, slowly and plainly: for rows that `RowEncoder` leaves, and to test it by.
 *
 * In: a row's values in the order of the columns, each as the source sends it or as `codec.replace` put it; null is NULL.
 * They are written as PostgreSQL would write what its text input makes of `codec.toPostgres`. Faults: throws a bug, with
 * `out` as it was, for a value that is of no class and that yet no value of the target's type is written like.
 * Source: PostgreSQL manual, COPY, "Binary Format"; the types' own send functions.
 */
export function encodePlain(move: TableMove, values: readonly (Buffer | null)[], out: TupleWriter): void {
  const fields = move.columns.map((column, position) => {
    const value = values[position] ?? null
    return value === null ? null : binaryOf(move.name, column, value)
  })
  out.reserve(2 + fields.reduce((sum, field) => sum + 4 + (field?.length ?? 0), 0))
  out.at = out.bytes.writeInt16BE(fields.length, out.at)
  for (const field of fields) {
    out.at = out.bytes.writeInt32BE(field === null ? -1 : field.length, out.at)
    if (field !== null) out.at += field.copy(out.bytes, out.at)
  }
}

function binaryOf(table: string, column: ColumnMove, value: Buffer): Buffer {
  const { base, modifier } = typeOf(column.targetType)
  // Bytes and text are what they are; the former would only be spelt out to be read back.
  if (base === 'bytea') return value
  if (isText.test(base)) return column.codec.toPostgres(value)
  const binary = binaryOfText(base, modifier, column.codec.toPostgres(value).toString('latin1'))
  if (binary !== null) return binary
  throw new Error(`bug: ${table}.${column.source.name} holds what is no ${column.targetType}`)
}

const isText = /^(?:text|json|character varying)$/

/** `numeric(20,4)` is `numeric` with 4; of `time(3) without time zone`, only `time` and 3 matter. */
function typeOf(type: string): { readonly base: string; readonly modifier: number } {
  return {
    base: type.replace(/\(.*?\)/, '').replace(/ with(?:out)? time zone$/, ''),
    modifier: Number(/(\d+)\)/.exec(type)?.[1] ?? 0),
  }
}

/** Null for what the type's input function would refuse, or round. */
function binaryOfText(base: string, modifier: number, text: string): Buffer | null {
  switch (base) {
    case 'boolean':
      return Buffer.from([text === 't' ? 1 : 0])
    case 'smallint':
      return integer(text, 2)
    case 'integer':
      return integer(text, 4)
    case 'bigint':
      return integer(text, 8)
    case 'numeric':
      return numeric(text, modifier)
    case 'real':
      return float(text, 4)
    case 'double precision':
      return float(text, 8)
    case 'date':
      return date(text)
    case 'timestamp':
      return timestamp(text, modifier)
    case 'time':
      return time(text, modifier)
    case 'bit':
      return bits(text, modifier)
    default:
      throw new Error(`bug: no plain encoding for the type ${base}`)
  }
}

function integer(text: string, bytes: number): Buffer | null {
  if (!/^-?\d+$/.test(text)) return null
  return signed(BigInt(text), bytes)
}

/** A number in two's complement, network byte order; null where it does not fit. */
function signed(value: bigint, bytes: number): Buffer | null {
  if (BigInt.asIntN(bytes * 8, value) !== value) return null
  const hex = BigInt.asUintN(bytes * 8, value).toString(16)
  return Buffer.from(hex.padStart(bytes * 2, '0'), 'hex')
}

function numeric(text: string, scale: number): Buffer | null {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || fraction.length > scale) return null
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0')
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')
  const groups = (left + right).match(/\d{4}/g)?.map(Number) ?? []
  const first = groups.findIndex((group) => group !== 0)
  if (first < 0) return words([0, 0, 0, scale])
  const digits = groups.slice(first, groups.findLastIndex((group) => group !== 0) + 1)
  const weight = left.length / 4 - 1 - first
  return words([digits.length, weight, sign === '-' ? 0x4000 : 0, scale, ...digits])
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  for (const [i, value] of values.entries()) bytes.writeInt16BE(value, i * 2)
  return bytes
}

function float(text: string, bytes: 4 | 8): Buffer | null {
  if (!/^-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(text)) return null
  const value = Number(text)
  const isZero = !/[1-9]/.test(text.replace(/e.*/, ''))
  if (!Number.isFinite(value) || (value === 0 && !isZero)) return null
  const binary = Buffer.alloc(bytes)
  if (bytes === 8) binary.writeDoubleBE(value)
  else binary.writeFloatBE(value)
  // A FLOAT is sent whole; anything between two of them is none, and would be rounded twice.
  return bytes === 8 || binary.readFloatBE() === value ? binary : null
}

function date(text: string): Buffer | null {
  const day = dayOf(text)
  return day === null ? null : signed(BigInt(day), 4)
}

function timestamp(text: string, digits: number): Buffer | null {
  const day = dayOf(text.slice(0, 10))
  const microseconds = text[10] === ' ' ? microsecondsOf(text.slice(11), digits) : null
  if (day === null || microseconds === null || microseconds >= microsecondsOfDay) return null
  return signed(BigInt(day) * microsecondsOfDay + microseconds, 8)
}

function time(text: string, digits: number): Buffer | null {
  const microseconds = microsecondsOf(text, digits)
  return microseconds === null || microseconds > microsecondsOfDay ? null : signed(microseconds, 8)
}

const microsecondsOfDay = 86_400_000_000n

/** Days since 2000-01-01. */
function dayOf(text: string): number | null {
  const [year = 0, month = 0, day = 0] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.slice(1).map(Number) ?? []
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  if (year < 1 || day < 1 || day > (lengths[month - 1] ?? 0)) return null
  const daysOfMonths = lengths.slice(0, month - 1).reduce((sum, length) => sum + length, 0)
  return daysBefore(year) - daysBefore(2000) + daysOfMonths + day - 1
}

/** Days of the years 1 to `year - 1`. */
function daysBefore(year: number): number {
  const years = year - 1
  return years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function microsecondsOf(text: string, digits: number): bigint | null {
  const [, hour, minute, second, fraction = ''] = /^(\d\d):([0-5]\d):([0-5]\d)(?:\.(\d+))?$/.exec(text) ?? []
  if (fraction.length > digits) return null
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second)
  return Number.isNaN(seconds) ? null : BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

function bits(text: string, count: number): Buffer | null {
  if (text.length !== count || !/^[01]+$/.test(text)) return null
  const bytes = text.padEnd(Math.ceil(count / 8) * 8, '0').match(/[01]{8}/g) ?? []
  return Buffer.from([0, 0, 0, count, ...bytes.map((byte) => Number.parseInt(byte, 2))])
}
