import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import type { PulledRows } from '../../../wire/pulled-rows.ts'
import { CanonicalRow } from './canonical-row.ts'
import { asIs } from './canonical-target.ts'
import { type KeyRange, whereRange } from './partition.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceSession } from '../source-session.ts'
import type { TableProgressPart } from '../progress.ts'
import type { TableLedger } from './read-ledger.ts'
import type { TableMove } from '../table-move.ts'
import { quotePostgres, type TargetTable } from '../schema/target-schema.ts'

/** One side of a comparison: how its rows are read, and what the ledger declares about them there. */
export interface Side {
  readonly name: 'source' | 'target'
  /** The rows of the table as the server sends them, or those of a range; ends when the signal of its session aborts. */
  rows(range: KeyRange | null): Promise<PulledRows>
  /** What brings such rows into canonical form. */
  canonicalRow(): CanonicalRow
  readonly ledger: TableLedger
}

export function sourceSide(source: SourceSession, move: TableMove, ledger: TableLedger): Side {
  const { dialect } = move
  const select = move.columns.map((column) => dialect.selectForDigest(column.source)).join(', ')
  return {
    name: 'source',
    rows: (range) =>
      source.rows(
        `SELECT ${select} FROM ${dialect.from(move.source)}${whereRange(range, dialect.quote)}`,
        `reading ${move.name}`,
      ),
    canonicalRow: () =>
      new CanonicalRow(
        dialect.fields(move.columns.length),
        move.columns.map((column) => dialect.canonicalWriter(column.source)),
      ),
    ledger,
  }
}

export function targetSide(target: PostgresTarget, move: TableMove, there: TargetTable, ledger: TableLedger): Side {
  const columns = move.columns.map(({ source: column }) => {
    const { name } = column
    const type = there.columns.find((candidate) => candidate.name === name)?.type ?? ''
    const write = move.dialect.targetWriter(column, type)
    const quoted = quotePostgres(name)
    return write === null ? { select: `${quoted}::text`, write: asIs } : { select: quoted, write }
  })
  const select = columns.map((column) => column.select).join(', ')
  return {
    name: 'target',
    rows: (range) => {
      const from = `public.${quotePostgres(move.name)}${whereRange(range, quotePostgres)}`
      return target.copyRows(`COPY (SELECT ${select} FROM ${from}) TO STDOUT (FORMAT binary)`, `reading ${move.name}`)
    },
    canonicalRow: () =>
      new CanonicalRow(
        new TupleFields(columns.length),
        columns.map((column) => column.write),
      ),
    ledger,
  }
}

/** Reads rows of one side, one after the other; `use` gets the same object for each. */
export async function readRows(
  side: Side,
  range: KeyRange | null,
  use: (row: CanonicalRow) => void,
  progress?: TableProgressPart,
): Promise<void> {
  const row = side.canonicalRow()
  const rows = await side.rows(range)
  try {
    while (await rows.more()) {
      let count = 0
      let bytes = 0
      while (rows.next()) {
        row.read(rows.bytes, rows.start, rows.end)
        use(row)
        count++
        bytes += rows.end - rows.start
      }
      progress?.add(count, bytes)
    }
  } finally {
    rows.abandon()
  }
}
