import { type Canonical, canonicalFromTarget, selectForDigest } from './canonical.ts'
import { readCopyText } from './copy-text.ts'
import type { ChangedValue, RowSetAside, TableLedger } from './ledger.ts'
import { type MysqlSource, quoteMysql } from './mysql-source.ts'
import type { PostgresTarget } from './postgres-target.ts'
import { rowKey, type TableMove } from './table-move.ts'
import { quotePostgres, type TargetTable } from './target-schema.ts'

export type CanonicalRow = readonly (Buffer | null)[]

/** One side of a comparison: rows in canonical form, and what the ledger declares about them there. */
export interface Side {
  readonly name: 'source' | 'target'
  /** Batches of rows; `keys` restricts them where the table's key is one integer, and is a hint only elsewhere. */
  rows(keys: readonly string[] | null): AsyncGenerator<readonly CanonicalRow[]>
  readonly keyOf: (row: CanonicalRow) => string
  readonly declared: ReadonlyMap<string, readonly ChangedValue[]>
  /** The canonical form of what the ledger says that this side holds. */
  readonly declaredCell: (entry: ChangedValue, position: number) => Buffer | null
  /** Rows that are on this side and declared to be missing on the other. */
  readonly setAside: ReadonlyMap<string, readonly RowSetAside[]>
  /** The canonical row that an entry declares. */
  readonly declaredRow: (entry: RowSetAside) => CanonicalRow
}

export function sourceSide(source: MysqlSource, move: TableMove, ledger: TableLedger): Side {
  const canonicals = move.columns.map((column) => column.canonical)
  const select = move.columns.map((column) => selectForDigest(column.source)).join(', ')
  return {
    name: 'source',
    async *rows(keys) {
      const sql = `SELECT ${select} FROM ${quoteMysql(move.name)}${whereKeys(move, keys, quoteMysql)}`
      for await (const batch of source.read(sql, `reading ${move.name}`)) {
        yield batch.map((row) => canonicalRow(row, canonicals))
      }
    },
    keyOf: (row) => rowKey(move, row),
    declared: ledger.bySourceKey,
    declaredCell: (entry, position) => canonicals[position]?.(entry.sourceValue) ?? null,
    setAside: ledger.setAside,
    declaredRow: (entry) => {
      const cells = move.columns.map(({ source: { name } }) => entry.cells[name] ?? null)
      return canonicalRow(
        cells.map((hex) => (hex === null ? null : Buffer.from(hex, 'hex'))),
        canonicals,
      )
    },
  }
}

export function targetSide(target: PostgresTarget, move: TableMove, there: TargetTable, ledger: TableLedger): Side {
  const canonicals = move.columns.map(({ source }) =>
    canonicalFromTarget(there.columns.find((column) => column.name === source.name)?.type ?? ''),
  )
  const select = move.columns.map(({ source }) => quotePostgres(source.name)).join(', ')
  return {
    name: 'target',
    async *rows(keys) {
      const from = `public.${quotePostgres(move.name)}${whereKeys(move, keys, quotePostgres)}`
      const blocks = target.copyOut(`COPY (SELECT ${select} FROM ${from}) TO STDOUT`, `reading ${move.name}`)
      for await (const batch of readCopyText(blocks)) yield batch.map((row) => canonicalRow(row, canonicals))
    },
    keyOf: (row) => rowKey(move, row),
    declared: ledger.byTargetKey,
    declaredCell: (entry, position) =>
      entry.targetValue === null ? null : (canonicals[position]?.(entry.targetValue) ?? null),
    setAside: new Map(),
    declaredRow: () => [],
  }
}

function canonicalRow(row: CanonicalRow, canonicals: readonly Canonical[]): CanonicalRow {
  return row.map((cell, position) => (cell === null ? null : (canonicals[position]?.(cell) ?? cell)))
}

/** Keys of one integer column can be asked for; other keys are found by reading the table. */
function whereKeys(move: TableMove, keys: readonly string[] | null, quote: (name: string) => string): string {
  const [position, ...more] = move.key
  const column = position === undefined ? undefined : move.columns[position]
  const isInteger = column !== undefined && column.source.dataType.endsWith('int') && column.targetType !== 'boolean'
  if (keys === null || !isInteger || more.length > 0) return ''
  // A key that is no integer cannot be of such a column, and none of these is ever quoted.
  const integers = keys.filter((key) => /^-?\d+$/.test(key))
  return ` WHERE ${quote(column.source.name)} IN (${integers.length === 0 ? 'NULL' : integers.join(', ')})`
}
