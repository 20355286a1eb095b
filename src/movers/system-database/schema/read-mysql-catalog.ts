import type { Release } from '../../../model/release.ts'
import { tenantTriggerTables } from '../../../threescale/tenant-rules.ts'
import { fault } from '../faults.ts'
import { describeAddress } from '../../../model/database-address.ts'
import type { MysqlSource } from '../mysql-source.ts'
import { releaseOf } from './source-release.ts'
import type { SourceCatalog, SourceColumn, SourceForeignKey, SourceIndex, SourceTable } from './source-catalog.ts'

type Row = readonly (string | null)[]

/**
 * Reads the source's own catalog: what is really there, whatever release it says it is.
 *
 * MySQL and MariaDB differ in how they print defaults (MariaDB quotes literals and says NULL); the result does not.
 * Faults: DB_SOURCE_EMPTY, DB_TABLE_MISSING, DB_COLUMN_HIDDEN, DB_FOREIGN_KEYS_HIDDEN, DB_RELEASE_UNKNOWN, and those of `MysqlSource.read`.
 * Source of truth: "INFORMATION_SCHEMA Tables" in both servers' manuals.
 */
export async function readMysqlCatalog(source: MysqlSource): Promise<SourceCatalog> {
  const [tableRows, columnRows, indexRows, keyRows] = [
    await source.query(sql.tables, 'reading the catalog (tables)'),
    await source.query(sql.columns, 'reading the catalog (columns)'),
    await source.query(source.isMysql8 ? sql.indexesOfMysql8 : sql.indexes, 'reading the catalog (indexes)'),
    await source.query(sql.foreignKeys, 'reading the catalog (foreign keys)'),
  ]
  const columns = Map.groupBy(columnRows, (row) => text(row, 0))
  const indexes = Map.groupBy(indexRows, (row) => text(row, 0))
  const keys = Map.groupBy(keyRows, (row) => text(row, 0))
  const tables = tableRows
    .filter((row) => isTable(text(row, 1)))
    .map((row): SourceTable => {
      const name = text(row, 0)
      const all = indexesOf(indexes.get(name) ?? [])
      return {
        name,
        columns: (columns.get(name) ?? []).map((column) => columnOf(column, source.product)),
        primaryKey: all.find((index) => index.name === 'PRIMARY')?.parts.flatMap((part) => part.column ?? []) ?? [],
        indexes: all.filter((index) => index.name !== 'PRIMARY'),
        foreignKeys: foreignKeysOf(keys.get(name) ?? [], source),
        nextId: row[3] === null || row[3] === undefined ? null : BigInt(row[3]),
        engine: row[4] ?? '',
        estimatedRows: Number(row[2] ?? 0),
        estimatedBytes: Number(row[5] ?? 0),
      }
    })
  if (tables.length === 0) throw fault('DB_SOURCE_EMPTY', { address: describeAddress(source.address) })
  const release = await releaseOf(source, tables)
  return {
    facts: {
      product: source.product,
      version: source.version,
      release,
      tables: tables.length,
      snapshot: source.snapshot,
    },
    tables,
    notes: [...tableRows.flatMap(noteOnTable), ...(await notesOnRoutines(source, release))],
  }
}

function isTable(type: string): boolean {
  return type === 'BASE TABLE' || type === 'SYSTEM VERSIONED'
}

function noteOnTable(row: Row): readonly string[] {
  const [name, type, engine] = [text(row, 0), text(row, 1), text(row, 4)]
  if (!isTable(type)) return [`${name} is a ${type.toLowerCase()} and is not carried.`]
  const notes = type === 'SYSTEM VERSIONED' ? [`${name} keeps its history; only its present rows are carried.`] : []
  // Every engine but InnoDB reads what is there now, whatever the snapshot.
  return engine === 'InnoDB'
    ? notes
    : [...notes, `${name} is of the engine ${engine}, which has no snapshot: stop its writers.`]
}

/** 3scale's own triggers and its one procedure are made anew on the target; whatever else there is stays behind. */
async function notesOnRoutines(source: MysqlSource, release: Release | null): Promise<readonly string[]> {
  const own = new Set(release === null ? [] : tenantTriggerTables(release).map((table) => `${table}_tenant_id`))
  const rows = await source.query(sql.routines, 'reading the catalog (triggers and routines)')
  return rows
    .filter(
      ([kind, name]) =>
        !(kind === 'trigger' ? own.has(name ?? '') : release !== null && name === 'sp_invoices_friendly_id'),
    )
    .map(([kind, name]) => `The ${kind} ${name} is not carried.`)
}

const here = 'table_schema = DATABASE()'
const sql = {
  tables: `SELECT table_name, table_type, table_rows, auto_increment, engine, data_length FROM information_schema.tables
    WHERE ${here} ORDER BY table_name`,
  routines: `SELECT 'trigger', trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()`,
  columns: `SELECT table_name, column_name, data_type, column_type, is_nullable, column_default, character_maximum_length,
      numeric_precision, numeric_scale, datetime_precision, character_set_name, extra, collation_name
    FROM information_schema.columns WHERE ${here} ORDER BY table_name, ordinal_position`,
  indexes: `SELECT table_name, index_name, non_unique, index_type, column_name, sub_part, NULL
    FROM information_schema.statistics WHERE ${here} ORDER BY table_name, index_name, seq_in_index`,
  indexesOfMysql8: `SELECT table_name, index_name, non_unique, index_type, column_name, sub_part, expression
    FROM information_schema.statistics WHERE ${here} ORDER BY table_name, index_name, seq_in_index`,
  foreignKeys: `SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name,
      r.delete_rule, r.update_rule, k.referenced_table_schema = DATABASE()
    FROM information_schema.key_column_usage k
    LEFT JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
    WHERE k.${here} AND k.referenced_table_name IS NOT NULL
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position`,
}

function columnOf(row: Row, product: 'mysql' | 'mariadb'): SourceColumn {
  const dataType = text(row, 2).toLowerCase()
  const extra = text(row, 11).toLowerCase()
  return {
    name: text(row, 1),
    dataType,
    columnType: text(row, 3).toLowerCase(),
    nullable: row[4] === 'YES',
    ...defaultOf(row[5] ?? null, extra, product),
    characterLength: row[6] === null || row[6] === undefined ? null : BigInt(row[6]),
    numericPrecision: numberOrNull(row[7]),
    numericScale: numberOrNull(row[8]),
    fractionDigits: Number(row[9] ?? 0),
    charset: row[10] ?? null,
    collation: row[12] ?? null,
    autoIncrement: extra.includes('auto_increment'),
    generated: /\b(?:virtual|stored|persistent) generated|^(?:virtual|persistent)/.test(extra),
    updatesItself: extra.includes('on update'),
  }
}

/** MariaDB prints `NULL`, `'text'` and `current_timestamp()`; MySQL prints nothing, `text` and marks expressions in `extra`. */
function defaultOf(
  printed: string | null,
  extra: string,
  product: 'mysql' | 'mariadb',
): Pick<SourceColumn, 'default' | 'defaultIsExpression'> {
  if (printed === null) return { default: null, defaultIsExpression: false }
  if (product === 'mysql') {
    const expression = extra.includes('default_generated') || /^current_timestamp(?:\(\d?\))?$/i.test(printed)
    return { default: printed, defaultIsExpression: expression }
  }
  if (printed === 'NULL') return { default: null, defaultIsExpression: false }
  const quoted = /^'(.*)'$/s.exec(printed)
  if (quoted !== null) {
    return { default: unescaped(quoted[1] ?? ''), defaultIsExpression: false }
  }
  return { default: printed, defaultIsExpression: !/^-?[\d.]+(?:e[+-]?\d+)?$|^b'[01]*'$|^0x[0-9a-f]+$/i.test(printed) }
}

/** A string literal's inside: doubled quotes, and MySQL's backslash escapes, in one pass. */
function unescaped(text: string): string {
  const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', 0: '\0', Z: '\u001A' }
  return text.replaceAll(/''|\\(.)/gs, (pair, letter: string | undefined) =>
    letter === undefined ? pair.slice(1) : (letters[letter] ?? letter),
  )
}

function indexesOf(rows: readonly Row[]): SourceIndex[] {
  const kinds: Readonly<Record<string, SourceIndex['kind']>> = {
    BTREE: 'btree',
    FULLTEXT: 'fulltext',
    SPATIAL: 'spatial',
  }
  return [...Map.groupBy(rows, (row) => text(row, 1))].map(([name, parts]) => ({
    name,
    unique: parts[0]?.[2] === '0',
    kind: kinds[parts[0]?.[3] ?? ''] ?? 'other',
    parts: parts.map((part) => ({ column: part[4] ?? null, prefix: numberOrNull(part[5]) })),
  }))
}

/** A user who may only SELECT sees which columns a key has, and not its rules; a key is never guessed. */
function foreignKeysOf(rows: readonly Row[], source: MysqlSource): SourceForeignKey[] {
  return [...Map.groupBy(rows, (row) => text(row, 1))].map(([name, parts]) => {
    const [first = []] = parts
    const [onDelete, onUpdate] = [first[5], first[6]]
    if (onDelete === null || onDelete === undefined || onUpdate === null || onUpdate === undefined) {
      throw fault('DB_FOREIGN_KEYS_HIDDEN', { address: describeAddress(source.address), table: text(first, 0) })
    }
    return {
      name,
      columns: parts.map((part) => text(part, 2)),
      refTable: text(first, 3),
      refColumns: parts.map((part) => text(part, 4)),
      elsewhere: first[7] !== '1',
      onDelete,
      onUpdate,
    }
  })
}

function text(row: Row, index: number): string {
  return row[index] ?? ''
}

function numberOrNull(value: string | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
