import { Secret } from '../../../base/secret.ts'
import { secretValues, writeSecret } from '../workloads/secrets.ts'
import { blobStorageResource, cloudResources, namespaces, postgresResource, redisResource } from './names.ts'
import { ensureCloudResource, type ProductContext, required } from './product.ts'
import type { Phase } from './shapes.ts'

/** Has 3scale's database and Redises made, and writes what the 3scale operator connects with: at every reconcile anew. */
export function externalDataSources(product: ProductContext): Phase {
  const ask = [
    ensureCloudResource(product, redisResource, 'Redis', cloudResources.backendRedis, '3scale'),
    ensureCloudResource(product, redisResource, 'Redis', cloudResources.systemRedis, '3scale'),
    ensureCloudResource(product, postgresResource, 'Postgres', cloudResources.systemDatabase, '3scale', {
      applyImmediately: true,
    }),
  ]
  if (ask.some((phase) => phase !== 'completed')) return 'awaiting components'
  const { view } = product.context
  const from = (name: string) => secretValues(view, namespaces.operator, name)
  const database = from(cloudResources.systemDatabase)
  const value = (values: typeof database, key: string) => required(values, key, 'of a cloud resource')
  const part = (key: string) => encodeURIComponent(value(database, key).reveal('put it into a database URL'))
  const plain = (key: string) => value(database, key).reveal('put it into a database URL')
  const query = product.rhmi.spec.useClusterStorage === 'true' ? '' : '?sslmode=require'
  const url = `postgresql://${part('username')}:${part('password')}@${plain('host')}:${plain('port')}/${part('database')}${query}`
  const before = secretValues(view, namespaces.threescale, 'system-database')?.get('URL')
  const after = new Secret(url)
  write(product, 'system-database', {
    URL: after,
    DB_USER: value(database, 'username'),
    DB_PASSWORD: value(database, 'password'),
  })
  // Migrations run again in the database that 3scale is given now.
  if (before !== undefined && !before.equals(after)) {
    view.remove({ resource: 'jobs.batch', namespace: namespaces.threescale, name: 'system-app-pre' })
  }
  const redis = (name: string, db: number) => {
    const values = from(name)
    const [host, port] = ['uri', 'port'].map((key) => value(values, key).reveal('put it into a Redis URL'))
    const user = values?.get('password')
    // A private server has a password; what RHOAM makes in the cloud has none.
    const auth = user === undefined ? '' : `:${encodeURIComponent(user.reveal('put it into a Redis URL'))}@`
    return new Secret(`redis://${auth}${host}:${port}/${db}`)
  }
  write(product, 'backend-redis', {
    REDIS_STORAGE_URL: redis(cloudResources.backendRedis, 0),
    REDIS_QUEUES_URL: redis(cloudResources.backendRedis, 1),
  })
  write(product, 'system-redis', { URL: redis(cloudResources.systemRedis, 1) }, /^MESSAGE_BUS_/)
  return 'completed'
}

/** Has a bucket made, and writes the secret that the APIManager's file storage names. */
export function blobStorage(product: ProductContext): Phase {
  const phase = ensureCloudResource(product, blobStorageResource, 'BlobStorage', cloudResources.bucket, '3scale')
  if (phase !== 'completed') return 'awaiting components'
  const values = secretValues(product.context.view, namespaces.operator, cloudResources.bucket)
  const value = (key: string) => required(values, key, cloudResources.bucket)
  write(product, 's3-credentials', {
    AWS_ACCESS_KEY_ID: value('credentialKeyID'),
    AWS_SECRET_ACCESS_KEY: value('credentialSecretKey'),
    AWS_BUCKET: value('bucketName'),
    AWS_REGION: value('bucketRegion'),
  })
  return 'completed'
}

/** The settings of outgoing mail: the customer's, or the addon's own. */
export function systemSmtp(product: ProductContext): Phase {
  const { view } = product.context
  const custom = secretValues(view, namespaces.operator, 'custom-smtp')
  const smtp = custom ?? secretValues(view, namespaces.operator, product.rhmi.spec.smtpSecret)
  const value = (key: string) => smtp?.get(key) ?? new Secret('')
  write(product, 'system-smtp', {
    address: value('host'),
    authentication: new Secret('login'),
    domain: new Secret(product.rhmi.spec.routingSubdomain ?? ''),
    'openssl.verify.mode': new Secret(''),
    password: value('password'),
    port: value('port'),
    username: value('username'),
  })
  return 'completed'
}

const carried = ['system-seed', 'system-master-apicast'] as const

/** From RHOAM's own namespace over what 3scale's has; a secret that is not there is left out. */
export function restoreSystemSecrets(product: ProductContext): Phase {
  return copySecrets(product, namespaces.operator, namespaces.threescale)
}

/** And back, at the end of the same reconcile. */
export function backupSystemSecrets(product: ProductContext): Phase {
  return copySecrets(product, namespaces.threescale, namespaces.operator)
}

function copySecrets({ context: { view } }: ProductContext, from: string, to: string): Phase {
  for (const name of carried) {
    const values = secretValues(view, from, name)
    if (values !== undefined) writeSecret(view, { namespace: to, name, values })
  }
  return 'completed'
}

/** Sets these values and keeps the others, but for those whose keys are retired. */
function write(
  { context: { view } }: ProductContext,
  name: string,
  values: Readonly<Record<string, Secret>>,
  retired?: RegExp,
): void {
  const there = secretValues(view, namespaces.threescale, name) ?? new Map<string, Secret>()
  const kept = [...there].filter(([key]) => retired?.test(key) !== true)
  writeSecret(view, { namespace: namespaces.threescale, name, values: new Map([...kept, ...Object.entries(values)]) })
}
