import { type Release, releases } from '../../model/release.ts'
import type { ReleaseRange } from '../release-range.ts'
import type { ColumnKind } from './column-kind.ts'

/**
 * Tables by name, each written once for all releases, one thing per line:
 *
 *   table collate utf8mb4_bin since 2.16           the table itself, where it is not utf8mb3_bin or not always there
 *   org_name  string not null default ''           a column, in the order that both databases have
 *   email     string collate utf8mb3_general_ci    with its own MySQL collation
 *   primary key (plan_id, feature_id)              where it is not the column of kind `id`
 *   index (account_id)                             `unique` instead of `index` where it is
 *   index (account_id) named idx_users_account_id  where it is not index_<table>_on_<column>_and_<column>
 *   index (user_key) mysql prefix 255              on MySQL, only so many characters of the (one) column
 *   unique (value, owner_id) mysql only            PostgreSQL does not have it
 *   foreign key (user_id) references users named fk_rails_260e99b630 on delete cascade
 *
 * Every line may end in `since 2.12`, `until 2.14` or both: the first and the last release that has it. A column or an
 * index that changed is two lines whose ranges do not meet. A foreign key references `id`.
 */
export type TableNotation = Readonly<Record<string, string>>

/** A table as written, before a release is chosen. Names are those of both databases. */
export interface WrittenTable {
  readonly name: string
  readonly range: ReleaseRange
  readonly collation: string
  readonly columns: readonly WrittenColumn[]
  readonly primaryKeys: readonly WrittenPrimaryKey[]
  readonly indexes: readonly WrittenIndex[]
  readonly foreignKeys: readonly WrittenForeignKey[]
}

export interface WrittenColumn {
  readonly name: string
  readonly range: ReleaseRange
  readonly kind: ColumnKind
  readonly nullable: boolean
  /** The value, not an expression: text without its quotes, `true` or `false`, or decimal digits. */
  readonly default: string | null
  /** Null: the table's. */
  readonly collation: string | null
}

export interface WrittenPrimaryKey {
  readonly range: ReleaseRange
  readonly columns: readonly string[]
}

export interface WrittenIndex {
  readonly name: string
  readonly range: ReleaseRange
  readonly unique: boolean
  readonly columns: readonly string[]
  readonly mysqlPrefix: number | null
  readonly mysqlOnly: boolean
}

export interface WrittenForeignKey {
  readonly name: string
  readonly range: ReleaseRange
  readonly column: string
  readonly references: string
  readonly onDelete: 'cascade' | 'set null' | 'no action'
}

const columnList = String.raw`\((?<columns>\w+(?:, \w+)*)\)`
const kinds = [
  'id|bigint|integer|unsigned smallint|boolean|string|unlimited string|text|mediumtext|longtext|blob|longblob',
  String.raw`date|time|datetime|datetime\(6\)|string\(\d+\)|decimal\(\d+,\d+\)`,
].join('|')

const patterns = {
  table: line('table', '(?: collate (?<collation>\\w+))?'),
  primaryKey: line('primary key ', columnList),
  index: line(
    '(?<what>index|unique) ',
    columnList,
    '(?: named (?<name>\\w+))?',
    '(?: mysql prefix (?<prefix>\\d+))?',
    '(?<mysqlOnly> mysql only)?',
  ),
  foreignKey: line(
    'foreign key \\((?<column>\\w+)\\)',
    ' references (?<table>\\w+)',
    ' named (?<name>\\w+)',
    '(?: on delete (?<onDelete>cascade|set null))?',
  ),
  column: line(
    '(?<name>\\w+) +',
    `(?<kind>${kinds})`,
    '(?<notNull> not null)?',
    "(?: default (?<default>'[^']*'|[\\w.]+))?",
    '(?: collate (?<collation>\\w+))?',
  ),
}

/** Reads one table. A line outside the notation is a bug, and the error quotes it. */
export function parseTable(name: string, notation: string): WrittenTable {
  let table: Pick<WrittenTable, 'range' | 'collation'> = { range: {}, collation: 'utf8mb3_bin' }
  const columns: WrittenColumn[] = []
  const primaryKeys: WrittenPrimaryKey[] = []
  const indexes: WrittenIndex[] = []
  const foreignKeys: WrittenForeignKey[] = []

  const readers: readonly (readonly [RegExp, (found: Groups) => void])[] = [
    [patterns.table, (found) => (table = { range: rangeOf(found), collation: found.collation ?? table.collation })],
    [patterns.primaryKey, (found) => primaryKeys.push({ range: rangeOf(found), columns: namesOf(found) })],
    [patterns.index, (found) => indexes.push(indexOf(name, found))],
    [patterns.foreignKey, (found) => foreignKeys.push(foreignKeyOf(found))],
    [patterns.column, (found) => columns.push(columnOf(found))],
  ]
  for (const text of notation.split('\n').map((untrimmed) => untrimmed.trim())) {
    if (text === '') continue
    const [pattern, read] = readers.find(([pattern]) => pattern.test(text)) ?? []
    if (pattern === undefined || read === undefined) {
      throw new Error(`bug: table ${name} has a line outside the notation: ${text}`)
    }
    read({ ...pattern.exec(text)?.groups })
  }
  return { name, ...table, columns, primaryKeys, indexes, foreignKeys }
}

type Groups = Readonly<Record<string, string | undefined>>

function line(...parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.join('')}(?: since (?<since>[\\d.]+))?(?: until (?<until>[\\d.]+))?$`)
}

function columnOf(found: Groups): WrittenColumn {
  const { name = '', kind, notNull, collation } = found
  return {
    name,
    range: rangeOf(found),
    // The pattern lets nothing but a ColumnKind through.
    kind: kind as ColumnKind,
    nullable: notNull === undefined && kind !== 'id',
    default: found.default?.replace(/^'(.*)'$/, '$1') ?? null,
    collation: collation ?? null,
  }
}

function indexOf(table: string, found: Groups): WrittenIndex {
  const columns = namesOf(found)
  return {
    name: found.name ?? `index_${table}_on_${columns.join('_and_')}`,
    range: rangeOf(found),
    unique: found.what === 'unique',
    columns,
    mysqlPrefix: found.prefix === undefined ? null : Number(found.prefix),
    mysqlOnly: found.mysqlOnly !== undefined,
  }
}

function foreignKeyOf(found: Groups): WrittenForeignKey {
  const { name = '', column = '', table = '', onDelete } = found
  return {
    name,
    range: rangeOf(found),
    column,
    references: table,
    // The pattern lets only these two through.
    onDelete: (onDelete as 'cascade' | 'set null' | undefined) ?? 'no action',
  }
}

function namesOf(found: Groups): readonly string[] {
  return (found.columns ?? '').split(', ')
}

function rangeOf({ since, until }: Groups): ReleaseRange {
  return {
    ...(since === undefined ? {} : { since: releaseOf(since) }),
    ...(until === undefined ? {} : { until: releaseOf(until) }),
  }
}

function releaseOf(text: string): Release {
  const release = releases.find((known) => known === text)
  if (release === undefined) throw new Error(`bug: ${text} is no release`)
  return release
}
