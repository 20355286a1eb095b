import type { Step } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { declaresHistory } from './declaration.ts'
import { reportedRelease } from './hops.ts'
import { placeOf } from './places.ts'
import { stopThreescale } from './scale-down.ts'
import { isSchemaBack } from './schema-back.ts'
import {
  confirmRunning,
  forgetHooks,
  routesAdmitted,
  startThreescale,
  tenantHosts,
  whyNotRunning,
} from './start-threescale.ts'
import type { Tools } from './tools.ts'
import { readWorkloads } from './workloads.ts'

/** Step 9: the copy of 3scale starts on the converted database, with its mail going nowhere. */
export function scaleUpOnMigration(tools: Tools): Step {
  return {
    async check(context) {
      const why = await whyNotRunning(await placeOf(tools, context, 'migration'))
      return why === null
        ? { kind: 'done', says: 'it runs', facts: declaresHistory(context) }
        : { kind: 'needed', says: why }
    },

    async explain(context) {
      const stopped = (await readWorkloads(await placeOf(tools, context, 'migration'))).filter(
        ({ saved }) => saved !== null,
      )
      return {
        summary: `${stopped.length} workloads on the migration cluster start; routes are made anew.`,
        diff: stopped.map(({ name, saved }) => ({ what: `replicas of ${name}`, before: '0', after: String(saved) })),
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'migration')
      if (await isSchemaBack(tools)) await forgetHooks(at, await reportedRelease(at), tools.clock)
      const started = await startThreescale(at)
      await routesAdmitted(at, await tenantHosts(tools, context, workingDatabase(context.migration)))
      return { says: `${started.length} workloads run`, facts: {} }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'migration')
      return confirmRunning(tools, context, at, workingDatabase(context.migration))
    },

    async undo(context) {
      const { says } = await stopThreescale(tools, 'migration').apply(context)
      return { says }
    },
  }
}
