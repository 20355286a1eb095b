import { Secret } from '../../../base/secret.ts'
import { type Release, releases } from '../../../model/release.ts'
import { hasCondition } from '../engine/conditions.ts'
import type { RedisVersions, SeedValues, SystemDatabaseHooks } from '../ports.ts'
import type { ContainerRuntime, Ended, RunningContainer } from '../workloads/container-runtime.ts'
import type { Pod } from '../workloads/shapes.ts'
import { tellZync } from './zync.ts'

export interface ThreescaleRuntimePorts {
  readonly hooks: SystemDatabaseHooks
  readonly redis: RedisVersions
  /** Runs what is not 3scale's, such as the Job of a migration tool. */
  readonly others: Pick<ContainerRuntime, 'run'>
  /** A moment for each call, distinct from all before it. */
  readonly timestamp: () => string
}

const portals = new Set(['system-master', 'system-provider', 'system-developer', 'system-sidekiq'])
const succeeded: Ended = { exitCode: 0, message: '' }

/**
 * The containers of 3scale, as far as they touch databases: portals and sidekiq crash without the database that their
 * secret names, the backend without its Redis, and the deploy hooks seed and migrate for real.
 */
export function threescaleRuntime(ports: ThreescaleRuntimePorts): ContainerRuntime {
  return {
    crash: async ({ container, env }, signal) => {
      const url = env.get('DATABASE_URL')
      if (portals.has(container.name) && url !== undefined) return databaseCrash(ports, url, signal)
      const storage = env.get('CONFIG_REDIS_PROXY')
      if (storage === undefined || (await ports.redis.versionOf(storage, signal)) !== null) return null
      return { exitCode: 1, message: 'cannot connect to the Redis of CONFIG_REDIS_PROXY' }
    },
    initialized: async ({ view, pod, container }) => {
      const { namespace } = pod.metadata
      const isReady = (component: string, element: string) => {
        const labels = { threescale_component: component, threescale_component_element: element }
        return view.list<Pod>('pods', namespace, labels).some((one) => hasCondition(one, 'Ready'))
      }
      if (container.name === 'check-svc') return isReady('system', 'app')
      // An external database of zync has no pod, and is taken to be there.
      const hasOwn = view.get('services', namespace, 'zync-database') !== undefined
      return container.name !== 'zync-db-svc' || !hasOwn || isReady('zync', 'database')
    },
    run: (container, signal) => {
      const task = /\brake .*?\b(openshift:\w+|searchd:\w+)/.exec(container.container.command?.join(' ') ?? '')?.[1]
      if (task === 'openshift:deploy') return deploy(ports, container, signal)
      const url = container.env.get('DATABASE_URL')
      if (task === undefined || url === undefined) return ports.others.run(container, signal)
      return databaseCrash(ports, url, signal).then((crash) => crash ?? succeeded)
    },
  }
}

async function databaseCrash(
  { hooks }: ThreescaleRuntimePorts,
  url: Secret,
  signal: AbortSignal,
): Promise<Ended | null> {
  const found = await hooks.inspect(url, signal)
  if (found.kind === 'unreachable') return { exitCode: 1, message: `the database is not reachable: ${found.reason}` }
  return found.hasMaster ? null : { exitCode: 1, message: 'the database has no master account' }
}

async function deploy(ports: ThreescaleRuntimePorts, run: RunningContainer, signal: AbortSignal): Promise<Ended> {
  const { env, container, pod, view } = run
  const url = env.get('DATABASE_URL')
  if (url === undefined) return { exitCode: 1, message: 'DATABASE_URL is not set' }
  const outcome = await ports.hooks.deploy(url, releaseOfImage(container.image), seedOf(env), signal)
  if (outcome.kind === 'failed')
    return { exitCode: 1, message: `the database could not be made ready: ${outcome.reason}` }
  if (outcome.kind === 'seeded') tellZync(view, pod.metadata.namespace ?? '', ports.timestamp())
  return { exitCode: 0, message: `${outcome.kind}, schema version ${outcome.schemaVersion}` }
}

function releaseOfImage(image: string): Release {
  const release = releases.find((one) => one === /:3scale(\d+\.\d+)/.exec(image)?.[1])
  if (release === undefined) throw new Error(`bug: image ${image} is of no release of 3scale`)
  return release
}

function seedOf(env: ReadonlyMap<string, Secret>): SeedValues {
  const secret = (name: string) => env.get(name) ?? new Secret('')
  const text = (name: string) => secret(name).reveal('seed the database')
  return {
    wildcardDomain: text('THREESCALE_SUPERDOMAIN'),
    tenantName: text('TENANT_NAME'),
    masterUser: text('MASTER_USER'),
    masterAccessToken: secret('MASTER_ACCESS_TOKEN'),
    apicastAccessToken: secret('APICAST_ACCESS_TOKEN'),
    adminUser: text('USER_LOGIN'),
    adminEmail: text('USER_EMAIL'),
    adminAccessToken: secret('ADMIN_ACCESS_TOKEN'),
    providerPlan: text('PROVIDER_PLAN'),
  }
}
