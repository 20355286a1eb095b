import type { Release } from '../model/release.ts'
import { type CatalogColumn, type CatalogIndex, type CatalogTable, catalogOf } from './catalog.ts'

/**
 * The statements that make a release's tables in the empty first schema of a PostgreSQL's search path, as 3scale does.
 *
 * One statement per string, without a trailing semicolon: every table with its sequence, key and indexes, then the
 * foreign keys. Triggers are `postgresTriggers`. Names are unqualified.
 */
export function postgresSchema(release: Release): string[] {
  const tables = catalogOf(release)
  return [...tables.flatMap(createPostgresTable), ...tables.flatMap(addForeignKeys)]
}

/** One table with all that is its own; foreign keys are not. */
export function createPostgresTable(table: CatalogTable): string[] {
  const columns = table.columns.map((column) => postgresColumn(column)).join(',\n  ')
  const id = table.columns.find((column) => column.autoIncrement)
  return [
    `CREATE TABLE ${quoted(table.name)} (\n  ${columns}\n)`,
    ...(table.sequence === null || id === undefined
      ? []
      : [
          `CREATE SEQUENCE ${quoted(table.sequence)} AS bigint OWNED BY ${quoted(table.name)}.${quoted(id.name)}`,
          `ALTER TABLE ${quoted(table.name)} ALTER COLUMN ${quoted(id.name)} SET DEFAULT nextval('${table.sequence}'::regclass)`,
        ]),
    ...addPostgresKey(table),
    ...table.indexes.flatMap((index) => createPostgresIndex(table, index)),
  ]
}

export function postgresColumn(column: CatalogColumn): string {
  return [
    quoted(column.name),
    column.postgresType,
    ...(column.default === null ? [] : [`DEFAULT '${postgresDefault(column)?.replaceAll("'", "''")}'`]),
    ...(column.nullable ? [] : ['NOT NULL']),
  ].join(' ')
}

/** A column's default as PostgreSQL's catalog has it, without quotes: Rails prints those of decimals with a fraction. */
export function postgresDefault({ default: value, kind }: CatalogColumn): string | null {
  return value !== null && kind.startsWith('decimal') && /^\d+$/.test(value) ? `${value}.0` : value
}

export function addPostgresKey(table: CatalogTable): string[] {
  if (table.primaryKeyName === null) return []
  const key = `CONSTRAINT ${quoted(table.primaryKeyName)} PRIMARY KEY (${table.primaryKey.map(quoted).join(', ')})`
  return [`ALTER TABLE ${quoted(table.name)} ADD ${key}`]
}

/** Empty for an index that only MySQL has. */
export function createPostgresIndex(table: CatalogTable, index: CatalogIndex): string[] {
  if (index.only === 'mysql') return []
  const unique = index.unique ? 'UNIQUE ' : ''
  return [
    `CREATE ${unique}INDEX ${quoted(index.name)} ON ${quoted(table.name)} (${index.columns.map(quoted).join(', ')})`,
  ]
}

function addForeignKeys(table: CatalogTable): string[] {
  return table.foreignKeys.map(({ name, column, references, onDelete }) => {
    const action = onDelete === 'no action' ? '' : ` ON DELETE ${onDelete.toUpperCase()}`
    return (
      `ALTER TABLE ${quoted(table.name)} ADD CONSTRAINT ${quoted(name)} FOREIGN KEY (${quoted(column)}) ` +
      `REFERENCES ${quoted(references.table)} (${quoted(references.column)})${action}`
    )
  })
}

function quoted(name: string): string {
  return `"${name}"`
}
