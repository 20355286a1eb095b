import type { FaultData } from '../model/fault-data.ts'
import type { Party } from '../model/party.ts'
import type { Undo } from '../model/plan.ts'
import type { RowState } from '../model/row-state.ts'
import { planRow, readMigration, setState, type VerbAt } from './begin-verb.ts'
import type { Core } from './core.ts'
import { markUndone } from './end-verb.ts'
import { nowOf, type Transaction } from './store.ts'
import { workflowId } from './workflow-id.ts'

/** A row as a run has to deal with it. */
export interface RunRow {
  readonly id: string
  /** The party whose agent runs it; null: the engine's own processes do. */
  readonly agent: Party | null
  readonly isGated: boolean
  readonly undo: Undo
  /** Whether an apply of this migration ever began. */
  readonly isTouched: boolean
}

/** What a run has before it, in its order; null when it is over before it began. */
export async function loadRun(
  tx: Transaction,
  migration: string,
  generation: number,
): Promise<{ readonly direction: 'forward' | 'back'; readonly rows: readonly RunRow[] } | null> {
  const found = await readMigration(tx, migration)
  if (found === null || found.generation !== generation || found.control === 'cancelled') return null
  const { rows: stored } = await tx.query<{ id: string; state: RowState; touched: boolean; position: number }>(
    'SELECT id, state, touched, position FROM threeshift.rows WHERE migration = $1 ORDER BY position',
    [migration],
  )
  const rows = stored.flatMap(({ id, state, touched }) => {
    const row = planRow(found, id)
    if (row === undefined) throw new Error(`bug: ${migration} stores the row ${id}, which its plan lacks`)
    const agent = found.agents.includes(row.owner) ? row.owner : null
    return {
      id,
      state,
      run: {
        id,
        agent,
        isGated: id in found.gates || id === found.plan.outage?.from,
        undo: row.undo,
        isTouched: touched,
      },
    }
  })
  const { backTo } = found
  if (backTo === null) {
    return { direction: 'forward', rows: rows.filter(({ state }) => state.kind !== 'done').map(({ run }) => run) }
  }
  const from = rows.findIndex(({ id }) => id === backTo)
  const begun = rows
    .slice(from)
    .filter(({ state, run }) => state.kind !== 'undone' && (state.kind !== 'waiting' || run.isTouched))
  return { direction: 'back', rows: begun.map(({ run }) => run).toReversed() }
}

/**
 * Sees to it that nothing of earlier runs goes on. Their verbs that run in a process stop by themselves and hold the
 * migration's lock until they have.
 */
export async function settleEarlierRuns(core: Core, migration: string, generation: number): Promise<void> {
  if (generation > 1) await core.dbos.cancelWorkflow(workflowId(migration, generation - 1))
  await core.partyTasks.withdraw(migration, generation)
}

export async function markRetrying(
  tx: Transaction,
  at: VerbAt,
  fault: FaultData,
  tries: number,
  delayMs: number,
): Promise<void> {
  if (!(await isCurrent(tx, at))) return
  const since = await nowOf(tx)
  await setState(tx, at, { kind: 'retrying', verb: at.verb, fault, tries, since, until: since + delayMs })
}

export async function markFailed(tx: Transaction, at: VerbAt, fault: FaultData): Promise<void> {
  if (!(await isCurrent(tx, at))) return
  await setState(tx, at, { kind: 'failed', verb: at.verb, fault, since: await nowOf(tx) })
}

/** A row where nothing has to be undone. False when the run is over. */
export async function markSkipped(core: Core, at: VerbAt, says: string): Promise<boolean> {
  const isMarked = await core.store.write(async (tx) => {
    if (!(await isCurrent(tx, at))) return false
    await markUndone(tx, at, says)
    return true
  })
  if (!isMarked) return false
  const { migration, row, generation } = at
  await core.journal.append({
    key: `${migration} ${generation} ${row} undone`,
    migration,
    party: 'rhoam-eng',
    actor: core.executor,
    row,
    verb: 'undo',
    generation,
    kind: 'row-undone',
    body: { says },
  })
  return true
}

/** `go` once somebody has resumed a failed row. */
export async function rowStanding(tx: Transaction, at: VerbAt): Promise<'failed' | 'go' | 'stale'> {
  if (!(await isCurrent(tx, at))) return 'stale'
  const { rows } = await tx.query<{ state: RowState }>(
    'SELECT state FROM threeshift.rows WHERE migration = $1 AND id = $2',
    [at.migration, at.row],
  )
  return rows[0]?.state.kind === 'failed' ? 'failed' : 'go'
}

/** Notes that all rows of the run are through. */
export async function finish(core: Core, migration: string, generation: number): Promise<void> {
  const ended = await core.store.write(async (tx) => {
    const found = await readMigration(tx, migration)
    if (found === null || found.generation !== generation || found.control === 'cancelled') return null
    const ended = found.backTo === null ? 'done' : 'rolled-back'
    await tx.query('UPDATE threeshift.migrations SET ended = $2, ended_at = clock_timestamp() WHERE id = $1', [
      migration,
      ended,
    ])
    return ended
  })
  if (ended === null) return
  await core.journal.append({
    key: `${migration} ${generation} ended`,
    migration,
    party: 'rhoam-eng',
    actor: core.executor,
    row: null,
    verb: null,
    generation,
    kind: 'migration-ended',
    body: { how: ended },
  })
}

async function isCurrent(tx: Transaction, at: VerbAt): Promise<boolean> {
  const found = await readMigration(tx, at.migration)
  return found !== null && found.generation === at.generation && found.control !== 'cancelled'
}
