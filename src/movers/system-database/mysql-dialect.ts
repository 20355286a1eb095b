import { RowFields } from '../../wire/mysql/row-fields.ts'
import { quoteMysql as q } from './quote-mysql.ts'
import type { SourceColumn, SourceForeignKey, SourceTable } from './schema/source-catalog.ts'
import type { SourceDialect } from './source-dialect.ts'
import { codecFor } from './values/codec.ts'
import { RowEncoder } from './values/encode-row.ts'
import { canonicalFromSource, selectForDigest } from './verify/canonical.ts'
import { writeFromSource } from './verify/canonical-source.ts'
import { writeFromTarget } from './verify/canonical-target.ts'

/** MySQL and MariaDB: rows of the text protocol, converted value by value. */
export const mysqlDialect: SourceDialect = {
  quote: q,
  from: (table) => q(table.name),
  // InnoDB keeps the rows in the order of their primary key.
  isInKeyOrder: (table) => table.engine === 'InnoDB',
  byPrimaryKey: ' FORCE INDEX (PRIMARY)',
  beyondKey,
  literalOf,
  integerCell: (_column, value) => Buffer.from(String(value)),
  orphans,
  codec: codecFor,
  encoder: (types) => new RowEncoder({ columns: types.map((targetType) => ({ targetType })) }),
  fields: (count) => new RowFields(count),
  selectForDigest,
  canonical: canonicalFromSource,
  canonicalWriter: writeFromSource,
  targetWriter: (_column, targetType) => writeFromTarget(targetType),
}

/** `(a > 1 OR (a = 1 AND b > 2))`: what a row comparison means, in the form that both servers read by index. */
function beyondKey(columns: readonly SourceColumn[], cells: readonly Buffer[]): string {
  const [column, ...more] = columns
  const [cell, ...rest] = cells
  if (column === undefined || cell === undefined) throw new Error('bug: a key has no columns')
  const name = q(column.name)
  const value = literalOf(column)?.(cell)
  if (value === undefined) throw new Error('bug: a key cannot be written down')
  return more.length === 0
    ? `(${name} > ${value})`
    : `(${name} > ${value} OR (${name} = ${value} AND ${beyondKey(more, rest)}))`
}

function literalOf(column: SourceColumn): ((cell: Buffer) => string) | null {
  if (/int$|^(?:decimal|year)$/.test(column.dataType)) return (cell) => checked(cell, /^-?\d+(?:\.\d+)?$/)
  if (column.dataType === 'date' || column.dataType === 'datetime' || column.dataType === 'timestamp') {
    return (cell) => `'${checked(cell, /^[\d :.-]+$/)}'`
  }
  if (/^(?:binary|varbinary)$/.test(column.dataType)) return (cell) => `x'${cell.toString('hex')}'`
  // Only these arrive as the bytes that are stored.
  const isStoredUtf8 = /^utf8(?:mb[34])?$/.test(column.charset ?? '') && /^\w+$/.test(column.collation ?? '')
  if (/^(?:char|varchar)$/.test(column.dataType) && isStoredUtf8) {
    return (cell) => `CONVERT(x'${cell.toString('hex')}' USING ${column.charset}) COLLATE ${column.collation}`
  }
  return null
}

function checked(cell: Buffer, form: RegExp): string {
  const text = cell.toString('latin1')
  if (!form.test(text)) throw new Error('bug: a key is not of its type')
  return text
}

function orphans(table: SourceTable, key: SourceForeignKey, parent: SourceTable): string {
  // PostgreSQL compares text byte by byte; a source's collation may take ABC and abc for one.
  const isText = (name: string) => table.columns.some((column) => column.name === name && column.charset !== null)
  const byBytes = key.columns.some(isText)
  const same = (column: string, i: number) => {
    const [above, below] = [`p.${q(key.refColumns[i] ?? '')}`, `c.${q(column)}`]
    return byBytes ? `${above} = ${below} AND BINARY ${above} = BINARY ${below}` : `${above} = ${below}`
  }
  const present = key.columns.map((column) => `c.${q(column)} IS NOT NULL`).join(' AND ')
  return (
    `SELECT ${byBytes ? '' : 'DISTINCT '}${key.columns.map((column) => `c.${q(column)}`).join(', ')} FROM ${q(table.name)} c ` +
    `LEFT JOIN ${q(parent.name)} p ON ${key.columns.map(same).join(' AND ')} ` +
    `WHERE ${present} AND p.${q(key.refColumns[0] ?? '')} IS NULL`
  )
}
