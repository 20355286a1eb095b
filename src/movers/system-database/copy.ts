import type { Clock } from '../../base/clock.ts'
import { describeAddress } from '../../model/database-address.ts'
import type { CopyReport, Finding, MoveRequest } from '../../ports/system-database.ts'
import { postgresTriggers } from '../../threescale/tenant-rules.ts'
import { assess, isDecided } from './assess.ts'
import { claimTarget } from './claim-target.ts'
import { copyTable, type CopyWork } from './copy-table.ts'
import { fault } from './faults.ts'
import { createLedger, LedgerWriter } from './ledger.ts'
import { MysqlSource } from './mysql-source.ts'
import { planTargetSchema } from './plan-target-schema.ts'
import { PostgresTarget } from './postgres-target.ts'
import { PhaseProgress } from './progress.ts'
import { readMysqlCatalog } from './read-mysql-catalog.ts'
import type { SourceCatalog } from './source-catalog.ts'
import { planMoves, type TableMove } from './table-move.ts'
import { addForeignKey } from './target-ddl.ts'

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
      refuseImpossible(findings)
      const tookMs = clock.elapsedMs() - startedMs
      return { ...report, verdict: 'stopped', tables: [], changed: 0, setAside: 0, tookMs }
    }
    await createLedger(target)
    await claim.prepare()
    await target.query(
      'INSERT INTO threeshift.copy (source, snapshot) VALUES ($1, $2)',
      'noting the start of the copy',
      [describeAddress(request.source), source.snapshot],
    )
    const ledger = new LedgerWriter(ledgerSession)
    const work: CopyWork = { source, target, ledger, decisions: request.decisions, dangling, create: claim.create }
    const tables = await copyTables(work, moves, request, clock)
    await finish(target, moves, catalog)
    await target.query(
      'UPDATE threeshift.copy SET finished_at = now(), ended_by = (pg_current_xact_id()::text::numeric % 4294967296)',
      'noting the end of the copy',
    )
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

async function copyTables(
  work: CopyWork,
  moves: readonly TableMove[],
  request: MoveRequest,
  clock: Clock,
): Promise<CopyReport['tables']> {
  const sources = moves.map((move) => move.source)
  const progress = new PhaseProgress('copy', sources, clock, request.onProgress)
  const tables: CopyReport['tables'][number][] = []
  for (const move of moves) {
    const startedMs = clock.elapsedMs()
    progress.begin(move.name, move.source.estimatedRows)
    const { sum, bytes } = await copyTable(work, move, progress)
    progress.end()
    const { rows, hex: digest } = sum
    tables.push({ name: move.name, rows, digest, bytes, tookMs: clock.elapsedMs() - startedMs })
  }
  return tables
}

/** A decision that a column cannot take is a mistake; one that is missing is a question. */
function refuseImpossible(findings: readonly Finding[]): void {
  const found = findings.find((finding) => finding.decided !== 'stop' && !finding.allowed.includes(finding.decided))
  if (found === undefined) return
  throw fault('DB_DECISION_IMPOSSIBLE', {
    decision: `${found.class}=${found.decided}`,
    column: `${found.table}.${found.column}`,
  })
}

/** Foreign keys, then triggers (they look the master account up, so the rows must be in), then statistics. */
async function finish(target: PostgresTarget, moves: readonly TableMove[], catalog: SourceCatalog): Promise<void> {
  await target.query('BEGIN', 'beginning to finish')
  for (const move of moves) {
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
