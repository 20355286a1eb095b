import type { ConfirmResult, Step, StepContext } from '../ports/step.ts'
import { differencesBetween } from './baseline.ts'
import { compareAnswers } from './confirm-3scale.ts'
import { withDeclaredChanges } from './declared-changes.ts'
import { measure, measureNone } from './measure.ts'
import { redisDump } from './redis-dump.ts'
import { compareCounters, redisMove } from './restore-redis.ts'
import type { Tools } from './tools.ts'

/** Step 24: everything that was proven on the way is proven once more where the customer will use it. */
export function verify(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'the comparison is made anew each time' }),
    explain: async () => ({ summary: 'Data, counters and answers are compared. Nothing is changed.', diff: [] }),
    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),

    async confirm(context) {
      const { before, after } = await compareAnswers(tools, context)
      const { expected, notCompared } = await withDeclaredChanges(tools, context, { before, after })
      const unasked = `${before.unasked.length} tenants without a usable token`
      const counters = await countersOf(tools, context)
      return {
        says: `${after.tenants.length} tenants asked; ${counters.says}. Not compared: ${[unasked, ...notCompared].join(', ')}`,
        measured: [
          measure('tenants that answer', before.tenants.length, after.tenants.length),
          measureNone('answers that differ', differencesBetween(expected, after), 20),
          ...counters.measured,
        ],
        facts: {},
      }
    },
  }
}

/** Where RHOAM's Redis is reached from its cluster only, 3scale's own answers are all that there is to compare. */
async function countersOf(tools: Tools, context: StepContext): Promise<Pick<ConfirmResult, 'says' | 'measured'>> {
  if (context.migration.destination.redis.restoredBy === 'snapshot')
    return { says: "counters compared by 3scale's statistics, and not key by key", measured: [] }
  return compareCounters(tools, await redisMove(tools, context, await redisDump(tools, context)))
}
