import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import { clusterKind } from '../model/cluster-object.ts'
import type { ClusterValue } from '../ports/cluster.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { versionAnnotations } from '../threescale/hops.ts'
import { needsOwnDatabases } from '../threescale/releases.ts'
import { fileStorageKeys } from '../threescale/secrets.ts'
import { deadlineMs } from './deadlines.ts'
import { installed, subscribe } from './hops.ts'
import { makingOf } from './making.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, type ThreescalePlace } from './places.ts'
import { forgetSchemaBack } from './schema-back.ts'
import { whyNotRunning } from './start-threescale.ts'
import type { Tools } from './tools.ts'
import { operatorPods } from './workloads.ts'

const operatorGroups = clusterKind(
  { apiVersion: 'operators.coreos.com/v1', kind: 'OperatorGroup', plural: 'operatorgroups', namespaced: true },
  { spec: z.object({ targetNamespaces: z.array(z.string()).default([]) }).prefault({}) },
)
const apiManagerName = '3scale'
/** File storage that nothing is ever written to: the copy of 3scale serves nobody. */
const storageSecret = 'aws-auth'

/**
 * Prerequisite 3: a 3scale of the source's release on the migration cluster, with databases of its own for now. A release that
 * starts only with databases outside its operator gets the operator here, and its APIManager with them, in step 8.
 */
export function migrationClusterReady(tools: Tools): Step {
  return {
    async check(context) {
      const why = await whyNotReady(await placeOf(tools, context, 'migration'), context)
      return why === null ? { kind: 'done', says: '3scale is ready', facts: {} } : { kind: 'needed', says: why }
    },

    async explain({ migration }) {
      const { namespace, wildcardDomain } = migration.migrationCluster
      return {
        summary: `3scale ${migration.source.release} is installed in namespace ${namespace} of the migration cluster.`,
        diff: [
          { what: 'namespace', before: null, after: namespace },
          { what: 'operator', before: null, after: channelOf({ migration }) },
          {
            what: 'APIManager',
            before: null,
            after: needsOwnDatabases(migration.source.release)
              ? 'in step plug-in, with its databases'
              : `${apiManagerName}, below ${wildcardDomain}`,
          },
        ],
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'migration')
      await makeNamespace(tools, context, at)
      await makeOperatorGroup(at)
      const channel = channelOf(context)
      await subscribe(at, channel)
      await installed(at, channel, tools.clock)
      const { release } = context.migration.source
      if (needsOwnDatabases(release)) return { says: `the operator of 3scale ${release} runs`, facts: {} }
      await makeApiManager(at, context)
      await ready(at, context)
      return { says: `3scale ${release} is ready`, facts: {} }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'migration')
      const why = await whyNotReady(at, context)
      const { release } = context.migration.source
      const reported = needsOwnDatabases(release)
        ? []
        : [measure('release that the APIManager reports', release, await reportedBy(at))]
      return {
        says: 'the operator was asked, and what it has made',
        measured: [measureNone('what is not ready', why === null ? [] : [why]), ...reported],
        facts: {},
      }
    },

    async undo(context) {
      const at = await placeOf(tools, context, 'migration')
      const options = { signal: at.signal, deadlineMs: deadlineMs.removal }
      // By the name in the ledger: never a namespace that was there before.
      if (!(await isOurs(tools, at)))
        return { says: `namespace ${at.namespace} was not made by this migration and stays` }
      await at.cluster.remove(clusterKinds.namespaces, { name: at.namespace }, options)
      await tools.ledger.markGone(namespaceThing(at))
      await forgetSchemaBack(tools)
      return { says: `namespace ${at.namespace} and everything in it is deleted` }
    },
  }
}

async function reportedBy(at: ThreescalePlace): Promise<string> {
  const manager = await at.cluster.get(clusterKinds.apiManagers, ref(at), { signal: at.signal })
  const found = manager?.metadata.annotations[versionAnnotations.threescale] ?? 'none'
  return found.split('.').slice(0, 2).join('.')
}

function channelOf({ migration }: Pick<StepContext, 'migration'>): string {
  return `threescale-${migration.source.release}`
}

function ref({ namespace }: ThreescalePlace) {
  return { namespace, name: apiManagerName }
}

function namespaceThing({ cluster, namespace }: ThreescalePlace) {
  return { kind: 'namespace', place: `cluster:${cluster.identity.name}/${namespace}`, name: namespace }
}

/** Whether the ledger says that this migration has made the namespace, or was about to. */
async function isOurs(tools: Tools, at: ThreescalePlace): Promise<boolean> {
  const { kind, place, name } = namespaceThing(at)
  return (await tools.ledger.list()).some(
    ({ thing, state }) => thing.kind === kind && thing.place === place && thing.name === name && state !== 'gone',
  )
}

async function makeNamespace(tools: Tools, context: StepContext, at: ThreescalePlace): Promise<void> {
  const { cluster, namespace, signal } = at
  const thing = namespaceThing(at)
  if ((await cluster.get(clusterKinds.namespaces, { name: namespace }, { signal })) !== null) {
    // Made by a try that died before it could say so.
    if (await isOurs(tools, at)) await tools.ledger.confirm(thing, null)
    return
  }
  await tools.ledger.intend(thing, makingOf(tools, context, 'the copy of 3scale that is upgraded', 'remove'))
  await cluster.apply(clusterKinds.namespaces, { metadata: { name: namespace }, fields: {} }, { signal })
  await tools.ledger.confirm(thing, null)
}

/** A second one in the namespace makes every version of the operator fail. */
async function makeOperatorGroup({ cluster, namespace, signal }: ThreescalePlace): Promise<void> {
  for await (const page of cluster.list(operatorGroups, { namespace }, { signal })) if (page.length > 0) return
  const fields = { spec: { targetNamespaces: [namespace] } }
  await cluster.apply(operatorGroups, { metadata: { namespace, name: 'threeshift' }, fields }, { signal })
}

/** `more`: of its specification. */
export async function makeApiManager(
  { cluster, namespace, signal }: ThreescalePlace,
  { migration }: StepContext,
  more: { readonly [field: string]: ClusterValue } = {},
): Promise<void> {
  const keys = fileStorageKeys.slice(0, 4)
  const data = Object.fromEntries(keys.map((key) => [key, new Secret(Buffer.from('none').toString('base64'))]))
  await cluster.apply(
    clusterKinds.secrets,
    { metadata: { namespace, name: storageSecret }, fields: { data } },
    { signal },
  )
  const spec = {
    wildcardDomain: migration.migrationCluster.wildcardDomain,
    resourceRequirementsEnabled: false,
    system: { fileStorage: { simpleStorageService: { configurationSecretRef: { name: storageSecret } } } },
    ...more,
  }
  await cluster.apply(
    clusterKinds.apiManagers,
    { metadata: { namespace, name: apiManagerName }, fields: { spec } },
    { signal },
  )
}

async function ready(at: ThreescalePlace, { migration }: StepContext): Promise<void> {
  const { cluster, signal } = at
  await cluster.until(
    clusterKinds.apiManagers,
    ref(at),
    (found) =>
      found.some(
        ({ metadata, status: { deployments } }) =>
          (metadata.annotations[versionAnnotations.threescale] ?? '').startsWith(migration.source.release) &&
          deployments.ready.length > 0 &&
          deployments.starting.length === 0 &&
          deployments.stopped.length === 0,
      ),
    { signal, deadlineMs: deadlineMs.hop, what: `3scale ${migration.source.release} in ${at.namespace}` },
  )
}

async function whyNotReady(at: ThreescalePlace, { migration }: StepContext): Promise<string | null> {
  if (!(await at.cluster.serves(clusterKinds.apiManagers, { signal: at.signal })))
    return 'its operator is not installed'
  if (needsOwnDatabases(migration.source.release))
    return (await operatorPods(at)) > 0 ? null : 'its operator does not run'
  const manager = await at.cluster.get(clusterKinds.apiManagers, ref(at), { signal: at.signal })
  if (manager === null) return 'there is no APIManager'
  const version = manager.metadata.annotations[versionAnnotations.threescale] ?? ''
  if (!version.startsWith(migration.source.release)) return `the APIManager reports ${version || 'no version'}`
  return whyNotRunning(at)
}
