import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { DBOSClient } from '@dbos-inc/dbos-sdk'
import { answerStatement, type GivenAnswer } from '../evidence/answer-statement.ts'
import type { SignedStatement } from '../model/evidence.ts'
import { expectedMs } from '../model/forecast.ts'
import { personOf } from '../model/gate.ts'
import { unknownMigration } from '../model/faults.ts'
import type { Party } from '../model/party.ts'
import type { RowState } from '../model/row-state.ts'
import type { Deed, Engine, StartRequest } from '../ports/engine.ts'
import type { Actor, Journal, JournalEntry, JournalKind } from '../ports/journal.ts'
import { demandStatement } from './agents/demand-statement.ts'
import { planRow, readGate, readMigration, setState, type StoredAsk, type StoredMigration } from './begin-verb.ts'
import { fault } from './faults.ts'
import type { Store, Transaction } from './store.ts'
import { application, wakeTopic, workflowId } from './workflow-id.ts'

type AnswerDeed = Parameters<Engine['answer']>[0]

/** What people do to migrations. Needs no worker: workflows are enqueued and woken in the transaction that says why. */
export interface Control {
  readonly store: Store
  readonly dbos: DBOSClient
  readonly journal: Journal
  /** How many migrations of one customer may be under way at once. */
  readonly migrationsPerCustomer: number
}

/** Faults: ENGINE_PLAN_CHANGED, ENGINE_CUSTOMER_LIMIT. */
export async function start(control: Control, request: StartRequest): Promise<'started' | 'known'> {
  const { settings, plan, gates, agents, customer, by } = request
  const id = settings.name
  const end = await control.store.write(async (tx) => {
    // One start at a time, so that two of one customer cannot both be the last that the limit lets in.
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('threeshift start', 0))")
    const known = await readMigration(tx, id)
    if (known !== null) {
      if (isSame(known, request)) return (await takeWindow(tx, known, request)) ? 'window' : 'known'
      throw fault('ENGINE_PLAN_CHANGED', { migration: id })
    }
    const { rows } = await tx.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM threeshift.migrations WHERE customer = $1 AND ended IS NULL AND control <> 'cancelled'",
      [customer],
    )
    const limit = control.migrationsPerCustomer
    if ((rows[0]?.count ?? 0) >= limit) throw fault('ENGINE_CUSTOMER_LIMIT', { customer, limit })
    await tx.query(
      `INSERT INTO threeshift.migrations (id, customer, settings, plan, gates, agents, requested_by, forecast)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, customer, settings, plan, gates, agents, by, request.forecast ?? null],
    )
    for (const [position, row] of plan.rows.entries()) {
      await tx.query('INSERT INTO threeshift.rows (migration, id, position) VALUES ($1, $2, $3)', [
        id,
        row.id,
        position,
      ])
    }
    await enqueue(control, tx, id, 1)
    return 'started'
  })
  const deed = { migration: id, by, reason: '' }
  if (end === 'started') {
    await note(control, deed, 1, 'migration-started', { customer, ...windowOf(request) })
    return end
  }
  if (end === 'window') await note(control, deed, 1, 'window-changed', windowOf(request))
  return 'known'
}

/** Faults: ENGINE_REASON_MISSING, MIGRATION_UNKNOWN, ENGINE_ENDED. */
export async function pause(control: Control, deed: Deed): Promise<void> {
  await act(control, deed, 'pause', 'paused', async (tx, found) => {
    if (found.ended !== null || found.control === 'cancelled') throw ended(deed, found)
    await setControl(tx, deed, 'paused')
    return found.generation
  })
}

/** Faults: as `pause`. */
export async function cancel(control: Control, deed: Deed): Promise<void> {
  const generation = await act(control, deed, 'cancel', 'cancelled', async (tx, found) => {
    if (found.ended !== null) throw ended(deed, found)
    await setControl(tx, deed, 'cancelled')
    await wake(control, tx, deed.migration, found.generation)
    return found.generation
  })
  // Also one that waits for an agent, and for nothing else.
  await control.dbos.cancelWorkflow(workflowId(deed.migration, generation))
}

/** Faults: ENGINE_REASON_MISSING, MIGRATION_UNKNOWN, ENGINE_NOTHING_TO_RESUME. */
export async function resume(control: Control, deed: Deed): Promise<void> {
  await act(control, deed, 'resume', 'resumed', async (tx, found) => {
    if (found.control === 'cancelled' || found.ended === 'rolled-back') {
      return newRun(control, tx, deed, found, found.ended === 'rolled-back' ? null : found.backTo)
    }
    const { rows } = await tx.query<{ id: string; state: RowState }>(
      "SELECT id, state FROM threeshift.rows WHERE migration = $1 AND state->>'kind' IN ('failed', 'retrying')",
      [deed.migration],
    )
    if (found.control !== 'paused' && rows.length === 0) {
      const state = found.ended ?? 'not stopped'
      throw fault('ENGINE_NOTHING_TO_RESUME', { migration: deed.migration, state })
    }
    await setControl(tx, deed, 'run')
    for (const { id } of rows) await readyAgain(tx, found, deed.migration, id)
    await wake(control, tx, deed.migration, found.generation)
    return found.generation
  })
}

/** A failed row may be looked at again; one that was rejected is asked for anew. */
async function readyAgain(tx: Transaction, found: StoredMigration, migration: string, row: string): Promise<void> {
  await setState(tx, { migration, row }, { kind: 'waiting' })
  const gate = found.gates[row]
  if (gate === undefined) return
  const { generation, requestedBy } = found
  const { verdict } = await readGate(tx, { migration, row, generation }, gate, requestedBy)
  if (verdict.kind !== 'rejected') return
  await tx.query('UPDATE threeshift.rows SET ask = NULL WHERE migration = $1 AND id = $2', [migration, row])
}

/** Faults: ENGINE_REASON_MISSING, MIGRATION_UNKNOWN, ENGINE_ROW_UNKNOWN, ENGINE_NO_WAY_BACK. */
export async function rewind(control: Control, deed: Deed & { readonly row: string }): Promise<void> {
  await act(control, deed, 'rewind', 'rewound', async (tx, found) => {
    const position = positionOf(found, deed)
    const beyond = await doneForGood(tx, found, deed.migration, position)
    if (beyond !== null) throw fault('ENGINE_NO_WAY_BACK', { migration: deed.migration, row: deed.row, beyond })
    await tx.query(`UPDATE threeshift.rows SET state = '{"kind":"waiting"}' WHERE migration = $1 AND position >= $2`, [
      deed.migration,
      position,
    ])
    return newRun(control, tx, deed, found, null)
  })
}

/** Faults: ENGINE_REASON_MISSING, MIGRATION_UNKNOWN, ENGINE_ROW_UNKNOWN. */
export async function rollback(control: Control, deed: Deed & { readonly row: string }): Promise<void> {
  await act(control, deed, 'roll back', 'rollback-asked', (tx, found) => {
    positionOf(found, deed)
    return newRun(control, tx, deed, found, deed.row)
  })
}

/**
 * Faults: ENGINE_REASON_MISSING, MIGRATION_UNKNOWN, ENGINE_NOTHING_ASKED, ENGINE_NOT_YOURS, ENGINE_SHOWN_CHANGED,
 * ENGINE_ANSWERED_ALREADY; with `signed` also AGENT_STATEMENT_MISMATCH, EVIDENCE_SIGNATURE_INVALID and EVIDENCE_KEY_FOREIGN.
 */
export async function answer(control: Control, deed: AnswerDeed): Promise<void> {
  const { migration, row, by, verdict } = deed
  needReason(deed, verdict === 'approved' ? 'approve' : 'reject')
  const { ask, generation } = await control.store.write((tx) => mustBeAsked(tx, deed))
  // Written down before it counts, so that an answer that counts is never missing from the journal. One that is too late
  // to count is there as well, with the digest of what it was an answer to.
  const key = `${migration} ${generation} ${row} ask ${ask.id} ${personOf(by.name)} ${verdict}`
  const given = { migration, row, generation, verdict, reason: deed.reason, digest: ask.digest }
  if (deed.signed === undefined) await control.journal.append(unsigned(key, given, by))
  else {
    await demandAnswer(control, given, by, deed.signed)
    await control.journal.appendSigned(key, deed.signed)
  }
  await control.store.write(async (tx) => {
    const now = await mustBeAsked(tx, deed)
    if (now.ask.id !== ask.id) throw fault('ENGINE_SHOWN_CHANGED', { row })
    await tx.query(
      `INSERT INTO threeshift.approvals (ask, person, party, name, verdict, reason) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING`,
      [ask.id, personOf(by.name), by.party, by.name.trim(), verdict, deed.reason],
    )
    await wake(control, tx, migration, generation)
  })
}

/** An answer on the control plane's word. */
function unsigned(key: string, given: GivenAnswer, { party, name: actor }: Actor): JournalEntry {
  const { migration, row, generation, verdict: kind, reason, digest } = given
  return { key, migration, party, actor, row, verb: 'apply', generation, kind, body: { reason, digest } }
}

async function demandAnswer(control: Control, given: GivenAnswer, by: Actor, signed: SignedStatement): Promise<void> {
  const { at, seen } = signed.statement
  const expected = answerStatement(given, { party: by.party, actor: by.name, at, seen })
  const about = `${given.row} of ${given.migration}`
  await control.store.write((tx) => demandStatement(tx, about, expected, signed.statement))
}

/** What the row asks now, when this person may answer it so. */
async function mustBeAsked(
  tx: Transaction,
  deed: AnswerDeed,
): Promise<{ readonly ask: StoredAsk; readonly generation: number }> {
  const { migration, row, by } = deed
  const found = await mustRead(tx, migration)
  positionOf(found, deed)
  const { generation } = found
  const gate = found.gates[row]
  const { rows } = await tx.query<{ state: RowState }>(
    'SELECT state FROM threeshift.rows WHERE migration = $1 AND id = $2',
    [migration, row],
  )
  const asked = gate === undefined ? null : await readGate(tx, { migration, row, generation }, gate, found.requestedBy)
  const isOpen = rows[0]?.state.kind === 'held' && found.control !== 'cancelled'
  if (gate === undefined || asked === null || asked.ask === null || !isOpen) {
    throw fault('ENGINE_NOTHING_ASKED', { migration, row })
  }
  if (!gate.parties.includes(by.party)) {
    throw fault('ENGINE_NOT_YOURS', { party: by.party, row, parties: gate.parties })
  }
  if (deed.digest !== undefined && deed.digest !== asked.ask.digest) throw fault('ENGINE_SHOWN_CHANGED', { row })
  const earlier = asked.answers.find(({ name }) => personOf(name) === personOf(by.name))
  if (earlier !== undefined && (earlier.verdict !== deed.verdict || earlier.reason !== deed.reason)) {
    throw fault('ENGINE_ANSWERED_ALREADY', { name: by.name, row })
  }
  return { ask: asked.ask, generation }
}

/** Does what a person asked for in one transaction that also wakes the workflow, and writes it down. Gives the generation. */
async function act(
  control: Control,
  deed: Deed & { readonly row?: string },
  word: string,
  kind: JournalKind,
  work: (tx: Transaction, found: StoredMigration) => Promise<number>,
): Promise<number> {
  needReason(deed, word)
  const generation = await control.store.write(async (tx) => work(tx, await mustRead(tx, deed.migration)))
  await note(control, deed, generation, kind, {})
  return generation
}

function needReason(deed: Deed, word: string): void {
  if (deed.reason.trim() === '') throw fault('ENGINE_REASON_MISSING', { deed: word })
}

async function mustRead(tx: Transaction, migration: string): Promise<StoredMigration> {
  const found = await readMigration(tx, migration)
  if (found === null) throw unknownMigration(migration)
  return found
}

function positionOf(found: StoredMigration, deed: { readonly migration: string; readonly row: string }): number {
  const position = found.plan.rows.findIndex((row) => row.id === deed.row)
  if (position < 0) throw fault('ENGINE_ROW_UNKNOWN', { migration: deed.migration, row: deed.row })
  return position
}

/** The first row from `position` on that was applied and cannot be undone. */
async function doneForGood(
  tx: Transaction,
  found: StoredMigration,
  migration: string,
  position: number,
): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM threeshift.rows WHERE migration = $1 AND position >= $2 AND touched ORDER BY position',
    [migration, position],
  )
  return rows.find(({ id }) => planRow(found, id)?.undo.kind === 'impossible')?.id ?? null
}

async function setControl(tx: Transaction, deed: Deed, control: StoredMigration['control']): Promise<void> {
  const { by, reason } = deed
  await tx.query(
    `UPDATE threeshift.migrations SET control = $2,
       control_deed = $3::jsonb || jsonb_build_object('at', floor(extract(epoch FROM clock_timestamp()) * 1000))
     WHERE id = $1`,
    [deed.migration, control, { by, reason }],
  )
}

/** Begins the next run: rows that are in the middle of something are looked at anew. Gives its generation. */
async function newRun(
  control: Control,
  tx: Transaction,
  deed: Deed,
  found: StoredMigration,
  backTo: string | null,
): Promise<number> {
  const generation = found.generation + 1
  await setControl(tx, deed, 'run')
  await tx.query(
    `UPDATE threeshift.migrations SET generation = $2, back_to = $3, requested_by = $4, ended = NULL, ended_at = NULL WHERE id = $1`,
    [deed.migration, generation, backTo, deed.by],
  )
  if (backTo === null) {
    await tx.query(
      `UPDATE threeshift.rows SET state = '{"kind":"waiting"}' WHERE migration = $1 AND state->>'kind' <> 'done'`,
      [deed.migration],
    )
  }
  await wake(control, tx, deed.migration, found.generation)
  await enqueue(control, tx, deed.migration, generation)
  return generation
}

async function enqueue(control: Control, tx: Transaction, migration: string, generation: number): Promise<void> {
  await control.dbos.enqueueInTransaction(
    tx,
    {
      queueName: application.queue,
      workflowName: application.workflow,
      workflowID: workflowId(migration, generation),
      appVersion: application.version,
      applicationName: application.name,
    },
    migration,
    generation,
  )
}

async function wake(control: Control, tx: Transaction, migration: string, generation: number): Promise<void> {
  await control.dbos.sendInTransaction(tx, workflowId(migration, generation), 'look', wakeTopic)
}

async function note(
  control: Control,
  deed: Deed & { readonly row?: string },
  generation: number,
  kind: JournalKind,
  body: { readonly customer?: string; readonly forecastMs?: number; readonly window?: string },
): Promise<void> {
  const { migration, by, reason } = deed
  const party: Party = by.party
  await control.journal.append({
    key: `${migration} ${generation} ${kind} ${randomUUID()}`,
    migration,
    party,
    actor: by.name,
    row: deed.row ?? null,
    verb: null,
    generation,
    kind,
    body: { ...(reason === '' ? {} : { reason }), ...body },
  })
}

function ended(deed: Deed, found: StoredMigration): Error {
  return fault('ENGINE_ENDED', { migration: deed.migration, state: found.ended ?? found.control })
}

/** Whether it is the same migration: its window alone may be agreed on later. */
function isSame(known: StoredMigration, request: StartRequest): boolean {
  return isDeepStrictEqual(withoutWindow(known), withoutWindow(request))
}

function withoutWindow({
  settings,
  plan,
  gates,
  customer,
}: Pick<StartRequest, 'settings' | 'plan' | 'gates' | 'customer'>) {
  const { window: _agreed, ...otherSettings } = settings
  const { window: _planned, ...otherPlan } = plan
  // As it comes back from JSON: members that are undefined are gone.
  const compared: unknown = JSON.parse(JSON.stringify({ settings: otherSettings, plan: otherPlan, gates, customer }))
  return compared
}

/** Takes over another window, and a forecast that was made since; false: nothing is new. */
async function takeWindow(tx: Transaction, known: StoredMigration, request: StartRequest): Promise<boolean> {
  const { settings, plan } = request
  const forecast = request.forecast ?? known.forecast
  if (isDeepStrictEqual([known.plan.window, known.forecast], [plan.window, forecast])) return false
  await tx.query('UPDATE threeshift.migrations SET settings = $2, plan = $3, forecast = $4 WHERE id = $1', [
    settings.name,
    settings,
    plan,
    forecast,
  ])
  return true
}

function windowOf({ plan, forecast }: StartRequest): { readonly forecastMs?: number; readonly window?: string } {
  const { window } = plan
  return {
    ...(forecast === undefined || forecast === null ? {} : { forecastMs: expectedMs(forecast) }),
    ...(window === undefined ? {} : { window: `${window.start}, at most ${window.limit}` }),
  }
}
