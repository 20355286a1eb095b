import { z } from 'zod'
import type { EpochMs } from '../base/clock.ts'
import { dumpFormats } from '../ports/dump.ts'

/** A `DumpReceipt` as a row leaves it behind for later ones. */
export const dumpReceiptSchema = z.object({
  format: z.enum(dumpFormats),
  database: z.string(),
  // Branding is the one thing that a cast is for.
  takenAtMs: z
    .number()
    .int()
    .transform((at) => at as EpochMs),
  bytes: z.number().int(),
  sha256: z.string(),
  program: z.string(),
})
