import { Fault } from '../base/fault.ts'
import { never } from '../base/never.ts'
import { Stop } from '../base/stop.ts'
import { faultDataOf } from '../model/fault-data.ts'
import type { Step, StepContext, Steps } from '../ports/step.ts'
import type { VerbOutcome, VerbResult, VerbRunner, VerbTask } from '../ports/verb-runner.ts'
import { fault } from './faults.ts'

/** Runs verbs in this process, by the steps that it was given. `onBroke` hears of errors that nobody foresaw. */
export function verbRunner(steps: Steps, onBroke: (where: string, error: unknown) => void): VerbRunner {
  return {
    run: async (task, options) => {
      options.signal.throwIfAborted()
      try {
        const result = await runVerb(steps.get(task.row.id), task, { ...task, ...options })
        return { kind: 'ended', ...result }
      } catch (error) {
        if (options.signal.aborted && isStop(error, options.signal)) throw options.signal.reason
        return faulted(task, error, onBroke)
      }
    },
  }
}

function faulted(task: VerbTask, error: unknown, onBroke: (where: string, error: unknown) => void): VerbOutcome {
  const { verb, row } = task
  // Of several failures the first is the cause.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  let failure = first
  if (!(first instanceof Fault)) {
    onBroke(`${row.id} ${verb}`, error)
    const name = first instanceof Error ? first.name : typeof first
    failure = fault('ENGINE_STEP_BROKE', { row: row.id, verb, error: name }, error)
  }
  const data = faultDataOf(failure)
  if (data === null) throw new Error('bug: a fault without data', { cause: error })
  return { kind: 'faulted', verb, fault: data }
}

async function runVerb(step: Step | undefined, task: VerbTask, context: StepContext): Promise<VerbResult> {
  const { verb, row } = task
  if (step === undefined) throw fault('ENGINE_STEP_UNKNOWN', { row: row.id, verb })
  switch (verb) {
    case 'check':
      return { verb, result: await step.check(context) }
    case 'explain':
      return { verb, result: await step.explain(context) }
    case 'apply':
      return { verb, result: await step.apply(context) }
    case 'confirm':
      return { verb, result: await step.confirm(context) }
    case 'undo':
      if (step.undo === undefined) throw fault('ENGINE_STEP_UNKNOWN', { row: row.id, verb })
      return { verb, result: await step.undo(context) }
    default:
      return never(verb)
  }
}

/** Whether the verb ended because it was told to: many libraries throw an error of their own for an abort. */
function isStop(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || error instanceof Stop) return true
  return error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason)
}
