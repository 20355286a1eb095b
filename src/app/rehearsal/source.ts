import { sleep } from '../../base/abort.ts'
import { availableParallelism } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import { Secret } from '../../base/secret.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import type { Release } from '../../model/release.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'
import { systemDatabaseMover } from '../../movers/system-database/mover.ts'
import { withSql } from '../../simulator/controllers/database/sql-session.ts'
import { tellZync } from '../../simulator/controllers/threescale/zync.ts'
import { installThreescale, isInstalled } from '../../simulator/controllers/world/install-threescale.ts'
import type { Route } from '../../simulator/controllers/workloads/shapes.ts'
import { mysqlSourceWorld } from '../../simulator/source-world/generate.ts'
import type { RehearsalCluster } from './clusters.ts'
import { domains, operatorsTenant, sourceNamespace } from './made-up-migration.ts'
import type { RehearsalServers } from './servers.ts'

export interface MadeUpSource {
  readonly release: Release
  readonly tenants: number
  readonly scale: number
  readonly seed: number
  /** With rows that PostgreSQL cannot store as they are; absent: without. */
  readonly edgeRows?: boolean
  readonly firstTenant?: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Fills the source's system database and backend Redis. One that is a PostgreSQL is what the mover makes of a MySQL, which
 * is what 3scale makes itself (`test/integration/converted-schema.test.ts`).
 */
export async function fillSource(servers: RehearsalServers, source: MadeUpSource): Promise<void> {
  const { clock, signal } = source
  await mysqlSourceWorld(clock).generate({
    ...source,
    edgeRows: source.edgeRows ?? false,
    mysql: servers.made,
    redis: { storage: servers.sourceRedis, queuesDatabase: 1 },
    onProgress: () => undefined,
  })
  if (servers.source.engine === 'mysql') return
  const { verdict } = await systemDatabaseMover(clock).copy({
    source: servers.made,
    target: servers.source,
    decisions: {},
    schema: 'create',
    emptyTarget: false,
    streams: Math.max(2, availableParallelism()),
    compression: 'lz4',
    reread: false,
    maxLatencyMs: null,
    onProgress: () => undefined,
    signal,
  })
  if (verdict !== 'copied') throw new Error('bug: a made-up world holds values that PostgreSQL cannot store')
  await forgetMove(servers.source, signal)
}

/** What the mover keeps beside the tables is no part of a customer's database. */
function forgetMove(database: DatabaseAddress, signal: AbortSignal): Promise<unknown> {
  return withSql(databaseUrl(database), signal, (session) => session.query('DROP SCHEMA threeshift CASCADE'))
}

/** Installs 3scale on them and on the file storage of that secret, if there is one, and waits until it runs and has its routes. */
export async function installSource(
  { cluster, manager }: RehearsalCluster,
  servers: RehearsalServers,
  { release, firstTenant = operatorsTenant, signal }: MadeUpSource,
  fileStorage: Readonly<Record<string, Secret>> | undefined,
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
    namespace: sourceNamespace,
    wildcardDomain: domains.source,
    tenantName: firstTenant,
    database,
    systemRedis: redisUrl(servers.sourceRedis, 2),
    backendStorage: redisUrl(servers.sourceRedis, 0),
    backendQueues: redisUrl(servers.sourceRedis, 1),
    ...(fileStorage === undefined ? {} : { fileStorage }),
    seed: {
      MASTER_ACCESS_TOKEN: await token(`master.${domains.source}`),
      ADMIN_ACCESS_TOKEN: await token(`${firstTenant}-admin.${domains.source}`),
    },
  })
  await until(() => isInstalled(manager.view, sourceNamespace, release), signal)
  tellZync(manager.view, sourceNamespace, 'the world has begun')
  const masterHost = `master.${domains.source}`
  const isServed = () =>
    manager.view
      .list<Route>('routes.route.openshift.io', sourceNamespace)
      .some(({ spec, status }) => spec.host === masterHost && (status?.ingress ?? []).length > 0)
  await until(isServed, signal)
}

const lookEveryMs = 50

async function until(holds: () => boolean, signal: AbortSignal): Promise<void> {
  while (!holds()) await sleep(lookEveryMs, signal)
}
