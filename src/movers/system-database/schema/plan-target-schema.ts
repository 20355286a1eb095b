import { isMysqlOnlyIndex, isUnlimitedString } from '../../../threescale/catalog.ts'
import { tenantTriggerTables } from '../../../threescale/tenant-rules.ts'
import { fault } from '../faults.ts'
import type { SourceCatalog, SourceColumn, SourceForeignKey, SourceIndex, SourceTable } from './source-catalog.ts'
import type {
  ForeignKeyAction,
  TargetColumn,
  TargetDefault,
  TargetForeignKey,
  TargetIndex,
  TargetIndexPart,
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
  const notes = [...catalog.notes]
  const release = catalog.facts.release
  const triggers = new Set(release === null ? [] : tenantTriggerTables(release))
  const names = new IndexNames(catalog.tables, notes)
  const tables = catalog.tables.map(
    (table): TargetTable => ({
      name: fitting(table.name, table.name, ''),
      columns: table.columns.map((column) => planColumn(table, column, release !== null, notes)),
      primaryKey:
        table.primaryKey.length === 0 ? null : { name: shorten(table.name, '_pkey'), columns: table.primaryKey },
      indexes: table.indexes.flatMap((index) => planIndex(table, index, release !== null, names, notes) ?? []),
      foreignKeys: table.foreignKeys.flatMap((key) => planForeignKey(catalog, table, key, notes) ?? []),
      sequence: planSequence(table),
      triggers: triggers.has(table.name) ? [`${table.name}_tenant_id`] : [],
      peculiarities: [],
    }),
  )
  return { schema: { tables }, notes }
}

function planColumn(table: SourceTable, column: SourceColumn, threescale: boolean, notes: string[]): TargetColumn {
  const where = `${table.name}.${column.name}`
  if (systemColumns.has(column.name)) {
    throw fault('DB_UNSUPPORTED_COLUMN', { table: table.name, column: column.name, type: 'a name of PostgreSQL’s own' })
  }
  const type = planType(table.name, column, threescale)
  if (column.generated) notes.push(`${where} is a generated column; its values are carried, its expression is not.`)
  if (column.updatesItself) notes.push(`${where} sets itself ON UPDATE on the source; on the target it does not.`)
  return {
    name: fitting(column.name, table.name, column.name),
    type,
    nullable: column.nullable,
    default: planDefault(where, column, type, notes),
  }
}

const systemColumns = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

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
        : `character varying(${column.characterLength || 1n})`
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
function planDefault(where: string, column: SourceColumn, type: string, notes: string[]): TargetDefault | null {
  const printed = column.default
  if (printed === null || column.autoIncrement) return null
  if (column.defaultIsExpression) {
    if (/^current_timestamp/i.test(printed) && type.startsWith('timestamp')) {
      return { kind: 'expression', sql: 'CURRENT_TIMESTAMP' }
    }
    notes.push(`${where} has an expression as its default, which is not carried.`)
    return null
  }
  if (printed.startsWith('0000-00-00') || type === 'bytea') {
    notes.push(
      `${where} has a ${type === 'bytea' ? 'binary value' : 'zero date'} as its default, which is not carried.`,
    )
    return null
  }
  return { kind: 'literal', value: literalFor(type, printed, column) }
}

function literalFor(type: string, printed: string, column: SourceColumn): string {
  if (type === 'boolean') return printed === '0' ? 'false' : 'true'
  if (type.startsWith('numeric') && printed.includes('.')) return printed.replace(/(\.\d+?)0+$/, '$1')
  if (type.startsWith('bit')) return printed.replace(/^b'([01]*)'$/, '$1').padStart(column.numericPrecision ?? 1, '0')
  if (type.startsWith('time')) {
    const short = printed.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
    return type.endsWith('with time zone') ? `${short}+00` : short
  }
  return printed
}

function planIndex(
  table: SourceTable,
  index: SourceIndex,
  threescale: boolean,
  names: IndexNames,
  notes: string[],
): TargetIndex | null {
  const where = `index ${index.name} of ${table.name}`
  if (threescale && isMysqlOnlyIndex(table.name, index.name)) {
    notes.push(`${where} exists in 3scale on MySQL only and is not created.`)
    return null
  }
  if (index.kind !== 'btree' || index.parts.some((part) => part.column === null)) {
    notes.push(`${where} (${index.kind === 'btree' ? 'on an expression' : index.kind}) is not created.`)
    return null
  }
  const parts = index.parts.flatMap(({ column, prefix }): TargetIndexPart | readonly [] => {
    if (column === null) return []
    const { dataType = '' } = table.columns.find((candidate) => candidate.name === column) ?? {}
    // A unique index on a prefix says more than one on the whole value. A plain one may cover the whole of a short text;
    // a long one would not fit into PostgreSQL's index rows.
    const whole = prefix === null || (!index.unique && /^(?:var)?char$/.test(dataType))
    if (whole) return { kind: 'column', column }
    return { kind: 'prefix', column, length: prefix, bytes: /blob|binary/.test(dataType) }
  })
  return { name: names.take(table.name, index.name), unique: index.unique, parts, special: null }
}

/** Index names are one per table in MySQL and one per schema in PostgreSQL, where tables share the room. */
class IndexNames {
  readonly #taken: Set<string>
  readonly #notes: string[]

  constructor(tables: readonly SourceTable[], notes: string[]) {
    this.#taken = new Set(
      tables.flatMap((table) => [
        table.name,
        shorten(table.name, '_pkey'),
        ...table.columns
          .filter((column) => column.autoIncrement)
          .map((column) => sequenceName(table.name, column.name)),
      ]),
    )
    this.#notes = notes
  }

  take(table: string, index: string): string {
    let name = shorten(index, '')
    for (let n = 1; this.#taken.has(name); n++) name = shorten(`${table}_${index}`, n === 1 ? '' : `_${n}`)
    this.#taken.add(name)
    if (name !== index)
      this.#notes.push(`index ${index} of ${table} is called ${name}, for its own name is taken or too long.`)
    return name
  }
}

function planForeignKey(
  catalog: SourceCatalog,
  table: SourceTable,
  key: SourceForeignKey,
  notes: string[],
): TargetForeignKey | null {
  const where = `foreign key ${key.name} of ${table.name}`
  const parent = catalog.tables.find((candidate) => candidate.name === key.refTable)
  if (key.elsewhere || parent === undefined) {
    notes.push(`${where} names a table of another database and is not created.`)
    return null
  }
  const unique = [parent.primaryKey, ...parent.indexes.filter((index) => index.unique).map(wholeColumns)]
  if (
    !unique.some(
      (columns) => columns.length === key.refColumns.length && key.refColumns.every((c) => columns.includes(c)),
    )
  ) {
    notes.push(`${where} names columns that are not unique, which PostgreSQL does not allow; it is not created.`)
    return null
  }
  return {
    name: shorten(key.name, ''),
    columns: key.columns,
    refTable: key.refTable,
    refColumns: key.refColumns,
    onDelete: actionOf(key.onDelete),
    onUpdate: actionOf(key.onUpdate),
  }
}

function wholeColumns(index: SourceIndex): readonly string[] {
  return index.parts.every((part) => part.prefix === null) ? index.parts.flatMap((part) => part.column ?? []) : []
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
  return { name: sequenceName(table.name, column.name), column: column.name, next: table.nextId ?? 1n }
}

function sequenceName(table: string, column: string): string {
  return shorten(table, `_${column}_seq`)
}

/** PostgreSQL cuts names at 63 bytes; cutting the stem here keeps plan and catalog alike, and endings apart. */
function shorten(stem: string, ending: string): string {
  const room = longestName - Buffer.byteLength(ending)
  return (
    Buffer.from(stem)
      .subarray(0, room)
      .toString('utf8')
      .replace(/\uFFFD$/, '') + ending
  )
}

/** A table's or column's own name cannot be cut: whoever uses it would not find it. */
function fitting(name: string, table: string, column: string): string {
  if (Buffer.byteLength(name) <= longestName) return name
  throw fault('DB_NAME_TOO_LONG', { name, where: column === '' ? 'a table' : `a column of ${table}` })
}

const longestName = 63
