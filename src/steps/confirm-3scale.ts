import type { Step, StepContext } from '../ports/step.ts'
import { askAll, differencesBetween } from './baseline.ts'
import { tenantsOf } from './destination-tenants.ts'
import { factsOf } from './facts.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf } from './places.ts'
import { quiesceFacts } from './quiesce.ts'
import type { Tools } from './tools.ts'

/** RHOAM's APIManager has no tenantName of its own. */
const backendLabel = 'backend-3scale'

/** Step 18: the calls that were made at the source are made at the destination, and every answer is compared. */
export function confirmThreescale(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'the calls are made anew each time' }),

    async explain(context) {
      const { answers } = factsOf(context, 'quiesce', quiesceFacts)
      return { summary: `Calls to ${answers.tenants.length} tenants are repeated. Nothing is changed.`, diff: [] }
    },

    apply: async () => ({ says: 'nothing is to be changed', facts: {} }),

    async confirm(context) {
      const { before, after, differences } = await compareAnswers(tools, context)
      return {
        says: `${after.tenants.length} tenants asked, ${before.unasked.length} could not be asked at the source`,
        measured: [
          measure('tenants that answer', before.tenants.length, after.tenants.length),
          measureNone('answers that differ', differences, 20),
        ],
        facts: {},
      }
    },
  }
}

/** Asks the destination what the source was asked, for the same months. */
export async function compareAnswers(tools: Tools, context: StepContext) {
  const { answers: before } = factsOf(context, 'quiesce', quiesceFacts)
  const at = await placeOf(tools, context, 'destination')
  const asked = new Set(before.tenants.map(({ tenant }) => tenant))
  const tenants = await tenantsOf(at)
  const after = await askAll(
    tenants.filter(({ id }) => asked.has(id)),
    {
      tools,
      at,
      askedAt: before.askedAt,
      backendLabel,
      onTenant: (done, total) =>
        context.onProgress({ done, total, unit: 'tenants asked', exact: true, at: tools.clock.now() }),
    },
  )
  return { before, after, differences: differencesBetween(before, after) }
}
