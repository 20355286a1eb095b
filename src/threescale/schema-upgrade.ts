import type { Release } from '../model/release.ts'
import { type CatalogColumn, type CatalogIndex, type CatalogTable, catalogOf } from './catalog.ts'
import { createMysqlTable, mysqlColumn, mysqlIndex } from './mysql-schema.ts'
import { addPostgresKey, createPostgresIndex, createPostgresTable, postgresColumn } from './postgres-schema.ts'
import { mysqlTriggers, postgresTriggers } from './tenant-rules.ts'

export type SchemaEngine = 'mysql' | 'postgresql'

/**
 * The statements that turn a release's tables and triggers into a later one's, for a database that 3scale made.
 *
 * One statement per string, in order; none twice with the effect of once, so they belong into one transaction (on
 * PostgreSQL). As 3scale's own migrations they touch only what changed: a trigger that somebody lost stays lost.
 * The rows of `schema_migrations` are not among them.
 */
export function schemaUpgrade(engine: SchemaEngine, from: Release, to: Release): string[] {
  const [old, new_] = [from, to].map((release) => new Map(catalogOf(release).map((table) => [table.name, table])))
  if (old === undefined || new_ === undefined) throw new Error('bug: two releases give two catalogs')
  const words = dialects[engine]
  const added = [...new_.values()].filter(({ name }) => !old.has(name))
  const dropped = [...old.keys()].filter((name) => !new_.has(name))
  const changed = [...new_.values()].flatMap((after) => {
    const before = old.get(after.name)
    return before === undefined ? [] : changeTable(words, before, after)
  })
  return [
    ...added.flatMap(words.createTable),
    ...changed,
    ...dropped.map((name) => `DROP TABLE ${words.quoted(name)}`),
    ...words.changeTriggers(from, to),
  ]
}

interface Dialect {
  readonly quoted: (name: string) => string
  readonly createTable: (table: CatalogTable) => string[]
  readonly column: (column: CatalogColumn, table: CatalogTable) => string
  /** Null: the two are one type here. */
  readonly alterColumn: (column: CatalogColumn, before: CatalogColumn, table: CatalogTable) => string | null
  readonly dropIndex: (table: string, index: string) => string
  readonly createIndex: (table: CatalogTable, index: CatalogIndex) => string[]
  readonly addKey: (table: CatalogTable) => string[]
  readonly changeTriggers: (from: Release, to: Release) => string[]
  /** Indexes that the other database alone has. */
  readonly lacks: 'mysql' | 'postgres'
}

const mysqlName = (name: string) => `\`${name}\``
const postgresName = (name: string) => `"${name}"`

const dialects: Readonly<Record<SchemaEngine, Dialect>> = {
  postgresql: {
    quoted: postgresName,
    createTable: createPostgresTable,
    column: postgresColumn,
    alterColumn: (column, before, table) =>
      column.postgresType === before.postgresType
        ? null
        : `ALTER TABLE ${postgresName(table.name)} ALTER COLUMN ${postgresName(column.name)} TYPE ${column.postgresType}`,
    dropIndex: (_table, index) => `DROP INDEX ${postgresName(index)}`,
    createIndex: createPostgresIndex,
    addKey: addPostgresKey,
    changeTriggers: (from, to) => newStatements(postgresTriggers(from), postgresTriggers(to)),
    lacks: 'mysql',
  },
  mysql: {
    quoted: mysqlName,
    createTable: (table) => [createMysqlTable(table)],
    column: mysqlColumn,
    alterColumn: (column, before, table) =>
      column.mysqlType === before.mysqlType
        ? null
        : `ALTER TABLE ${mysqlName(table.name)} MODIFY ${mysqlColumn(column, table)}`,
    dropIndex: (table, index) => `ALTER TABLE ${mysqlName(table)} DROP INDEX ${mysqlName(index)}`,
    createIndex: (table, index) => [`ALTER TABLE ${mysqlName(table.name)} ADD ${mysqlIndex(index)}`],
    addKey: (table) => [
      `ALTER TABLE ${mysqlName(table.name)} ADD PRIMARY KEY (${table.primaryKey.map(mysqlName).join(', ')})`,
    ],
    changeTriggers: (from, to) =>
      newStatements(mysqlTriggers(from), mysqlTriggers(to)).flatMap((statement) => {
        const [, kind, name] = /^CREATE (TRIGGER|PROCEDURE) (\w+)/.exec(statement) ?? []
        if (kind === undefined) throw new Error(`bug: not a trigger or a procedure: ${statement}`)
        return [`DROP ${kind} IF EXISTS ${name}`, statement]
      }),
    lacks: 'postgres',
  },
}

function changeTable(words: Dialect, before: CatalogTable, after: CatalogTable): string[] {
  if (JSON.stringify(before.foreignKeys) !== JSON.stringify(after.foreignKeys)) {
    throw new Error(`bug: no release so far changed the foreign keys of ${after.name}`)
  }
  const alter = `ALTER TABLE ${words.quoted(after.name)}`
  const [oldColumns, newColumns] = [before, after].map(({ columns }) => new Map(columns.map((c) => [c.name, c])))
  const here = ({ indexes }: CatalogTable) => indexes.filter(({ only }) => only !== words.lacks)
  return [
    ...here(before)
      .filter((index) => !hasIndex(after, index))
      .map((index) => words.dropIndex(after.name, index.name)),
    ...before.columns
      .filter(({ name }) => newColumns?.has(name) !== true)
      .map(({ name }) => `${alter} DROP COLUMN ${words.quoted(name)}`),
    ...after.columns.flatMap((column) => {
      const old = oldColumns?.get(column.name)
      if (old === undefined) return [`${alter} ADD COLUMN ${words.column(column, after)}`]
      return words.alterColumn(column, old, after) ?? []
    }),
    ...(before.primaryKey.length === 0 && after.primaryKey.length > 0 ? words.addKey(after) : []),
    ...here(after)
      .filter((index) => !hasIndex(before, index))
      .flatMap((index) => words.createIndex(after, index)),
  ]
}

function hasIndex({ indexes }: CatalogTable, index: CatalogIndex): boolean {
  return indexes.some((other) => JSON.stringify(other) === JSON.stringify(index))
}

/** What the later list says and the earlier one does not. */
function newStatements(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before)
  return after.filter((statement) => !known.has(statement))
}
