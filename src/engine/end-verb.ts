import { never } from '../base/never.ts'
import type { FaultData } from '../model/fault-data.ts'
import { faultDataOf } from '../model/fault-data.ts'
import type { JsonObject } from '../model/json.ts'
import type { VerbOutcome } from '../ports/verb-runner.ts'
import type { VerbAt } from './begin-verb.ts'
import { setState } from './begin-verb.ts'
import { fault } from './faults.ts'
import { nowOf, type Transaction } from './store.ts'

/** What the workflow goes on with. */
export type VerbEnd =
  | { readonly kind: 'ended'; readonly isDone: boolean }
  /** The verb was begun again elsewhere meanwhile: what came of this time counts for nothing. */
  | { readonly kind: 'late' }
  | { readonly kind: 'faulted'; readonly fault: FaultData }

/**
 * Notes how a verb ended; the same outcome may be noted twice. `fence` is that of the verb's task: an outcome of an older
 * run, or of a process that was taken for dead while another began the verb again, is refused.
 */
export async function endVerb(tx: Transaction, at: VerbAt, fence: number, outcome: VerbOutcome): Promise<VerbEnd> {
  const { rows } = await tx.query(
    `SELECT 1 FROM threeshift.migrations JOIN threeshift.rows ON rows.migration = migrations.id
     WHERE migrations.id = $1 AND generation = $2 AND rows.id = $3 AND attempt = $4 FOR UPDATE`,
    [at.migration, at.generation, at.row, fence],
  )
  if (rows.length === 0) return { kind: 'late' }
  const faultData = faultIn(at, outcome)
  if (faultData !== null) return { kind: 'faulted', fault: faultData }
  if (outcome.kind === 'faulted') throw new Error('bug: a faulted outcome without a fault')
  switch (outcome.verb) {
    case 'check':
      if (outcome.result.kind === 'needed') return { kind: 'ended', isDone: false }
      await addFacts(tx, at, outcome.result.facts)
      await setState(tx, at, {
        kind: 'done',
        how: 'already-so',
        says: outcome.result.says,
        at: await nowOf(tx),
      })
      return { kind: 'ended', isDone: true }
    case 'explain':
      return { kind: 'ended', isDone: false }
    case 'apply':
      await addFacts(tx, at, outcome.result.facts)
      return { kind: 'ended', isDone: false }
    case 'confirm':
      await addFacts(tx, at, outcome.result.facts)
      await setState(tx, at, { kind: 'done', how: 'applied', says: outcome.result.says, at: await nowOf(tx) })
      return { kind: 'ended', isDone: true }
    case 'undo':
      await markUndone(tx, at, outcome.result.says)
      return { kind: 'ended', isDone: true }
    default:
      return never(outcome)
  }
}

/** The fault of an outcome. A confirm that measured nothing, or something that is not as it should be, is one. */
function faultIn(at: VerbAt, outcome: VerbOutcome): FaultData | null {
  if (outcome.kind === 'faulted') return outcome.fault
  if (outcome.verb !== 'confirm') return null
  const { measured } = outcome.result
  const unequal = measured
    .filter((each) => !each.equal)
    .map((each) => `${each.what} is ${each.found}, not ${each.expected}`)
  if (measured.length > 0 && unequal.length === 0) return null
  return faultDataOf(fault('ENGINE_NOT_CONFIRMED', { row: at.row, unequal }))
}

/** A row that is taken back, or that left nothing to take back. */
export async function markUndone(
  tx: Transaction,
  at: { readonly migration: string; readonly row: string },
  says: string,
): Promise<void> {
  await tx.query("UPDATE threeshift.rows SET touched = false, facts = '{}' WHERE migration = $1 AND id = $2", [
    at.migration,
    at.row,
  ])
  await setState(tx, at, { kind: 'undone', says, at: await nowOf(tx) })
}

async function addFacts(tx: Transaction, at: VerbAt, facts: JsonObject): Promise<void> {
  await tx.query('UPDATE threeshift.rows SET facts = facts || $3 WHERE migration = $1 AND id = $2', [
    at.migration,
    at.row,
    facts,
  ])
}
