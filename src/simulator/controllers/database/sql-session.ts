import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { Secret } from '../../../base/secret.ts'
import type { DatabaseAddress } from '../../../model/database-address.ts'
import { addressInSecret } from '../../address-in-secret.ts'

/** A value as both engines read and write it; moments are `YYYY-MM-DD HH:MM:SS`, in UTC. */
export type SqlValue = string | number | boolean | null
export type SqlRow = readonly (string | null)[]

/** One session of a PostgreSQL or MySQL, with names in double quotes and strings without escapes on both. */
export interface SqlSession {
  readonly engine: DatabaseAddress['engine']
  /** Runs one statement. Values come back as text; booleans as each engine prints them. */
  query(sql: string): Promise<readonly SqlRow[]>
}

const connectTimeoutMs = 10_000

/**
 * Runs `work` in one session and closes it.
 *
 * In: a URL as the secret system-database holds it.
 * Throws what the driver throws, whose message names no password. Abort: cuts the session, and throws the reason.
 */
export async function withSql<Result>(
  url: Secret,
  signal: AbortSignal,
  work: (session: SqlSession) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  const address = addressInSecret(url)
  const { session, close, cut } = address.engine === 'mysql' ? await openMysql(address) : await openPostgres(address)
  signal.addEventListener('abort', cut, { once: true })
  try {
    return await work(session)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
    // The session may be gone already, and nobody waits for its goodbye.
    await close().catch(() => undefined)
  }
}

/** A literal for either engine. */
export function sqlLiteral(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  return String(value).toUpperCase()
}

/** An INSERT of one row into `table`. */
export function insertOf(table: string, row: Readonly<Record<string, SqlValue>>): string {
  const columns = Object.keys(row).map((name) => `"${name}"`)
  return `INSERT INTO "${table}" (${columns.join(', ')}) VALUES (${Object.values(row).map(sqlLiteral).join(', ')})`
}

interface OpenSession {
  readonly session: SqlSession
  readonly close: () => Promise<void>
  readonly cut: () => void
}

async function openPostgres(address: DatabaseAddress): Promise<OpenSession> {
  const client = new Client({
    ...serverOf(address),
    connectionTimeoutMillis: connectTimeoutMs,
    types: { getTypeParser: () => (value: string) => value },
  })
  // A session that ends unasked shows at the next statement.
  client.on('error', () => undefined)
  await client.connect()
  const session: SqlSession = {
    engine: 'postgresql',
    query: async (text) => (await client.query<(string | null)[]>({ text, rowMode: 'array' })).rows,
  }
  await session.query("SET TIME ZONE 'UTC'")
  // A private server's user bears the name of the schema where a copy keeps its ledger; no 3scale has tables there.
  await session.query(
    `SELECT set_config('search_path', replace(current_setting('search_path'), '"$user", ', ''), false)`,
  )
  return { session, close: () => client.end(), cut: () => client.connection.stream.destroy() }
}

async function openMysql(address: DatabaseAddress): Promise<OpenSession> {
  const connection = await createConnection({
    ...serverOf(address),
    connectTimeout: connectTimeoutMs,
    charset: 'utf8mb4',
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  const session: SqlSession = {
    engine: 'mysql',
    query: async (sql) => {
      const [rows] = await connection.query({ sql })
      // A statement without a result gives a header object.
      return Array.isArray(rows) ? (rows as unknown[][]).map((row) => row.map(textOf)) : []
    },
  }
  const modes = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES'
  await session.query(`SET SESSION sql_mode = '${modes}', time_zone = '+00:00'`)
  return { session, close: () => connection.end(), cut: () => connection.destroy() }
}

function serverOf({ host, port, user, password, database }: DatabaseAddress) {
  return { host, port, user, database, password: password.reveal('connect to the database of a simulated 3scale') }
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  // With the options above the driver gives text, numbers and, for what is binary, buffers.
  return Buffer.isBuffer(value) ? value.toString() : typeof value === 'string' ? value : JSON.stringify(value)
}
