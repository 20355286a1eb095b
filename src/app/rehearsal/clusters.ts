import type { Clock } from '../../base/clock.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import type { Timings } from '../../simulator/controllers/engine/timings.ts'
import type { Cloud } from '../../simulator/controllers/ports.ts'
import type { RhoamVersion } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import type { ClusterPlace } from '../../steps/tools.ts'
import { type LiveCluster, openLiveCluster } from '../live-cluster.ts'
import { region } from './made-up-migration.ts'
import type { RehearsalServers } from './servers.ts'

export interface RehearsalClusterOptions {
  readonly place: ClusterPlace
  readonly appsDomain: string
  /** Domains below which 3scale is served. */
  readonly served: readonly [string, ...string[]]
  readonly dir: string
  readonly servers: RehearsalServers
  readonly rhoam: RhoamVersion
  /** What RHOAM gets its databases from. */
  readonly cloud: Cloud
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

/** Opens one, with nothing installed, on the rehearsal's servers. */
export function openRehearsalCluster(options: RehearsalClusterOptions): Promise<RehearsalCluster> {
  const { place, appsDomain, served, dir, servers, rhoam, cloud, clock, worldClock, timings, path, onTrouble } = options
  return openLiveCluster({
    cluster: { dir, name: place, appsDomain, region, port: 0, path, clock, bookmarkMs: 1000 },
    served,
    worldClock,
    timings,
    bundledServers: () => ({
      systemDatabase: databaseUrl(servers.bundled),
      systemRedis: redisUrl(servers.migrationRedis, 7),
      backendRedisStorage: redisUrl(servers.migrationRedis, 5),
      backendRedisQueues: redisUrl(servers.migrationRedis, 6),
    }),
    rhoam: place === 'destination' ? { version: rhoam, cloud } : null,
    onTrouble,
  })
}
