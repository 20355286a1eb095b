import type { z } from 'zod'
import type { RowId } from '../model/row-id.ts'
import type { StepContext } from '../ports/step.ts'
import { fault } from './faults.ts'

/** What an earlier row left behind, decoded. Faults: STEP_FACT_MISSING. */
export function factsOf<Facts>(context: StepContext, row: RowId, schema: z.ZodType<Facts>): Facts {
  const found = schema.safeParse(context.facts[row])
  if (!found.success) throw fault('STEP_FACT_MISSING', { row: context.row.id, needs: row }, found.error)
  return found.data
}

/** The same; null when the row has left nothing of that form, as one that the plan dropped. */
export function factsIfAny<Facts>(context: StepContext, row: RowId, schema: z.ZodType<Facts>): Facts | null {
  return schema.safeParse(context.facts[row]).data ?? null
}
