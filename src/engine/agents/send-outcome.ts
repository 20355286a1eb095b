import { DBOSClient } from '@dbos-inc/dbos-sdk'
import type { Secret } from '../../base/secret.ts'
import type { DeskOptions } from './desk.ts'

/** Sends outcomes to the workflows that wait for them; `close` gives back its connections. */
export interface OutcomeSender {
  readonly send: DeskOptions['sendOutcome']
  close(): Promise<void>
}

/**
 * A sender into the DBOS system database at `url`, which must be the database of the transactions it is called in.
 *
 * The message's topic is the task's id. It is sent once, however often the transaction is tried.
 */
export async function openOutcomeSender(url: Secret, applicationName: string): Promise<OutcomeSender> {
  const client = await DBOSClient.create({
    systemDatabaseUrl: url.reveal('send outcomes to waiting workflows'),
    systemDatabasePoolSize: 2,
    applicationName,
  })
  return {
    send: (tx, { id, workflow }, outcome) => client.sendInTransaction(tx, workflow, outcome, id, id),
    close: () => client.destroy(),
  }
}
