import type { ValueClass } from '../../../model/decision.ts'
import { classifyDate, classifyTime, replaceDate, replaceTime } from './mysql-temporal.ts'
import { quoteMysql } from '../quote-mysql.ts'
import type { SourceColumn } from '../schema/source-catalog.ts'
import { classifyText, replaceText } from './utf8.ts'

/** How one column's values travel; chosen once per column, before any row. */
export interface Codec {
  /** What to select so that the server sends every value without loss. */
  readonly select: string
  /** The class of a value that PostgreSQL cannot store, or null. */
  readonly classify: (value: Buffer) => ValueClass | null
  /** What `replace` puts instead of a value of that class; may itself be of another class. */
  readonly replace: (value: Buffer, valueClass: ValueClass) => Buffer
  /** The text that PostgreSQL's input function reads for a value that `classify` passes. */
  readonly toPostgres: (value: Buffer) => Buffer
  /** False where no value can be of any class, so that an assessment need not read the column. */
  readonly canFail: boolean
}

const storable = {
  classify: () => null,
  replace: (value: Buffer) => value,
  toPostgres: (value: Buffer) => value,
  canFail: false,
}

/** Chooses the codec for a column of the source, given the target's type. */
export function codecFor(column: SourceColumn, targetType: string): Codec {
  const name = quoteMysql(column.name)
  if (targetType === 'boolean') return { ...boolean, select: name }
  if (targetType.startsWith('timestamp') || targetType === 'date') {
    return { select: name, classify: classifyDate, replace: replaceDate, toPostgres: (value) => value, canFail: true }
  }
  if (targetType.startsWith('time')) {
    return { select: name, classify: classifyTime, replace: replaceTime, toPostgres: (value) => value, canFail: true }
  }
  if (targetType === 'bytea') return { ...storable, select: name, toPostgres: hexOf }
  if (targetType.startsWith('bit')) {
    const bits = column.numericPrecision ?? 1
    return { ...storable, select: name, toPostgres: (value) => bitsOf(value, bits) }
  }
  // A FLOAT is sent with six digits; as a double it is sent whole.
  if (targetType === 'real') return { ...storable, select: `${name} + 0e0` }
  if (isDecodedByServer(column)) return { ...decodedByServer, select: selectText(column) }
  if (column.charset !== null || column.dataType === 'json') {
    return {
      select: selectText(column),
      classify: classifyText,
      replace: replaceText,
      toPostgres: (value) => value,
      canFail: true,
    }
  }
  return { ...storable, select: name }
}

/**
 * UTF-8 columns are read as the bytes that are stored, so that what is not valid can be seen. Every other character set
 * (MySQL's latin1 is cp1252) is decoded by the server that knows it. It puts a question mark for what has no counterpart;
 * such a text, which does not come back the same, is marked by a first byte that no UTF-8 has.
 */
export function selectText(column: SourceColumn): string {
  const name = quoteMysql(column.name)
  if (!isDecodedByServer(column)) return name
  const text = `CONVERT(${name} USING utf8mb4)`
  const back = `CONVERT(${text} USING ${column.charset})`
  return `IF(CAST(${back} AS BINARY) <=> CAST(${name} AS BINARY), ${text}, CONCAT(x'FF', CAST(${text} AS BINARY)))`
}

function isDecodedByServer(column: SourceColumn): boolean {
  return column.charset !== null && !/^(?:utf8|utf8mb3|utf8mb4|ascii|binary)$/.test(column.charset)
}

const notDecoded = 0xff
const decodedByServer: Omit<Codec, 'select'> = {
  classify: (value) => (value[0] === notDecoded ? 'undecodable-text' : classifyText(value)),
  // What the source itself would show.
  replace: (value, valueClass) => (value[0] === notDecoded ? value.subarray(1) : replaceText(value, valueClass)),
  toPostgres: (value) => value,
  canFail: true,
}

const boolean: Omit<Codec, 'select'> = {
  classify: (value) =>
    value.length === 1 && (value[0] === zero || value[0] === zero + 1) ? null : 'boolean-out-of-range',
  // Rails reads every number but 0 as true.
  replace: () => Buffer.from('1'),
  toPostgres: (value) => (value[0] === zero ? falseText : trueText),
  canFail: true,
}
const zero = 0x30
const falseText = Buffer.from('f')
const trueText = Buffer.from('t')

function hexOf(value: Buffer): Buffer {
  return Buffer.from(`\\x${value.toString('hex')}`, 'latin1')
}

function bitsOf(value: Buffer, bits: number): Buffer {
  const all = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return Buffer.from(all.slice(-bits).padStart(bits, '0'), 'latin1')
}
