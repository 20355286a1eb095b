import type { CheckResult, Step, StepContext } from '../ports/step.ts'
import { fault } from './faults.ts'
import { measureNone } from './measure.ts'

/** What a person does outside our reach, and how we see that it is done. */
export interface ByHand {
  /** What is to be done, for whoever does it: one sentence, an order. */
  readonly order: (context: StepContext) => string
  /** How it is taken back, an order too: that is a person's work as well. */
  readonly back: string
  /** Why it is not done yet, or null. Changes nothing. */
  readonly whyNot: (context: StepContext) => Promise<string | null>
}

/** A row whose work is a person's: we say what, and believe what we can see. */
export function byHand({ order, back, whyNot }: ByHand): Required<Step> {
  return {
    async check(context): Promise<CheckResult> {
      const why = await whyNot(context)
      return why === null ? { kind: 'done', says: 'it is done', facts: {} } : { kind: 'needed', says: why }
    },
    explain: async (context) => ({ summary: order(context), diff: [] }),
    async apply(context) {
      const why = await whyNot(context)
      if (why !== null) throw fault('STEP_BY_HAND', { why, order: order(context) })
      return { says: 'it is done', facts: {} }
    },
    undo: async () => ({ says: `to be taken back by hand: ${back}` }),
    async confirm(context) {
      const why = await whyNot(context)
      return {
        says: 'it was looked at',
        measured: [measureNone('what is missing', why === null ? [] : [why])],
        facts: {},
      }
    },
  }
}
