import type { RowState } from '../model/row-state.ts'
import type { FailureCard } from '../ports/engine.ts'
import type { PlannedRow, Snapshot } from './snapshot.ts'

/** What somebody needs to know who is called at night: what happened, whether it is safe, what to type. */
export function failureCard(
  snapshot: Snapshot,
  row: PlannedRow,
  failed: Extract<RowState, { readonly kind: 'failed' }>,
): FailureCard {
  const { fault, verb } = failed
  const before = snapshot.rows.filter(({ state }) => state.kind === 'done').length
  return {
    row: row.id,
    code: fault.code,
    cause: fault.message,
    evidence: [
      `${verb ?? 'work'} of ${row.id} (${row.plan.number}, ${row.plan.place}) failed at ${new Date(failed.since).toISOString()}`,
      `${before} of ${snapshot.rows.length} rows are done`,
      row.touched
        ? `an apply of ${row.id} has begun, so something of it may be there`
        : `nothing of ${row.id} was begun`,
    ],
    safeNow: safeNow(snapshot, row, fault.exit === 5),
    nextCommand: nextCommand(snapshot, row, fault.exit === 5, fault.retry, fault.remedy),
    walkAway: walkAway(row, fault.exit === 5),
  }
}

function safeNow(snapshot: Snapshot, row: PlannedRow, isRollbackNeeded: boolean): string {
  if (isRollbackNeeded) return `Not safe to leave: ${row.id} left something that has to be taken back.`
  const traffic = row.plan.inOutage
    ? "The customer's traffic is stopped, and stays so."
    : "The customer's traffic is not touched by this row."
  const back =
    snapshot.backTo === null
      ? 'No further row begins before somebody resumes.'
      : 'Nothing further is undone before somebody resumes.'
  return `${traffic} ${back}`
}

function nextCommand(
  snapshot: Snapshot,
  row: PlannedRow,
  isRollbackNeeded: boolean,
  retry: 'never' | 'same-input' | 'after-remedy',
  remedy: string,
): string {
  if (isRollbackNeeded && snapshot.backTo === null) {
    return `threeshift rollback ${snapshot.id} --to ${row.id} --reason '...'`
  }
  const first = retry === 'same-input' ? '' : `${remedy} Then: `
  return `${first}threeshift resume ${snapshot.id} --reason '...'`
}

function walkAway(row: PlannedRow, isRollbackNeeded: boolean): string {
  if (isRollbackNeeded) return 'If you walk away now, what is half done stays half done until somebody rolls back.'
  return row.plan.inOutage
    ? 'If you walk away now, nothing is lost, but the service stays down: the window goes on counting.'
    : 'If you walk away now, nothing is lost and nobody is affected; the migration waits as it is.'
}
