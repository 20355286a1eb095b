import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { Redis } from 'ioredis'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { threescaleApi } from '../../src/adapters/threescale/threescale-api.ts'
import type { Clock, EpochMs } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import type { PortalAddress } from '../../src/model/portal-address.ts'
import type { RedisEndpoint } from '../../src/model/redis-endpoint.ts'
import type { SourceWorldRequest } from '../../src/ports/source-world.ts'
import type { MasterApi, TenantApi, ThreescaleApi } from '../../src/ports/threescale-api.ts'
import { worldNow } from '../../src/simulator/source-world/calendar.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import { Installation } from '../../src/simulator/threescale-api/installation.ts'
import { ThreescaleApiServer } from '../../src/simulator/threescale-api/server.ts'
import type { Row } from '../../src/simulator/threescale-api/system-database.ts'
import { writeCertificate } from './certificate.ts'
import { freshDatabases, mover, moveRequest, urlOf } from './databases.ts'
import { type ServerKind, startServer, temporaryFolder } from './servers.ts'

/** A simulated 3scale that is asked over HTTPS, as a real one would be. */
export interface SimulatedThreescale {
  readonly installation: Installation
  readonly server: ThreescaleApiServer
  readonly api: ThreescaleApi
  /** As the cluster's secrets would hold them. */
  readonly databaseUrl: Secret
  readonly storageUrl: Secret
  at(host: string, changes?: Partial<PortalAddress>): PortalAddress
  /** A token of the world that may read and write: of the master, or of the tenant with this admin host. */
  token(host: string, permission?: 'rw' | 'ro'): Promise<Secret>
  master(): Promise<MasterApi>
  tenant(host: string): Promise<TenantApi>
  rows(sql: string): Promise<readonly Row[]>
}

/** The same world twice: as its MariaDB holds it, and as `db copy` has brought it to PostgreSQL, each with a Redis. */
export interface TwoThreescales {
  readonly mariadb: SimulatedThreescale
  readonly postgres: SimulatedThreescale
  /** How often the hosts of tenants came or changed. */
  readonly domainChanges: { count: number }
}

export const masterHost = `master.${wildcardDomain}`
export const defaultTenantHost = `3scale-admin.${wildcardDomain}`
export const backendHost = `backend-3scale.${wildcardDomain}`
/** Quick enough for tests, with every try that there is. */
export const waitsMs = [5, 10, 20]

/** Where the world's time stands still, so that its counters are those of now. */
// Branding is what the cast is for.
export const worldClock: Clock = { now: () => worldNow as EpochMs, elapsedMs: () => performance.now() }

export function withTwoThreescales(world: Partial<SourceWorldRequest> = {}): () => TwoThreescales {
  const servers: LocalServer[] = []
  let two: TwoThreescales | undefined
  const folder = temporaryFolder()
  // One hook for all: those of a file run at the same time.
  before(async () => {
    const start = (kind: ServerKind) => startServer(kind, { dir: join(folder, kind) })
    const [mariadb, postgres, redis] = await Promise.all([start('mariadb'), start('postgres'), start('redis')])
    servers.push(mariadb, postgres, redis)
    const databases = await freshDatabases({ mariadb: () => mariadb, postgres: () => postgres, redis: () => redis })
    const storage = (db: number): RedisEndpoint => {
      const { host, port, password } = redis
      return { host, port, password, db, tls: { kind: 'off' } }
    }
    await mysqlSourceWorld().generate({
      release: '2.16',
      tenants: 6,
      scale: 0.05,
      seed: 7,
      edgeRows: false,
      mysql: databases.source,
      redis: { storage: storage(0), queuesDatabase: 1 },
      onProgress: () => undefined,
      signal: new AbortController().signal,
      ...world,
    })
    await mover.copy(moveRequest(databases))
    await copyKeys(storage(0), 2)
    const certificate = writeCertificate(folder, [`*.${wildcardDomain}`, 'developers.vanity-example.org'])
    const domainChanges = { count: 0 }
    const serve = (database: DatabaseAddress, db: number) =>
      startThreescale({ database, storage: storage(db), certificate, domainChanges })
    two = {
      mariadb: await serve(databases.source, 0),
      postgres: await serve(databases.target, 2),
      domainChanges,
    }
  })
  after(async () => {
    for (const { server, installation } of [two?.mariadb, two?.postgres].filter((one) => one !== undefined)) {
      await server.stop()
      await installation.close()
    }
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    if (two === undefined) throw new Error('no 3scale is running: ask inside a test or hook')
    return two
  }
}

async function startThreescale(options: {
  readonly database: DatabaseAddress
  readonly storage: RedisEndpoint
  readonly certificate: { readonly key: string; readonly certificate: string }
  readonly domainChanges: { count: number }
}): Promise<SimulatedThreescale> {
  const { database, storage, certificate, domainChanges } = options
  const installation = await Installation.open({
    database,
    storage,
    superdomain: wildcardDomain,
    clock: worldClock,
    onDomainsChanged: () => void domainChanges.count++,
  })
  const ca = readFileSync(certificate.certificate, 'utf8')
  const server = await ThreescaleApiServer.start({
    tls: { key: readFileSync(certificate.key, 'utf8'), cert: ca },
    installationAt: (host) => (host.startsWith('down.') ? undefined : installation),
  })
  const api = threescaleApi({ clock: worldClock, waitsMs })
  const at: SimulatedThreescale['at'] = (host, changes = {}) => ({
    host,
    port: 443,
    connectTo: { host: server.host, port: server.port },
    ca,
    ...changes,
  })
  const token: SimulatedThreescale['token'] = async (host, permission = 'rw') => {
    const [row] = await installation.database.rows(
      `SELECT t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
       WHERE a.self_domain = ? AND t.permission = ? AND t.expires_at IS NULL ORDER BY t.id LIMIT 1`,
      [host, permission],
    )
    return new Secret(String(row?.['value']))
  }
  return {
    installation,
    server,
    api,
    databaseUrl: new Secret(urlOf(database)),
    storageUrl: new Secret(
      `redis://:${encodeURIComponent(storage.password?.reveal('write a URL') ?? '')}@${storage.host}:${storage.port}/${storage.db}`,
    ),
    at,
    token,
    master: async () => api.master(at(masterHost), await token(masterHost)),
    tenant: async (host) => api.tenant(at(host), await token(host)),
    rows: (sql) => installation.database.rows(sql),
  }
}

/** Every key of a database into another one of the same server. */
async function copyKeys({ host, port, password, db }: RedisEndpoint, to: number): Promise<void> {
  const client = new Redis({ host, port, db, password: password?.reveal('copy a test Redis') ?? '' })
  try {
    for await (const keys of client.scanStream({ count: 1000 })) {
      const pipeline = client.pipeline()
      for (const key of keys as readonly string[]) pipeline.call('COPY', key, key, 'DB', String(to))
      await pipeline.exec()
    }
  } finally {
    client.disconnect()
  }
}
