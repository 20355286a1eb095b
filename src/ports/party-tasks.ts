import type { Party } from '../model/party.ts'
import type { VerbTask } from './verb-runner.ts'
import type { Verb } from './step.ts'

/** A verb of a row whose owner runs it with an agent of its own. */
export interface PartyTask {
  /**
   * The same for the same workflow, row, verb, generation and attempt, and the topic on which the workflow waits for the
   * outcome. Text without spaces.
   */
  readonly id: string
  /** The workflow that waits. */
  readonly workflow: string
  readonly migration: string
  readonly party: Party
  readonly row: string
  readonly verb: Verb
  readonly generation: number
  readonly payload: VerbTask
}

/**
 * Hands verbs to parties' agents.
 *
 * The outcome, a `VerbOutcome`, goes to `workflow` on the topic `id`, in the same transaction that completes the task
 * (`sendOutcome` of the engine). While one task of a migration is leased, no other task of that migration is.
 */
export interface PartyTasks {
  /** Makes the task known. A second call with the same id changes nothing. */
  request(task: PartyTask): Promise<void>
  /**
   * Takes back what is not complete of the migration's tasks of generations before `generation`: none is leased again,
   * and a late completion is refused. May be called again.
   */
  withdraw(migration: string, generation: number): Promise<void>
}
