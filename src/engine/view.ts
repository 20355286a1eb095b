import { type ExitCode, exitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import { gateVerdict } from '../model/gate.ts'
import type { FailureCard, MigrationStateKind, MigrationView, OpenGate } from '../ports/engine.ts'
import { batonOf } from './baton.ts'
import { failureCard } from './failure-card.ts'
import type { PlannedRow, Snapshot } from './snapshot.ts'

/** What is shown of a migration: its state, who has to act, and what is open or failed. */
export function viewOf(snapshot: Snapshot): MigrationView {
  const rows = plannedRows(snapshot)
  const current = currentRow(snapshot, rows)
  const gate = current === null ? null : openGate(snapshot, current)
  const state = stateOf(snapshot, current, gate)
  const failure = current === null ? null : failureOf(snapshot, current)
  return {
    id: snapshot.id,
    customer: snapshot.customer,
    state,
    generation: snapshot.generation,
    direction: snapshot.backTo === null ? 'forward' : 'back',
    startedAt: snapshot.startedAt,
    requestedBy: snapshot.requestedBy,
    baton: batonOf(snapshot, state, current, gate, failure),
    gate,
    failure,
    rows: rows.map((row) => ({
      id: row.id,
      number: row.plan.number,
      title: row.plan.title,
      owner: row.plan.owner,
      undo: row.plan.undo.kind,
      state: row.state,
      progress: row.progress,
    })),
  }
}

function plannedRows(snapshot: Snapshot): readonly PlannedRow[] {
  return snapshot.rows.map((row) => {
    const plan = snapshot.plan.rows.find(({ id }) => id === row.id)
    if (plan === undefined) throw new Error(`bug: ${snapshot.id} stores the row ${row.id}, which its plan lacks`)
    return { ...row, plan }
  })
}

/** The row that the run is at: the first that is not done, or on the way back the last that is not taken back. */
function currentRow(snapshot: Snapshot, rows: readonly PlannedRow[]): PlannedRow | null {
  if (snapshot.ended !== null) return null
  if (snapshot.backTo === null) return rows.find(({ state }) => state.kind !== 'done') ?? null
  const from = rows.findIndex(({ id }) => id === snapshot.backTo)
  const back = rows.slice(from).toReversed()
  return back.find((row) => row.state.kind !== 'undone' && (row.state.kind !== 'waiting' || row.touched)) ?? null
}

function stateOf(snapshot: Snapshot, current: PlannedRow | null, gate: OpenGate | null): MigrationStateKind {
  if (snapshot.ended !== null) return snapshot.ended
  if (snapshot.control === 'cancelled') return 'cancelled'
  if (snapshot.control === 'paused') return 'paused'
  const state = current?.state ?? { kind: 'waiting' as const }
  switch (state.kind) {
    case 'failed':
      return failedState(state.fault.exit)
    case 'held':
      return gate === null ? working(snapshot) : 'waiting-for-person'
    case 'with-agent':
      return 'waiting-for-agent'
    case 'waiting':
    case 'running':
    case 'retrying':
    case 'done':
    case 'undone':
      return working(snapshot)
    default:
      return never(state)
  }
}

/** What a fault leaves a person with: something to take back, something only a person can do, or nothing that is in danger. */
function failedState(exit: ExitCode): MigrationStateKind {
  if (exit === exitCode.rollbackNeeded) return 'needs-rollback'
  return exit === exitCode.waiting ? 'waiting-for-person' : 'failed-safe'
}

function working(snapshot: Snapshot): MigrationStateKind {
  return snapshot.workers > 0 ? 'running' : 'no-worker'
}

/**
 * The gate that a person still has to answer. Null once there are answers enough, though the workflow has yet to see them,
 * and on the way back, where nobody is asked: the row is then the one where the way forward had stopped.
 */
function openGate(snapshot: Snapshot, row: PlannedRow): OpenGate | null {
  const gate = snapshot.gates[row.id]
  const { ask } = row
  if (row.state.kind !== 'held' || snapshot.backTo !== null) return null
  if (gate === undefined || ask === null || ask.generation !== snapshot.generation) return null
  const verdict = gateVerdict(gate, snapshot.requestedBy, ask.answers)
  if (verdict.kind !== 'open') return null
  const { explanation, digest, askedAt, answers } = ask
  return { gate, explanation, digest, askedAt, answers, missing: verdict.missing }
}

function failureOf(snapshot: Snapshot, row: PlannedRow): FailureCard | null {
  return row.state.kind === 'failed' ? failureCard(snapshot, row, row.state) : null
}
