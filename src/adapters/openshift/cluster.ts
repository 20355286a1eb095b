import type { Cluster, ClusterIdentity, Waiting } from '../../ports/cluster.ts'
import { type ClusterAccess, Dialer, type Proxies } from './access.ts'
import type { Link } from './ask.ts'
import { apply, create, scale } from './change.ts'
import { exec } from './exec.ts'
import { type Timing, usualTiming } from './http.ts'
import { checkIdentity, readIdentity } from './identity.ts'
import { runJob, withPod } from './jobs.ts'
import { logs } from './logs.ts'
import { may } from './may.ts'
import { patch } from './patch.ts'
import { get, list, serves } from './read.ts'
import { remove } from './remove.ts'
import { until } from './until.ts'

export interface OpenClusterOptions extends Waiting {
  readonly access: ClusterAccess
  /** The cluster that is meant; null the first time, when it is to be found out. */
  readonly expected: Pick<ClusterIdentity, 'name' | 'uid'> | null
  readonly proxies?: Proxies
  readonly timing?: Partial<Timing>
}

/**
 * Opens a cluster and finds out which one it is. The caller closes it.
 * Faults: OPENSHIFT_WRONG_CLUSTER, OPENSHIFT_NOT_OPENSHIFT, OPENSHIFT_CONFIG_UNUSABLE, and that it is out of reach.
 */
export async function openCluster(options: OpenClusterOptions): Promise<Cluster> {
  const { access, expected, proxies = {}, signal } = options
  const dialer = await Dialer.open(access, proxies)
  const link = { dialer, timing: { ...usualTiming, ...options.timing } }
  try {
    const identity = await readIdentity(link, { signal })
    if (expected !== null) checkIdentity(expected, identity)
    return clusterOf(link, identity)
  } catch (error) {
    dialer.close()
    throw error
  }
}

function clusterOf(link: Link, identity: ClusterIdentity): Cluster {
  /** A changed DNS name, proxy or kubeconfig may lead to another cluster from one request to the next. */
  async function sure(options: Waiting): Promise<void> {
    checkIdentity(identity, await readIdentity(link, options))
  }
  const cluster: Cluster = {
    identity,
    serves: (kind, options) => serves(link, kind, options),
    get: (kind, ref, options) => get(link, kind, ref, options),
    list: (kind, query, options) => list(link, kind, query, options),
    until: (kind, query, holds, options) => until(link, kind, query, holds, options),
    async apply(kind, manifest, options) {
      await sure(options)
      return await apply(link, kind, manifest, options)
    },
    async create(kind, manifest, options) {
      await sure(options)
      return await create(link, kind, manifest, options)
    },
    async patch(kind, ref, change, options) {
      await sure(options)
      return await patch(link, kind, ref, change, options)
    },
    async scale(kind, ref, replicas, options) {
      await sure(options)
      await scale(link, kind, ref, replicas, options)
    },
    async remove(kind, ref, options) {
      await sure(options)
      return await remove(link, kind, ref, options)
    },
    async exec(container, request) {
      await sure(request)
      return await exec(link, container, request)
    },
    logs: (container, request) => logs(link, container, request),
    runJob: (pod, options) => runJob(cluster, pod, options),
    withPod: (pod, work, options) => withPod(cluster, pod, work, options),
    may: (questions, options) => may(link, questions, options),
    close: () => link.dialer.close(),
  }
  return cluster
}
