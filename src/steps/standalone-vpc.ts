import { z } from 'zod'
import { clusterKind } from '../model/cluster-object.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { makingOf, removeMade } from './making.ts'
import { measure } from './measure.ts'
import type { Tools } from './tools.ts'

const networks = clusterKind(
  { apiVersion: 'config.openshift.io/v1', kind: 'Network', plural: 'networks', namespaced: false },
  {
    status: z
      .object({
        clusterNetwork: z.array(z.object({ cidr: z.string() })).default([]),
        serviceNetwork: z.array(z.string()).default([]),
      })
      .prefault({}),
  },
)

/** Small and out of the way of what clusters usually have; what is taken is checked before anything is made. */
const cidr = '10.2.0.0/26'
const elsewhere = 'no cloud account is set: the databases are reached by the network that is there'

export const networkFacts = z.object({
  securityGroupId: z.string(),
  databaseSubnetGroup: z.string(),
  cacheSubnetGroup: z.string(),
  peeringId: z.string(),
  routeTables: z.number().int(),
})

/** Prerequisite 4: a network of its own for the databases in between, peered with the cluster's. */
export function standaloneVpc(tools: Tools): Step {
  return {
    async check({ migration }) {
      if (migration.migrationCluster.aws === undefined) return { kind: 'done', says: elsewhere, facts: {} }
      return { kind: 'needed', says: 'each part of it is made unless it is there' }
    },

    explain: async ({ migration }) => ({
      summary: `A network ${cidr} in ${migration.migrationCluster.aws?.region ?? 'no region'}, peered with that of the migration cluster.`,
      diff: [{ what: 'network', before: null, after: `threeshift-${migration.name}` }],
    }),

    async apply(context) {
      const state = await ensure(tools, context)
      return {
        says: `network ${state.networkId}, peering ${state.peeringId}`,
        facts: networkFacts.parse({ ...state, routeTables: state.routeTables.length }),
      }
    },

    async confirm(context) {
      if (context.migration.migrationCluster.aws === undefined) return { says: elsewhere, measured: [], facts: {} }
      const state = await ensure(tools, context)
      return {
        says: `peering ${state.peeringId} with ${state.clusterNetworkId}`,
        measured: [
          measure('subnets', 2, state.subnets.length),
          measure('zones of the subnets', 2, new Set(state.subnets.map(({ zone }) => zone)).size),
        ],
        facts: {},
      }
    },

    async undo(context) {
      return { says: `${await removeMade(tools, context, 'migration')} parts of the network are gone` }
    },
  }
}

/** Makes what is missing; where everything is there it only looks. */
async function ensure(tools: Tools, context: StepContext) {
  const { migration, signal } = context
  const cluster = await tools.cluster('migration', signal)
  const found = await cluster.get(networks, { name: 'cluster' }, { signal })
  const cloud = await tools.cloud('migration', signal)
  const goal = {
    name: `threeshift-${migration.name}`,
    cidr,
    clusterInfrastructure: cluster.identity.name,
    alsoTaken: [
      ...(found?.status.clusterNetwork.map((network) => network.cidr) ?? []),
      ...(found?.status.serviceNetwork ?? []),
    ],
  }
  return cloud.networks.ensure(goal, makingOf(tools, context, 'the network of the databases in between', 'remove'), {
    signal,
  })
}
