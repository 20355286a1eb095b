import type { DBOSClient } from '@dbos-inc/dbos-sdk'
import { Stop } from '../base/stop.ts'
import { faultDataOf } from '../model/fault-data.ts'
import type { FaultData } from '../model/fault-data.ts'
import type { Party } from '../model/party.ts'
import type { Journal, JournalEntry } from '../ports/journal.ts'
import type { PartyTasks } from '../ports/party-tasks.ts'
import type { Explanation } from '../ports/step.ts'
import type { VerbOutcome, VerbRunner, VerbTask } from '../ports/verb-runner.ts'
import { beginVerb, type VerbAt } from './begin-verb.ts'
import { endVerb, type VerbEnd } from './end-verb.ts'
import type { OnEvent } from './events.ts'
import { fault } from './faults.ts'
import type { InFlight } from './in-flight.ts'
import type { Lease } from './lease.ts'
import type { Progressing } from './progressing.ts'
import { codeOf, type Store } from './store.ts'

/** What a worker's workflows work with. */
export interface Core {
  readonly executor: string
  readonly store: Store
  readonly dbos: DBOSClient
  readonly lease: Lease
  readonly runner: VerbRunner
  readonly partyTasks: PartyTasks
  readonly journal: Journal
  readonly inFlight: InFlight
  readonly progressing: Progressing
  readonly onEvent: OnEvent
}

type NotedEnd = Exclude<VerbEnd, { readonly kind: 'late' }> & { readonly explanation: Explanation | null }

/** How a verb that was to run here came out. `lost`: somebody else got the lock, so that nothing is known; look again. */
export type RunEnd =
  | NotedEnd
  | { readonly kind: 'stale' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'gate-shut' }
  | { readonly kind: 'lost' }

/**
 * Runs one verb in this process, from the question whether it may to the note of how it ended.
 *
 * A verb of the same migration that still runs elsewhere is waited for. When this process is to end, the verb is stopped
 * and this never returns: the workflow is then gone on with by whoever takes it over, and runs the verb again.
 */
export async function runHere(core: Core, at: VerbAt): Promise<RunEnd> {
  if (core.inFlight.isClosing) return new Promise(() => undefined)
  const flight = core.inFlight.enter(at)
  try {
    const held = await core.lease.hold(`threeshift verb ${at.migration}`, flight.signal)
    try {
      return await runHeld(core, at, AbortSignal.any([flight.signal, held.signal]))
    } finally {
      await held.release()
    }
  } catch (error) {
    if (error instanceof Stop) {
      if (error.why === 'shutdown') return await new Promise<never>(() => flight.leave())
      // Whether the run is over is for `beginVerb` to say, when the verb is tried again.
      return { kind: 'lost' }
    }
    return { kind: 'faulted', fault: recordFault(core, at, error), explanation: null }
  } finally {
    flight.leave()
  }
}

async function runHeld(core: Core, at: VerbAt, signal: AbortSignal): Promise<RunEnd> {
  const begun = await core.store.write((tx) => beginVerb(tx, at, { kind: 'here', executor: core.executor }))
  if (begun.kind !== 'begun') return begun
  const { task, owner } = begun
  const named = { migration: at.migration, row: at.row, verb: at.verb, fence: task.fence }
  await core.journal.append(entryOf(core, at, owner, task, 'verb-started', 'start', {}))
  core.onEvent({ kind: 'verb-began', ...named })
  let outcome: VerbOutcome
  try {
    outcome = await core.runner.run(task, { signal, onProgress: (progress) => core.progressing.note(at, progress) })
  } catch (error) {
    if (error instanceof Stop) core.onEvent({ kind: 'verb-stopped', ...named })
    throw error
  }
  const ended = await noteOutcome(core, at, owner, task, outcome)
  core.onEvent({ kind: eventOf(ended), ...named })
  return ended
}

/** Writes down how a verb ended, here or at an agent. */
async function noteOutcome(
  core: Core,
  at: VerbAt,
  owner: Party,
  task: VerbTask,
  outcome: VerbOutcome,
): Promise<NotedEnd | { readonly kind: 'lost' }> {
  const end = await core.store.write((tx) => endVerb(tx, at, task.fence, outcome))
  if (end.kind === 'late') return { kind: 'lost' }
  const body =
    end.kind === 'faulted' ? { fault: end.fault } : outcome.kind === 'ended' ? { result: outcome.result } : {}
  // Results are JSON by the port's promise, which interfaces do not show.
  const entry = body as JournalEntry['body']
  await core.journal.append(
    entryOf(core, at, owner, task, end.kind === 'ended' ? 'verb-ended' : 'verb-faulted', 'end', entry),
  )
  const isExplained = outcome.kind === 'ended' && outcome.verb === 'explain'
  return { ...end, explanation: isExplained ? outcome.result : null }
}

function eventOf({ kind }: NotedEnd | { readonly kind: 'lost' }): 'verb-ended' | 'verb-faulted' | 'verb-late' {
  if (kind === 'lost') return 'verb-late'
  return kind === 'ended' ? 'verb-ended' : 'verb-faulted'
}

/** How handing a verb to a party's agent came out; `requested`: its outcome comes as a message on the topic `task.id`. */
export type RequestEnd =
  | { readonly kind: 'requested'; readonly owner: Party; readonly payload: VerbTask }
  | { readonly kind: 'faulted'; readonly fault: FaultData; readonly explanation: null }
  | { readonly kind: 'stale' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'gate-shut' }

/** Hands one verb to the agent of the row's owner. `task` names this request, and is the same when it is repeated. */
export async function requestOfAgent(
  core: Core,
  at: VerbAt,
  where: { readonly party: Party; readonly workflow: string; readonly task: string },
): Promise<RequestEnd> {
  try {
    const { party, workflow, task } = where
    const begun = await core.store.write((tx) => beginVerb(tx, at, { kind: 'agent', party, task }))
    if (begun.kind !== 'begun') return begun
    const { migration, row, verb, generation } = at
    await core.partyTasks.request({
      id: task,
      workflow,
      migration,
      party,
      row,
      verb,
      generation,
      payload: begun.task,
    })
    await core.journal.append({
      ...entryOf(core, at, begun.owner, begun.task, 'task-requested', 'request', { task }),
      key: `${task} request`,
    })
    return { kind: 'requested', owner: begun.owner, payload: begun.task }
  } catch (error) {
    return { kind: 'faulted', fault: recordFault(core, at, error), explanation: null }
  }
}

/** Takes in what an agent sent. */
export async function takeOutcome(
  core: Core,
  at: VerbAt,
  requested: Extract<RequestEnd, { kind: 'requested' }>,
  outcome: VerbOutcome,
): Promise<RunEnd> {
  try {
    return await noteOutcome(core, at, requested.owner, requested.payload, outcome)
  } catch (error) {
    return { kind: 'faulted', fault: recordFault(core, at, error), explanation: null }
  }
}

/** An error of the engine's own work around a verb; the workflow treats it like one of the verb. */
function recordFault(core: Core, at: VerbAt, error: unknown): FaultData {
  core.onEvent({ kind: 'broke', where: `${at.row} ${at.verb}`, error })
  const data = faultDataOf(error)
  if (data !== null) return data
  const made = faultDataOf(fault('ENGINE_RECORD_FAILED', { row: at.row, verb: at.verb, error: codeOf(error) }, error))
  if (made === null) throw new Error('bug: a fault without data', { cause: error })
  return made
}

function entryOf(
  core: Core,
  at: VerbAt,
  owner: Party,
  task: VerbTask,
  kind: JournalEntry['kind'],
  phase: string,
  body: JournalEntry['body'],
): JournalEntry {
  const { migration, row, verb, generation } = at
  const key = `${migration} ${generation} ${row} ${verb} ${task.fence} ${phase}`
  return { key, migration, party: owner, actor: core.executor, row, verb, generation, kind, body }
}
