import type { FaultData } from '../model/fault-data.ts'
import type { Progress } from '../model/progress.ts'
import type { ApplyResult, CheckResult, ConfirmResult, Explanation, StepContext, UndoResult, Verb } from './step.ts'

/** One verb of one row to be run, as JSON. */
export type VerbTask = Omit<StepContext, 'signal' | 'onProgress'> & { readonly verb: Verb }

export type VerbResult =
  | { readonly verb: 'check'; readonly result: CheckResult }
  | { readonly verb: 'explain'; readonly result: Explanation }
  | { readonly verb: 'apply'; readonly result: ApplyResult }
  | { readonly verb: 'confirm'; readonly result: ConfirmResult }
  | { readonly verb: 'undo'; readonly result: UndoResult }

/** How a verb ended, as JSON. A verb that was stopped has not ended: `run` throws the `Stop`. */
export type VerbOutcome =
  | ({ readonly kind: 'ended' } & VerbResult)
  | { readonly kind: 'faulted'; readonly verb: Verb; readonly fault: FaultData }

/** Runs a verb where its step is: in this process, or on a party's own machine. */
export interface VerbRunner {
  /** Never throws a fault: it is part of the outcome. Abort: as the step does, then throws the signal's reason. */
  run(
    task: VerbTask,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
  ): Promise<VerbOutcome>
}
