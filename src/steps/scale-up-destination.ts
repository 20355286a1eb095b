import { rakeTasks } from '../threescale/pod-commands.ts'
import { workloadsOf } from '../threescale/workloads.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { declaresHistory } from './declaration.ts'
import { placeOf } from './places.ts'
import { rake } from './pods.ts'
import { stopThreescale } from './scale-down.ts'
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

/** Step 16: 3scale starts at the destination on the customer's data, with search index and backend's keys made anew. */
export function scaleUpDestination(tools: Tools): Step {
  return {
    async check(context) {
      const why = await whyNotRunning(await placeOf(tools, context, 'destination'))
      return why === null
        ? { kind: 'done', says: 'it runs', facts: declaresHistory(context) }
        : { kind: 'needed', says: why }
    },

    async explain(context) {
      const stopped = (await readWorkloads(await placeOf(tools, context, 'destination'))).filter(
        ({ saved }) => saved !== null,
      )
      return {
        summary: `${stopped.length} workloads at the destination start on the customer's data; it begins to answer.`,
        diff: stopped.map(({ name, saved }) => ({ what: `replicas of ${name}`, before: '0', after: String(saved) })),
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      await forgetHooks(at, context.migration.destination.threescaleRelease, tools.clock)
      const started = await startThreescale(at)
      const admitted = await routesAdmitted(at, await tenantHosts(tools, context, database(context)))
      // The keys of services, tokens and applications were left behind: they are made of the database, under its names.
      await rake(at, rakeTasks.rewrite)
      for (const command of indexCommands(context)) await rake(at, command)
      return { says: `${started.length} workloads run, ${admitted.length} routes`, facts: { routes: admitted } }
    },

    confirm: async (context) =>
      confirmRunning(tools, context, await placeOf(tools, context, 'destination'), database(context)),

    async undo(context) {
      const { says } = await stopThreescale(tools, 'destination').apply(context)
      return { says }
    },
  }
}

function database({ migration }: StepContext): string {
  return migration.destination.database
}

/** Tasks that make a search index again of the database. */
function indexCommands({ migration }: StepContext): readonly string[] {
  return workloadsOf(migration.destination.threescaleRelease).flatMap(({ name, rebuiltBy }) =>
    name === 'system-searchd' && rebuiltBy?.kind === 'command'
      ? [rebuiltBy.command.replace('bundle exec rake ', '')]
      : [],
  )
}
