import { rest } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import type { Secret } from '../base/secret.ts'
import { unknownMigration } from '../model/faults.ts'
import type { ChunkHandlers } from '../ports/chunks.ts'
import { type Engine, isAsked, type MigrationFilter } from '../ports/engine.ts'
import type { Journal } from '../ports/journal.ts'
import type { PartyTasks } from '../ports/party-tasks.ts'
import type { VerbRunner } from '../ports/verb-runner.ts'
import { ChunkWork, chunksOn } from './chunks.ts'
import { answer, type Control, cancel, pause, resume, rewind, rollback, start } from './control.ts'
import type { Core } from './core.ts'
import { createTables } from './create-tables.ts'
import type { OnEvent } from './events.ts'
import { fault } from './faults.ts'
import { InFlight } from './in-flight.ts'
import type { Database } from './journal/database.ts'
import { createAgentTables } from './journal/tables.ts'
import { Lease } from './lease.ts'
import { migrateWith } from './migrate.ts'
import { Progressing, writeProgress } from './progressing.ts'
import { Reaper } from './reaper.ts'
import { deleteOldWorkflows } from './retention.ts'
import { launch, openClient } from './runtime.ts'
import { readSnapshots } from './snapshot.ts'
import { codeOf, isLostConnection, Store } from './store.ts'
import { wakeStranded } from './stranded.ts'
import { viewOf } from './view.ts'

export interface EngineOptions {
  /** A PostgreSQL URL. Its role makes the schemas `dbos` and `threeshift` in that database. */
  readonly url: Secret
  readonly journal: (database: Database) => Journal
  readonly migrationsPerCustomer: number
  /** What runs workflows here; null: this process only shows, starts and steers them. One worker at a time in a process. */
  readonly worker: WorkerOptions | null
  readonly onEvent: OnEvent
  /** Aborting while it opens throws the reason; later it has no effect: call `close`. */
  readonly signal: AbortSignal
}

export interface WorkerOptions {
  /** A name that no other process has, now or later. */
  readonly executor: string
  readonly runner: VerbRunner
  readonly chunks: ChunkHandlers
  /** How many chunks this process does at once. */
  readonly chunksAtOnce: number
  readonly partyTasks: (database: Database) => PartyTasks
  readonly clock: Clock
  /** For tests: how soon a peer counts as gone. */
  readonly patience?: { readonly beatMs: number; readonly graceMs: number; readonly silenceMs: number }
}

const usualPatience = { beatMs: 1000, graceMs: 3000, silenceMs: 15_000 }
const patienceMs = 60_000
const betweenTriesMs = 200
const retentionEveryMs = 3600_000

/**
 * Opens the engine on its database, whose tables it makes when they are not there. With a worker it begins at once to go
 * on with what is there, also with what a process left that is gone.
 *
 * Faults: ENGINE_DATABASE_UNREACHABLE.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  for (let waitedMs = 0; ; waitedMs += betweenTriesMs) {
    options.signal.throwIfAborted()
    try {
      return await openOnce(options)
    } catch (error) {
      // A database that is being restarted while we open is there again in a moment.
      if (!isLostConnection(error)) throw error
      if (waitedMs >= patienceMs) throw fault('ENGINE_DATABASE_UNREACHABLE', { reason: codeOf(error) }, error)
    }
    await rest(betweenTriesMs, options.signal)
  }
}

async function openOnce(options: EngineOptions): Promise<Engine> {
  const { url, onEvent, migrationsPerCustomer } = options
  await createTables(url, onEvent)
  const client = await openClient(url, onEvent)
  const store = new Store(url, onEvent)
  try {
    await createAgentTables(store)
    const control: Control = { store, dbos: client.dbos, journal: options.journal(store), migrationsPerCustomer }
    const worker = options.worker === null ? null : await openWorker(options, options.worker, control)
    return engineOn(control, worker, client)
  } catch (error) {
    await client.close().catch(() => undefined)
    await store.close()
    throw error
  }
}

interface Closable {
  close(): Promise<void>
}

async function openWorker(options: EngineOptions, worker: WorkerOptions, control: Control): Promise<Closable> {
  const { url, onEvent } = options
  const { store, dbos, journal } = control
  const { executor, runner, clock } = worker
  const partyTasks = worker.partyTasks(store)
  const patience = worker.patience ?? usualPatience
  const lease = await Lease.open({ url, executor, onEvent, beatMs: patience.beatMs })
  const inFlight = new InFlight()
  const progressing = new Progressing()
  const core: Core = { executor, store, dbos, lease, runner, partyTasks, journal, inFlight, progressing, onEvent }
  const chunkWork = new ChunkWork(worker.chunks, onEvent)
  const { chunksAtOnce } = worker
  const [workflow, chunk] = [migrateWith(core), chunkWork.workflow()]
  const shutdown = await launch({ url, executor, workflow, chunk, chunksAtOnce, onEvent }).catch(
    async (error: unknown) => {
      await lease.close()
      throw error
    },
  )
  const reaper = new Reaper({ executor, store, lease, onEvent, clock, ...patience })
  const closing = new AbortController()
  const chores = everyBeat(closing.signal, patience.beatMs, onEvent, [
    () => progressing.flush(store),
    () => inFlight.stopStale(store),
    () => reaper.look(),
    () => wakeStranded(store, dbos),
  ])
  const retention = everyBeat(closing.signal, retentionEveryMs, onEvent, [() => deleteOldWorkflows(store, dbos)])
  return {
    close: async () => {
      // Verbs write down what they did, so what they need is closed last.
      await Promise.all([inFlight.close(), chunkWork.close()])
      closing.abort()
      await Promise.all([chores, retention])
      await shutdown()
      await lease.close()
    },
  }
}

/** Runs the chores one after the other on a clock. One that fails is told, and tried again the next time. */
async function everyBeat(
  signal: AbortSignal,
  everyMs: number,
  onEvent: OnEvent,
  chores: readonly (() => Promise<void>)[],
): Promise<void> {
  while (!signal.aborted) {
    for (const chore of chores)
      await chore().catch((error: unknown) => onEvent({ kind: 'broke', where: 'chores', error }))
    await rest(everyMs, signal)
  }
}

function engineOn(control: Control, worker: Closable | null, client: Closable): Engine {
  const { store, dbos } = control
  let closing: Promise<void> | undefined
  const list = async (filter: MigrationFilter = {}) => {
    const snapshots = await store.write((tx) => readSnapshots(tx, filter.ids ?? null))
    return snapshots.map(viewOf).filter((view) => isAsked(view, filter))
  }
  return {
    start: (request) => start(control, request),
    list,
    answer: async (deed) => {
      await answer(control, deed)
      const [view] = await list({ ids: [deed.migration] })
      if (view === undefined) throw unknownMigration(deed.migration)
      return view
    },
    pause: (deed) => pause(control, deed),
    resume: (deed) => resume(control, deed),
    cancel: (deed) => cancel(control, deed),
    rewind: (deed) => rewind(control, deed),
    rollback: (deed) => rollback(control, deed),
    chunks: chunksOn(store, dbos),
    progress: (at, progress) => store.write((tx) => writeProgress(tx, at, progress)),
    close: () => {
      closing ??= (async () => {
        await worker?.close()
        await client.close()
        await store.close()
      })()
      return closing
    },
  }
}
