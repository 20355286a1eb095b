import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { type Release, releases } from '../../src/model/release.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { resources, type Subscription } from '../../src/simulator/controllers/olm/shapes.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  deploymentResource,
  jobResource,
  routeResource,
} from '../../src/simulator/controllers/threescale/shapes.ts'
import { operatorDeployment } from '../../src/simulator/controllers/threescale/running-operator.ts'
import { installBaseCluster } from '../../src/simulator/controllers/world/base-cluster.ts'
import { installThreescale, isInstalled } from '../../src/simulator/controllers/world/install-threescale.ts'
import { isAdmitted } from '../../src/simulator/controllers/workloads/routes.ts'
import { secretValues, writeSecret } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Deployment, DeploymentConfig, Job, Pod, Route } from '../../src/simulator/controllers/workloads/shapes.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { workloadsOf } from '../../src/threescale/workloads.ts'
import { threescaleCluster } from '../support/controllers.ts'
import { freshPostgresPair, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true, redis: true })
const ns = '3scale'
const domain = 'apps.source.example.com'
const versionAnnotation = 'apps.3scale.net/apimanager-threescale-version'

async function install(release: Release, spec: object = {}) {
  const { source, onSource } = await freshPostgresPair(servers)
  const { host, port, password } = servers.redis()
  const redis = (db: number) =>
    new Secret(`redis://:${encodeURIComponent(password.reveal('a test server'))}@${host}:${port}/${db}`)
  const database = new Secret(urlOf(source))
  const cluster = threescaleCluster(domain)
  installBaseCluster(cluster.store, {
    name: 'source',
    appsDomain: domain,
    awsRegion: 'eu-west-1',
    openshiftVersion: '4.14.20',
  })
  const installation = {
    release,
    namespace: ns,
    wildcardDomain: domain,
    tenantName: '3scale',
    database,
    systemRedis: redis(1),
    backendStorage: redis(0),
    backendQueues: redis(1),
  }
  installThreescale(cluster.store, installation)
  cluster.view.change<ApiManager>({ resource: apiManagers, namespace: ns, name: '3scale' }, (draft) => {
    Object.assign(draft.spec, spec)
  })
  const { view } = cluster
  const kindOf = (release: Release) =>
    releaseFacts[release].workloadKind === 'Deployment' ? deploymentResource : configResource
  return {
    ...cluster,
    sql: onSource,
    apiManager: () => view.get<ApiManager>(apiManagers, ns, '3scale'),
    workload: (name: string, at = release) => view.get<Deployment | DeploymentConfig>(kindOf(at), ns, name),
    names: (resource: string) => view.list(resource, ns).map(({ metadata }) => metadata.name),
    scale: (resource: string, name: string, replicas: number) =>
      view.change<Deployment>({ resource, namespace: ns, name }, (draft) => {
        draft.spec.replicas = replicas
      }),
    pods: () => view.list<Pod>('pods', ns),
    isReady: (at = release) => isInstalled(view, ns, at),
    moveTo: (channel: string) =>
      view.change<Subscription>(
        { resource: resources.subscriptions, namespace: ns, name: '3scale-operator' },
        (draft) => {
          draft.spec.channel = channel
        },
      ),
    kindOf,
  }
}

type Installed = Awaited<ReturnType<typeof install>>

const unbundled = (release: Release) =>
  workloadsOf(release)
    .filter(({ presence }) => presence.kind !== 'bundled' || presence.database === 'zync-database')
    .map(({ name }) => name)
    .sort()

describe('a 3scale', () => {
  for (const release of releases) {
    test(`${release} installs, seeds its database, is scaled down with its operator first, and up again`, async () => {
      const world = await install(release)
      await world.until(() => hasCondition(world.apiManager(), 'Available'))
      assert.ok(world.isReady())
      assert.deepEqual(
        world.names(world.kindOf(release)).filter((name) => name !== operatorDeployment),
        unbundled(release),
      )
      assert.deepEqual(await world.sql('SELECT max(version) FROM schema_migrations'), [
        [releaseFacts[release].lastMigration],
      ])
      const seed = secretValues(world.view, ns, 'system-seed')
      assert.deepEqual(await world.sql('SELECT value FROM access_tokens ORDER BY id'), [
        [seed?.get('MASTER_ACCESS_TOKEN')?.reveal('compare')],
        [secretValues(world.view, ns, 'system-master-apicast')?.get('ACCESS_TOKEN')?.reveal('compare')],
        [seed?.get('ADMIN_ACCESS_TOKEN')?.reveal('compare')],
      ])
      const hosts = world.view.list<Route>(routeResource, ns)
      assert.ok(hosts.every(isAdmitted))
      assert.equal(hosts.length, 6)
      await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotation] === release)

      const before = world.apiManager()?.status
      world.scale(deploymentResource, operatorDeployment, 0)
      for (const name of unbundled(release)) world.scale(world.kindOf(release), name, 0)
      const isThreescale = ({ metadata }: Pod) => metadata.labels?.['threescale_component'] !== undefined
      await world.until(() => world.pods().filter(isThreescale).length === 0)
      assert.deepEqual(world.apiManager()?.status, before, 'nobody is there to say that all is gone')

      world.scale(deploymentResource, operatorDeployment, 1)
      const resets = release === '2.11' || release === '2.12'
      await world.until(() => world.apiManager()?.status?.deployments?.stopped.includes('system-memcache') === true)
      if (resets) {
        await world.until(() => world.apiManager()?.status?.deployments?.stopped.includes('system-app') === false)
        assert.equal(world.workload('system-memcache')?.spec.replicas, 0, 'nobody but who scaled it down')
      } else {
        await world.pass(600_000)
        assert.equal(world.workload('system-app')?.spec.replicas, 0)
      }
      for (const name of unbundled(release)) world.scale(world.kindOf(release), name, 1)
      await world.until(() => world.isReady() && hasCondition(world.apiManager(), 'Available'))
    })
  }

  test('upgrades hop by hop from 2.11 to 2.16, each hop done by what its release does', async () => {
    const world = await install('2.11')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    for (const [i, release] of releases.entries()) {
      if (i === 0) continue
      world.moveTo(`threescale-${release}`)
      await world.until(() => world.isReady(release) && isSettled(world, release), 4 * 3_600_000)
      await expectHop(world, release)
    }
  })

  test('a jump of two releases is refused from 2.15 on, and not before', async () => {
    const early = await install('2.11')
    await early.until(() => early.isReady())
    early.view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
    early.view.remove({ resource: resources.csvs, namespace: ns, name: '3scale-operator.v0.8.4-0.1655690146.p' })
    const again = (world: Installed, channel: string) =>
      world.create({
        apiVersion: 'operators.coreos.com/v1alpha1',
        kind: 'Subscription',
        metadata: { namespace: ns, name: '3scale-operator' },
        spec: {
          name: '3scale-operator',
          channel,
          source: 'redhat-operators',
          sourceNamespace: 'openshift-marketplace',
        },
      })
    again(early, 'threescale-2.13')
    await early.until(() => early.isReady('2.13') && isSettled(early, '2.13'))
    early.view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
    early.view.remove({ resource: resources.csvs, namespace: ns, name: '3scale-operator.v0.10.4' })
    again(early, 'threescale-2.15')
    await early.until(() => hasCondition(early.apiManager(), 'Preflights', 'False'))
    const says = early.apiManager()?.status?.conditions?.find(({ type }) => type === 'Preflights')?.message
    assert.equal(says, 'attempted upgrade from 2.13 to 2.15 not allowed')
    await early.pass(3_600_000)
    assert.deepEqual(early.names(jobResource), [], 'it has begun nothing')
    assert.equal(early.names(configResource).includes('system-app'), true)
  })

  test('2.16 goes on only when every database is external', async () => {
    const world = await install('2.16', { externalComponents: { system: { redis: true, database: true } } })
    await world.until(() => hasCondition(world.apiManager(), 'Preflights', 'False'))
    world.view.change<ApiManager>({ resource: apiManagers, namespace: ns, name: '3scale' }, (draft) => {
      draft.spec.externalComponents = { system: { redis: true, database: true }, backend: { redis: true } }
    })
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
  })

  test('a wrong database keeps hooks failing and pods crashing, and a missing key keeps pods from starting', async () => {
    for (const release of ['2.13', '2.15'] as const) {
      const world = await install(release)
      await world.until(() => hasCondition(world.apiManager(), 'Available'))
      const good = secretValues(world.view, ns, 'system-database')
      if (good === undefined) throw new Error('no secret')
      const bad = new Secret('postgresql://nobody:wrong@127.0.0.1:1/gone')
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: new Map([['URL', bad]]) })
      for (const { metadata } of world
        .pods()
        .filter((pod) => pod.metadata.labels?.['threescale_component_element'] === 'sidekiq')) {
        world.view.remove({ resource: 'pods', namespace: ns, name: metadata.name })
      }
      const reasons = () => JSON.stringify(world.pods().map(({ status }) => status?.containerStatuses))
      await world.until(() => /CrashLoopBackOff/.test(reasons()))
      assert.doesNotMatch(reasons(), /wrong/)
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: new Map() })
      await world.until(() => {
        for (const { metadata, status } of world.pods()) {
          const crashes = status?.containerStatuses?.some(({ state }) => state.waiting?.reason === 'CrashLoopBackOff')
          if (crashes === true) world.view.remove({ resource: 'pods', namespace: ns, name: metadata.name })
        }
        return /CreateContainerConfigError.*couldn't find key URL in Secret 3scale\/system-database/.test(reasons())
      })
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: good })
      await world.until(() => world.isReady())
    }
  })

  test('a job before system-app that was deleted runs again', async () => {
    const world = await install('2.15')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    const uid = () => world.view.get<Job>(jobResource, ns, 'system-app-pre')?.metadata.uid
    const before = uid()
    await world.sql('DROP TABLE schema_migrations', 'ALTER TABLE accounts RENAME TO somebody_elses')
    world.view.remove({ resource: jobResource, namespace: ns, name: 'system-app-pre' })
    await world.until(() => {
      const job = world.view.get<Job>(jobResource, ns, 'system-app-pre')
      return uid() !== before && hasCondition(job, 'Complete')
    })
    assert.deepEqual(await world.sql('SELECT count(*) FROM accounts'), [['2']], 'an invisible schema is seeded anew')
  })
})

/** Everything that a release wants is there in its kind, and rolled out. */
function isSettled(world: Installed, release: Release): boolean {
  const jobs = ['system-app-pre', 'system-app-post'].map((name) => world.view.get<Job>(jobResource, ns, name))
  const isLater = releaseFacts[release].workloadKind === 'Deployment'
  return (
    unbundled(release).every((name) => {
      const { status, metadata, spec } = world.workload(name, release) ?? {}
      return (
        status?.observedGeneration === metadata?.generation &&
        status?.updatedReplicas === spec?.replicas &&
        spec?.template.metadata?.labels?.['com.redhat.component-version'] === release
      )
    }) &&
    (!isLater ||
      jobs.every(
        (job) =>
          hasCondition(job, 'Complete') &&
          /:3scale/.test(JSON.stringify(job)) &&
          JSON.stringify(job).includes(`:3scale${release}`),
      ))
  )
}

async function expectHop(world: Installed, release: Release): Promise<void> {
  await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotation] === release)
  const isLater = releaseFacts[release].workloadKind === 'Deployment'
  await world.until(() => !isLater || world.names(configResource).length === 0)
  const kind = world.kindOf(release)
  assert.deepEqual(
    world.names(kind).filter((name) => name !== operatorDeployment),
    unbundled(release),
  )
  const [[version] = []] = await world.sql('SELECT max(version) FROM schema_migrations')
  assert.equal(version, releaseFacts[release].lastMigration)
  const claims = world.names('persistentvolumeclaims')
  if (release === '2.14') assert.deepEqual(claims, ['system-searchd'])
  if (isLater) {
    await world.until(() => world.names('persistentvolumeclaims').length === 1)
    assert.deepEqual(world.names('persistentvolumeclaims'), ['system-searchd-manticore'])
    assert.deepEqual(world.names('imagestreams.image.openshift.io'), [])
    await world.until(() =>
      hasCondition(world.view.get<Job>(jobResource, ns, 'system-searchd-manticore-reindex'), 'Complete'),
    )
  }
  const messageBus = secretValues(world.view, ns, 'system-redis')?.has('MESSAGE_BUS_URL')
  assert.equal(messageBus, true, 'an external Redis keeps what only its owner removes')
  await world.until(() => hasCondition(world.apiManager(), 'Available'))
}
