import { DBOS, DBOSClient, type DLogger } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { dbRetryConfig } from '@dbos-inc/dbos-sdk/internal/utils'
import type { Secret } from '../base/secret.ts'
import type { OnEvent } from './events.ts'
import { application } from './workflow-id.ts'

/** More often than anybody restarts: the engine's own reaper decides who takes over, and a run is never given up. */
const maxRecoveryAttempts = 1_000_000
const queuePollingMs = 100

/** The part of DBOS that can be used without running workflows: send, enqueue, cancel. The caller calls `destroy`. */
export function openClient(url: Secret, onEvent: OnEvent): Promise<DBOSClient> {
  return DBOSClient.create({
    systemDatabaseUrl: url.reveal('DBOS, to send and enqueue'),
    systemDatabasePoolSize: 3,
    applicationName: application.name,
    logger: loggerTo(onEvent),
  })
}

/**
 * Begins to run workflows in this process. DBOS is one per process: there is one engine with a worker at a time.
 *
 * The tables are there (`createTables`), and the executor's lock is held, so that nobody takes over what begins here.
 */
export async function launch(options: {
  readonly url: Secret
  readonly executor: string
  readonly workflow: (migration: string, generation: number) => Promise<string>
  readonly onEvent: OnEvent
}): Promise<void> {
  DBOS.setConfig({
    name: application.name,
    systemDatabaseUrl: options.url.reveal('DBOS, to run workflows'),
    executorID: options.executor,
    applicationVersion: application.version,
    runMigrations: false,
    logger: loggerTo(options.onEvent),
  })
  // A database that was restarted is back within a second; by itself DBOS would wait up to a minute.
  dbRetryConfig.initialBackoffSec = 0.1
  dbRetryConfig.maxBackoffSec = 2
  DBOS.registerWorkflow(options.workflow, { name: application.workflow, maxRecoveryAttempts })
  await DBOS.launch()
  await DBOS.registerQueue(application.queue, { minPollingIntervalMs: queuePollingMs, onConflict: 'always_update' })
}

/** Ends what `launch` began. Workflows that run stay with this executor's id until another takes them over. */
export async function shutdown(): Promise<void> {
  await DBOS.shutdown({ deregister: true })
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
