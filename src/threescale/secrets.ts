import type { ReleaseRange } from './release-range.ts'

/**
 * What to do with a source's secret in one place.
 *
 * `carry`: the source's value. `re-point`: the same keys with values that fit the place. `leave`: the place makes its
 * own. `derive`: its operator computes it and would undo any other value. `dummy`: must be there, must not work.
 */
export type SecretTreatment = 'carry' | 're-point' | 'leave' | 'derive' | 'dummy'

/**
 * The namespaces that hold secrets: of the 3scale that is upgraded, of RHOAM's 3scale, and of RHOAM's own operator
 * (`redhat-rhoam-operator`), which at every reconcile writes what it holds over the one of RHOAM's 3scale.
 */
export const secretPlaces = ['migration', 'destination', 'destination-operator'] as const
export type SecretPlace = (typeof secretPlaces)[number]

export interface SecretKey {
  readonly name: string
  readonly in?: ReleaseRange
}

export interface SecretFacts {
  readonly name: string
  readonly keys: readonly SecretKey[]
  readonly at: Readonly<Record<SecretPlace, SecretTreatment>>
  /** What a careless carrier breaks; for the plan's reader. */
  readonly note: string
}

const keys = (...names: readonly string[]): readonly SecretKey[] => names.map((name) => ({ name }))
const keysIn = (range: ReleaseRange, ...names: readonly string[]): readonly SecretKey[] =>
  names.map((name) => ({ name, in: range }))

const carriedEverywhere = { migration: 'carry', destination: 'carry', 'destination-operator': 'carry' } as const
const carriedToProduct = { migration: 'carry', destination: 'carry', 'destination-operator': 'leave' } as const
const rePointed = { migration: 're-point', destination: 'leave', 'destination-operator': 'leave' } as const
const left = { migration: 'leave', destination: 'leave', 'destination-operator': 'leave' } as const

/**
 * The secrets of an installation that have fixed names. All are Opaque and owned by the APIManager.
 *
 * Those with user-chosen names (file storage, custom policies, gateway environments, TLS, tracing) are found through
 * the APIManager that refers to them.
 * Source: 3scale-operator `pkg/3scale/amp/component/*.go` at 3scale-2.11-stable to 3scale-2.16-stable; what RHOAM owns:
 * integreatly-operator `pkg/products/threescale/reconciler.go`.
 */
export const secrets = [
  {
    name: 'system-seed',
    keys: keys(
      'MASTER_DOMAIN',
      'MASTER_USER',
      'MASTER_PASSWORD',
      'MASTER_ACCESS_TOKEN',
      'ADMIN_USER',
      'ADMIN_PASSWORD',
      'ADMIN_EMAIL',
      'ADMIN_ACCESS_TOKEN',
      'TENANT_NAME',
    ),
    at: carriedEverywhere,
    note:
      'RHOAM reads ADMIN_USER and both access tokens while it runs; the migrated database must know each token. ' +
      'The ADMIN_ values change again once the default tenant exists. MASTER_DOMAIN is a label, not a host name.',
  },
  {
    name: 'system-master-apicast',
    keys: keys('ACCESS_TOKEN', 'PROXY_CONFIGS_ENDPOINT'),
    at: carriedEverywhere,
    note: 'The token is one of the master account in the database, and stands in the endpoint a second time.',
  },
  {
    name: 'system-app',
    keys: keys('SECRET_KEY_BASE', 'USER_SESSION_TTL'),
    at: carriedToProduct,
    note: 'SECRET_KEY_BASE signs sessions and cookies; the database itself holds nothing encrypted.',
  },
  {
    name: 'system-events-hook',
    keys: keys('URL', 'PASSWORD'),
    at: carriedToProduct,
    note: 'The password is shared between backend and system.',
  },
  {
    name: 'system-recaptcha',
    keys: keys('PUBLIC_KEY', 'PRIVATE_KEY'),
    at: carriedToProduct,
    note: 'The keys are registered for host names; a new domain has to be added where they were issued.',
  },
  {
    name: 'system-memcache',
    keys: keys('SERVERS'),
    at: carriedToProduct,
    note: 'Cluster-local by default; a memcached outside the cluster has to be re-pointed.',
  },
  {
    name: 'system-database',
    keys: [
      ...keys('URL', 'DB_USER', 'DB_PASSWORD', 'DB_NAME', 'DB_ROOT_PASSWORD', 'ORACLE_SYSTEM_PASSWORD'),
      ...keysIn({ since: '2.15' }, 'DATABASE_SSL_MODE', 'DB_SSL_CA', 'DB_SSL_CERT', 'DB_SSL_KEY'),
    ],
    at: rePointed,
    note: 'The URL picks the database adapter by its scheme: mysql2, postgresql or oracle-enhanced.',
  },
  {
    name: 'backend-redis',
    keys: [
      ...keys(
        'REDIS_STORAGE_URL',
        'REDIS_QUEUES_URL',
        'REDIS_STORAGE_SENTINEL_HOSTS',
        'REDIS_STORAGE_SENTINEL_ROLE',
        'REDIS_QUEUES_SENTINEL_HOSTS',
        'REDIS_QUEUES_SENTINEL_ROLE',
      ),
      ...keysIn(
        { since: '2.15' },
        'REDIS_STORAGE_USERNAME',
        'REDIS_STORAGE_PASSWORD',
        'REDIS_QUEUES_USERNAME',
        'REDIS_QUEUES_PASSWORD',
        'REDIS_STORAGE_SENTINEL_USERNAME',
        'REDIS_STORAGE_SENTINEL_PASSWORD',
        'REDIS_QUEUES_SENTINEL_USERNAME',
        'REDIS_QUEUES_SENTINEL_PASSWORD',
        'REDIS_SSL_CA',
        'REDIS_SSL_CERT',
        'REDIS_SSL_KEY',
        'REDIS_SSL_QUEUES_CA',
        'REDIS_SSL_QUEUES_CERT',
        'REDIS_SSL_QUEUES_KEY',
      ),
    ],
    at: rePointed,
    note: 'Both URLs are mandatory when Redis is external; storage and queues are two database numbers, not two names.',
  },
  {
    name: 'system-redis',
    keys: [
      ...keys('URL', 'SENTINEL_HOSTS', 'SENTINEL_ROLE'),
      ...keysIn(
        { since: '2.15' },
        'REDIS_USERNAME',
        'REDIS_PASSWORD',
        'REDIS_SENTINEL_USERNAME',
        'REDIS_SENTINEL_PASSWORD',
        'REDIS_SSL_CA',
        'REDIS_SSL_CERT',
        'REDIS_SSL_KEY',
      ),
      ...keysIn({ until: '2.14' }, 'NAMESPACE'),
      ...keysIn(
        { until: '2.11' },
        'MESSAGE_BUS_URL',
        'MESSAGE_BUS_NAMESPACE',
        'MESSAGE_BUS_SENTINEL_HOSTS',
        'MESSAGE_BUS_SENTINEL_ROLE',
      ),
    ],
    at: rePointed,
    note: 'porta ignores NAMESPACE from 2.14 on; jobs queued under a namespace before are never found again.',
  },
  {
    name: 'zync',
    keys: [
      ...keys('DATABASE_URL', 'ZYNC_DATABASE_PASSWORD', 'SECRET_KEY_BASE', 'ZYNC_AUTHENTICATION_TOKEN'),
      ...keysIn({ since: '2.15' }, 'DATABASE_SSL_MODE', 'DB_SSL_CA', 'DB_SSL_CERT', 'DB_SSL_KEY'),
    ],
    at: left,
    note: 'Each installation generates its own; where zync has an external database, DATABASE_URL is re-pointed.',
  },
  {
    name: 'backend-internal-api',
    keys: keys('username', 'password'),
    at: left,
    note: 'Each installation generates its own.',
  },
  {
    name: 'backend-listener',
    keys: keys('service_endpoint', 'route_endpoint'),
    at: { migration: 'leave', destination: 'derive', 'destination-operator': 'leave' },
    note: 'The route endpoint holds the wildcard domain.',
  },
  {
    name: 'system-smtp',
    keys: keys(
      'address',
      'authentication',
      'domain',
      'from_address',
      'openssl.verify.mode',
      'password',
      'port',
      'username',
    ),
    at: { migration: 'dummy', destination: 'leave', 'destination-operator': 'leave' },
    note: 'With working settings the migration cluster would send the queued mail to real people.',
  },
] as const satisfies readonly SecretFacts[]

export type SecretName = (typeof secrets)[number]['name']

/** Secrets of the platform, by pattern (`*` is anything): never exported, never applied. */
export const neverExported = ['hashed-secret-data', '*-dockercfg-*', '*-token-*', 'threescale-registry-auth'] as const

/** The secrets whose source value `place` needs, by name. */
export function secretsCarriedTo(place: SecretPlace): readonly SecretName[] {
  return secrets.filter(({ at }: SecretFacts) => at[place] === 'carry').map(({ name }) => name)
}

/**
 * The keys of the file storage secret that the APIManager names in
 * spec.system.fileStorage.simpleStorageService.configurationSecretRef. On the migration cluster it may be a dummy.
 */
export const fileStorageKeys = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_BUCKET',
  'AWS_REGION',
  'AWS_HOSTNAME',
  'AWS_PROTOCOL',
  'AWS_PATH_STYLE',
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
] as const

/** What an exported Secret must lose before it is applied elsewhere: it is about the cluster it came from. */
export const metadataToStrip = [
  'namespace',
  'uid',
  'resourceVersion',
  'selfLink',
  'creationTimestamp',
  'managedFields',
  'ownerReferences',
  'annotations',
] as const
