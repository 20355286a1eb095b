import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { identifierAnnotation } from '../../src/simulator/controllers/rhoam/cloud-resources.ts'
import {
  cloudResources,
  keycloakClients,
  namespaces,
  parametersSecret,
  postgresResource,
  redisResource,
  rhmiName,
  rhmiOperator,
  rhmis,
} from '../../src/simulator/controllers/rhoam/names.ts'
import { rhoamVersionOf } from '../../src/simulator/controllers/rhoam/rhoam-catalog.ts'
import type { CloudResource, CustomDomain, Rhmi, Snapshot } from '../../src/simulator/controllers/rhoam/shapes.ts'
import { type ApiManager, apiManagers } from '../../src/simulator/controllers/threescale/shapes.ts'
import { operatorDeployment } from '../../src/simulator/controllers/threescale/running-operator.ts'
import { installBaseCluster } from '../../src/simulator/controllers/world/base-cluster.ts'
import {
  type AddonValues,
  defaultAddonValues,
  installRhoam,
} from '../../src/simulator/controllers/world/install-rhoam.ts'
import { installWorld, isRhoamComplete } from '../../src/simulator/controllers/world/install-world.ts'
import { LocalCloud } from '../../src/simulator/controllers/world/local-cloud.ts'
import { secretValues, writeSecret } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Deployment, Pod } from '../../src/simulator/controllers/workloads/shapes.ts'
import { namespaceOf, rhoamCluster, threescaleCluster } from '../support/controllers.ts'
import { freshPostgresPair, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'
import { redisUrl } from '../support/installed-threescale.ts'

const servers = withServers({ postgres: true, redis: true })
const domain = 'apps.destination.example.com'

async function rhoam(minor: string, values: AddonValues = defaultAddonValues) {
  const version = rhoamVersionOf(minor)
  if (version === undefined) throw new Error(`no RHOAM ${minor}`)
  const { source, onSource } = await freshPostgresPair(servers)
  const cloud = new LocalCloud({
    databases: { [cloudResources.systemDatabase]: new Secret(urlOf(source)) },
    redis: {
      [cloudResources.backendRedis]: redisUrl(servers, 0),
      [cloudResources.systemRedis]: redisUrl(servers, 1),
    },
    bucketRegion: 'eu-west-1',
  })
  const cluster = rhoamCluster(domain, cloud, version)
  installBaseCluster(cluster.store, {
    name: 'destination',
    appsDomain: domain,
    awsRegion: 'eu-west-1',
    openshiftVersion: '4.16.8',
  })
  const { view } = cluster
  return {
    ...cluster,
    cloud,
    version,
    sql: onSource,
    trigger: () => installRhoam(cluster.store, values),
    rhmi: () => view.get<Rhmi>(rhmis, namespaces.operator, rhmiName),
    apiManager: () => view.get<ApiManager>(apiManagers, namespaces.threescale, '3scale'),
    scale: (namespace: string, name: string, replicas: number) =>
      view.change<Deployment>({ resource: 'deployments.apps', namespace, name }, (draft) => {
        draft.spec.replicas = replicas
      }),
    podsOf: (namespace: string, name: string) => view.list<Pod>('pods', namespace, { name }),
    secret: (namespace: string, name: string, key: string) =>
      secretValues(view, namespace, name)?.get(key)?.reveal('look into it in a test'),
    setSecret: (namespace: string, name: string, changes: Readonly<Record<string, string>>) => {
      const before = secretValues(view, namespace, name) ?? new Map<string, Secret>()
      const after = Object.entries(changes).map(([key, value]) => [key, new Secret(value)] as const)
      writeSecret(view, { namespace, name, values: new Map([...before, ...after]) })
    },
  }
}

type World = Awaited<ReturnType<typeof rhoam>>

const isComplete = ({ rhmi }: World) => isRhoamComplete(rhmi())

describe('RHOAM', () => {
  test('installs, is frozen when the APIManager appears, and completes after it is thawed', async () => {
    const world = await rhoam('1.45')
    const stages: string[] = []
    world.store.watch(rhmis, {}, () => {
      const stage = world.rhmi()?.status?.stage
      if (stage !== undefined && stages.at(-1) !== stage) stages.push(stage)
    })
    world.trigger()
    await world.until(() => world.apiManager() !== undefined)
    assert.deepEqual(stages, ['Preflight Checks', 'bootstrap', 'installation'])
    world.scale(namespaces.operator, rhmiOperator, 0)
    await world.until(() => world.podsOf(namespaces.operator, rhmiOperator).length === 0)
    const frozen = world.rhmi()?.status
    assert.equal(frozen?.version, '')
    assert.equal(frozen?.toVersion, '1.45.0')

    // The 3scale operator goes on by itself, and its first start seeds the database.
    await world.until(() => world.apiManager()?.status?.deployments?.starting.length === 0 && isUp(world))
    assert.deepEqual(await world.sql('SELECT id, self_domain FROM accounts ORDER BY id'), [
      ['1', `master.${domain}`],
      ['2', `3scale-admin.${domain}`],
    ])
    await world.pass(3_600_000)
    assert.deepEqual(world.rhmi()?.status, frozen)
    assert.equal(world.view.get(keycloakClients, namespaces.rhsso, '3scale'), undefined)

    world.scale(namespaces.operator, rhmiOperator, 1)
    await world.until(() => isComplete(world))
    const product = world.rhmi()?.status?.stages?.['installation']?.products?.['3scale']
    assert.deepEqual([product?.version, product?.operator], ['2.16.3', '0.13.3'])
    assert.equal(world.apiManager()?.spec['system'] !== undefined, true)
    assert.equal(world.view.get<Deployment>('deployments.apps', namespaces.threescale, 'system-app')?.spec.replicas, 3)
    assert.match(
      world.secret(namespaces.threescale, 'system-database', 'URL') ?? '',
      /^postgresql:.*\?sslmode=require$/,
    )
    assert.match(world.secret(namespaces.threescale, 'backend-redis', 'REDIS_QUEUES_URL') ?? '', /\/1$/)
    assert.deepEqual(await world.sql('SELECT system_name, client_id, published FROM authentication_providers'), [
      ['rhsso', '3scale', 't'],
    ])
    const token = world.secret(namespaces.operator, 'system-seed', 'ADMIN_ACCESS_TOKEN')
    assert.equal(token, world.secret(namespaces.threescale, 'system-seed', 'ADMIN_ACCESS_TOKEN'))
    await thaw(world)
  })

  test('of a release before Deployments has 2.13 in DeploymentConfigs', async () => {
    const world = await rhoam('1.40')
    world.trigger()
    await world.until(() => isComplete(world))
    const names = world.view.list('deploymentconfigs.apps.openshift.io', namespaces.threescale)
    assert.ok(names.some(({ metadata }) => metadata.name === 'system-sphinx'))
    assert.equal(world.rhmi()?.status?.stages?.['installation']?.products?.['3scale']?.operator, '0.11.8-mas')
  })

  test('does not begin beside another 3scale, without its parameters, or with half of an SMTP', async () => {
    const world = await rhoam('1.44', { ...defaultAddonValues, 'custom-smtp-address': new Secret('smtp.example.com') })
    const stranger = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'theirs', name: 'system-app' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
      },
    }
    world.create(namespaceOf('theirs'), stranger)
    world.trigger()
    await world.until(() => world.rhmi()?.status?.preflightStatus === 'failed')
    assert.equal(world.rhmi()?.status?.preflightMessage, 'found conflicting packages: 3scale, in namespace: theirs')
    world.view.remove({ resource: 'deployments.apps', namespace: 'theirs', name: 'system-app' })
    await world.until(() => world.rhmi()?.status?.preflightStatus === 'successful')
    await world.until(() => world.rhmi()?.status?.customSmtp?.enabled === false)
    assert.match(
      world.rhmi()?.status?.customSmtp?.error ?? '',
      /missing fields: port, username, password, from_address/,
    )
    world.create({ ...stranger, metadata: { ...stranger.metadata, name: 'system-app' } })
    await world.until(() => world.rhmi()?.status?.stage === 'installation')
    world.view.remove({ resource: 'secrets', namespace: namespaces.operator, name: parametersSecret })
    await world.until(() => /parameters secret/.test(world.rhmi()?.status?.lastError ?? ''))
  })

  test('takes a custom domain only when it is ready, and only once', async () => {
    const custom = 'api.customer.example.org'
    const world = await rhoam('1.45', { ...defaultAddonValues, 'custom-domain_domain': new Secret(` ${custom} `) })
    world.create({
      apiVersion: 'managed.openshift.io/v1alpha1',
      kind: 'CustomDomain',
      metadata: { name: 'api' },
      spec: { domain: custom, scope: 'External', certificate: { name: 'tls', namespace: 'default' } },
    })
    world.trigger()
    await world.until(() => /no CustomDomain/.test(world.rhmi()?.status?.lastError ?? ''))
    const state = () => world.view.get<CustomDomain>('customdomains.managed.openshift.io', undefined, 'api')?.status
    assert.equal(state()?.state, 'NotReady')
    world.create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'tls' }, data: {} })
    await world.until(() => state()?.state === 'Ready')
    await world.until(() => world.apiManager() !== undefined)
    assert.equal(world.apiManager()?.spec.wildcardDomain, custom)
  })
})

const facts = (name: string) => ({
  name,
  appsDomain: `apps.${name}.example.com`,
  awsRegion: 'eu-west-1',
  openshiftVersion: '4.16.8',
})

test('a world of two clusters comes up by itself', async () => {
  const [destination, { source: database }] = [await rhoam('1.45'), await freshPostgresPair(servers)]
  const source = threescaleCluster('apps.source.example.com')
  const plan = {
    source: {
      store: source.store,
      facts: facts('source'),
      threescale: {
        release: '2.13' as const,
        namespace: '3scale',
        wildcardDomain: 'apps.source.example.com',
        tenantName: 'acme',
        database: new Secret(urlOf(database)),
        systemRedis: redisUrl(servers, 3),
        backendStorage: redisUrl(servers, 4),
        backendQueues: redisUrl(servers, 5),
        seed: { MASTER_ACCESS_TOKEN: new Secret('known') },
      },
    },
    destination: { store: destination.store, facts: facts('destination'), addon: defaultAddonValues },
  }
  const world = installWorld(plan)
  await source.until(world.isSourceReady)
  await destination.until(world.isDestinationComplete)
  assert.equal(
    secretValues(source.view, '3scale', 'system-seed')?.get('MASTER_ACCESS_TOKEN')?.reveal('compare'),
    'known',
  )
  const version = destination.store.version()
  installWorld(plan)
  assert.equal(destination.store.version(), version, 'twice is as good as once')
})

const add = (id: number, name: string) =>
  `INSERT INTO accounts (id, org_name, provider, provider_account_id, tenant_id, domain, self_domain, from_email, created_at)
   VALUES (${id}, '${name}', true, 1, ${id}, '${name}.${domain}', '${name}-admin.${domain}', 'api@${name}.example', now())`
const addUser = (id: number, name: string) =>
  `INSERT INTO users (id, account_id, username, email, role, state, created_at)
   VALUES (${id}, 2, '${name}', '${name}@example.com', 'member', 'active', now())`

/** What a thaw does to data that was moved in while RHOAM was frozen: all of it, good and bad. */
async function thaw(world: World): Promise<void> {
  world.scale(namespaces.operator, rhmiOperator, 0)
  await world.until(() => world.podsOf(namespaces.operator, rhmiOperator).length === 0)
  await world.sql(add(50, 'bank'), addUser(60, 'Alice'), addUser(61, 'portal-admin'), addUser(62, 'bob'))
  world.create({
    apiVersion: 'keycloak.org/v1alpha1',
    kind: 'KeycloakUser',
    metadata: { namespace: namespaces.rhsso, name: 'alice' },
    spec: { user: { username: 'alice' } },
  })
  world.setSecret(namespaces.threescale, 'system-seed', { ADMIN_ACCESS_TOKEN: 'carried' })
  world.scale(namespaces.operator, rhmiOperator, 1)
  await world.until(
    () => !isComplete(world) || world.secret(namespaces.threescale, 'system-seed', 'ADMIN_ACCESS_TOKEN') !== 'carried',
  )
  assert.notEqual(
    world.secret(namespaces.threescale, 'system-seed', 'ADMIN_ACCESS_TOKEN'),
    'carried',
    "what was put into 3scale's namespace alone is gone",
  )
  await world.until(
    () =>
      isComplete(world) && world.podsOf(namespaces.operator, rhmiOperator).some((pod) => hasCondition(pod, 'Ready')),
  )
  const users = async () => (await world.sql('SELECT username FROM users WHERE account_id = 2 ORDER BY id')).flat()
  assert.deepEqual(await users(), ['admin', '3scaleadmin', 'Alice'], 'whom the realm does not know is deleted')
  assert.deepEqual(await world.sql('SELECT from_email FROM accounts WHERE id IN (2, 50) ORDER BY id'), [
    [null],
    ['noreply-alert@example.com'],
  ])
  // The token of the seed has to be one that the database knows.
  world.setSecret(namespaces.operator, 'system-seed', { ADMIN_ACCESS_TOKEN: 'nobody knows it' })
  await world.until(() => /3scale answered 403/.test(world.rhmi()?.status?.lastError ?? ''))
  assert.equal(world.rhmi()?.status?.stage, 'installation')
  const [[known] = []] = await world.sql("SELECT value FROM access_tokens WHERE name = 'Administration'")
  world.setSecret(namespaces.operator, 'system-seed', { ADMIN_ACCESS_TOKEN: String(known) })
  await world.until(() => isComplete(world))
  await losing(world)
}

/** What the cloud resource operator does about a Redis that goes and comes. */
async function losing(world: World): Promise<void> {
  const name = cloudResources.backendRedis
  const ref = { resource: redisResource, namespace: namespaces.operator, name }
  const redis = () => world.view.get<CloudResource>(redisResource, namespaces.operator, name)
  const setSkip = (skip: boolean) =>
    world.view.change<CloudResource>(ref, (draft) => {
      draft.spec.skipCreate = skip
    })
  const identifier = redis()?.metadata.annotations?.[identifierAnnotation] ?? ''
  assert.ok(identifier.length > 0 && identifier.length <= 40)
  setSkip(true)
  await world.until(() => redis()?.status?.phase === 'paused')
  world.cloud.lose(identifier)
  await world.pass(1_800_000)
  assert.equal(redis()?.status?.phase, 'paused')
  setSkip(false)
  await world.until(() => redis()?.status?.phase === 'failed')
  await world.until(() => world.rhmi()?.status?.stage === 'installation')
  await world.cloud.provision('redis', name, identifier)
  await world.until(() => redis()?.status?.phase === 'complete')
  await world.until(() => isComplete(world))
  world.create({
    apiVersion: 'integreatly.org/v1alpha1',
    kind: 'PostgresSnapshot',
    metadata: { namespace: namespaces.operator, name: 'before' },
    spec: { resourceName: cloudResources.systemDatabase },
  })
  const snapshot = () =>
    world.view.get<Snapshot>('postgressnapshots.integreatly.org', namespaces.operator, 'before')?.status
  await world.until(() => snapshot()?.phase === 'complete')
  const postgres = world.view.get<CloudResource>(postgresResource, namespaces.operator, cloudResources.systemDatabase)
  assert.equal(snapshot()?.snapshotID, `${postgres?.metadata.annotations?.[identifierAnnotation]}-before`)
}

function isUp({ view, apiManager }: World): boolean {
  const ready = apiManager()?.status?.deployments?.ready ?? []
  const operator = view.get<Deployment>('deployments.apps', namespaces.threescaleOperator, operatorDeployment)
  return ready.includes('system-app') && ready.includes('system-sidekiq') && (operator?.status?.readyReplicas ?? 0) > 0
}
