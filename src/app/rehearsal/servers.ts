import { join } from 'node:path'
import { createDatabases } from '../../adapters/servers/create-databases.ts'
import type { LocalServer, LocalServerOptions, RunningServer } from '../../adapters/servers/local-server.ts'
import { startMariaDb } from '../../adapters/servers/mariadb.ts'
import { type Moto, startMoto } from '../../adapters/servers/moto.ts'
import { startPostgres } from '../../adapters/servers/postgres.ts'
import { startRedis } from '../../adapters/servers/redis.ts'
import type { Secret } from '../../base/secret.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { databaseUrl, redisUrl } from '../../model/render-url.ts'

export interface ServersOptions extends Pick<LocalServerOptions, 'dir' | 'signal'> {
  /** The folder of a PostgreSQL that the machine's pg_dump can read; absent: the one that the packages bring. */
  readonly postgresPrograms?: string
  readonly motoPrograms: string
  /** Of the source, and so of what it is loaded into. */
  readonly engine: DatabaseAddress['engine']
}

/** Every server that a migration has to do with, each with databases of its own. */
export interface RehearsalServers {
  /** A MySQL in which the world is made: the source itself, unless that is a PostgreSQL. */
  readonly made: DatabaseAddress
  /** The source's, the one that it is loaded into, and what the operator bundles on the migration cluster. */
  readonly source: DatabaseAddress
  readonly loaded: DatabaseAddress
  readonly bundled: DatabaseAddress
  /** Where it is converted into, and RHOAM's. */
  readonly working: DatabaseAddress
  readonly rhoam: DatabaseAddress
  /** Backend at database 0 and 1, and system at 2. */
  readonly sourceRedis: RedisEndpoint
  readonly migrationRedis: RedisEndpoint
  readonly rhoamRedis: RedisEndpoint
  readonly rhoamSystemRedis: RedisEndpoint
  readonly moto: Moto
  stop(): Promise<void>
}

/** Starts them on loopback, with their data below `dir`. Faults: SERVER_*. Abort: ends what was started. */
export async function startServers(options: ServersOptions): Promise<RehearsalServers> {
  const { dir, signal, postgresPrograms, motoPrograms, engine } = options
  const running: RunningServer[] = []
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()))
  }
  const started = async <Server extends RunningServer>(starting: Promise<Server>): Promise<Server> => {
    const server = await starting
    running.push(server)
    return server
  }
  const redis = (name: string) => started(startRedis({ dir: join(dir, name), signal }))
  try {
    const binaries = postgresPrograms === undefined ? {} : { binaries: postgresPrograms }
    // All of them are waited for, so that none is left behind when one fails.
    const settled = await Promise.allSettled([
      started(startMariaDb({ dir: join(dir, 'mariadb'), signal })),
      started(startPostgres({ dir: join(dir, 'postgres'), signal, ...binaries })),
      started(startMoto({ dir: join(dir, 'moto'), binaries: motoPrograms, signal })),
      redis('source-redis'),
      redis('migration-redis'),
      redis('rhoam-redis'),
      redis('rhoam-system-redis'),
    ] as const)
    const [mariadb, postgres, moto, ...redises] = [
      valueOf(settled[0]),
      valueOf(settled[1]),
      valueOf(settled[2]),
      ...settled.slice(3).map((outcome) => endpointOf(valueOf(outcome as PromiseSettledResult<LocalServer>))),
    ] as const
    const [sourceRedis, migrationRedis, rhoamRedis, rhoamSystemRedis] = redises
    if (!sourceRedis || !migrationRedis || !rhoamRedis || !rhoamSystemRedis) throw new Error('bug: a Redis is missing')
    const on = (server: DatabaseAddress['engine'], database: string) =>
      addressOf(server === 'mysql' ? mariadb : postgres, server, database)
    const source = on(engine, 'system')
    const databases = {
      source,
      made: engine === 'mysql' ? source : on('mysql', 'made'),
      loaded: on(engine, 'loaded'),
      bundled: on('mysql', 'bundled'),
      working: on('postgresql', 'working'),
      rhoam: on('postgresql', 'rhoam'),
    }
    await createDatabases([...new Set(Object.values(databases))])
    return {
      ...databases,
      sourceRedis,
      migrationRedis,
      rhoamRedis,
      rhoamSystemRedis,
      moto,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function valueOf<Value>(outcome: PromiseSettledResult<Value>): Value {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}

function addressOf(server: LocalServer, engine: DatabaseAddress['engine'], database: string): DatabaseAddress {
  const { host, port, user, password } = server
  return { engine, host, port, user, password, database, tls: { kind: 'off' } }
}

function endpointOf({ host, port, user, password }: LocalServer): RedisEndpoint {
  return { host, port, user, password, db: 0, tls: { kind: 'off' } }
}

/** Secrets as an environment holds them. */
export function revealed(secret: Secret): string {
  return secret.reveal('it is put into the environment of the party that owns it')
}

export function databaseText(address: DatabaseAddress): string {
  return revealed(databaseUrl(address))
}

export function redisText(endpoint: RedisEndpoint, db: number): string {
  return revealed(redisUrl(endpoint, db))
}
