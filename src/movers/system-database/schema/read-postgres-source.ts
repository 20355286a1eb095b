import { describeAddress } from '../../../model/database-address.ts'
import { tenantTriggerTables } from '../../../threescale/tenant-rules.ts'
import { fault } from '../faults.ts'
import { partitionedTable } from '../postgres-dialect.ts'
import type { PostgresSource } from '../postgres-source.ts'
import { columnsSql, notesSql, rewrittenSql, strangersSql, tablesSql } from './postgres-source-sql.ts'
import { readPostgresCatalog } from './read-postgres-catalog.ts'
import type { SourceCatalog, SourceColumn, SourceIndex, SourceTable } from './source-catalog.ts'
import { releaseOf } from './source-release.ts'
import type { SourceSchema } from './source-schema.ts'
import { quotePostgres as q, type TargetIndex, type TargetSchema, type TargetTable } from './target-schema.ts'

type Row = readonly (string | null)[]

/**
 * Reads what is in schema `public` of a PostgreSQL source, and plans a target that is the same: names, types, defaults,
 * keys, indexes, sequences and where they stand. Of triggers it has 3scale's own; what else there is, is in the notes.
 *
 * The session must be in its snapshot. Every table is locked as any SELECT locks it, until the session ends: the snapshot
 * covers rows and not definitions, and a TRUNCATE or a rewriting ALTER would make a table look empty in it.
 *
 * Faults: DB_SOURCE_EMPTY, DB_FORBIDDEN, DB_ROWS_HIDDEN, DB_UNSUPPORTED_COLUMN, DB_SOURCE_CHANGED and those of `releaseOf`.
 * Source of truth: PostgreSQL manual, "System Catalogs"; "Caveats" of "Concurrency Control".
 */
export async function readPostgresSource(source: PostgresSource): Promise<SourceSchema> {
  const tableRows = await source.query(tablesSql, 'reading the catalog (tables)')
  if (tableRows.length === 0) throw fault('DB_SOURCE_EMPTY', { address: describeAddress(source.address) })
  for (const row of tableRows) refuseHidden(source, row)
  await lockTables(source, tableRows)
  const actual = await readPostgresCatalog(source)
  const details = await readDetails(source)
  const there = new Map(actual.tables.map((table) => [table.name, table]))
  const pairs = tableRows.map((row) => {
    const table = there.get(text(row, 0))
    if (table === undefined) throw new Error(`bug: ${text(row, 0)} is in one catalog and not in the other`)
    return { row, table: carried(table, details) }
  })
  const tables = pairs.map(({ row, table }) => sourceTable(row, table, details))
  const release = await releaseOf(source, tables)
  const triggers = new Set(release === null ? [] : tenantTriggerTables(release).map((table) => `${table}_tenant_id`))
  const schema: TargetSchema = {
    tables: pairs.map(({ table }) => ({ ...table, triggers: table.triggers.filter((name) => triggers.has(name)) })),
  }
  const notes = await notesOn(source, triggers)
  const { product, version, snapshot } = source
  const catalog: SourceCatalog = {
    facts: { product, version, release, tables: tables.length, snapshot },
    tables,
    notes,
  }
  return { catalog, schema, notes }
}

/** A sentence for each thing that the target will not have, or have in another way; 3scale's own routines are made anew. */
async function notesOn(source: PostgresSource, triggers: ReadonlySet<string>): Promise<readonly string[]> {
  const routines = new Set([...[...triggers].map((name) => `tp_${name}`), ...(triggers.size === 0 ? [] : [friendlyId])])
  const rows = await source.query(notesSql(source.major), 'reading the catalog (what is not carried)')
  return rows
    .filter(([kind, name]) => !(kind === 'trigger' && triggers.has(name ?? '')))
    .filter(([kind, name]) => !(kind === 'routine' && routines.has(name ?? '')))
    .map((row) => text(row, 2))
}

const friendlyId = 'sp_invoices_friendly_id'

/** Catalogs show everything to everybody; what may not be read is found before anything is written. */
function refuseHidden({ address }: PostgresSource, row: Row): void {
  const [table, readable, hidden, sequence] = [text(row, 0), row[4], row[5], row[6]]
  const where = { side: 'source', address: describeAddress(address), sqlState: '42501' } as const
  if (readable !== 't') throw fault('DB_FORBIDDEN', { ...where, doing: `reading ${table}` })
  if (hidden === 't') throw fault('DB_ROWS_HIDDEN', { address: where.address, table })
  if (sequence !== null) throw fault('DB_FORBIDDEN', { ...where, doing: `reading the sequence ${sequence}` })
}

async function lockTables(source: PostgresSource, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const only = row[1] === 'r' ? 'ONLY ' : ''
    await source.query(`LOCK TABLE ${only}public.${q(text(row, 0))} IN ACCESS SHARE MODE`, `locking ${text(row, 0)}`)
  }
  const [[rewritten] = []] = await source.query(rewrittenSql, 'looking for tables that were rewritten')
  if (typeof rewritten === 'string') {
    throw fault('DB_SOURCE_CHANGED', { table: rewritten, what: 'it was emptied or rewritten meanwhile' })
  }
}

/** What the target's catalog is not asked for. */
interface Details {
  /** By table and column: the type's name, whether a plain PostgreSQL has it, generated, a default that cannot be carried. */
  readonly columns: ReadonlyMap<string, Row>
  /** Names of indexes and foreign keys that a plain PostgreSQL could not make. */
  readonly strangers: ReadonlySet<string>
}

async function readDetails(source: PostgresSource): Promise<Details> {
  const columns = await source.query(columnsSql(source.major), 'reading the catalog (types)')
  const strangers = await source.query(strangersSql(source.major), 'reading the catalog (dependencies)')
  return {
    columns: new Map(columns.map((row) => [`${text(row, 0)}.${text(row, 1)}`, row])),
    strangers: new Set(strangers.map((row) => `${text(row, 0)}.${text(row, 1)}`)),
  }
}

/** The table as the target will have it. */
function carried(table: TargetTable, { columns, strangers }: Details): TargetTable {
  const isCarried = ({ name }: { readonly name: string }) => !strangers.has(`${table.name}.${name}`)
  const indexes = table.indexes.filter(isCarried)
  return {
    ...table,
    columns: table.columns.map((column) => {
      const keepsDefault = columns.get(`${table.name}.${column.name}`)?.[5] !== 't'
      return keepsDefault ? column : { ...column, default: null }
    }),
    indexes,
    foreignKeys: table.foreignKeys.filter(isCarried),
    peculiarities: table.peculiarities.filter((says) => indexes.some(({ name }) => says.startsWith(`index ${name} `))),
  }
}

/** By these names for them, in all products, code knows whole numbers. */
const wholeNumbers: Readonly<Record<string, string>> = { smallint: 'smallint', integer: 'int', bigint: 'bigint' }

function sourceTable(row: Row, table: TargetTable, { columns }: Details): SourceTable {
  return {
    name: table.name,
    columns: table.columns.map((column): SourceColumn => {
      const detail = columns.get(`${table.name}.${column.name}`) ?? []
      if (detail[3] !== 't') {
        throw fault('DB_UNSUPPORTED_COLUMN', { table: table.name, column: column.name, type: column.type })
      }
      return {
        name: column.name,
        dataType: wholeNumbers[column.type] ?? text(detail, 2),
        columnType: column.type,
        nullable: column.nullable,
        default: column.default?.kind === 'literal' ? column.default.value : null,
        defaultIsExpression: column.default?.kind === 'expression',
        characterLength: null,
        numericPrecision: null,
        numericScale: null,
        fractionDigits: 0,
        charset: null,
        collation: null,
        autoIncrement: column.name === table.sequence?.column,
        generated: detail[4] === 't',
        updatesItself: false,
      }
    }),
    primaryKey: table.primaryKey?.columns ?? [],
    indexes: table.indexes.map(sourceIndex),
    foreignKeys: table.foreignKeys.map((key) => ({ ...key, elsewhere: false })),
    nextId: table.sequence?.next ?? null,
    engine: row[1] === 'p' ? partitionedTable : 'table',
    estimatedRows: Number(row[2] ?? 0),
    estimatedBytes: Number(row[3] ?? 0),
  }
}

/** A special index says nothing of all rows, so it is none that names a row. */
function sourceIndex(index: TargetIndex): SourceIndex {
  return {
    name: index.name,
    unique: index.unique,
    kind: index.special === null ? 'btree' : 'other',
    parts: index.parts.map((part) => ({
      column: part.kind === 'column' && index.special === null ? part.column : null,
      prefix: null,
    })),
  }
}

function text(row: Row, index: number): string {
  return row[index] ?? ''
}
