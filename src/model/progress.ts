import { z } from 'zod'

/**
 * How far something is. Terminal, log and console render the same record.
 *
 * `total` is 0 while nobody knows it; `exact` is false when it is an estimate. `at` is in milliseconds since 1970.
 */
export const progressSchema = z.strictObject({
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
  /** Such as `rows`, `bytes`, `pods`. */
  unit: z.string().max(40),
  exact: z.boolean(),
  at: z.number().int(),
})
export type Progress = Readonly<z.output<typeof progressSchema>>
