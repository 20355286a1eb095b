import { DBOS } from '@dbos-inc/dbos-sdk'
import type { FaultData } from '../model/fault-data.ts'
import { faultDataOf } from '../model/fault-data.ts'
import type { Party } from '../model/party.ts'
import type { Explanation, Verb } from '../ports/step.ts'
import type { VerbOutcome } from '../ports/verb-runner.ts'
import { ask, gateStanding } from './ask.ts'
import type { VerbAt } from './begin-verb.ts'
import { type Core, requestOfAgent, type RunEnd, runHere, takeOutcome } from './core.ts'
import { fault } from './faults.ts'
import { workflowId, wakeTopic } from './workflow-id.ts'
import {
  finish,
  loadRun,
  markFailed,
  markRetrying,
  markSkipped,
  rowStanding,
  type RunRow,
  settleEarlierRuns,
} from './run.ts'

/** How long to wait before a fault of the class `same-input` is tried again, in milliseconds; then it is a failure. */
const retryAfterMs: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000]
const monthSeconds = 30 * 24 * 3600

/** `done`: the row is as it should be. `stale`: this run is over. `again`: from its check. */
type Pass =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'again' }
  | { readonly kind: 'faulted'; readonly verb: Verb; readonly fault: FaultData }

/** How a verb came out, once it was neither held up by a pause nor lost. */
type Settled = Exclude<RunEnd, { readonly kind: 'paused' } | { readonly kind: 'lost' }>

/**
 * The workflow of one run of a migration: its rows one after the other in the plan's order, or back in reverse.
 *
 * Rows that could run beside each other do not: what goes wrong at 3 a.m. is then always one thing. What takes long is
 * spread inside a row. Everything that is not in here but in steps is checkpointed; after a crash the workflow is run
 * again from its start, with the results of the steps that it has, so nothing in here may depend on time or chance.
 */
export function migrateWith(core: Core): (migration: string, generation: number) => Promise<string> {
  return async (migration, generation) => {
    const run = new Run(core, migration, generation)
    const work = await run.step('load', () => core.store.write((tx) => loadRun(tx, migration, generation)))
    if (work === null) return 'stale'
    await run.step('settle', () => settleEarlierRuns(core, migration, generation))
    for (const row of work.rows) {
      const end = await run.carry(row, work.direction)
      if (end === 'stale') return 'stale'
    }
    await run.step('finish', () => finish(core, migration, generation))
    return 'ended'
  }
}

/** One execution of the workflow function; what it counts comes out the same in every replay. */
class Run {
  readonly #core: Core
  readonly #migration: string
  readonly #generation: number
  #requests = 0

  constructor(core: Core, migration: string, generation: number) {
    this.#core = core
    this.#migration = migration
    this.#generation = generation
  }

  step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    return DBOS.runStep(work, { name })
  }

  /** Brings a row to its end, over retries and over failures that a person sees to. */
  async carry(row: RunRow, direction: 'forward' | 'back'): Promise<'done' | 'stale'> {
    const core = this.#core
    for (let tries = 0; ; ) {
      const pass = await this.#pass(row, direction)
      if (pass.kind === 'done' || pass.kind === 'stale') return pass.kind
      if (pass.kind === 'again') continue
      const at = this.#at(row, pass.verb)
      const delayMs = pass.fault.retry === 'same-input' ? retryAfterMs[tries] : undefined
      if (delayMs !== undefined) {
        tries += 1
        await this.step(`${row.id} retry`, () =>
          core.store.write((tx) => markRetrying(tx, at, pass.fault, tries, delayMs)),
        )
        // A message ends the wait: somebody resumed.
        await DBOS.recv(wakeTopic, { timeoutSeconds: delayMs / 1000 })
        continue
      }
      tries = 0
      await this.step(`${row.id} fail`, () => core.store.write((tx) => markFailed(tx, at, pass.fault)))
      if ((await this.#untilResumed(row)) === 'stale') return 'stale'
    }
  }

  /** An error that nobody foresaw becomes a failure of the row, which a person can see, and not the end of the workflow. */
  async #pass(row: RunRow, direction: 'forward' | 'back'): Promise<Pass> {
    try {
      return direction === 'forward' ? await this.#forward(row) : await this.#back(row)
    } catch (error) {
      if (isOfDbos(error)) throw error
      this.#core.onEvent({ kind: 'broke', where: row.id, error })
      const name = error instanceof Error ? error.name : typeof error
      const verb = direction === 'forward' ? 'check' : 'undo'
      return { kind: 'faulted', verb, fault: dataOf(fault('ENGINE_STEP_BROKE', { row: row.id, verb, error: name })) }
    }
  }

  async #forward(row: RunRow): Promise<Pass> {
    const checked = await this.#verb(row, 'check')
    if (checked.kind !== 'ended' || checked.isDone) return passOf(checked, 'check')
    if (row.isGated) {
      const passed = await this.#gate(row)
      if (passed !== null) return passed
    }
    const applied = await this.#verb(row, 'apply')
    if (applied.kind !== 'ended') return passOf(applied, 'apply')
    return passOf(await this.#verb(row, 'confirm'), 'confirm')
  }

  async #back(row: RunRow): Promise<Pass> {
    const { undo } = row
    if (!row.isTouched || undo.kind === 'nothing') {
      const says = row.isTouched && undo.kind === 'nothing' ? undo.why : 'this migration did nothing here'
      const isMarked = await this.step(`${row.id} nothing to undo`, () =>
        markSkipped(this.#core, this.#at(row, 'undo'), says),
      )
      return isMarked ? { kind: 'done' } : { kind: 'stale' }
    }
    if (undo.kind === 'impossible') {
      return {
        kind: 'faulted',
        verb: 'undo',
        fault: dataOf(fault('ENGINE_UNDO_IMPOSSIBLE', { row: row.id, why: undo.why })),
      }
    }
    return passOf(await this.#verb(row, 'undo'), 'undo')
  }

  /** Null when the row may be applied. */
  async #gate(row: RunRow): Promise<Pass | null> {
    const at = this.#at(row, 'apply')
    const { store } = this.#core
    for (;;) {
      const standing = await this.step(`${row.id} gate`, () => store.write((tx) => gateStanding(tx, at)))
      switch (standing.kind) {
        case 'approved':
          return null
        case 'stale':
          return { kind: 'stale' }
        case 'open': {
          await DBOS.recv(wakeTopic, { timeoutSeconds: Math.ceil(standing.lapsesInMs / 1000) })
          continue
        }
        case 'too-long': {
          const { expectedMs, limitMs } = standing
          const details = { row: row.id, expectedMs, limitMs }
          return { kind: 'faulted', verb: 'apply', fault: dataOf(fault('ENGINE_WINDOW_TOO_SHORT', details)) }
        }
        case 'rejected': {
          const { by, reason } = standing
          return {
            kind: 'faulted',
            verb: 'apply',
            fault: dataOf(fault('ENGINE_GATE_REJECTED', { row: row.id, by, reason })),
          }
        }
        case 'unasked':
        case 'lapsed': {
          const explained = await this.#verb(row, 'explain')
          if (explained.kind !== 'ended') return passOf(explained, 'explain')
          await this.step(`${row.id} ask`, () => askAndRecord(this.#core, at, explained.explanation))
          continue
        }
        default:
          return unhandled(standing)
      }
    }
  }

  /** Runs a verb where it belongs, over pauses and lost locks. */
  async #verb(row: RunRow, verb: Verb): Promise<Settled> {
    for (;;) {
      const end = row.agent === null ? await this.#here(row, verb) : await this.#atAgent(row, row.agent, verb)
      if (end.kind === 'paused') await DBOS.recv(wakeTopic, { timeoutSeconds: monthSeconds })
      else if (end.kind !== 'lost') return end
    }
  }

  #here(row: RunRow, verb: Verb): Promise<RunEnd> {
    return this.step(`${row.id} ${verb}`, () => runHere(this.#core, this.#at(row, verb)))
  }

  async #atAgent(row: RunRow, party: Party, verb: Verb): Promise<RunEnd> {
    const at = this.#at(row, verb)
    const workflow = workflowId(this.#migration, this.#generation)
    this.#requests += 1
    const task = `${workflow}/${row.id}/${verb}/${this.#requests}`
    const requested = await this.step(`${row.id} ${verb} request`, () =>
      requestOfAgent(this.#core, at, { party, workflow, task }),
    )
    if (requested.kind !== 'requested') return requested
    for (;;) {
      const outcome = await DBOS.recv<VerbOutcome>(task, { timeoutSeconds: monthSeconds })
      if (outcome === null) continue
      return this.step(`${row.id} ${verb} outcome`, () => takeOutcome(this.#core, at, requested, outcome))
    }
  }

  async #untilResumed(row: RunRow): Promise<'go' | 'stale'> {
    const { store } = this.#core
    for (;;) {
      const standing = await this.step(`${row.id} look`, () =>
        store.write((tx) => rowStanding(tx, this.#at(row, 'check'))),
      )
      if (standing !== 'failed') return standing
      await DBOS.recv(wakeTopic, { timeoutSeconds: monthSeconds })
    }
  }

  #at(row: RunRow, verb: Verb): VerbAt {
    return { migration: this.#migration, generation: this.#generation, row: row.id, verb }
  }
}

function passOf(end: Settled, verb: Verb): Pass {
  switch (end.kind) {
    case 'ended':
      return { kind: 'done' }
    case 'faulted':
      return { kind: 'faulted', verb, fault: end.fault }
    case 'stale':
      return { kind: 'stale' }
    case 'gate-shut':
      return { kind: 'again' }
    default:
      return unhandled(end)
  }
}

async function askAndRecord(core: Core, at: VerbAt, explanation: Explanation | null): Promise<void> {
  if (explanation === null) throw new Error('bug: an explain that ended without an explanation')
  const asked = await core.store.write((tx) => ask(tx, at, explanation))
  if (asked === null) return
  const { migration, row, generation } = at
  await core.journal.append({
    key: `${migration} ${generation} ${row} asked ${asked.digest}`,
    migration,
    party: 'rhoam-eng',
    actor: core.executor,
    row,
    verb: 'apply',
    generation,
    kind: 'approval-asked',
    body: { digest: asked.digest, summary: explanation.summary },
  })
}

/** How DBOS ends a workflow: it was cancelled, or another process goes on with it. */
function isOfDbos(error: unknown): boolean {
  return error instanceof Error && 'dbosErrorCode' in error
}

function dataOf(failure: Error): FaultData {
  const data = faultDataOf(failure)
  if (data === null) throw new Error('bug: a fault without data', { cause: failure })
  return data
}

function unhandled(value: never): never {
  throw new Error(`bug: unhandled ${JSON.stringify(value)}`)
}
