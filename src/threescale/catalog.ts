import type { Release } from '../model/release.ts'
import { holdsIn } from './release-range.ts'
import { accountsTables } from './schema/accounts.ts'
import { applicationsTables } from './schema/applications.ts'
import { billingTables } from './schema/billing.ts'
import { type ColumnKind, isCharacters, typesOf } from './schema/column-kind.ts'
import { developerPortalTables } from './schema/developer-portal.ts'
import { historyTables } from './schema/history.ts'
import { messagesTables } from './schema/messages.ts'
import { parseTable, type WrittenColumn, type WrittenIndex, type WrittenTable } from './schema/parse-table.ts'
import { productsTables } from './schema/products.ts'
import { railsTables } from './schema/rails.ts'

/** A table of one release, for both databases: names, columns, their order and nullability are the same on both. */
export interface CatalogTable {
  readonly name: string
  /** In the order of both databases. */
  readonly columns: readonly CatalogColumn[]
  /** Empty for the tables that have none (two, until 2.13). */
  readonly primaryKey: readonly string[]
  /** PostgreSQL's name of it; null without one. MySQL says PRIMARY. */
  readonly primaryKeyName: string | null
  /** Secondary ones, those that only one database has included. */
  readonly indexes: readonly CatalogIndex[]
  readonly foreignKeys: readonly CatalogForeignKey[]
  /** PostgreSQL: the sequence that the column of kind `id` owns and takes its default from. */
  readonly sequence: string | null
  /** MySQL's defaults for the table's columns. */
  readonly charset: string
  readonly collation: string
}

export interface CatalogColumn {
  readonly name: string
  readonly kind: ColumnKind
  readonly nullable: boolean
  /**
   * The default's value, not an expression of either dialect: text as it is (also ''), `true` or `false` for booleans,
   * decimal digits for numbers. Null: no default, or NULL, or (kind `id`) the next number.
   */
  readonly default: string | null
  /** As MariaDB's information_schema prints it, such as bigint(20); MySQL 8 prints bigint. */
  readonly mysqlType: string
  /** As PostgreSQL's format_type prints it, such as character varying(255). */
  readonly postgresType: string
  /** MySQL's; null for what is not text. */
  readonly charset: string | null
  readonly collation: string | null
  /** MySQL: AUTO_INCREMENT. PostgreSQL: the next value of the table's sequence. */
  readonly autoIncrement: boolean
}

export interface CatalogIndex {
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  /** MySQL indexes only the first `length` characters of `column`; PostgreSQL all of it. */
  readonly prefix?: { readonly column: string; readonly length: number }
  /** The one database that has it; absent: both. */
  readonly only?: 'mysql' | 'postgres'
}

export interface CatalogForeignKey {
  readonly name: string
  readonly column: string
  readonly references: { readonly table: string; readonly column: string }
  /** MySQL prints `no action` as RESTRICT. */
  readonly onDelete: 'cascade' | 'set null' | 'no action'
}

const notation = {
  ...accountsTables,
  ...productsTables,
  ...applicationsTables,
  ...billingTables,
  ...developerPortalTables,
  ...messagesTables,
  ...historyTables,
  ...railsTables,
}

/** Every table that some release has. */
export type TableName = keyof typeof notation

/** All tables as written, by name, for those who need more than one release at a time. */
export const writtenTables: readonly WrittenTable[] = Object.entries(notation)
  .map(([name, lines]) => parseTable(name, lines))
  .sort((a, b) => (a.name < b.name ? -1 : 1))

/**
 * The tables of a release, by name.
 *
 * Each call makes the list afresh. Source: porta `db/schema.rb` and `db/postgres_schema.rb` at the release's tag or
 * stable branch, as MariaDB 10.11 and PostgreSQL 15 print them once loaded (2.13 and 2.16); the migrations between
 * (the others).
 */
export function catalogOf(release: Release): readonly CatalogTable[] {
  return writtenTables.filter((table) => holdsIn(table.range, release)).map((table) => tableOf(table, release))
}

/** The columns that are varchar(255) on MySQL and have no limit on 3scale's own PostgreSQL. */
export const columnExceptions: readonly { readonly table: string; readonly column: string }[] = writtenTables.flatMap(
  (table) =>
    table.columns
      .filter((column) => column.kind === 'unlimited string')
      .map((column) => ({ table: table.name, column: column.name })),
)

/** The indexes that only MySQL has; PostgreSQL never guards what the unique one guards. */
export const mysqlOnlyIndexes: readonly { readonly table: string; readonly index: string }[] = writtenTables.flatMap(
  (table) =>
    table.indexes.filter((index) => index.mysqlOnly).map((index) => ({ table: table.name, index: index.name })),
)

const unlimited = new Set(columnExceptions.map(({ table, column }) => `${table}.${column}`))
const mysqlOnly = new Set(mysqlOnlyIndexes.map(({ table, index }) => `${table}.${index}`))

/** True for a varchar column that 3scale's own PostgreSQL leaves without a limit, in whichever release. */
export function isUnlimitedString(table: string, column: string): boolean {
  return unlimited.has(`${table}.${column}`)
}

/** True for an index that 3scale has on MySQL only, in whichever release. */
export function isMysqlOnlyIndex(table: string, index: string): boolean {
  return mysqlOnly.has(`${table}.${index}`)
}

function tableOf(table: WrittenTable, release: Release): CatalogTable {
  const holds = ({ range }: Pick<WrittenTable, 'range'>) => holdsIn(range, release)
  const columns = table.columns.filter(holds)
  const id = columns.find((column) => column.kind === 'id')
  const primaryKey = table.primaryKeys.find(holds)?.columns ?? (id === undefined ? [] : [id.name])
  return {
    name: table.name,
    columns: columns.map((column) => columnOf(column, table.collation)),
    primaryKey,
    primaryKeyName: primaryKey.length === 0 ? null : `${table.name}_pkey`,
    indexes: table.indexes.filter(holds).map(indexOf),
    foreignKeys: table.foreignKeys.filter(holds).map(({ name, column, references, onDelete }) => ({
      name,
      column,
      references: { table: references, column: 'id' },
      onDelete,
    })),
    sequence: id === undefined ? null : `${table.name}_${id.name}_seq`,
    charset: charsetOf(table.collation),
    collation: table.collation,
  }
}

function columnOf(column: WrittenColumn, tableCollation: string): CatalogColumn {
  const { mysql, postgres } = typesOf(column.kind)
  const collation = isCharacters(column.kind) ? (column.collation ?? tableCollation) : null
  return {
    name: column.name,
    kind: column.kind,
    nullable: column.nullable,
    default: column.default,
    mysqlType: mysql,
    postgresType: postgres,
    charset: collation === null ? null : charsetOf(collation),
    collation,
    autoIncrement: column.kind === 'id',
  }
}

function indexOf({ name, columns, unique, mysqlPrefix, mysqlOnly }: WrittenIndex): CatalogIndex {
  const [column] = columns
  return {
    name,
    columns,
    unique,
    ...(mysqlPrefix === null || column === undefined ? {} : { prefix: { column, length: mysqlPrefix } }),
    ...(mysqlOnly ? { only: 'mysql' } : {}),
  }
}

/** `utf8mb3` of `utf8mb3_bin`: MySQL begins each collation's name with its character set's. */
function charsetOf(collation: string): string {
  return collation.slice(0, collation.indexOf('_'))
}
