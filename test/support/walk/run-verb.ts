import type {
  ApplyResult,
  CheckResult,
  ConfirmResult,
  Explanation,
  Step,
  StepContext,
  UndoResult,
  Verb,
} from '../../../src/ports/step.ts'

export interface VerbResults {
  readonly check: CheckResult
  readonly explain: Explanation
  readonly apply: ApplyResult
  readonly confirm: ConfirmResult
  readonly undo: UndoResult
}

const { signal } = new AbortController()

/** One verb of a step, as the engine calls it. */
export async function runVerb<Name extends Verb>(
  step: Step,
  verb: Name,
  about: Pick<StepContext, 'migration' | 'row' | 'facts'>,
): Promise<VerbResults[Name]> {
  const context: StepContext = { ...about, generation: 1, fence: 1, signal, onProgress: () => undefined }
  const run = step[verb]
  if (run === undefined) throw new Error(`${about.row.id} has no ${verb}`)
  // The verb's name says which of the five results it is.
  return (await run(context)) as VerbResults[Name]
}
