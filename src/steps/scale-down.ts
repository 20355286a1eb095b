import type { Step, StepContext } from '../ports/step.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, type ThreescalePlace } from './places.ts'
import { isSchemaBack } from './schema-back.ts'
import type { ClusterPlace, Tools } from './tools.ts'
import { operatorPods, operatorRef, podsLeft, readWorkloads, scaleDeployment, scaleDown, scaleUp } from './workloads.ts'

/** Everything of 3scale at one place is stopped, its operator first. */
export function stopThreescale(tools: Tools, place: ClusterPlace): Required<Step> {
  const at = (context: StepContext) => placeOf(tools, context, place)
  return {
    async check(context) {
      const left = await runningAt(await at(context))
      if (left.length > 0) return { kind: 'needed', says: `${left.length} pods run` }
      return { kind: 'done', says: 'nothing of 3scale runs', facts: {} }
    },

    async explain(context) {
      const running = (await readWorkloads(await at(context))).filter(({ wanted }) => wanted > 0)
      return {
        summary: `${running.length} workloads of 3scale on the ${place} cluster and their operator go to zero.`,
        diff: running.map(({ name, wanted }) => ({ what: `replicas of ${name}`, before: String(wanted), after: '0' })),
      }
    },

    async apply(context) {
      const threescale = await at(context)
      await scaleDeployment(threescale, operatorRef(threescale), 0)
      const stopped = await scaleDown(threescale)
      return { says: `${stopped.length} workloads and the operator are stopped`, facts: {} }
    },

    async confirm(context) {
      const threescale = await at(context)
      return {
        says: 'pods were counted',
        measured: [
          measureNone('pods of 3scale', await podsLeft(threescale)),
          measure('pods of its operator', 0, await operatorPods(threescale)),
        ],
        facts: {},
      }
    },

    async undo(context) {
      if (place === 'migration' && (await isSchemaBack(tools)))
        return { says: 'it stays stopped: its operator is of a later release than its database' }
      const threescale = await at(context)
      await scaleDeployment(threescale, operatorRef(threescale), 1)
      const started = await scaleUp(threescale)
      return { says: `${started.length} workloads and the operator run again` }
    },
  }
}

async function runningAt(at: ThreescalePlace): Promise<readonly string[]> {
  const left = await podsLeft(at)
  return (await operatorPods(at)) === 0 ? left : [...left, 'the operator']
}
