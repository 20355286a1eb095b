import type { Clock } from '../../base/clock.ts'
import { describeAddress } from '../../model/database-address.ts'
import type { CopyReport, MoveRequest } from '../../ports/system-database.ts'
import { postgresTriggers } from '../../threescale/tenant-rules.ts'
import { assess, isDecided } from './assess.ts'
import { canonicalFromTarget } from './canonical.ts'
import { CopyTextWriter } from './copy-text.ts'
import type { DanglingKeys } from './dangling.ts'
import { DigestSum, masked, rowDigest, type DigestCell } from './digest.ts'
import { fault } from './faults.ts'
import { createLedger, LedgerWriter } from './ledger.ts'
import { MysqlSource, quoteMysql, type RawRow } from './mysql-source.ts'
import { planTargetSchema } from './plan-target-schema.ts'
import { PostgresTarget } from './postgres-target.ts'
import { PhaseProgress } from './progress.ts'
import { readMysqlCatalog } from './read-mysql-catalog.ts'
import type { SourceCatalog } from './source-catalog.ts'
import { planMoves, rowKey, type TableMove } from './table-move.ts'
import { addForeignKey, addPrimaryKey, createIndex, createSequence, createTable, setSequence } from './target-ddl.ts'
import { quotePostgres } from './target-schema.ts'
import { claimTarget } from './claim-target.ts'
import { type CellChange, type RowOutcome, transformRow } from './transform.ts'

/**
 * Copies a source into a target from one consistent snapshot, and stops before it changes anything when a value needs a
 * decision that is not there.
 *
 * A table is one transaction: created (or emptied), filled, keyed and noted in the ledger, or not there at all. Foreign
 * keys follow when all tables are in, tenant triggers last. A second run replaces what an earlier one made.
 */
export async function copySystemDatabase(request: MoveRequest, clock: Clock): Promise<CopyReport> {
  const startedMs = clock.elapsedMs()
  const source = await MysqlSource.open(request.source, request.signal)
  const target = await PostgresTarget.open(request.target, request.signal).catch(closing(source))
  const ledgerSession = await PostgresTarget.open(request.target, request.signal).catch(closing(source, target))
  try {
    await source.beginSnapshot()
    const catalog = await readMysqlCatalog(source)
    const plan = planTargetSchema(catalog)
    const moves = planMoves(catalog, plan.schema)
    const claim = await claimTarget(target, plan.schema, request)
    const { findings, dangling } = await assess(source, moves, request.decisions, clock, request.onProgress)
    await refuseChangedSource(source, catalog)
    const report = { source: catalog.facts, findings, notes: [...plan.notes, ...claim.notes] }
    if (!findings.every(isDecided)) {
      const impossible = findings.find(
        (finding) => finding.decided !== 'stop' && !finding.allowed.includes(finding.decided),
      )
      if (impossible !== undefined) {
        throw fault('DB_DECISION_IMPOSSIBLE', {
          decision: `${impossible.class}=${impossible.decided}`,
          column: `${impossible.table}.${impossible.column}`,
        })
      }
      return {
        ...report,
        verdict: 'stopped',
        tables: [],
        changed: 0,
        setAside: 0,
        tookMs: clock.elapsedMs() - startedMs,
      }
    }
    await createLedger(target)
    await claim.prepare()
    await target.query(
      'INSERT INTO threeshift.copy (source, snapshot) VALUES ($1, $2)',
      'noting the start of the copy',
      [describeAddress(request.source), source.snapshot],
    )
    const ledger = new LedgerWriter(ledgerSession)
    const tables = await copyTables({ source, target, ledger, moves, dangling, request, clock, create: claim.create })
    await finish(target, moves, catalog, claim.create)
    await target.query('UPDATE threeshift.copy SET finished_at = now()', 'noting the end of the copy')
    return {
      ...report,
      verdict: 'copied',
      tables: tables.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      changed: ledger.changedCount,
      setAside: ledger.setAsideCount,
      tookMs: clock.elapsedMs() - startedMs,
    }
  } finally {
    source.close()
    await Promise.all([target.close(), ledgerSession.close()])
  }
}

interface CopyWork {
  readonly source: MysqlSource
  readonly target: PostgresTarget
  readonly ledger: LedgerWriter
  readonly moves: readonly TableMove[]
  readonly dangling: DanglingKeys
  readonly request: MoveRequest
  readonly clock: Clock
  readonly create: boolean
}

async function copyTables(work: CopyWork): Promise<CopyReport['tables'][number][]> {
  const progress = new PhaseProgress(
    'copy',
    work.moves.map((move) => move.source),
    work.clock,
    work.request.onProgress,
  )
  const tables: CopyReport['tables'][number][] = []
  for (const move of work.moves) {
    const startedMs = work.clock.elapsedMs()
    progress.begin(move.name, move.source.estimatedRows)
    const { sum, bytes } = await copyTable(work, move, progress)
    progress.end()
    const digest = sum.hex
    tables.push({ name: move.name, rows: sum.rows, digest, bytes, tookMs: work.clock.elapsedMs() - startedMs })
  }
  return tables
}

async function copyTable(
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
    for (const index of move.target.indexes)
      await createIndexOrSay(target, move, createIndex(move.target, index), index.name)
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

async function createIndexOrSay(target: PostgresTarget, move: TableMove, sql: string, index: string): Promise<void> {
  try {
    await target.query(sql, `creating an index of ${move.name}`)
  } catch (error) {
    // Only replaced values can have made rows equal that the source's own unique index kept apart.
    if (error instanceof Error && 'details' in error && sqlStateOf(error) === '23505') {
      throw fault('DB_UNIQUE_VIOLATED', { table: move.name, index })
    }
    throw error
  }
}

function sqlStateOf(error: Error): unknown {
  // The caller has seen `details`; a fault's details are a record.
  return (error as Error & { details: Record<string, unknown> }).details['sqlState']
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
      const outcome = transformRow(move, row, work.request.decisions, work.dangling)
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

/** Foreign keys, then triggers (they look the master account up, so the rows must be in), then statistics. */
async function finish(
  target: PostgresTarget,
  moves: readonly TableMove[],
  catalog: SourceCatalog,
  create: boolean,
): Promise<void> {
  await target.query('BEGIN', 'beginning to finish')
  for (const move of create ? moves : []) {
    for (const key of move.target.foreignKeys) {
      await target.query(addForeignKey(move.target, key), `adding a foreign key of ${move.name}`)
    }
  }
  const release = catalog.facts.release
  for (const sql of release === null ? [] : postgresTriggers(release)) {
    await target.query(sql, 'creating the tenant triggers')
  }
  await target.query('COMMIT', 'committing keys and triggers')
  await target.query('ANALYZE', 'gathering statistics')
}

/**
 * The snapshot covers rows and not definitions. By now every table was read, and the server keeps what this session has
 * read from being altered; what was altered between the catalog and that is found here.
 */
async function refuseChangedSource(source: MysqlSource, before: SourceCatalog): Promise<void> {
  const after = new Map((await readMysqlCatalog(source)).tables.map((table) => [table.name, table]))
  for (const table of before.tables) {
    const now = after.get(table.name)
    if (now === undefined) throw fault('DB_SOURCE_CHANGED', { table: table.name, what: 'it was dropped' })
    if (JSON.stringify(now.columns, bigintsAsText) !== JSON.stringify(table.columns, bigintsAsText)) {
      throw fault('DB_SOURCE_CHANGED', { table: table.name, what: 'its columns are different now' })
    }
  }
}

function bigintsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** Closes what was opened before a later opening failed, and passes the failure on. */
function closing(...opened: readonly (MysqlSource | PostgresTarget)[]): (error: unknown) => Promise<never> {
  return async (error) => {
    for (const session of opened) await session.close()
    throw error
  }
}
