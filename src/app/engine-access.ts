import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Clock } from '../base/clock.ts'
import { never } from '../base/never.ts'
import { Stop } from '../base/stop.ts'
import { fault } from '../cli/faults.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { ChunkHandlers } from '../ports/chunks.ts'
import type { Engine, EngineAccess } from '../ports/engine.ts'
import type { Steps } from '../ports/step.ts'
import { openDatabase, stateFolder } from './engine-database.ts'

/** More than anybody has, and few enough that a script in a loop is noticed. */
const usualMigrationsPerCustomer = 100

/**
 * The engine for commands. What it needs is loaded when it is opened: other commands do not pay for it.
 *
 * In: `env`, of which THREESHIFT_DATABASE_URL, THREESHIFT_STATE_DIR and THREESHIFT_MIGRATIONS_PER_CUSTOMER count.
 */
export function engineAccess(options: {
  readonly env: (name: string) => string | undefined
  readonly cwd: string
  readonly clock: Clock
  readonly steps: Steps
  readonly chunks: ChunkHandlers
  /** Told of each engine that is opened with a worker, before anything of it is closed. */
  readonly onWorker?: (engine: Engine) => void
}): EngineAccess {
  const { env, cwd, clock, steps, chunks } = options
  return {
    open: async ({ worker, onNote, signal }) => {
      const state = stateFolder(env, cwd)
      const [{ openEngine }, { databaseJournal }, { databasePartyTasks }, { loadOrCreateKey }, { verbRunner }] =
        await Promise.all([
          import('../engine/engine.ts'),
          import('../engine/journal/append.ts'),
          import('../engine/agents/party-tasks.ts'),
          import('../evidence/key-file.ts'),
          import('../engine/run-verb.ts'),
        ])
      const database = await openDatabase(env, state, signal)
      const onEvent = (event: EngineEvent) => {
        const line = textOf(event)
        if (line !== null) onNote(line)
      }
      try {
        const engine = await openEngine({
          url: database.url,
          journal: (tables) =>
            databaseJournal(tables, () => loadOrCreateKey(join(state, 'keys'), 'control-plane'), clock),
          migrationsPerCustomer: limitOf(env),
          worker: worker
            ? {
                executor: `${process.pid}-${randomUUID().slice(0, 8)}`,
                runner: verbRunner(steps, (where, error) => onEvent({ kind: 'broke', where, error })),
                chunks,
                chunksAtOnce: availableParallelism(),
                partyTasks: databasePartyTasks,
                clock,
              }
            : null,
          onEvent,
          signal,
        })
        if (worker) options.onWorker?.(engine)
        return closingBoth(engine, database.close)
      } catch (error) {
        await database.close()
        throw error
      }
    },
  }
}

function limitOf(env: (name: string) => string | undefined): number {
  const name = 'THREESHIFT_MIGRATIONS_PER_CUSTOMER'
  const text = env(name) ?? ''
  if (text === '') return usualMigrationsPerCustomer
  if (!/^[1-9]\d{0,5}$/.test(text)) throw fault('OPTION_INVALID', { option: name, allowed: 'a whole number from 1' })
  return Number(text)
}

function closingBoth(engine: Engine, closeDatabase: () => Promise<void>): Engine {
  return {
    ...engine,
    close: async () => {
      await engine.close()
      await closeDatabase()
    },
  }
}

/** What a person at a terminal wants to know; null for the rest. */
export function textOf(event: EngineEvent): string | null {
  switch (event.kind) {
    case 'database-lost':
      // Class 53 of PostgreSQL's codes; anything else is a connection that is lost.
      return `The engine's database ${event.reason.startsWith('53') ? 'is out of disk, memory or connections' : 'is gone'} (${event.reason}); waiting for it.`
    case 'database-back':
      return "The engine's database is back."
    case 'taken-over':
      return `Taking over from ${event.executor}, which is gone.`
    case 'lock-lost':
      return `Another process has taken over ${event.lock}.`
    case 'broke': {
      const { error } = event
      if (error instanceof Stop) return null
      return `${event.where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    }
    case 'verb-began':
      return `${event.row}: ${event.verb}`
    case 'verb-ended':
    case 'verb-faulted':
    case 'verb-stopped':
    case 'verb-late':
    case 'dbos':
      return null
    default:
      return never(event)
  }
}
