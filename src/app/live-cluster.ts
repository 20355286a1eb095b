import type { Clock } from '../base/clock.ts'
import { makeCertificate } from '../base/self-made-certificate.ts'
import { type Cluster, type ClusterOptions, openCluster } from '../simulator/cluster/cluster.ts'
import type { PodExec } from '../simulator/cluster/pod-runtime.ts'
import { hostedNames } from '../simulator/controllers/database/hosted-names.ts'
import { liveRedisVersions } from '../simulator/controllers/database/redis-versions.ts'
import { portalApi } from '../simulator/controllers/database/portal-api.ts'
import { sqlSystemDatabase } from '../simulator/controllers/database/sql-system-database.ts'
import type { Controller } from '../simulator/controllers/engine/controller.ts'
import { ControllerManager } from '../simulator/controllers/engine/controller-manager.ts'
import { runControllers } from '../simulator/controllers/engine/run-controllers.ts'
import type { Timings } from '../simulator/controllers/engine/timings.ts'
import { threescalePackage } from '../simulator/controllers/olm/catalog.ts'
import { olmControllers } from '../simulator/controllers/olm/olm-controllers.ts'
import type { Cloud } from '../simulator/controllers/ports.ts'
import { rhoamCatalogs, type RhoamVersion } from '../simulator/controllers/rhoam/rhoam-catalog.ts'
import { rhoamControllers } from '../simulator/controllers/rhoam/rhoam-controllers.ts'
import type { BundledServers } from '../simulator/controllers/threescale/secret-defaults.ts'
import { type ApiManager, apiManagers } from '../simulator/controllers/threescale/shapes.ts'
import { threescaleControllers } from '../simulator/controllers/threescale/threescale-controllers.ts'
import { threescaleRuntime } from '../simulator/controllers/threescale/threescale-runtime.ts'
import { tellZync } from '../simulator/controllers/threescale/zync.ts'
import { podPrograms } from '../simulator/controllers/workloads/pod-programs.ts'
import { scriptedContainers } from '../simulator/controllers/workloads/scripted-containers.ts'
import { workloadControllers } from '../simulator/controllers/workloads/workload-controllers.ts'
import { systemCommands } from '../simulator/threescale-api/exec-command.ts'
import { Installations } from '../simulator/threescale-api/installations.ts'
import { ThreescaleApiServer } from '../simulator/threescale-api/server.ts'
import { installationBehind } from './router.ts'

export interface LiveClusterOptions {
  /** What is served, and where it is kept. */
  readonly cluster: ClusterOptions
  /** Domains below which its router serves 3scale. */
  readonly served: readonly [string, ...string[]]
  /** Of what 3scale takes for now. */
  readonly worldClock: Clock
  readonly timings: Timings
  /** Where the databases are that the 3scale operator brings along. */
  readonly bundledServers: () => BundledServers
  /** RHOAM of this version can be installed, on that cloud; null: there is no catalog of it. */
  readonly rhoam: { readonly version: RhoamVersion; readonly cloud: Cloud } | null
  /** Told of what a controller or a 3scale could not do; it tries again. */
  readonly onTrouble: (error: unknown) => void
}

/** A simulated cluster with everything that acts in it: controllers, pods, and a router in front of its 3scales. */
export interface LiveCluster {
  readonly cluster: Cluster
  readonly manager: ControllerManager
  readonly router: ThreescaleApiServer
  /** PEM of the router's authority. */
  readonly routerCa: string
  close(): Promise<void>
}

const dayMs = 86_400_000

/** Opens one, with whatever its folder holds. Faults: those of `openCluster`. */
export async function openLiveCluster(options: LiveClusterOptions): Promise<LiveCluster> {
  const { worldClock, timings, onTrouble } = options
  const { name, clock } = options.cluster
  const [first, ...others] = options.served
  const cluster = await openCluster(options.cluster)
  const stopping = new AbortController()
  const manager = new ControllerManager({
    store: cluster.store,
    controllers: controllersOf(options, cluster),
    timings,
    clock,
    seed: 1,
    signal: stopping.signal,
    onError: (error, controller, key) => onTrouble(new Error(`${name}: ${controller} ${key}`, { cause: error })),
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

function controllersOf(
  { cluster, worldClock, bundledServers, rhoam }: LiveClusterOptions,
  { pods, faults }: Cluster,
): readonly Controller[] {
  const { clock, appsDomain } = cluster
  const hooks = sqlSystemDatabase(clock)
  const redis = liveRedisVersions
  let moments = 0
  const runtime = threescaleRuntime({
    hooks,
    redis,
    others: podPrograms(pods),
    timestamp: () => `${clock.now()} hook ${++moments}`,
  })
  return [
    ...workloadControllers(scriptedContainers(runtime, faults), appsDomain),
    ...olmControllers({
      'redhat-operators': [threescalePackage()],
      ...(rhoam === null ? {} : rhoamCatalogs(rhoam.version)),
    }),
    ...threescaleControllers({ hooks, redis, bundledServers, hostedNames }),
    ...(rhoam === null
      ? []
      : rhoamControllers({ ...rhoam, portal: portalApi(worldClock), alertFromAddress: 'noreply-alert@example.com' })),
  ]
}

function namespacesBelow({ view }: ControllerManager, superdomain: string): readonly string[] {
  return view
    .list<ApiManager>(apiManagers)
    .flatMap(({ metadata, spec }) => (spec.wildcardDomain === superdomain ? [metadata.namespace ?? ''] : []))
}
