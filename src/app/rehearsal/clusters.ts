import type { Clock } from '../../base/clock.ts'
import { makeCertificate } from '../../base/self-made-certificate.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import { type Cluster, openCluster } from '../../simulator/cluster/cluster.ts'
import { sqlHostedNames } from '../../simulator/controllers/database/sql-hosted-names.ts'
import { liveRedisVersions } from '../../simulator/controllers/database/redis-versions.ts'
import { sqlPortalApi } from '../../simulator/controllers/database/sql-portal-api.ts'
import { sqlSystemDatabase } from '../../simulator/controllers/database/sql-system-database.ts'
import type { Controller } from '../../simulator/controllers/engine/controller.ts'
import { ControllerManager } from '../../simulator/controllers/engine/controller-manager.ts'
import { runControllers } from '../../simulator/controllers/engine/run-controllers.ts'
import type { Timings } from '../../simulator/controllers/engine/timings.ts'
import type { Cloud } from '../../simulator/controllers/ports.ts'
import { type Catalogs, threescalePackage } from '../../simulator/controllers/olm/catalog.ts'
import { olmControllers } from '../../simulator/controllers/olm/olm-controllers.ts'
import { rhoamCatalogs, type RhoamVersion } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import { rhoamControllers } from '../../simulator/controllers/rhoam/rhoam-controllers.ts'
import { type ApiManager, apiManagers } from '../../simulator/controllers/threescale/shapes.ts'
import { threescaleControllers } from '../../simulator/controllers/threescale/threescale-controllers.ts'
import { threescaleRuntime } from '../../simulator/controllers/threescale/threescale-runtime.ts'
import { tellZync } from '../../simulator/controllers/threescale/zync.ts'
import { workloadControllers } from '../../simulator/controllers/workloads/workload-controllers.ts'
import { systemCommands } from '../../simulator/threescale-api/exec-command.ts'
import { Installations } from '../../simulator/threescale-api/installations.ts'
import { ThreescaleApiServer } from '../../simulator/threescale-api/server.ts'
import type { PodExec } from '../../simulator/cluster/pod-runtime.ts'
import type { ClusterPlace } from '../../steps/tools.ts'
import { region } from './made-up-migration.ts'
import { installationBehind } from './router.ts'
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

/** A simulated cluster with everything that acts in it: controllers, pods, and a router in front of its 3scales. */
export interface RehearsalCluster {
  readonly cluster: Cluster
  readonly manager: ControllerManager
  readonly router: ThreescaleApiServer
  /** PEM of the router's authority. */
  readonly routerCa: string
  close(): Promise<void>
}

const dayMs = 86_400_000

/** Opens one, with nothing installed. */
export async function openRehearsalCluster(options: RehearsalClusterOptions): Promise<RehearsalCluster> {
  const { place, appsDomain, served, dir, clock, worldClock, timings, path, onTrouble } = options
  const cluster = await openCluster({ dir, name: place, appsDomain, region, port: 0, path, clock, bookmarkMs: 1000 })
  const stopping = new AbortController()
  const manager = new ControllerManager({
    store: cluster.store,
    controllers: controllersOf(options),
    timings,
    clock,
    seed: 1,
    signal: stopping.signal,
    onError: (error, controller, key) => onTrouble(new Error(`${place}: ${controller} ${key}`, { cause: error })),
  })
  let told = 0
  const tell = (namespace: string) => tellZync(manager.view, namespace, `${clock.now()} ${++told}`)
  const installations = new Installations({
    clock: worldClock,
    onDomainsChanged: ({ superdomain }) => {
      for (const namespace of namespacesBelow(manager, superdomain)) tell(namespace)
    },
  })
  const commands = systemCommands<PodExec>({
    installations,
    resyncRoutes: async (_routes, { pod }) => tell(pod.metadata.namespace ?? ''),
  })
  cluster.pods.register({ ...commands, program: 'bundle' })
  const [first, ...others] = served
  const certificate = makeCertificate([`*.${first}`, ...others.map((domain) => `*.${domain}`)], {
    from: clock.now() - dayMs,
    until: clock.now() + dayMs,
  })
  const router = await ThreescaleApiServer.start({
    tls: { key: certificate.key, cert: certificate.certificate },
    installationAt: (host) => installationBehind(manager.view, installations, host),
  })
  const running = runControllers(manager, clock, stopping.signal).catch(onTrouble)
  return {
    cluster,
    manager,
    router,
    routerCa: certificate.certificate,
    close: async () => {
      stopping.abort()
      await running
      await router.stop()
      await installations.close()
      await cluster.close()
    },
  }
}

function controllersOf(options: RehearsalClusterOptions): readonly Controller[] {
  const { place, appsDomain, servers, rhoam, cloud, clock } = options
  const hooks = sqlSystemDatabase(clock)
  const redis = liveRedisVersions
  let moments = 0
  const runtime = threescaleRuntime({
    hooks,
    redis,
    others: { run: async () => ({ exitCode: 0, message: '' }) },
    timestamp: () => `${clock.now()} hook ${++moments}`,
  })
  const bundledServers = () => ({
    systemDatabase: databaseUrl(servers.bundled),
    systemRedis: redisUrl(servers.migrationRedis, 7),
    backendRedisStorage: redisUrl(servers.migrationRedis, 5),
    backendRedisQueues: redisUrl(servers.migrationRedis, 6),
  })
  const catalogs: Catalogs = {
    'redhat-operators': [threescalePackage()],
    ...(place === 'destination' ? rhoamCatalogs(rhoam) : {}),
  }
  return [
    ...workloadControllers(runtime, appsDomain),
    ...olmControllers(catalogs),
    ...threescaleControllers({ hooks, redis, bundledServers, hostedNames: sqlHostedNames }),
    ...(place === 'destination' ? rhoamControllers(rhoamOptions(cloud, rhoam)) : []),
  ]
}

function rhoamOptions(cloud: Cloud, version: RhoamVersion) {
  return { version, portal: sqlPortalApi, alertFromAddress: 'noreply-alert@example.com', cloud }
}

function namespacesBelow({ view }: ControllerManager, superdomain: string): readonly string[] {
  return view
    .list<ApiManager>(apiManagers)
    .flatMap(({ metadata, spec }) => (spec.wildcardDomain === superdomain ? [metadata.namespace ?? ''] : []))
}
