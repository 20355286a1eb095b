import { parseDurationMs } from '../model/duration.ts'
import { expectedMs, fitOf, type Forecast } from '../model/forecast.ts'
import type { Answer, Gate } from '../model/gate.ts'
import { gateVerdict, type GateVerdict } from '../model/gate.ts'
import type { JsonObject } from '../model/json.ts'
import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'
import type { Plan, PlanRow } from '../model/plan.ts'
import type { RowState } from '../model/row-state.ts'
import type { Actor } from '../ports/journal.ts'
import type { Facts, Verb } from '../ports/step.ts'
import type { VerbTask } from '../ports/verb-runner.ts'
import { nowOf, type Transaction } from './store.ts'

/** Which verb of which row, in which run. */
export interface VerbAt {
  readonly migration: string
  readonly generation: number
  readonly row: string
  readonly verb: Verb
}

/** Where it is going to run. */
export type VerbPlace =
  | { readonly kind: 'here'; readonly executor: string }
  | { readonly kind: 'agent'; readonly party: Party; readonly task: string }

/**
 * - `begun`: it may run. - `stale`: another run has begun, or this one is cancelled. - `paused`: not before somebody
 * resumes. - `gate-shut`: not before the gate's people have agreed.
 */
export type Begun =
  | { readonly kind: 'begun'; readonly task: VerbTask; readonly owner: Party }
  | { readonly kind: 'stale' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'gate-shut' }

/**
 * Asks whether a verb may run now and notes that it does. Every verb comes through here, wherever it runs: a pause, a
 * cancellation, a newer run and a shut gate hold on all paths.
 */
export async function beginVerb(tx: Transaction, at: VerbAt, place: VerbPlace): Promise<Begun> {
  const found = await readMigration(tx, at.migration)
  if (found === null || found.generation !== at.generation || found.control === 'cancelled') return { kind: 'stale' }
  if (found.control === 'paused') return { kind: 'paused' }
  const row = found.plan.rows.find((row) => row.id === at.row)
  if (row === undefined) throw new Error(`bug: the plan of ${at.migration} has no row ${at.row}`)
  const gate = found.gates[at.row]
  if (at.verb === 'apply' && tooLong(found, at.row) !== null) return { kind: 'gate-shut' }
  if (at.verb === 'apply' && gate !== undefined) {
    const { verdict } = await readGate(tx, at, gate, found.requestedBy)
    if (verdict.kind !== 'approved') return { kind: 'gate-shut' }
  }
  const { rows } = await tx.query<{ attempt: number; state: RowState }>(
    `UPDATE threeshift.rows SET attempt = attempt + 1, touched = touched OR $3, progress = NULL
     WHERE migration = $1 AND id = $2 RETURNING attempt, state`,
    [at.migration, at.row, at.verb === 'apply'],
  )
  const [updated] = rows
  if (updated === undefined) throw new Error(`bug: ${at.migration} has no row ${at.row}`)
  const { attempt, state: before } = updated
  await setState(tx, at, stateOf(at.verb, place, attempt, await sinceOf(tx, before, at.verb)))
  return {
    kind: 'begun',
    owner: row.owner,
    task: {
      verb: at.verb,
      migration: found.settings,
      row,
      generation: at.generation,
      fence: attempt,
      facts: await readFacts(tx, at.migration),
    },
  }
}

/** What keeps a row from stopping the traffic: the outage is forecast to be longer than it may be. Null: nothing. */
export function tooLong(
  { plan, forecast }: Pick<StoredMigration, 'plan' | 'forecast'>,
  row: string,
): { readonly expectedMs: number; readonly limitMs: number } | null {
  const limitMs = plan.window === undefined ? undefined : parseDurationMs(plan.window.limit)
  if (row !== plan.outage?.from || forecast === null || limitMs === undefined) return null
  return fitOf(forecast, limitMs) === 'too-long' ? { expectedMs: expectedMs(forecast), limitMs } : null
}

function stateOf(verb: Verb, place: VerbPlace, attempt: number, since: number): RowState {
  if (place.kind === 'here') return { kind: 'running', verb, attempt, since, executor: place.executor }
  return { kind: 'with-agent', verb, party: place.party, task: place.task, since }
}

/** A verb that is begun again after a crash runs since its first start. */
async function sinceOf(tx: Transaction, before: RowState, verb: Verb): Promise<number> {
  const isSame = (before.kind === 'running' || before.kind === 'with-agent') && before.verb === verb
  return isSame ? before.since : nowOf(tx)
}

export interface StoredMigration {
  readonly settings: Migration
  readonly plan: Plan
  readonly gates: Readonly<Record<string, Gate>>
  readonly agents: readonly Party[]
  readonly customer: string
  readonly generation: number
  readonly requestedBy: Actor
  readonly backTo: string | null
  readonly control: 'run' | 'paused' | 'cancelled'
  readonly ended: 'done' | 'rolled-back' | null
  readonly forecast: Forecast | null
}

/** Locks the migration until the transaction ends, so that nothing changes beside it. Null when there is none. */
export async function readMigration(tx: Transaction, id: string): Promise<StoredMigration | null> {
  const { rows } = await tx.query<StoredMigration>(
    `SELECT settings, plan, gates, agents, customer, generation, requested_by AS "requestedBy", back_to AS "backTo", control, ended, forecast
     FROM threeshift.migrations WHERE id = $1 FOR UPDATE`,
    [id],
  )
  return rows[0] ?? null
}

export function planRow(found: StoredMigration, id: string): PlanRow | undefined {
  return found.plan.rows.find((row) => row.id === id)
}

export async function setState(
  tx: Transaction,
  at: { readonly migration: string; readonly row: string },
  state: RowState,
): Promise<void> {
  await tx.query('UPDATE threeshift.rows SET state = $3 WHERE migration = $1 AND id = $2', [
    at.migration,
    at.row,
    state,
  ])
}

/** The answers to what is asked of a row in this generation, and what follows from them. `ask` is null when nothing is. */
export async function readGate(
  tx: Transaction,
  at: { readonly migration: string; readonly row: string; readonly generation: number },
  gate: Gate,
  requester: Actor,
): Promise<{ readonly ask: StoredAsk | null; readonly answers: readonly Answer[]; readonly verdict: GateVerdict }> {
  const asks = await tx.query<StoredAsk>(
    `SELECT asks.id::text, digest, floor(extract(epoch FROM asked_at) * 1000)::float8 AS "askedAt"
     FROM threeshift.rows JOIN threeshift.asks ON asks.id = rows.ask
     WHERE rows.migration = $1 AND rows.id = $2 AND asks.generation = $3`,
    [at.migration, at.row, at.generation],
  )
  const ask = asks.rows[0] ?? null
  const answers = ask === null ? [] : await readAnswers(tx, ask.id)
  // What nobody was asked nobody has approved.
  const verdict =
    ask === null ? ({ kind: 'open', missing: [gate.question] } as const) : gateVerdict(gate, requester, answers)
  return { ask, answers, verdict }
}

export interface StoredAsk {
  readonly id: string
  readonly digest: string
  readonly askedAt: number
}

async function readAnswers(tx: Transaction, ask: string): Promise<readonly Answer[]> {
  const { rows } = await tx.query<Answer>(
    `SELECT party, name, verdict, reason, floor(extract(epoch FROM at) * 1000)::float8 AS at
     FROM threeshift.approvals WHERE ask = $1 ORDER BY at, person`,
    [ask],
  )
  return rows
}

async function readFacts(tx: Transaction, migration: string): Promise<Facts> {
  const { rows } = await tx.query<{ id: string; facts: JsonObject }>(
    "SELECT id, facts FROM threeshift.rows WHERE migration = $1 AND facts <> '{}' ORDER BY position",
    [migration],
  )
  return Object.fromEntries(rows.map(({ id, facts }) => [id, facts]))
}
