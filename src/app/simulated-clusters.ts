import { mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import { errnoOf } from '../cli/errno.ts'
import { fault } from '../cli/faults.ts'
import type { ServeClustersRequest, ServedCluster, SimulatedClusters } from '../ports/simulated-clusters.ts'
import type { LiveCluster } from './live-cluster.ts'

/** The clusters of a migration, in the order of its journey. */
const clusterNames: readonly ServedCluster['name'][] = ['source', 'migration', 'destination']
const region = 'eu-west-1'
const openshiftVersion = '4.17.9'
/** The newest that is simulated. */
const rhoamMinor = '1.45'

/** The simulated clusters, in this process. Their servers are loaded with the first that is asked for. */
export function simulatedClusters(clock: Clock, path: string | undefined): SimulatedClusters {
  return {
    async serve(request) {
      await makeFolder(request.dir)
      const opened: LiveCluster[] = []
      try {
        for (const name of clusterNames) {
          opened.push(await openOne(name, request, { clock, path: path ?? '/usr/local/bin:/usr/bin:/bin' }))
        }
        for (const { cluster } of opened) {
          // One of the names above, under which it was opened.
          request.onReady({ name: cluster.name as ServedCluster['name'], kubeconfig: cluster.kubeconfig })
        }
        await untilAborted(request.signal)
      } finally {
        await Promise.all(opened.map((live) => live.close()))
      }
    },
  }
}

async function openOne(
  name: ServedCluster['name'],
  { dir, portBase, speed, onTrouble }: ServeClustersRequest,
  { clock, path }: { readonly clock: Clock; readonly path: string },
): Promise<LiveCluster> {
  const { openLiveCluster } = await import('./live-cluster.ts')
  const { realTimings, scaledTimings } = await import('../simulator/controllers/engine/timings.ts')
  const { rhoamVersionOf } = await import('../simulator/controllers/rhoam/rhoam-catalog.ts')
  const { ensureCatalogSource, installBaseCluster } = await import('../simulator/controllers/world/base-cluster.ts')
  const { catalogSource } = await import('../threescale/hops.ts')
  const version = rhoamVersionOf(rhoamMinor)
  if (version === undefined) throw new Error(`bug: RHOAM ${rhoamMinor} is not simulated`)
  const appsDomain = `apps.${name}.example`
  const port = portBase === undefined ? 0 : portBase + clusterNames.indexOf(name)
  const live = await openLiveCluster({
    cluster: { name, appsDomain, region, dir: join(dir, name), port, path, clock },
    served: [appsDomain],
    worldClock: clock,
    timings: scaledTimings(realTimings, speed),
    bundledServers: () => ({
      systemDatabase: new Secret('mysql2://nobody@127.0.0.1:1/none'),
      systemRedis: nowhere,
      backendRedisStorage: nowhere,
      backendRedisQueues: nowhere,
    }),
    rhoam: name === 'destination' ? { version, cloud: noCloud } : null,
    onTrouble,
  })
  const { store } = live.cluster
  installBaseCluster(store, { name, appsDomain, awsRegion: region, openshiftVersion })
  ensureCatalogSource(store, catalogSource.namespace, catalogSource.name)
  await writeFile(join(dir, name, 'router'), `${live.router.host}:${live.router.port}\n`)
  await writeFile(join(dir, name, 'router-ca.pem'), live.routerCa)
  return live
}

/** Where no server is. */
const nowhere = new Secret('redis://127.0.0.1:1')

/** What is asked of it is never there. */
const noCloud = { provision: async () => null, find: async () => null }

/** Not the folders above it: a path with a slip in it is not made. Faults: FILE_UNWRITABLE. */
async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    await rmdir(await mkdtemp(join(dir, '.probe-')))
  } catch (cause) {
    throw fault('FILE_UNWRITABLE', { file: dir, reason: errnoOf(cause) }, cause)
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
