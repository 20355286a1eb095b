import { Secret } from '../../../base/secret.ts'
import type { Release } from '../../../model/release.ts'
import { holdsIn } from '../../../threescale/release-range.ts'
import { type SecretFacts, secrets } from '../../../threescale/secrets.ts'
import type { Context } from '../engine/controller.ts'
import { controllerReference } from '../workloads/keep-pods.ts'
import { defaultSecret, secretValues } from '../workloads/secrets.ts'
import { appLabelOf, isExternal, tenantNameOf } from './installation.ts'
import type { ApiManager } from './shapes.ts'

const text = (value: string): Secret => new Secret(value)

/** Where the databases really are that the operator would bundle: servers of this machine. */
export interface BundledServers {
  readonly systemDatabase: Secret
  readonly systemRedis: Secret
  readonly backendRedisStorage: Secret
  readonly backendRedisQueues: Secret
}

/**
 * Makes the installation's secrets, and adds the keys that they lack; what is there stays. Those of external databases
 * are the customer's: nothing is added to them but the empty keys that every release wants.
 */
export function defaultSecrets(
  apiManager: ApiManager,
  release: Release,
  bundled: BundledServers,
  context: Context,
): void {
  const { namespace = '' } = apiManager.metadata
  const token = (digits = 16) => new Secret(context.random.hex(digits))
  const domain = apiManager.spec.wildcardDomain
  const tenant = tenantNameOf(apiManager)
  const apicastToken = secretValues(context.view, namespace, 'system-master-apicast')?.get('ACCESS_TOKEN') ?? token()
  const revealed = apicastToken.reveal('put the token into the address of the gateway’s configuration')
  const defaults: Readonly<Record<string, Readonly<Record<string, () => Secret>>>> = {
    'system-seed': {
      MASTER_DOMAIN: () => text('master'),
      MASTER_USER: () => text('master'),
      MASTER_PASSWORD: () => token(8),
      MASTER_ACCESS_TOKEN: () => token(),
      ADMIN_USER: () => text('admin'),
      ADMIN_PASSWORD: () => token(8),
      ADMIN_EMAIL: () => text(`admin@${tenant}.${domain}`),
      ADMIN_ACCESS_TOKEN: () => token(),
      TENANT_NAME: () => text(tenant),
    },
    'system-master-apicast': {
      ACCESS_TOKEN: () => apicastToken,
      PROXY_CONFIGS_ENDPOINT: () => text(`http://${revealed}@system-master:3000/master/api/proxy/configs`),
    },
    'system-app': { SECRET_KEY_BASE: () => token(128), USER_SESSION_TTL: () => text('') },
    'system-events-hook': {
      URL: () => text('http://system-master:3000/master/events/import'),
      PASSWORD: () => token(),
    },
    'system-recaptcha': { PUBLIC_KEY: () => text(''), PRIVATE_KEY: () => text('') },
    'system-memcache': { SERVERS: () => text('system-memcache:11211') },
    'system-database': isExternal(apiManager, release, 'system-database')
      ? {}
      : { URL: () => bundled.systemDatabase, DB_USER: () => text('app'), DB_PASSWORD: () => token() },
    'system-redis': {
      ...(isExternal(apiManager, release, 'system-redis') ? {} : { URL: () => bundled.systemRedis }),
      ...emptyKeys('system-redis', release, ['URL']),
    },
    'backend-redis': {
      ...(isExternal(apiManager, release, 'backend-redis')
        ? {}
        : {
            REDIS_STORAGE_URL: () => bundled.backendRedisStorage,
            REDIS_QUEUES_URL: () => bundled.backendRedisQueues,
          }),
      ...emptyKeys('backend-redis', release, ['REDIS_STORAGE_URL', 'REDIS_QUEUES_URL']),
    },
    zync: {
      DATABASE_URL: () => text('postgresql://zync:zync@zync-database/zync_production'),
      ZYNC_DATABASE_PASSWORD: () => token(),
      SECRET_KEY_BASE: () => token(),
      ZYNC_AUTHENTICATION_TOKEN: () => token(),
    },
    'backend-internal-api': { username: () => text('3scale_api_user'), password: () => token(8) },
    'backend-listener': {
      service_endpoint: () => text('http://backend-listener:3000'),
      route_endpoint: () => text(`https://backend-${tenant}.${domain}`),
    },
    'system-smtp': Object.fromEntries(keysOf('system-smtp', release).map((key) => [key, () => text('')])),
  }
  for (const [name, values] of Object.entries(defaults)) {
    const there = secretValues(context.view, namespace, name)
    const missing = Object.entries(values).filter(([key]) => there?.has(key) !== true)
    if (there !== undefined && missing.length === 0) continue
    // The secret of an external database is the customer's to make; without it the pods wait.
    if (
      there === undefined &&
      missing.every(([, make]) => make().reveal('see whether it is empty') === '') &&
      name.includes('redis')
    )
      continue
    if (there === undefined && missing.length === 0) continue
    defaultSecret(context.view, {
      namespace,
      name,
      values: new Map(missing.map(([key, make]) => [key, make()])),
      labels: { app: appLabelOf(apiManager) },
      owner: controllerReference(apiManager),
    })
  }
}

function keysOf(secret: string, release: Release): readonly string[] {
  const facts: SecretFacts | undefined = secrets.find(({ name }) => name === secret)
  return (facts?.keys ?? []).filter((key) => holdsIn(key.in ?? {}, release)).map(({ name }) => name)
}

/** The optional keys, empty. Those of TLS and of users stay away: their absence means that there are none. */
function emptyKeys(secret: string, release: Release, but: readonly string[]): Readonly<Record<string, () => Secret>> {
  const optional = keysOf(secret, release).filter((key) => !but.includes(key) && !/SSL|USERNAME|PASSWORD/.test(key))
  return Object.fromEntries(optional.map((key) => [key, () => new Secret('')]))
}
