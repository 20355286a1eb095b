import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { accountCredentials, makeClusterNetwork } from '../../adapters/aws/rehearsal-account.ts'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock, EpochMs } from '../../base/clock.ts'
import { Secret } from '../../base/secret.ts'
import { type DatabaseKind, type Migration, migrationSchema } from '../../model/migration.ts'
import type { AccessLevel, Party } from '../../model/party.ts'
import type { Release } from '../../model/release.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import type { RowId } from '../../model/row-id.ts'
import { withSql } from '../../simulator/controllers/database/sql-session.ts'
import { realTimings, scaledTimings, type Timings } from '../../simulator/controllers/engine/timings.ts'
import { rhoamVersionOf } from '../../simulator/controllers/rhoam/rhoam-catalog.ts'
import { tellZync } from '../../simulator/controllers/threescale/zync.ts'
import { ensureCatalogSource, installBaseCluster } from '../../simulator/controllers/world/base-cluster.ts'
import { defaultAddonValues, installRhoam } from '../../simulator/controllers/world/install-rhoam.ts'
import { installThreescale, isInstalled } from '../../simulator/controllers/world/install-threescale.ts'
import type { Route } from '../../simulator/controllers/workloads/shapes.ts'
import { worldNow } from '../../simulator/source-world/calendar.ts'
import { mysqlSourceWorld } from '../../simulator/source-world/generate.ts'
import { wildcardDomain } from '../../simulator/source-world/outline.ts'
import { catalogSource } from '../../threescale/hops.ts'
import { rhoamFacts } from '../../threescale/rhoam.ts'
import type { ClusterPlace } from '../../steps/tools.ts'
import { openRehearsalCluster, region, type RehearsalCluster } from './clusters.ts'
import { settingsOfParties } from './parties.ts'
import { startServers, type RehearsalServers, type ServersOptions } from './servers.ts'

/** What a rehearsal can put up as the source's database; MariaDB stands in for MySQL. */
export type RehearsalDatabase = Exclude<DatabaseKind, 'oracle'>

export interface RehearsalWorldOptions extends ServersOptions {
  readonly accessLevel: AccessLevel
  readonly release: Release
  /** The engine of the source's system database. */
  readonly database: RehearsalDatabase
  readonly rhoamVersion: string
  readonly tenants: number
  readonly scale: number
  readonly seed: number
  /** How many times as fast as real clusters these are. */
  readonly speed: number
  /** PATH. */
  readonly path: string
  readonly clock: Clock
}

/** Everything that a migration meets, on this machine and made up; the migration's code is the real one. */
export interface RehearsalWorld {
  readonly migration: Migration
  /** Each party's environment: see `openTools`. */
  readonly settings: Readonly<Record<Party, ReadonlyMap<string, string>>>
  readonly servers: RehearsalServers
  readonly clusters: Readonly<Record<ClusterPlace, RehearsalCluster>>
  /** Of what 3scale takes for now: it stands still, so that counters and limits are the same at every call. */
  readonly worldClock: Clock
  /** What controllers could not do, and tried again. */
  readonly troubles: readonly unknown[]
  /** Does what a person is asked for in a row; false: no person is needed there. */
  byHand(row: RowId): boolean
  close(): Promise<void>
}

const namespace = '3scale'
const domains = {
  source: wildcardDomain,
  migration: 'apps.migration.example.com',
  destination: 'apps.destination.example.com',
} as const
const accounts = { migration: '210987654321', destination: '123456789012' } as const
const openshiftVersion = '4.16.8'
const identityProvider = 'customer-idp'

/** Makes it, and waits until 3scale runs at the source. Abort: ends what was started. */
export async function openRehearsalWorld(options: RehearsalWorldOptions): Promise<RehearsalWorld> {
  const { dir, clock, release, signal } = options
  await mkdir(dir, { recursive: true, mode: 0o711 })
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of closing.splice(0).toReversed()) await end()
  }
  try {
    const servers = await startServers({ ...options, dir: join(dir, 'servers') })
    closing.push(() => servers.stop())
    // Branding is what the cast is for.
    const worldClock: Clock = { now: () => worldNow as EpochMs, elapsedMs: () => clock.elapsedMs() }
    await mysqlSourceWorld(clock).generate({
      ...options,
      edgeRows: false,
      mysql: servers.source,
      redis: { storage: servers.sourceRedis, queuesDatabase: 1 },
      onProgress: () => undefined,
    })
    const troubles: unknown[] = []
    const rhoam = rhoamVersionOf(options.rhoamVersion)
    if (rhoam === undefined) throw new Error(`bug: RHOAM ${options.rhoamVersion} is not simulated`)
    const open = async (place: ClusterPlace): Promise<RehearsalCluster> => {
      const opened = await openRehearsalCluster({
        place,
        appsDomain: domains[place],
        dir: join(dir, 'clusters', place),
        servers,
        rhoam,
        clock,
        worldClock,
        timings: quickTimings(options.speed),
        path: options.path,
        onTrouble: (error) => void troubles.push(error),
      })
      closing.push(() => opened.close())
      installBaseCluster(opened.cluster.store, {
        name: place,
        appsDomain: domains[place],
        awsRegion: region,
        openshiftVersion,
      })
      ensureCatalogSource(opened.cluster.store, catalogSource.namespace, catalogSource.name)
      return opened
    }
    const clusters = {
      source: await open('source'),
      migration: await open('migration'),
      destination: await open('destination'),
    }
    await installSource(clusters.source, servers, release, signal)
    const endpoint = servers.moto.endpoint
    const [vendor, vendorAtCustomer, customer] = await Promise.all([
      accountCredentials(endpoint, { region, account: accounts.migration }),
      accountCredentials(endpoint, { region, account: accounts.destination }),
      accountCredentials(endpoint, { region, account: accounts.destination }),
    ])
    await makeClusterNetwork(endpoint, region, vendor, 'migration-x7k2p')
    const migration = migrationOf(options)
    const settings = await settingsOfParties({
      dir: join(dir, 'parties'),
      servers,
      clusters,
      aws: { 'rhoam-eng': { migration: vendor, destination: vendorAtCustomer }, customer: { destination: customer } },
      vendorUser: migration.destination.vendorUser,
      path: options.path,
    })
    return {
      migration,
      settings,
      servers,
      clusters,
      worldClock,
      troubles,
      byHand: (row) => {
        const act = hands[row]
        act?.(clusters.destination)
        return act !== undefined
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Waits are as much shorter; what gives up real work that takes too long is not. */
function quickTimings(speed: number): Timings {
  const { rolloutDeadline } = realTimings
  return { ...scaledTimings(realTimings, speed), rolloutDeadline }
}

/** Of what each kind is taken for; 2.11 was the last release on MySQL 5.7. */
function versionOf(database: RehearsalDatabase, release: Release): string {
  if (database === 'mysql') return release === '2.11' ? '5.7' : '8.0'
  return database === 'mariadb' ? '10.11' : '15'
}

function migrationOf({ accessLevel, database, release, rhoamVersion }: RehearsalWorldOptions): Migration {
  return migrationSchema.parse({
    version: 1,
    name: 'rehearsal',
    accessLevel,
    source: {
      release,
      namespace,
      wildcardDomain: domains.source,
      database: { kind: database, version: versionOf(database, release) },
      // The world's queues are never empty: nobody works on them.
      jobs: { acceptLoss: true },
    },
    migrationCluster: { wildcardDomain: domains.migration, aws: { region, accountId: accounts.migration } },
    destination: {
      rhoamVersion,
      threescaleRelease: rhoamFacts(rhoamVersion)?.release ?? release,
      wildcardDomain: domains.destination,
      aws: { region, accountId: accounts.destination },
      // The world's first tenant is called 3scale, as most installations' is, and tenants have sender addresses.
      accepted: { tenantNamed3scale: true, senderAddresses: true },
    },
  })
}

async function installSource(
  { cluster, manager }: RehearsalCluster,
  servers: RehearsalServers,
  release: Release,
  signal: AbortSignal,
): Promise<void> {
  const database = databaseUrl(servers.source)
  const token = (host: string) =>
    withSql(database, signal, async (session) => {
      const [row] = await session.query(
        `SELECT t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
          WHERE a.self_domain = '${host}' AND t.permission = 'rw' AND u.role = 'admin' ORDER BY t.id`,
      )
      return new Secret(row?.[0] ?? '')
    })
  installThreescale(cluster.store, {
    release,
    namespace,
    wildcardDomain: domains.source,
    tenantName: '3scale',
    database,
    systemRedis: redisUrl(servers.sourceRedis, 2),
    backendStorage: redisUrl(servers.sourceRedis, 0),
    backendQueues: redisUrl(servers.sourceRedis, 1),
    seed: {
      MASTER_ACCESS_TOKEN: await token(`master.${domains.source}`),
      ADMIN_ACCESS_TOKEN: await token(`3scale-admin.${domains.source}`),
    },
  })
  await until(() => isInstalled(manager.view, namespace, release), signal)
  tellZync(manager.view, namespace, 'the world has begun')
  const masterHost = `master.${domains.source}`
  const isServed = () =>
    manager.view
      .list<Route>('routes.route.openshift.io', namespace)
      .some(({ spec, status }) => spec.host === masterHost && (status?.ingress ?? []).length > 0)
  await until(isServed, signal)
}

const lookEveryMs = 50

async function until(holds: () => boolean, signal: AbortSignal): Promise<void> {
  while (!holds()) await pause(lookEveryMs, undefined, { signal })
}

/** By row: what a person does there. */
const hands: Readonly<Partial<Record<RowId, (destination: RehearsalCluster) => void>>> = {
  'destination-idp': ({ manager: { view } }) => {
    view.change({ resource: 'oauths.config.openshift.io', name: 'cluster' }, (draft) => {
      Object.assign(draft, { spec: { identityProviders: [{ name: identityProvider, type: 'OpenID' }] } })
    })
    view.ensure({ apiVersion: 'user.openshift.io/v1', kind: 'User', metadata: { name: 'alice' } })
    view.ensure({
      apiVersion: 'user.openshift.io/v1',
      kind: 'Identity',
      metadata: { name: `${identityProvider}:alice` },
      providerName: identityProvider,
      providerUserName: 'alice',
      user: { name: 'alice' },
    })
  },
  'rhoam-install': ({ cluster }) => installRhoam(cluster.store, defaultAddonValues),
}
