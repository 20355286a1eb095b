import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { kinds } from '../../src/simulator/cluster/kinds.ts'
import type { NewObject } from '../../src/simulator/cluster/kube-object.ts'
import { ObjectStore } from '../../src/simulator/cluster/object-store.ts'
import type { ClusterView } from '../../src/simulator/controllers/engine/cluster-view.ts'
import type { Controller } from '../../src/simulator/controllers/engine/controller.ts'
import { ControllerManager } from '../../src/simulator/controllers/engine/controller-manager.ts'
import { runVirtually, VirtualClock } from '../../src/simulator/controllers/engine/run-controllers.ts'
import { realTimings } from '../../src/simulator/controllers/engine/timings.ts'
import type { Cloud, SeedValues } from '../../src/simulator/controllers/ports.ts'
import { rhoamCatalogs, type RhoamVersion } from '../../src/simulator/controllers/rhoam/rhoam-catalog.ts'
import { rhoamControllers } from '../../src/simulator/controllers/rhoam/rhoam-controllers.ts'
import { liveRedisVersions } from '../../src/simulator/controllers/database/redis-versions.ts'
import { hostedNames } from '../../src/simulator/controllers/database/hosted-names.ts'
import { sqlSystemDatabase } from '../../src/simulator/controllers/database/sql-system-database.ts'
import { type Catalogs, threescalePackage } from '../../src/simulator/controllers/olm/catalog.ts'
import { portalApi } from '../../src/simulator/controllers/database/portal-api.ts'
import { olmControllers } from '../../src/simulator/controllers/olm/olm-controllers.ts'
import { threescaleControllers } from '../../src/simulator/controllers/threescale/threescale-controllers.ts'
import { threescaleRuntime } from '../../src/simulator/controllers/threescale/threescale-runtime.ts'
import { workloadControllers } from '../../src/simulator/controllers/workloads/workload-controllers.ts'
import type { ContainerRuntime } from '../../src/simulator/controllers/workloads/container-runtime.ts'

/** What a simulated 3scale is seeded with where a test does not care. */
export const seedValues: SeedValues = {
  wildcardDomain: 'apps.example.com',
  tenantName: '3scale',
  masterUser: 'master',
  masterAccessToken: new Secret('master-token'),
  apicastAccessToken: new Secret('apicast-token'),
  adminUser: 'admin',
  adminEmail: 'admin@3scale.apps.example.com',
  adminAccessToken: new Secret('admin-token'),
  providerPlan: 'enterprise',
}

export interface SimulatedCluster {
  readonly store: ObjectStore
  readonly manager: ControllerManager
  readonly view: ClusterView
  readonly clock: VirtualClock
  /** Moves the clock until `condition` holds; gives the virtual milliseconds that it took. */
  readonly until: (condition: () => boolean, atMostMs?: number) => Promise<number>
  /** Moves the clock on, and does what is due on the way. */
  readonly pass: (ms: number) => Promise<void>
  readonly create: (...objects: readonly NewObject[]) => void
}

/** A cluster under a clock that stands still, with the given controllers. A reconcile that throws fails the test. */
export function simulatedCluster(
  controllers: readonly Controller[],
  { timings = realTimings, clock = new VirtualClock(Date.UTC(2026, 0, 1)) } = {},
): SimulatedCluster {
  const store = ObjectStore.open({ kinds, clock })
  const errors: unknown[] = []
  const manager = new ControllerManager({
    store,
    controllers,
    timings,
    clock,
    seed: 1,
    signal: new AbortController().signal,
    onError: (error, controller, key) => errors.push(new Error(`${controller} ${key}`, { cause: error })),
  })
  const check = () => {
    if (errors.length > 0) throw errors[0]
  }
  const until = async (condition: () => boolean, atMostMs = 3_600_000) => {
    const took = await runVirtually([manager], clock, () => errors.length > 0 || condition(), atMostMs)
    check()
    return took
  }
  return {
    store,
    manager,
    view: manager.view,
    clock,
    until,
    pass: async (ms) => {
      const end = clock.now() + ms
      for (;;) {
        await manager.settle()
        const next = manager.nextDue()
        if (next === null || next > end) break
        clock.moveTo(next)
      }
      clock.moveTo(end)
      await manager.settle()
      check()
    },
    create: (...objects) => {
      for (const object of objects) store.create(object)
    },
  }
}

export function namespaceOf(name: string): NewObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

/** Containers that do what `script` says; whatever it does not name goes well. */
export function scriptedRuntime(script: Partial<ContainerRuntime> = {}): ContainerRuntime {
  return {
    crash: async () => null,
    initialized: async () => true,
    run: async () => ({ exitCode: 0, message: '' }),
    ...script,
  }
}

/** A cluster that runs 3scale's operator in every release, on real databases. */
export function threescaleCluster(
  appsDomain: string,
  more: readonly Controller[] = [],
  catalogs: Catalogs = {},
): SimulatedCluster {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1))
  const hooks = sqlSystemDatabase(clock)
  const redis = liveRedisVersions
  let calls = 0
  const runtime = threescaleRuntime({
    hooks,
    redis,
    others: scriptedRuntime(),
    timestamp: () => `${new Date(clock.now()).toISOString()} ${++calls}`,
  })
  const nowhere = new Secret('postgresql://nobody@127.0.0.1:1/none')
  const bundledServers = () => ({
    systemDatabase: nowhere,
    systemRedis: nowhere,
    backendRedisStorage: nowhere,
    backendRedisQueues: nowhere,
  })
  return simulatedCluster(
    [
      ...workloadControllers(runtime, appsDomain),
      ...olmControllers({ 'redhat-operators': [threescalePackage()], ...catalogs }),
      ...threescaleControllers({ hooks, redis, bundledServers, hostedNames }),
      ...more,
    ],
    { clock },
  )
}

/** A cluster that runs RHOAM in a version, with 3scale on real databases. */
export function rhoamCluster(appsDomain: string, cloud: Cloud, version: RhoamVersion): SimulatedCluster {
  const options = { version, portal: portalApi(systemClock), alertFromAddress: 'noreply-alert@example.com', cloud }
  return threescaleCluster(appsDomain, rhoamControllers(options), rhoamCatalogs(version))
}
