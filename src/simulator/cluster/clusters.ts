import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { ServedCluster } from '../../ports/simulated-clusters.ts'
import { type Cluster, openCluster } from './cluster.ts'

export interface ClustersOptions {
  /** Absolute; each cluster has a folder of its name below it. */
  readonly dir: string
  /** The port of the first, which the others follow; absent: those of the last time, or any. */
  readonly portBase?: number
  /** Where the programs that pods run are looked for, as in PATH. */
  readonly path: string
  readonly clock: Clock
}

const region = 'eu-west-1'

/** The clusters of a migration, in the order of its journey. */
export const clusterNames: readonly ServedCluster['name'][] = ['source', 'migration', 'destination']

/**
 * Opens all three in this process. Out: an open cluster by its name; when one cannot be opened, none stays open.
 * Faults: CLUSTER_PORT_TAKEN, CLUSTER_FOLDER_BUSY, CLUSTER_SCRIPT_INVALID.
 */
export async function openClusters(
  options: ClustersOptions,
): Promise<Readonly<Record<ServedCluster['name'], Cluster>>> {
  const { dir, portBase, path, clock } = options
  const opened: Cluster[] = []
  const open = async (name: ServedCluster['name']): Promise<Cluster> => {
    const port = portBase === undefined ? 0 : portBase + clusterNames.indexOf(name)
    const identity = { name, appsDomain: `apps.${name}.example`, region }
    const cluster = await openCluster({ ...identity, dir: join(dir, name), port, path, clock })
    opened.push(cluster)
    return cluster
  }
  try {
    return { source: await open('source'), migration: await open('migration'), destination: await open('destination') }
  } catch (error) {
    await Promise.all(opened.map((cluster) => cluster.close()))
    throw error
  }
}
