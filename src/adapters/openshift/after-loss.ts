import { fault } from './faults.ts'

/** When what would tell whether a change was made fails in turn, then that is what is not known. */
export async function afterLoss<Result>(
  lost: boolean,
  doing: string,
  signal: AbortSignal,
  look: () => Promise<Result>,
): Promise<Result> {
  try {
    return await look()
  } catch (cause) {
    signal.throwIfAborted()
    if (!lost) throw cause
    throw fault(
      'OPENSHIFT_OUTCOME_UNKNOWN',
      { doing, reason: 'the answer was lost, and the object cannot be read' },
      cause,
    )
  }
}
