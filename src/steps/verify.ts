import type { Step } from '../ports/step.ts'
import { compareAnswers } from './confirm-3scale.ts'
import { measure, measureNone } from './measure.ts'
import type { Tools } from './tools.ts'
import { restoreRedis } from './restore-redis.ts'

/** Step 24: everything that was proven on the way is proven once more where the customer will use it. */
export function verify(tools: Tools): Step {
  const redis = restoreRedis(tools)
  return {
    check: async () => ({ kind: 'needed', says: 'the comparison is made anew each time' }),
    explain: async () => ({ summary: 'Data, counters and answers are compared. Nothing is changed.', diff: [] }),
    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),

    async confirm(context) {
      const { before, after, differences } = await compareAnswers(tools, context)
      const counters = await redis.confirm(context)
      return {
        says: `${after.tenants.length} tenants asked; ${counters.says}. Not asked: ${before.unasked.length} tenants without a usable token`,
        measured: [
          measure('tenants that answer', before.tenants.length, after.tenants.length),
          measureNone('answers that differ', differences, 20),
          ...counters.measured,
        ],
        facts: {},
      }
    },
  }
}
