import { TupleFields } from '../../wire/postgres/tuple-fields.ts'
import type { SourceColumn, SourceForeignKey, SourceTable } from './schema/source-catalog.ts'
import { quotePostgres as q } from './schema/target-schema.ts'
import type { SourceDialect } from './source-dialect.ts'
import { TuplePasser } from './values/pass-tuple.ts'
import { canonicalFromPostgres, writeFromPostgres } from './verify/canonical-postgres.ts'
import { writeFromTarget } from './verify/canonical-target.ts'

/** What `SourceTable.engine` says of a table whose rows lie in its partitions. */
export const partitionedTable = 'partitioned table'

/** PostgreSQL: rows of binary COPY, which go into the target as they are. */
export const postgresDialect: SourceDialect = {
  quote: q,
  from: tableSql,
  isInKeyOrder: (table) => table.engine !== partitionedTable,
  // The session is told not to sort.
  byPrimaryKey: '',
  beyondKey,
  literalOf,
  integerCell,
  orphans,
  // Whatever a PostgreSQL holds, another can store.
  codec: (column) => ({
    select: q(column.name),
    classify: () => null,
    replace: (value) => value,
    toPostgres: (value) => value,
    canFail: false,
  }),
  encoder: (types) => new TuplePasser(types.length),
  fields: (count) => new TupleFields(count),
  selectForDigest: (column) => q(column.name),
  canonical: (column) => canonicalFromPostgres(column.columnType),
  canonicalWriter: (column) => writeFromPostgres(column.columnType),
  targetWriter: (column, targetType) =>
    targetType === column.columnType ? writeFromPostgres(targetType) : writeFromTarget(targetType),
}

/** ONLY: rows of a table that inherits are that table's own. */
function tableSql(table: SourceTable): string {
  return `${table.engine === partitionedTable ? '' : 'ONLY '}public.${q(table.name)}`
}

/** A comparison of rows: unlike what it means in AND and OR, PostgreSQL reads it by index. */
function beyondKey(columns: readonly SourceColumn[], cells: readonly Buffer[]): string {
  const values = columns.map((column, i) => {
    const cell = cells[i]
    const value = cell === undefined ? undefined : literalOf(column)?.(cell)
    if (value === undefined) throw new Error('bug: a key cannot be written down')
    return value
  })
  return `(${columns.map((column) => q(column.name)).join(', ')}) > (${values.join(', ')})`
}

const writtenCanonically =
  /^(?:smallint|integer|bigint|numeric(?:\([-\d,]+\))?|boolean|uuid|date|time(?:\(\d\))? without time zone|timestamp(?:\(\d\))? with(?:out)? time zone)$/

function literalOf(column: SourceColumn): ((cell: Buffer) => string) | null {
  const type = column.columnType
  if (writtenCanonically.test(type)) {
    const canonical = canonicalFromPostgres(type)
    return (cell) => `'${canonical(cell).toString('latin1')}'::${type}`
  }
  if (type === 'bytea') return (cell) => `'\\x${cell.toString('hex')}'::bytea`
  if (/^(?:text|character(?: varying)?(?:\(\d+\))?)$/.test(type)) {
    return (cell) => `convert_from('\\x${cell.toString('hex')}', 'UTF8')::${type}`
  }
  return null
}

const integerBytes: Readonly<Record<string, number>> = { smallint: 2, integer: 4, bigint: 8 }

function integerCell(column: SourceColumn, value: bigint): Buffer {
  const length = integerBytes[column.columnType]
  if (length === undefined) throw new Error(`bug: ${column.name} is no whole number`)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes.subarray(8 - length)
}

function orphans(table: SourceTable, key: SourceForeignKey, parent: SourceTable): string {
  // Equal numerics may be written in several ways, each of which has to be known.
  const types = key.columns.map((name) => table.columns.find((column) => column.name === name)?.columnType ?? '')
  const distinct = types.every((type) => Object.hasOwn(integerBytes, type)) ? 'DISTINCT ' : ''
  const same = key.columns.map((column, i) => `p.${q(key.refColumns[i] ?? '')} = c.${q(column)}`).join(' AND ')
  const present = key.columns.map((column) => `c.${q(column)} IS NOT NULL`).join(' AND ')
  return (
    `SELECT ${distinct}${key.columns.map((column) => `c.${q(column)}`).join(', ')} FROM ${tableSql(table)} c ` +
    `WHERE ${present} AND NOT EXISTS (SELECT FROM ${tableSql(parent)} p WHERE ${same})`
  )
}
