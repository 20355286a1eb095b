import type { Release } from '../model/release.ts'
import { type CatalogColumn, type CatalogIndex, type CatalogTable, catalogOf } from './catalog.ts'

/**
 * The statements that make a release's tables in an empty MySQL or MariaDB database, as a source has them.
 *
 * One statement per string, without a trailing semicolon: every table with its indexes (MySQL's own included), then the
 * foreign keys. Names are unqualified. Needs a server that knows `utf8mb3`: MariaDB 10.6, MySQL 8.0.30, or later.
 */
export function mysqlSchema(release: Release): string[] {
  const tables = catalogOf(release)
  return [...tables.map(createMysqlTable), ...tables.flatMap(addForeignKeys)]
}

/** One table with its keys and indexes; foreign keys come after all tables. */
export function createMysqlTable(table: CatalogTable): string {
  const parts = [
    ...table.columns.map((column) => mysqlColumn(column, table)),
    ...(table.primaryKey.length === 0 ? [] : [`PRIMARY KEY (${table.primaryKey.map(quoted).join(', ')})`]),
    ...table.indexes.filter((index) => index.only !== 'postgres').map(mysqlIndex),
  ]
  const options = `ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=${table.charset} COLLATE=${table.collation}`
  return `CREATE TABLE ${quoted(table.name)} (\n  ${parts.join(',\n  ')}\n) ${options}`
}

export function mysqlColumn(column: CatalogColumn, table: CatalogTable): string {
  const { charset, collation } = column
  return [
    quoted(column.name),
    column.mysqlType,
    ...(collation === null || collation === table.collation ? [] : [`CHARACTER SET ${charset} COLLATE ${collation}`]),
    column.nullable ? 'NULL' : 'NOT NULL',
    ...(column.default === null ? [] : [`DEFAULT ${literalOf(column.default, column.kind)}`]),
    ...(column.autoIncrement ? ['AUTO_INCREMENT'] : []),
  ].join(' ')
}

function literalOf(value: string, kind: CatalogColumn['kind']): string {
  if (kind === 'boolean') return value === 'true' ? '1' : '0'
  return /string|text/.test(kind) ? `'${value.replaceAll("'", "''")}'` : value
}

export function mysqlIndex(index: CatalogIndex): string {
  const columns = index.columns.map((column) =>
    column === index.prefix?.column ? `${quoted(column)}(${index.prefix.length})` : quoted(column),
  )
  return `${index.unique ? 'UNIQUE KEY' : 'KEY'} ${quoted(index.name)} (${columns.join(', ')})`
}

function addForeignKeys(table: CatalogTable): string[] {
  return table.foreignKeys.map(({ name, column, references, onDelete }) => {
    const target = `${quoted(references.table)} (${quoted(references.column)})`
    const action = onDelete === 'no action' ? '' : ` ON DELETE ${onDelete.toUpperCase()}`
    return (
      `ALTER TABLE ${quoted(table.name)} ADD CONSTRAINT ${quoted(name)} ` +
      `FOREIGN KEY (${quoted(column)}) REFERENCES ${target}${action}`
    )
  })
}

function quoted(name: string): string {
  return `\`${name}\``
}
