import { z } from 'zod'
import { Fault } from '../base/fault.ts'

/** A fault as it is stored and sent: what a person needs of it, without its cause. Holds no secret and no customer's row. */
export const faultDataSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  exit: z.union([z.literal(2), z.literal(3), z.literal(4), z.literal(5), z.literal(64)]),
  retry: z.enum(['never', 'same-input', 'after-remedy']),
})
export type FaultData = Readonly<z.output<typeof faultDataSchema>>

/** Null for anything but a `Fault`: a bug or a `Stop`. */
export function faultDataOf(error: unknown): FaultData | null {
  if (!(error instanceof Fault)) return null
  const { code, message, remedy, exit, retry } = error
  // A fault is a failure: no catalogue gives one the exit code 0.
  if (exit === 0) throw new Error(`bug: fault ${code} has exit code 0`, { cause: error })
  return { code, message, remedy, exit, retry }
}
