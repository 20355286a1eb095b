import type { Decisions } from '../../model/decision.ts'
import { canonicalFromTarget } from './canonical.ts'
import { CopyTextWriter } from './copy-text.ts'
import type { DanglingKeys } from './dangling.ts'
import { type DigestCell, DigestSum, masked, rowDigest } from './digest.ts'
import { fault } from './faults.ts'
import type { LedgerWriter } from './ledger.ts'
import { type MysqlSource, quoteMysql, type RawRow } from './mysql-source.ts'
import type { PostgresTarget } from './postgres-target.ts'
import type { PhaseProgress } from './progress.ts'
import { rowKey, type TableMove } from './table-move.ts'
import { addPrimaryKey, createIndex, createSequence, createTable, setSequence } from './target-ddl.ts'
import { quotePostgres } from './target-schema.ts'
import { type CellChange, type RowOutcome, transformRow } from './transform.ts'

/** What every table of one copy shares. */
export interface CopyWork {
  readonly source: MysqlSource
  readonly target: PostgresTarget
  readonly ledger: LedgerWriter
  readonly decisions: Decisions
  readonly dangling: DanglingKeys
  /** True when the copy makes the tables, false when it fills those that are there. */
  readonly create: boolean
}

/**
 * Copies one table in one transaction: made (unless adopted), filled, keyed and noted in the ledger, or nothing of it.
 *
 * Out: rows and digest of what was sent, and its size as COPY text.
 */
export async function copyTable(
  work: CopyWork,
  move: TableMove,
  progress: PhaseProgress,
): Promise<{ readonly sum: DigestSum; readonly bytes: number }> {
  const { target, ledger } = work
  const run = (sql: string, doing: string) => target.query(sql, `${doing} ${move.name}`)
  const columns = move.target.columns.map((column) => quotePostgres(column.name)).join(', ')
  const sum = new DigestSum()
  const writer = new CopyTextWriter()
  await run('BEGIN', 'beginning')
  if (work.create) await run(createTable(move.target), 'creating')
  await target.copyIn(
    // A table of this very transaction may be written frozen, so that nothing has to visit its rows again.
    `COPY public.${quotePostgres(move.name)} (${columns}) FROM STDIN WITH (FORMAT text${work.create ? ', FREEZE' : ''})`,
    encodeRows(work, move, sum, writer, progress),
    `filling ${move.name}`,
  )
  await ledger.flush()
  if (work.create) {
    for (const sql of createSequence(move.target)) await run(sql, 'creating the sequence of')
    const primaryKey = addPrimaryKey(move.target)
    if (primaryKey !== null) await run(primaryKey, 'adding the primary key of')
    for (const index of move.target.indexes) await run(createIndex(move.target, index), 'creating an index of')
  }
  const sequence = setSequence(move.target)
  if (sequence !== null) await run(sequence, 'setting the sequence of')
  await target.query('INSERT INTO threeshift.copied_table VALUES ($1, $2, $3, $4)', `noting ${move.name}`, [
    move.name,
    String(work.create),
    String(sum.rows),
    sum.hex,
  ])
  await run('COMMIT', 'committing')
  return { sum, bytes: writer.bytes }
}

/** Rows as COPY text, with the digest of what is sent and the ledger of what is not sent as it was. */
async function* encodeRows(
  work: CopyWork,
  move: TableMove,
  sum: DigestSum,
  writer: CopyTextWriter,
  progress: PhaseProgress,
): AsyncGenerator<Buffer> {
  const select = move.columns.map((column) => column.codec.select).join(', ')
  for await (const batch of work.source.read(
    `SELECT ${select} FROM ${quoteMysql(move.name)}`,
    `reading ${move.name}`,
  )) {
    let bytes = 0
    for (const row of batch) {
      const outcome = transformRow(move, row, work.decisions, work.dangling)
      if (outcome.kind !== 'as-is') await note(work.ledger, move, row, outcome)
      if (outcome.kind === 'refused') continue
      sum.add(rowDigest(digestCells(move, row, outcome)))
      for (let position = 0; position < row.length; position++) {
        const cell = row[position] ?? null
        bytes += cell?.length ?? 0
        writer.field(sentValue(move, position, cell, outcome))
      }
      writer.endRow()
      if (writer.full) yield writer.take()
    }
    progress.add(batch.length, bytes)
  }
  yield writer.take()
}

function sentValue(move: TableMove, position: number, cell: Buffer | null, outcome: RowOutcome): Buffer | null {
  const column = move.columns[position]
  if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
  const change = outcome.kind === 'changed' ? outcome.changes.find((c) => c.position === position) : undefined
  const value = change === undefined ? cell : change.value
  return value === null ? null : column.codec.toPostgres(value)
}

/** Changed cells are masked: the digest is of what must be equal on both sides. */
function digestCells(move: TableMove, row: RawRow, outcome: RowOutcome): DigestCell[] {
  const cells: DigestCell[] = canonicalRow(move, row)
  if (outcome.kind === 'changed') for (const { position } of outcome.changes) cells[position] = masked
  return cells
}

function canonicalRow(move: TableMove, row: RawRow): (Buffer | null)[] {
  return move.columns.map((column, position) => {
    const cell = row[position]
    return cell === null || cell === undefined ? null : column.canonical(cell)
  })
}

async function note(ledger: LedgerWriter, move: TableMove, row: RawRow, outcome: RowOutcome): Promise<void> {
  const cells = canonicalRow(move, row)
  const sourceKey = rowKey(move, cells)
  if (outcome.kind === 'refused') {
    const stop = outcome.refusals.find((refusal) => refusal.action === 'stop')
    const first = stop ?? outcome.refusals[0]
    if (first === undefined) throw new Error('bug: a row was refused for nothing')
    const column = move.columns[first.position]?.source.name ?? ''
    if (stop !== undefined) throw fault('DB_VALUE_UNDECIDED', { table: move.name, column, class: stop.valueClass })
    await ledger.add({
      table: move.name,
      sourceKey,
      column,
      reason: first.valueClass,
      cells: Object.fromEntries(move.columns.map(({ source }, i) => [source.name, row[i]?.toString('hex') ?? null])),
    })
    return
  }
  if (outcome.kind !== 'changed') return
  const targetKey = rowKey(move, targetCells(move, cells, outcome.changes))
  for (const { position, classes, action, value } of outcome.changes) {
    const column = move.columns[position]
    const sourceValue = row[position]
    if (column === undefined || sourceValue === null || sourceValue === undefined)
      throw new Error('bug: NULL was changed')
    await ledger.add({
      table: move.name,
      sourceKey,
      targetKey,
      column: column.source.name,
      reason: classes.join('+'),
      action,
      sourceValue,
      targetValue: value === null ? null : column.codec.toPostgres(value),
    })
  }
}

/** The canonical cells that the target's row will have; its key may be among what changed. */
function targetCells(
  move: TableMove,
  cells: readonly (Buffer | null)[],
  changes: readonly CellChange[],
): (Buffer | null)[] {
  const changed = [...cells]
  for (const { position, value } of changes) {
    const column = move.columns[position]
    if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
    changed[position] = value === null ? null : canonicalFromTarget(column.targetType)(column.codec.toPostgres(value))
  }
  return changed
}
