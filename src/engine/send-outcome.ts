import type { ClientBase } from 'pg'
import type { Secret } from '../base/secret.ts'
import type { PartyTask } from '../ports/party-tasks.ts'
import type { VerbOutcome } from '../ports/verb-runner.ts'
import type { OnEvent } from './events.ts'
import { openClient } from './runtime.ts'

export interface OutcomeSender {
  /**
   * Gives the waiting workflow an outcome, once, when the caller's transaction commits. `tx` is on the engine's database.
   * An outcome for a workflow that is over waits there for nobody.
   */
  send(tx: ClientBase, task: Pick<PartyTask, 'id' | 'workflow'>, outcome: VerbOutcome): Promise<void>
  close(): Promise<void>
}

/** For whoever takes in what agents complete. */
export async function openOutcomeSender(url: Secret, onEvent: OnEvent): Promise<OutcomeSender> {
  const { dbos, close } = await openClient(url, onEvent)
  return {
    send: (tx, task, outcome) => dbos.sendInTransaction(tx, task.workflow, outcome, task.id, task.id),
    close,
  }
}
