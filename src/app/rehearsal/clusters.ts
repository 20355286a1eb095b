import type { Clock } from '../../base/clock.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import type { Timings } from '../../simulator/controllers/engine/timings.ts'
import { cloudResources } from '../../simulator/controllers/rhoam/names.ts'
import type { RhoamVersion } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import { LocalCloud } from '../../simulator/controllers/world/local-cloud.ts'
import type { ClusterPlace } from '../../steps/tools.ts'
import { type LiveCluster, openLiveCluster } from '../live-cluster.ts'
import type { RehearsalServers } from './servers.ts'

export interface RehearsalClusterOptions {
  readonly place: ClusterPlace
  readonly appsDomain: string
  readonly dir: string
  readonly servers: RehearsalServers
  readonly rhoam: RhoamVersion
  /** Of certificates and tokens. */
  readonly clock: Clock
  /** Of what 3scale takes for now. */
  readonly worldClock: Clock
  readonly timings: Timings
  /** Where the programs that pods run are looked for. */
  readonly path: string
  /** Told of what a controller or a 3scale could not do; it tries again. */
  readonly onTrouble: (error: unknown) => void
}

export type RehearsalCluster = LiveCluster

export const region = 'eu-west-1'

/** Opens one, with nothing installed, on the rehearsal's servers. */
export function openRehearsalCluster(options: RehearsalClusterOptions): Promise<RehearsalCluster> {
  const { place, appsDomain, dir, servers, rhoam, clock, worldClock, timings, path, onTrouble } = options
  return openLiveCluster({
    cluster: { dir, name: place, appsDomain, region, port: 0, path, clock, bookmarkMs: 1000 },
    worldClock,
    timings,
    bundledServers: () => ({
      systemDatabase: databaseUrl(servers.bundled),
      systemRedis: redisUrl(servers.migrationRedis, 7),
      backendRedisStorage: redisUrl(servers.migrationRedis, 5),
      backendRedisQueues: redisUrl(servers.migrationRedis, 6),
    }),
    rhoam: place === 'destination' ? { version: rhoam, cloud: cloudOf(servers) } : null,
    onTrouble,
  })
}

function cloudOf(servers: RehearsalServers): LocalCloud {
  return new LocalCloud({
    databases: { [cloudResources.systemDatabase]: databaseUrl(servers.rhoam) },
    redis: {
      [cloudResources.backendRedis]: redisUrl(servers.rhoamRedis, 0),
      [cloudResources.systemRedis]: redisUrl(servers.rhoamSystemRedis, 0),
    },
    bucketRegion: region,
  })
}
