import { DBOS, DBOSClient, type DLogger } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { dbRetryConfig } from '@dbos-inc/dbos-sdk/internal/utils'
import { Pool } from 'pg'
import type { Secret } from '../base/secret.ts'
import type { JsonObject } from '../model/json.ts'
import type { OnEvent } from './events.ts'
import { application, chunkQueue } from './workflow-id.ts'

/** More often than anybody restarts: the engine's own reaper decides who takes over, and a run is never given up. */
const maxRecoveryAttempts = 1_000_000
const queuePollingMs = 100
const chunkPollingMs = 50

/** The part of DBOS that can be used without running workflows: send, enqueue, cancel. The caller calls `close`. */
export async function openClient(
  url: Secret,
  onEvent: OnEvent,
): Promise<{ readonly dbos: DBOSClient; readonly close: () => Promise<void> }> {
  const pool = poolFor(url, 3)
  const dbos = await DBOSClient.create({
    systemDatabaseUrl: url.reveal('DBOS, to send and enqueue'),
    systemDatabasePool: pool,
    applicationName: application.name,
    logger: loggerTo(onEvent),
  })
  return {
    dbos,
    close: async () => {
      await dbos.destroy()
      await pool.end()
    },
  }
}

/** A pool of ours: that of DBOS makes node-postgres print a warning on standard error, once per process. */
function poolFor(url: Secret, max: number): Pool {
  const pool = new Pool({
    connectionString: url.reveal('a pool for DBOS'),
    max,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // A worker that is stopped within a transaction does not keep others from its rows for ever.
    idle_in_transaction_session_timeout: 60_000,
  })
  // One that breaks is dropped from the pool; whoever uses it hears of it from the query.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/**
 * Begins to run workflows in this process. DBOS is one per process: there is one engine with a worker at a time.
 *
 * The tables are there (`createTables`), and the executor's lock is held, so that nobody takes over what begins here.
 * What it gives ends it again: workflows that run stay with this executor's id until another takes them over.
 */
export async function launch(options: {
  readonly url: Secret
  readonly executor: string
  readonly workflow: (migration: string, generation: number) => Promise<string>
  readonly chunk: (kind: string, input: JsonObject) => Promise<unknown>
  /** How many chunks run in this process at once. */
  readonly chunksAtOnce: number
  readonly onEvent: OnEvent
}): Promise<() => Promise<void>> {
  const pool = poolFor(options.url, 10)
  const shutdown = async () => {
    await DBOS.shutdown({ deregister: true })
    await pool.end()
  }
  DBOS.setConfig({
    name: application.name,
    systemDatabaseUrl: options.url.reveal('DBOS, to run workflows'),
    systemDatabasePool: pool,
    executorID: options.executor,
    applicationVersion: application.version,
    runMigrations: false,
    logger: loggerTo(options.onEvent),
  })
  // A database that was restarted is back within a second; by itself DBOS would wait up to a minute.
  dbRetryConfig.initialBackoffSec = 0.1
  dbRetryConfig.maxBackoffSec = 2
  try {
    DBOS.registerWorkflow(options.workflow, { name: application.workflow, maxRecoveryAttempts })
    DBOS.registerWorkflow(options.chunk, { name: chunkQueue.workflow, maxRecoveryAttempts })
    await DBOS.launch()
    await DBOS.registerQueue(application.queue, { minPollingIntervalMs: queuePollingMs, onConflict: 'always_update' })
    await DBOS.registerQueue(chunkQueue.name, {
      workerConcurrency: options.chunksAtOnce,
      minPollingIntervalMs: chunkPollingMs,
      onConflict: 'always_update',
    })
  } catch (error) {
    await shutdown().catch(() => undefined)
    throw error
  }
  return shutdown
}

/** Queues the workflows of an executor that is gone, for any worker to go on with. */
export async function recover(executor: string): Promise<void> {
  await DBOSExecutor.globalInstance?.recoverPendingWorkflows([executor])
}

/** Passes on what DBOS warns of. */
export function loggerTo(onEvent: OnEvent): DLogger {
  const say = (level: 'warn' | 'error') => (entry: unknown) => {
    onEvent({ kind: 'dbos', level, text: entry instanceof Error ? entry.message : String(entry) })
  }
  return { debug: () => undefined, info: () => undefined, warn: say('warn'), error: say('error') }
}
