import { createHash } from 'node:crypto'
import { isAtLeast, type Release } from '../../../model/release.ts'
import { releaseFacts } from '../../../threescale/releases.ts'
import type { Workload } from '../../../threescale/workloads.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { EnvVar, PodTemplate, SecretObject } from '../workloads/shapes.ts'
import { appLabelOf } from './installation.ts'
import type { ApiManager } from './shapes.ts'

export interface TemplateRequest {
  readonly apiManager: ApiManager
  readonly release: Release
  /** The operator's: each of its versions brings images of its own. */
  readonly operatorVersion: string
  readonly workload: Workload
  readonly view: ClusterView
}

const fromSecret = (name: string, secret: string, key: string, optional = false): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key, ...(optional ? { optional } : {}) } },
})
const fromConfig = (name: string, key: string, configMap = 'system-environment'): EnvVar => ({
  name,
  valueFrom: { configMapKeyRef: { name: configMap, key } },
})

/** The pod template that the operator of a release gives a workload. */
export function templateOf(request: TemplateRequest): PodTemplate {
  const { workload, release } = request
  const isConfig = releaseFacts[release].workloadKind === 'DeploymentConfig'
  const env = envOf(workload, release)
  const image = imageOf(request)
  const annotations = isAtLeast(release, '2.15') ? checksumsOf(request) : {}
  return {
    metadata: {
      labels: {
        app: appLabelOf(request.apiManager),
        threescale_component: workload.component,
        threescale_component_element: workload.element,
        [isConfig ? 'deploymentConfig' : 'deployment']: workload.name,
        'com.redhat.component-version': release,
      },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...(workload.initContainers.length === 0
        ? {}
        : { initContainers: workload.initContainers.map((name) => ({ name, image, env })) }),
      containers: workload.containers.map((name) => ({ name, image, env })),
      ...volumeOf(workload, release),
    },
  }
}

/** What seeds the database: the pods of the hook, or of the job, get it beside all that system-app has. */
export const seedEnv: readonly EnvVar[] = [
  ...['MASTER_DOMAIN', 'MASTER_USER', 'MASTER_PASSWORD', 'MASTER_ACCESS_TOKEN'].map((key) =>
    fromSecret(key, 'system-seed', key),
  ),
  fromSecret('USER_LOGIN', 'system-seed', 'ADMIN_USER'),
  fromSecret('USER_PASSWORD', 'system-seed', 'ADMIN_PASSWORD'),
  fromSecret('USER_EMAIL', 'system-seed', 'ADMIN_EMAIL'),
  fromSecret('ADMIN_ACCESS_TOKEN', 'system-seed', 'ADMIN_ACCESS_TOKEN'),
  fromSecret('TENANT_NAME', 'system-seed', 'TENANT_NAME'),
  fromSecret('APICAST_ACCESS_TOKEN', 'system-master-apicast', 'ACCESS_TOKEN'),
]

export const deployCommand = ['bash', '-c', 'bundle exec rake boot openshift:deploy']
export const postDeployCommand = ['bash', '-c', 'bundle exec rake boot openshift:post_deploy']
export const reindexCommand = ['bash', '-c', 'bundle exec rake searchd:optimal_index']

function envOf({ component, element }: Workload, release: Release): readonly EnvVar[] {
  const messageBus = isAtLeast(release, '2.12')
    ? []
    : [fromSecret('MESSAGE_BUS_REDIS_URL', 'system-redis', 'MESSAGE_BUS_URL'), fromConfig('AMP_RELEASE', 'AMP_RELEASE')]
  const system = [
    fromSecret('DATABASE_URL', 'system-database', 'URL'),
    fromSecret('REDIS_URL', 'system-redis', 'URL'),
    fromSecret('BACKEND_REDIS_URL', 'backend-redis', 'REDIS_STORAGE_URL'),
    ...messageBus,
    fromSecret('SECRET_KEY_BASE', 'system-app', 'SECRET_KEY_BASE'),
    fromSecret('EVENTS_SHARED_SECRET', 'system-events-hook', 'PASSWORD'),
    fromSecret('RECAPTCHA_PUBLIC_KEY', 'system-recaptcha', 'PUBLIC_KEY'),
    fromSecret('RECAPTCHA_PRIVATE_KEY', 'system-recaptcha', 'PRIVATE_KEY'),
    fromSecret('MEMCACHE_SERVERS', 'system-memcache', 'SERVERS'),
    fromSecret('BACKEND_ROUTE', 'backend-listener', 'route_endpoint'),
    fromSecret('ZYNC_AUTHENTICATION_TOKEN', 'zync', 'ZYNC_AUTHENTICATION_TOKEN', true),
    fromConfig('THREESCALE_SUPERDOMAIN', 'THREESCALE_SUPERDOMAIN'),
    fromConfig('PROVIDER_PLAN', 'PROVIDER_PLAN'),
  ]
  switch (`${component} ${element}`) {
    case 'system app':
    case 'system sidekiq':
      return system
    case 'system sphinx':
      return [
        fromSecret('DATABASE_URL', 'system-database', 'URL'),
        ...(isAtLeast(release, '2.13') ? [fromSecret('SECRET_KEY_BASE', 'system-app', 'SECRET_KEY_BASE')] : []),
      ]
    case 'backend listener':
    case 'backend worker':
    case 'backend cron':
      return [
        fromSecret('CONFIG_REDIS_PROXY', 'backend-redis', 'REDIS_STORAGE_URL'),
        fromSecret('CONFIG_QUEUES_MASTER_NAME', 'backend-redis', 'REDIS_QUEUES_URL'),
        fromSecret('CONFIG_INTERNAL_API_USER', 'backend-internal-api', 'username'),
      ]
    case 'apicast staging':
    case 'apicast production':
      return [fromSecret('THREESCALE_PORTAL_ENDPOINT', 'system-master-apicast', 'PROXY_CONFIGS_ENDPOINT')]
    case 'zync zync':
    case 'zync zync-que':
      return [
        fromSecret('DATABASE_URL', 'zync', 'DATABASE_URL'),
        fromSecret('SECRET_KEY_BASE', 'zync', 'SECRET_KEY_BASE'),
      ]
    default:
      return []
  }
}

function imageOf({ workload, release, operatorVersion }: TemplateRequest): string {
  const { bundled } = releaseFacts[release]
  const databases: Readonly<Record<string, string | null>> = {
    'system-memcache': `memcached:${bundled.memcached}`,
    'zync-database': `postgresql:${bundled.zync}`,
    'backend-redis': `redis:${bundled.redis}`,
    'system-redis': `redis:${bundled.redis}`,
    'system-mysql': `mysql:${bundled.mysql}`,
    'system-postgresql': `postgresql:${bundled.postgresql}`,
  }
  const image = databases[workload.name] ?? `${workload.component}:3scale${release}-${operatorVersion}`
  return `registry.redhat.io/3scale-amp2/${image}`
}

/** Newer operators restart pods when the secret of a database changes. */
function checksumsOf({ workload, apiManager, view }: TemplateRequest): Readonly<Record<string, string>> {
  const secrets =
    workload.component === 'backend'
      ? ['backend-redis']
      : ['app', 'sidekiq'].includes(workload.element)
        ? ['system-database', 'system-redis', 'backend-redis']
        : []
  return Object.fromEntries(
    secrets.map((name) => {
      const data = view.get<SecretObject>('secrets', apiManager.metadata.namespace, name)?.data ?? {}
      const inOrder = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))
      const checksum = createHash('sha256').update(JSON.stringify(inOrder)).digest('hex').slice(0, 16)
      return [`apps.3scale.net/${name}-checksum`, checksum]
    }),
  )
}

/** The claim of the search index, by release; undefined where it lies in the pod. */
export function searchClaimOf(release: Release): string | undefined {
  if (!isAtLeast(release, '2.14')) return undefined
  return isAtLeast(release, '2.15') ? 'system-searchd-manticore' : 'system-searchd'
}

function volumeOf({ name }: Workload, release: Release): Pick<PodTemplate['spec'], 'volumes'> | undefined {
  const claimName = name === 'system-searchd' ? searchClaimOf(release) : undefined
  return claimName === undefined
    ? undefined
    : { volumes: [{ name: 'system-searchd-database', persistentVolumeClaim: { claimName } }] }
}
