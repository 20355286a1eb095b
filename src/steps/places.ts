import { never } from '../base/never.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { Migration } from '../model/migration.ts'
import type { Cluster } from '../ports/cluster.ts'
import type { StepContext } from '../ports/step.ts'
import { fault } from './faults.ts'
import type { ClusterPlace, Tools } from './tools.ts'

/** One 3scale: which cluster, which namespace, below which domain. */
export interface ThreescalePlace {
  readonly place: ClusterPlace
  readonly cluster: Cluster
  /** Of the APIManager and its workloads. */
  readonly namespace: string
  /** Of the 3scale operator. */
  readonly operatorNamespace: string
  readonly domain: string
  readonly signal: AbortSignal
}

/** Namespaces of RHOAM, all with its prefix. */
export function rhoamNamespaces(migration: Migration) {
  const prefix = migration.destination.namespacePrefix
  return {
    operator: `${prefix}-operator`,
    threescale: `${prefix}-3scale`,
    threescaleOperator: `${prefix}-3scale-operator`,
    sso: `${prefix}-rhsso`,
  }
}

/** Below which a 3scale at this place serves its hosts. */
export function domainOf(migration: Migration, place: ClusterPlace): string {
  switch (place) {
    case 'source':
      return migration.source.wildcardDomain
    case 'migration':
      return migration.migrationCluster.wildcardDomain
    case 'destination':
      return migration.destination.customDomain ?? migration.destination.wildcardDomain
    default:
      return never(place)
  }
}

/** Connects to the cluster of a place. Faults: STEP_NO_ACCESS, OPENSHIFT_*. */
export async function placeOf(
  tools: Tools,
  context: Pick<StepContext, 'migration' | 'signal'>,
  place: ClusterPlace,
): Promise<ThreescalePlace> {
  const { migration, signal } = context
  const rhoam = rhoamNamespaces(migration)
  const namespace = {
    source: migration.source.namespace,
    migration: migration.migrationCluster.namespace,
    destination: rhoam.threescale,
  }[place]
  return {
    place,
    cluster: await tools.cluster(place, signal),
    namespace,
    operatorNamespace: place === 'destination' ? rhoam.threescaleOperator : namespace,
    domain: domainOf(migration, place),
    signal,
  }
}

/** The one APIManager of a place. Faults: STEP_NO_THREESCALE. */
export async function apiManagerOf(at: ThreescalePlace) {
  const found = await findApiManager(at)
  if (found === null) throw fault('STEP_NO_THREESCALE', { place: at.place, namespace: at.namespace })
  return found
}

/** Null: there is none. Faults: STEP_NO_THREESCALE, when there are several. */
export async function findApiManager({ cluster, place, namespace, signal }: ThreescalePlace) {
  const found = []
  for await (const page of cluster.list(clusterKinds.apiManagers, { namespace }, { signal })) found.push(...page)
  const [only, other] = found
  if (other !== undefined) throw fault('STEP_NO_THREESCALE', { place, namespace })
  return only ?? null
}
