import { clusterKinds } from '../model/cluster-kinds.ts'
import type { ObjectRef } from '../model/cluster-object.ts'
import { type WorkloadName, workloads } from '../threescale/workloads.ts'
import type { Cluster, Waiting } from '../ports/cluster.ts'
import { deadlineMs } from './deadlines.ts'

/*
 * 3scale's workloads in one namespace, whatever the release: Deployments and DeploymentConfigs of the known names. How many
 * replicas each had is kept on the workload itself before it is touched: whoever dies in the middle has lost nothing.
 */

/** Replicas to go back to, on each workload that was scaled down. */
const savedAnnotation = 'threeshift.io/replicas'

/** The labels that pods of every release have. */
const podLabels = 'threescale_component'

/** The operator's Deployment, of every release. */
const operatorName = 'threescale-operator-controller-manager-v2'

export function operatorRef({ operatorNamespace }: { readonly operatorNamespace: string }): Required<ObjectRef> {
  return { namespace: operatorNamespace, name: operatorName }
}

/** How many pods the operator has; 0 also where there is no operator. */
export async function operatorPods(at: OperatorPlace): Promise<number> {
  return (await at.cluster.get(clusterKinds.deployments, operatorRef(at), { signal: at.signal }))?.status.replicas ?? 0
}

export interface RunningWorkload {
  readonly name: string
  readonly kind: 'Deployment' | 'DeploymentConfig'
  /** What is wanted and what is ready. */
  readonly wanted: number
  readonly ready: number
  /** What was wanted before it was scaled down; null when it was not. */
  readonly saved: number | null
}

/** What is stopped together, first to last: what takes requests, what works on jobs, what both use. */
const stopOrder: readonly (readonly WorkloadName[])[] = [
  ['apicast-production', 'apicast-staging', 'backend-listener', 'system-app'],
  ['system-sidekiq', 'backend-worker', 'backend-cron', 'zync', 'zync-que'],
  ['system-memcache', 'system-sphinx', 'system-searchd', 'zync-database'],
  ['backend-redis', 'system-redis', 'system-mysql', 'system-postgresql'],
]

/** What takes requests: without it there is no traffic, and nobody makes jobs. */
export const frontWorkloads: readonly string[] = stopOrder[0] ?? []
/** Databases that the operator bundles. */
export const bundledDatabases: readonly string[] = stopOrder[3] ?? []

const known = new Set<string>(workloads.map(({ name }) => name))

interface OperatorPlace extends Waiting {
  readonly cluster: Cluster
  readonly operatorNamespace: string
}

interface Place extends Waiting {
  readonly cluster: Cluster
  readonly namespace: string
}

const kindOf = { Deployment: clusterKinds.deployments, DeploymentConfig: clusterKinds.deploymentConfigs } as const

/** All of them that are there, by name. */
export async function readWorkloads(place: Place): Promise<readonly RunningWorkload[]> {
  const { cluster, namespace, signal } = place
  const found: RunningWorkload[] = []
  for (const kind of [clusterKinds.deployments, clusterKinds.deploymentConfigs]) {
    if (!(await cluster.serves(kind, { signal }))) continue
    for await (const page of cluster.list(kind, { namespace }, { signal })) {
      found.push(
        ...page
          .filter(({ metadata }) => known.has(metadata.name))
          .map(({ metadata, spec, status }) => ({
            name: metadata.name,
            kind: kind === clusterKinds.deployments ? ('Deployment' as const) : ('DeploymentConfig' as const),
            wanted: spec.replicas,
            ready: status.readyReplicas,
            saved: savedIn(metadata.annotations),
          })),
      )
    }
  }
  return found.sort((a, b) => a.name.localeCompare(b.name))
}

function savedIn(annotations: Readonly<Record<string, string>>): number | null {
  const saved = annotations[savedAnnotation]
  return saved === undefined ? null : Number(saved)
}

/**
 * Scales workloads to zero, in 3scale's own order, and waits until their pods are gone. A second call goes on where the
 * first ended. `only`: these and no others.
 */
export async function scaleDown(
  place: Place,
  only: (name: string) => boolean = () => true,
): Promise<readonly string[]> {
  const there = (await readWorkloads(place)).filter(({ name }) => only(name))
  for (const group of stopOrder) {
    const members = there.filter(({ name }) => group.some((member) => member === name))
    for (const workload of members) await stop(place, workload)
    if (members.length > 0) await podsGone(place, (name) => members.some((member) => member.name === name))
  }
  return there.map(({ name }) => name)
}

async function stop(place: Place, workload: RunningWorkload): Promise<void> {
  const { cluster, namespace, signal } = place
  const ref = { namespace, name: workload.name }
  const kind = kindOf[workload.kind]
  // Zero that was saved is zero that somebody wanted.
  if (workload.saved === null) await annotate(place, workload, String(workload.wanted))
  if (workload.wanted > 0) await cluster.scale(kind, ref, 0, { signal })
}

async function annotate(place: Place, workload: RunningWorkload, value: string | null): Promise<void> {
  const { cluster, namespace, signal } = place
  const body = { metadata: { annotations: { [savedAnnotation]: value } } }
  await cluster.patch(kindOf[workload.kind], { namespace, name: workload.name }, { kind: 'merge', body }, { signal })
}

/** Waits until no pod of these workloads is left. Pods are counted, because a status may be stale. */
export async function podsGone(place: Place, of: (workload: string) => boolean): Promise<void> {
  const { cluster, namespace, signal } = place
  await cluster.until(
    clusterKinds.pods,
    { namespace, labels: podLabels },
    (all) => !all.some((pod) => of(workloadOf(pod.metadata.labels))),
    {
      signal,
      deadlineMs: deadlineMs.podsGone,
      what: `the pods of 3scale in ${namespace} to be gone`,
      describe: (all) => all.map(({ metadata }) => metadata.name).join(', '),
    },
  )
}

/** Names of the pods that are left of workloads other than `except`. */
export async function podsLeft(place: Place, except: readonly string[] = []): Promise<readonly string[]> {
  const { cluster, namespace, signal } = place
  const left: string[] = []
  for await (const page of cluster.list(clusterKinds.pods, { namespace, labels: podLabels }, { signal })) {
    left.push(
      ...page
        .filter(({ metadata }) => !except.includes(workloadOf(metadata.labels)))
        .map(({ metadata }) => metadata.name),
    )
  }
  return left
}

/** `backend-worker` of a pod's labels; empty for one that is no workload of ours, such as a hook pod. */
function workloadOf(labels: Readonly<Record<string, string>>): string {
  const found = workloads.find(
    ({ component, element }) =>
      component === labels['threescale_component'] && element === labels['threescale_component_element'],
  )
  return found?.name ?? ''
}

/**
 * Scales workloads back to what they had and waits until as many are ready: the databases first, then all others at once, for
 * sidekiq and the search wait for system-app before they start, and whoever takes requests waits for nobody.
 */
export async function scaleUp(place: Place, only: (name: string) => boolean = () => true): Promise<readonly string[]> {
  const there = (await readWorkloads(place)).filter(({ name, saved }) => only(name) && saved !== null)
  for (const members of [there.filter(isDatabase), there.filter((workload) => !isDatabase(workload))]) {
    for (const workload of members) {
      const ref = { namespace: place.namespace, name: workload.name }
      await place.cluster.scale(kindOf[workload.kind], ref, workload.saved ?? 1, { signal: place.signal })
    }
    for (const workload of members) {
      await ready(place, workload)
      await annotate(place, workload, null)
    }
  }
  return there.map(({ name }) => name)
}

function isDatabase({ name }: RunningWorkload): boolean {
  return bundledDatabases.includes(name)
}

async function ready(place: Place, workload: RunningWorkload): Promise<void> {
  const { cluster, namespace, signal } = place
  const { name } = workload
  await cluster.until(
    kindOf[workload.kind],
    { namespace, name },
    (found) => found.some(({ spec, status }) => status.readyReplicas >= spec.replicas),
    {
      signal,
      deadlineMs: deadlineMs.podsReady,
      what: `${name} in ${namespace} to be ready`,
      describe: (found) => found.map(({ status }) => `${status.readyReplicas} of ${status.replicas} ready`).join(),
    },
  )
}

/** Scales one Deployment, such as an operator's, and waits until it has as many ready pods, or none at all. */
export async function scaleDeployment(
  place: Waiting & { readonly cluster: Cluster },
  ref: ObjectRef,
  replicas: number,
) {
  const { cluster, signal } = place
  await cluster.scale(clusterKinds.deployments, ref, replicas, { signal })
  await cluster.until(
    clusterKinds.deployments,
    ref,
    (found) => found.some(({ status }) => (replicas === 0 ? status.replicas === 0 : status.readyReplicas >= replicas)),
    {
      signal,
      deadlineMs: replicas === 0 ? deadlineMs.podsGone : deadlineMs.podsReady,
      what: `${ref.name} to have ${replicas} pods`,
      describe: (found) => found.map(({ status }) => `${status.readyReplicas} of ${status.replicas} ready`).join(),
    },
  )
}
