import { Secret } from '../../src/base/secret.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import type { Release } from '../../src/model/release.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { resources, type Subscription } from '../../src/simulator/controllers/olm/shapes.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  deploymentResource,
  jobResource,
} from '../../src/simulator/controllers/threescale/shapes.ts'
import { installBaseCluster } from '../../src/simulator/controllers/world/base-cluster.ts'
import { installThreescale, isInstalled } from '../../src/simulator/controllers/world/install-threescale.ts'
import type { Deployment, DeploymentConfig, Job, Pod } from '../../src/simulator/controllers/workloads/shapes.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { workloadsOf } from '../../src/threescale/workloads.ts'
import { threescaleCluster } from './controllers.ts'
import { freshPostgresPair, urlOf } from './databases.ts'
import type { withServers } from './servers.ts'

type Servers = Pick<ReturnType<typeof withServers>, 'postgres' | 'redis'>

export const ns = '3scale'
export const versionAnnotation = 'apps.3scale.net/apimanager-threescale-version'

const kindOf = (release: Release) =>
  releaseFacts[release].workloadKind === 'Deployment' ? deploymentResource : configResource

/** What an installation stands on that does not begin empty. */
export interface MovedDatabase {
  readonly address: DatabaseAddress
  readonly sql: (...statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>
  readonly wildcardDomain: string
  /** The tokens that are in it. */
  readonly seed: Readonly<Record<string, Secret>>
}

/** A 3scale of a release that is being installed on real databases, with ways to look at it; without `moved` on empty ones. */
export async function install(servers: Servers, release: Release, spec: object = {}, moved?: MovedDatabase) {
  const fresh = moved === undefined ? await freshPostgresPair(servers) : undefined
  const address = moved?.address ?? fresh?.source
  const sql = moved?.sql ?? fresh?.onSource
  if (address === undefined || sql === undefined) throw new Error('there is one or the other')
  const domain = moved?.wildcardDomain ?? 'apps.source.example.com'
  const redis = (db: number) => redisUrl(servers, db)
  const database = new Secret(urlOf(address))
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
    ...(moved === undefined ? {} : { seed: moved.seed }),
  }
  installThreescale(cluster.store, installation)
  cluster.view.change<ApiManager>({ resource: apiManagers, namespace: ns, name: '3scale' }, (draft) => {
    Object.assign(draft.spec, spec)
  })
  const { view } = cluster
  return {
    ...cluster,
    sql,
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

export type Installed = Awaited<ReturnType<typeof install>>

/** The workloads of an installation whose databases are external. */
export const unbundled = (release: Release) =>
  workloadsOf(release)
    .filter(({ presence }) => presence.kind !== 'bundled' || presence.database === 'zync-database')
    .map(({ name }) => name)
    .sort()

/** A database of the test's Redis, as a secret holds it. */
export function redisUrl(servers: Pick<Servers, 'redis'>, db: number): Secret {
  const { host, port, password } = servers.redis()
  return new Secret(`redis://:${encodeURIComponent(password.reveal('a test server'))}@${host}:${port}/${db}`)
}

/** Everything that a release wants is there in its kind, and rolled out. */
export function isSettled(world: Installed, release: Release): boolean {
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
