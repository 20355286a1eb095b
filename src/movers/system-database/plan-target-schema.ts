import { isMysqlOnlyIndex, isUnlimitedString } from '../../threescale/catalog.ts'
import { tenantTriggerTables } from '../../threescale/tenant-rules.ts'
import { fault } from './faults.ts'
import type { SourceCatalog, SourceColumn, SourceForeignKey, SourceIndex, SourceTable } from './source-catalog.ts'
import type {
  ForeignKeyAction,
  TargetColumn,
  TargetForeignKey,
  TargetIndex,
  TargetSchema,
  TargetSequence,
  TargetTable,
} from './target-schema.ts'

/** `notes`: a sentence for each thing of the source that has no exact counterpart. */
export interface SchemaPlan {
  readonly schema: TargetSchema
  readonly notes: readonly string[]
}

/**
 * Plans the PostgreSQL schema for a source.
 *
 * For a 3scale source the result is what 3scale itself makes on PostgreSQL, in schema `public`; for any other the same
 * rules apply without 3scale's exceptions. Faults: DB_UNSUPPORTED_COLUMN.
 */
export function planTargetSchema(catalog: SourceCatalog): SchemaPlan {
  const notes: string[] = []
  if (catalog.viewCount > 0) notes.push(`${catalog.viewCount} views are not carried; create them on the target.`)
  const release = catalog.facts.release
  const triggers = new Set(release === null ? [] : tenantTriggerTables(release))
  const tables = catalog.tables.map(
    (table): TargetTable => ({
      name: table.name,
      columns: table.columns.map((column) => planColumn(table, column, release !== null, notes)),
      primaryKey:
        table.primaryKey.length === 0 ? null : { name: shorten(`${table.name}_pkey`), columns: table.primaryKey },
      indexes: table.indexes.flatMap((index) => planIndex(table, index, release !== null, notes) ?? []),
      foreignKeys: table.foreignKeys.map(planForeignKey),
      sequence: planSequence(table),
      triggers: triggers.has(table.name) ? [`${table.name}_tenant_id`] : [],
    }),
  )
  return { schema: { tables }, notes }
}

function planColumn(table: SourceTable, column: SourceColumn, threescale: boolean, notes: string[]): TargetColumn {
  const where = `${table.name}.${column.name}`
  const type = planType(table.name, column, threescale)
  if (column.generated) notes.push(`${where} is a generated column; its values are carried, its expression is not.`)
  if (column.updatesItself) notes.push(`${where} sets itself ON UPDATE on the source; on the target it does not.`)
  return { name: column.name, type, nullable: column.nullable, default: planDefault(where, column, type, notes) }
}

/**
 * The PostgreSQL type, as format_type prints it, that holds every value of a MySQL column.
 *
 * Unsigned types take the next wider one; text types of PostgreSQL hold any MySQL length; `enum` and `set` become text.
 */
function planType(table: string, column: SourceColumn, threescale: boolean): string {
  const unsigned = column.columnType.includes('unsigned')
  const fraction = column.fractionDigits > 0 ? `(${column.fractionDigits})` : ''
  switch (column.dataType) {
    case 'tinyint':
      return column.columnType.startsWith('tinyint(1)') && !unsigned ? 'boolean' : 'smallint'
    case 'smallint':
      return unsigned ? 'integer' : 'smallint'
    case 'mediumint':
      return 'integer'
    case 'int':
      return unsigned ? 'bigint' : 'integer'
    case 'bigint':
      return unsigned ? 'numeric(20,0)' : 'bigint'
    case 'decimal':
      return `numeric(${column.numericPrecision},${column.numericScale})`
    case 'float':
      return 'real'
    case 'double':
      return 'double precision'
    case 'year':
      return 'integer'
    case 'bit':
      return `bit(${column.numericPrecision})`
    case 'date':
      return 'date'
    case 'time':
      return `time${fraction} without time zone`
    case 'datetime':
      return `timestamp${fraction} without time zone`
    case 'timestamp':
      return `timestamp${fraction} with time zone`
    case 'char':
    case 'varchar':
      return threescale && isUnlimitedString(table, column.name)
        ? 'character varying'
        : `character varying(${column.characterLength})`
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'enum':
    case 'set':
      return 'text'
    case 'json':
      return 'json'
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return 'bytea'
    default:
      throw fault('DB_UNSUPPORTED_COLUMN', { table, column: column.name, type: column.columnType })
  }
}

/** MySQL's literal defaults as the target type prints them; expressions only where both servers mean the same. */
function planDefault(where: string, column: SourceColumn, type: string, notes: string[]): string | null {
  const printed = column.default
  if (printed === null || column.autoIncrement) return null
  if (column.defaultIsExpression) {
    if (/^current_timestamp/i.test(printed) && type.startsWith('timestamp')) return '(CURRENT_TIMESTAMP)'
    notes.push(`${where} has the default ${printed}, which is not carried.`)
    return null
  }
  if (type === 'boolean') return printed === '0' ? 'false' : 'true'
  if (type.startsWith('numeric') && printed.includes('.')) return printed.replace(/(\.\d+?)0+$/, '$1')
  if (type.startsWith('bit')) return printed.replace(/^b'([01]*)'$/, '$1').padStart(column.numericPrecision ?? 1, '0')
  if (printed.startsWith('0000-00-00')) {
    notes.push(`${where} has a zero date as its default, which is not carried.`)
    return null
  }
  if (type === 'bytea') {
    notes.push(`${where} has a binary default, which is not carried.`)
    return null
  }
  return printed
}

function planIndex(table: SourceTable, index: SourceIndex, threescale: boolean, notes: string[]): TargetIndex | null {
  const where = `index ${index.name} of ${table.name}`
  if (threescale && isMysqlOnlyIndex(table.name, index.name)) {
    notes.push(`${where} exists in 3scale on MySQL only and is not created.`)
    return null
  }
  if (index.kind !== 'btree' || index.parts.some((part) => part.column === null)) {
    notes.push(`${where} (${index.kind === 'btree' ? 'on an expression' : index.kind}) is not created.`)
    return null
  }
  return {
    name: index.name,
    unique: index.unique,
    parts: index.parts.flatMap(({ column, prefix }) => {
      if (column === null) return []
      // A unique index on a prefix says more than one on the whole value; the plain kind only gets better by it.
      return index.unique && prefix !== null ? `(left("${column}", ${prefix}))` : column
    }),
  }
}

function planForeignKey(key: SourceForeignKey): TargetForeignKey {
  return {
    name: key.name,
    columns: key.columns,
    refTable: key.refTable,
    refColumns: key.refColumns,
    onDelete: actionOf(key.onDelete),
    onUpdate: actionOf(key.onUpdate),
  }
}

/** MySQL prints RESTRICT where nothing was said and checks at once either way: PostgreSQL's NO ACTION. */
function actionOf(rule: string): ForeignKeyAction {
  switch (rule.toUpperCase()) {
    case 'CASCADE':
      return 'cascade'
    case 'SET NULL':
      return 'set null'
    case 'SET DEFAULT':
      return 'set default'
    default:
      return 'no action'
  }
}

function planSequence(table: SourceTable): TargetSequence | null {
  const column = table.columns.find((column) => column.autoIncrement)
  if (column === undefined) return null
  return { name: shorten(`${table.name}_${column.name}_seq`), column: column.name, next: table.nextId ?? 1n }
}

/** PostgreSQL cuts names at 63 bytes; cutting here keeps plan and catalog alike. */
function shorten(name: string): string {
  return Buffer.from(name)
    .subarray(0, 63)
    .toString('utf8')
    .replace(/\uFFFD$/, '')
}
