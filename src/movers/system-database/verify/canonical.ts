import { selectText } from '../values/codec.ts'
import { quoteMysql } from '../quote-mysql.ts'
import type { SourceColumn } from '../schema/source-catalog.ts'

/**
 * The canonical form of a value: bytes that are equal on both sides exactly when the values are.
 *
 * Numbers as decimal text (floats as eight bytes), booleans `t` and `f`, dates and times as text without trailing zeros
 * in the fraction, text as UTF-8, bytes and bits as they are. Written without the copy's conversions, on purpose: a
 * mistake there must not be repeated here.
 */
export type Canonical = (value: Buffer) => Buffer

const same: Canonical = (value) => value

/** What to select from the source for `canonicalFromSource`, as PostgreSQL will be read too. */
export function selectForDigest(column: SourceColumn): string {
  if (column.dataType === 'float') return `${quoteMysql(column.name)} + 0e0`
  return column.charset === null ? quoteMysql(column.name) : selectText(column)
}

export function canonicalFromSource(column: SourceColumn): Canonical {
  switch (column.dataType) {
    case 'tinyint':
      return column.columnType.startsWith('tinyint(1)') && !column.columnType.includes('unsigned')
        ? sourceBoolean
        : number
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'year':
      return number
    case 'float':
    case 'double':
      return (value) => double(Number(value.toString('latin1')))
    case 'time':
    case 'datetime':
    case 'timestamp':
      return withoutTrailingZeros
    default:
      return same
  }
}

/** `type` is as format_type prints it. */
export function canonicalFromTarget(type: string): Canonical {
  if (type === 'real') return (value) => double(Math.fround(Number(value.toString('latin1'))))
  if (type === 'double precision') return (value) => double(Number(value.toString('latin1')))
  if (type.endsWith('with time zone'))
    return (value) => (value.includes(0x2b) ? value.subarray(0, value.lastIndexOf('+')) : value)
  if (type === 'bytea') return (value) => Buffer.from(value.toString('latin1', 2), 'hex')
  if (type.startsWith('bit')) return packedBits
  return same
}

function sourceBoolean(value: Buffer): Buffer {
  if (value.length !== 1) return value
  return value[0] === 0x30 ? Buffer.from('f') : value[0] === 0x31 ? Buffer.from('t') : value
}

/** ZEROFILL pads with zeros on the left; the number is the same without them. */
function number(value: Buffer): Buffer {
  let start = 0
  while (value[start] === 0x30 && start + 1 < value.length && value[start + 1] !== 0x2e) start++
  return value.subarray(start)
}

function withoutTrailingZeros(value: Buffer): Buffer {
  if (!value.includes(0x2e)) return value
  let end = value.length
  while (value[end - 1] === 0x30) end--
  return value.subarray(0, value[end - 1] === 0x2e ? end - 1 : end)
}

function double(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(value)
  return bytes
}

function packedBits(value: Buffer): Buffer {
  const bits = value.toString('latin1')
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  const padded = bits.padStart(bytes.length * 8, '0')
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(padded.slice(i * 8, i * 8 + 8), 2)
  return bytes
}
