import type { Step, StepContext } from '../ports/step.ts'
import { tenantsOf } from './destination-tenants.ts'
import { measure, measureNone } from './measure.ts'
import { domainOf, placeOf } from './places.ts'
import type { Tools } from './tools.ts'
import { frontWorkloads, readWorkloads } from './workloads.ts'

/** The page that answers whoever asks, logged in or not. */
const loginPage = '/p/login'

/** Step 25: the customer points systems to the new hosts. What we can do is look whether they answer, and the old ones do not. */
export function newRoutes(tools: Tools): Step {
  return {
    check: async () => ({ kind: 'needed', says: 'only the customer knows which systems there are' }),

    async explain(context) {
      const { migration } = context
      const hosts = await adminHosts(tools, context)
      const [before, after] = [domainOf(migration, 'source'), domainOf(migration, 'destination')]
      return {
        summary: `Point DNS, gateways and clients to ${after}. From here on the way back loses what is written at the destination.`,
        diff: hosts.map((host) => ({ what: 'admin portal', before: host.replace(after, before), after: host })),
      }
    },

    apply: async () => ({ says: 'the customer has pointed systems to the new hosts', facts: {} }),

    async confirm(context) {
      const hosts = await adminHosts(tools, context)
      const silent: string[] = []
      for (const host of hosts) {
        const { status } = await tools.threescale.status(tools.portal('destination', host), loginPage, {
          signal: context.signal,
        })
        if (status >= 400) silent.push(host)
      }
      const source = await readWorkloads(await placeOf(tools, context, 'source'))
      const answering = source.filter(({ name, wanted }) => frontWorkloads.includes(name) && wanted > 0)
      return {
        says: `${hosts.length} hosts were asked at the destination`,
        measured: [
          measureNone('new hosts that do not answer', silent),
          measure('workloads of the source that take requests', 0, answering.length),
        ],
        facts: {},
      }
    },
  }
}

async function adminHosts(tools: Tools, context: StepContext): Promise<readonly string[]> {
  const tenants = await tenantsOf(await placeOf(tools, context, 'destination'))
  return tenants.filter(({ state }) => state === 'approved').map(({ adminHost }) => adminHost)
}
