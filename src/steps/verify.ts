import { join } from 'node:path'
import type { Step } from '../ports/step.ts'
import { differencesBetween } from './baseline.ts'
import { compareAnswers } from './confirm-3scale.ts'
import { withDeclaredChanges } from './declared-changes.ts'
import { dumpFiles } from './dump.ts'
import { measure, measureNone } from './measure.ts'
import type { Tools } from './tools.ts'
import { compareCounters, redisMove } from './restore-redis.ts'

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
      // The customer's own copy of the dump.
      const move = await redisMove(tools, context, join(tools.folder, dumpFiles.redis))
      const counters = await compareCounters(tools, move)
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
