import type { Step } from '../ports/step.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf } from './places.ts'
import type { Tools } from './tools.ts'
import { readWorkloads } from './workloads.ts'

/**
 * Prerequisite 14: until the last row the source is only read and stopped, so the way back is to start it again. What is
 * measured is that it can be: everything that would be stopped is there, and runs now.
 */
export function rollbackReady(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'whether to go is agreed anew for each migration' }),
    explain: async ({ migration }) => ({
      summary: `Until systems point to the new hosts, the way back is: threeshift rollback. It starts 3scale in ${migration.source.namespace} again, whose data is unchanged. Lower the lifetimes of its DNS records now.`,
      diff: [],
    }),
    apply: async () => ({ says: 'the way back is agreed', facts: {} }),
    async confirm(context) {
      const workloads = await readWorkloads(await placeOf(tools, context, 'source'))
      return {
        says: `${workloads.length} workloads run at the source`,
        measured: [
          measure('the source runs 3scale', true, workloads.length > 0),
          measureNone(
            'workloads of the source that are not ready',
            workloads.filter(({ wanted, ready }) => ready < wanted).map(({ name }) => name),
          ),
        ],
        facts: {},
      }
    },
  }
}
