import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import type { MoveRequest } from '../../src/ports/system-database.ts'
import type { withServers } from './servers.ts'

type Servers = ReturnType<typeof withServers>

/** A new source and a new target database on running servers, and ways to look into both. */
export interface Databases {
  readonly source: DatabaseAddress
  readonly target: DatabaseAddress
  /** Runs statements on the source, with `sql_mode` empty as 3scale's old servers had it; gives the last one's rows. */
  readonly mysql: (...statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>
  readonly postgres: (...statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>
}

let made = 0

export async function freshDatabases(
  servers: Servers,
  options = 'CHARACTER SET utf8mb3 COLLATE utf8mb3_bin',
): Promise<Databases> {
  const name = `test_${++made}`
  const source = addressOf(servers.mariadb(), 'mysql', name)
  const target = addressOf(servers.postgres(), 'postgresql', name)
  await onMysql({ ...source, database: 'mysql' }, [`CREATE DATABASE ${name} ${options}`])
  await onPostgres({ ...target, database: 'postgres' }, [`CREATE DATABASE ${name}`])
  return {
    source,
    target,
    mysql: (...statements) => onMysql(source, statements),
    postgres: (...statements) => onPostgres(target, statements),
  }
}

/** Two new databases of one PostgreSQL, and ways to look into them. */
export interface PostgresPair extends Pick<Databases, 'source' | 'target'> {
  readonly onSource: (...statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>
  readonly onTarget: (...statements: readonly string[]) => Promise<readonly (readonly unknown[])[]>
}

/** `options`: of the source's CREATE DATABASE. */
export async function freshPostgresPair(servers: Pick<Servers, 'postgres'>, options = ''): Promise<PostgresPair> {
  const name = `pair_${++made}`
  const [source, target] = ['a', 'b'].map((side) => addressOf(servers.postgres(), 'postgresql', `${name}_${side}`))
  if (source === undefined || target === undefined) throw new Error('a pair has two sides')
  await onPostgres({ ...source, database: 'postgres' }, [
    `CREATE DATABASE ${source.database} ${options}`,
    `CREATE DATABASE ${target.database}`,
  ])
  return {
    source,
    target,
    onSource: (...statements) => onPostgres(source, statements),
    onTarget: (...statements) => onPostgres(target, statements),
  }
}

/** A new database of the same server with all that is in this one, which nobody may be connected to. */
export async function copyOfPostgres(database: DatabaseAddress): Promise<DatabaseAddress> {
  const name = `${database.database}_copy_${++made}`
  await onPostgres({ ...database, database: 'postgres' }, [`CREATE DATABASE ${name} TEMPLATE ${database.database}`])
  return { ...database, database: name }
}

/** A request with everything at its default; nothing is decided. */
export function moveRequest(
  databases: Pick<Databases, 'source' | 'target'>,
  changes: Partial<MoveRequest> = {},
): MoveRequest {
  return {
    source: databases.source,
    target: databases.target,
    decisions: {},
    schema: 'create',
    emptyTarget: false,
    streams: 2,
    compression: 'lz4',
    reread: true,
    maxLatencyMs: null,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  }
}

export const mover = systemDatabaseMover(systemClock)

/** The URL that a command line would be given. */
export function urlOf(address: DatabaseAddress): string {
  const password = encodeURIComponent(address.password.reveal('hand a test server to a command'))
  return `${address.engine}://${address.user}:${password}@${address.host}:${address.port}/${address.database}`
}

function addressOf(server: LocalServer, engine: DatabaseAddress['engine'], database: string): DatabaseAddress {
  const { host, port, user, password } = server
  return { engine, host, port, user, password, database, tls: { kind: 'off' } }
}

async function onMysql(
  address: DatabaseAddress,
  statements: readonly string[],
): Promise<readonly (readonly unknown[])[]> {
  const { host, port, user, database } = address
  const password = address.password.reveal('prepare a test database')
  const connection = await createConnection({
    host,
    port,
    user,
    password,
    database,
    charset: 'utf8mb4',
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  try {
    await connection.query("SET sql_mode = ''")
    let rows: unknown = []
    for (const sql of statements) [rows] = await connection.query({ sql })
    // A statement without a result gives a header object.
    return Array.isArray(rows) ? (rows as unknown[][]) : []
  } finally {
    await connection.end()
  }
}

async function onPostgres(
  address: DatabaseAddress,
  statements: readonly string[],
): Promise<readonly (readonly unknown[])[]> {
  const { host, port, user, database } = address
  const client = new Client({
    host,
    port,
    user,
    password: address.password.reveal('look into a test database'),
    database,
    types: { getTypeParser: () => (value: string) => value },
  })
  await client.connect()
  try {
    let rows: unknown[][] = []
    for (const text of statements) rows = (await client.query<unknown[]>({ text, rowMode: 'array' })).rows
    return rows
  } finally {
    await client.end()
  }
}
