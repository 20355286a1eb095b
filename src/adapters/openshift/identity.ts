import { clusterKinds } from '../../model/cluster-kinds.ts'
import { Fault } from '../../base/fault.ts'
import type { ClusterIdentity, Waiting } from '../../ports/cluster.ts'
import type { Link } from './ask.ts'
import { fault } from './faults.ts'
import { get } from './read.ts'

/** Which cluster answers. Faults: OPENSHIFT_NOT_OPENSHIFT. */
export async function readIdentity(link: Link, options: Waiting): Promise<ClusterIdentity> {
  const { server } = link.dialer
  const found = await get(link, clusterKinds.infrastructures, { name: 'cluster' }, options).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'OPENSHIFT_KIND_UNKNOWN') throw error
    throw fault('OPENSHIFT_NOT_OPENSHIFT', { server })
  })
  if (found === null) throw fault('OPENSHIFT_NOT_OPENSHIFT', { server })
  const { infrastructureName, apiServerURL, platformStatus } = found.status
  return {
    name: infrastructureName,
    uid: found.metadata.uid,
    apiUrl: apiServerURL,
    awsRegion: platformStatus?.aws?.region ?? null,
  }
}

/** Faults: OPENSHIFT_WRONG_CLUSTER, when another cluster answers than the one that is meant. */
export function checkIdentity(expected: Pick<ClusterIdentity, 'name' | 'uid'>, found: ClusterIdentity): void {
  if (found.uid === expected.uid) return
  throw fault('OPENSHIFT_WRONG_CLUSTER', { expected: describe(expected), found: describe(found) })
}

/** Two clusters may have been given the same name. */
function describe({ name, uid }: Pick<ClusterIdentity, 'name' | 'uid'>): string {
  return `${name} (${uid})`
}
