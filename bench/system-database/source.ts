import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { startMariaDb } from '../../src/adapters/servers/mariadb.ts'
import { untilAborted } from './until-aborted.ts'

export interface TableShape {
  readonly name: string
  readonly rows: number
  /** Of the values as the server sends them, without lengths. */
  readonly fieldBytes: number
}

/** The database and the tables that a measurement moves. */
export interface SourceData {
  readonly database: string
  readonly tables: readonly TableShape[]
  /** Primary keys are among them. */
  readonly indexes: number
  readonly foreignKeys: number
}

/** How many rows each table has at scale 1: 7.54 million. */
const rowsAtScale1 = {
  accounts: 20_000,
  users: 240_000,
  projects: 60_000,
  documents: 260_000,
  attachments: 60_000,
  journals: 900_000,
  events: 6_000_000,
}

/** For a quick load, and for a source that is read from memory and never from the disk while something is measured. */
function settingsFor(bytes: number): Readonly<Record<string, string>> {
  const poolMb = Math.ceil(Math.max(256 * 1024 ** 2, bytes * 2) / 1024 ** 2)
  return {
    'innodb-buffer-pool-size': `${poolMb}M`,
    'innodb-log-file-size': '1G',
    'innodb-flush-log-at-trx-commit': '0',
    'innodb-doublewrite': 'OFF',
    'innodb-io-capacity': '20000',
    'innodb-io-capacity-max': '40000',
    'character-set-server': 'utf8mb4',
    'collation-server': 'utf8mb4_bin',
  }
}

/** Starts the source in `dir`, for about `bytes` of data; the caller stops it. Abort: ends it, throws the reason. */
export function startSource(dir: string, bytes: number, signal: AbortSignal): Promise<LocalServer> {
  return startMariaDb({ dir, settings: settingsFor(bytes), signal })
}

/** Makes the seven tables of performance.md. The same scale gives the same rows, always. */
export async function fillSource(server: LocalServer, scale: number, signal: AbortSignal): Promise<SourceData> {
  const database = 'bench_source'
  const counts = Object.entries(rowsAtScale1).map(
    ([name, rows]) => [name, Math.max(10, Math.round(rows * scale))] as const,
  )
  await inDatabase(server, database, signal, (run) => run(['schema.sql'], counts))
  // Two sessions: the events take as long as all the rest.
  await Promise.all(
    ['event-rows.sql', 'other-rows.sql'].map((file) =>
      inDatabase(server, database, signal, (run) => run([file], counts)),
    ),
  )
  return { ...(await settled(server, database, signal)), indexes: 20, foreignKeys: 8 }
}

/** Makes `rows` narrow rows, without any other table, with a primary key of these columns. */
export async function fillNarrow(
  server: LocalServer,
  rows: number,
  signal: AbortSignal,
  key: 'id' | 'id, kind' = 'id',
): Promise<SourceData> {
  const database = `bench_narrow_${rows}${key === 'id' ? '' : '_composite'}`
  const counts = [
    ['events', rows],
    ['users', 240_000],
    ['projects', 60_000],
  ] as const
  await inDatabase(server, database, signal, async (run, query) => {
    await run(['narrow-schema.sql'], counts)
    if (key !== 'id') await query(`ALTER TABLE events DROP PRIMARY KEY, ADD PRIMARY KEY (${key})`)
    await run(['event-rows.sql'], counts)
  })
  return { ...(await settled(server, database, signal)), indexes: 2, foreignKeys: 0 }
}

type RunFiles = (files: readonly string[], counts: readonly (readonly [string, number])[]) => Promise<void>

async function inDatabase(
  server: LocalServer,
  database: string,
  signal: AbortSignal,
  work: (run: RunFiles, query: (sql: string) => Promise<unknown>) => Promise<void>,
) {
  await withConnection(server, signal, async (connection) => {
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${database}`)
    await connection.query(`USE ${database}`)
    // Both off, rows for an empty table are sorted and its indexes built from them.
    await connection.query('SET SESSION unique_checks = 0, foreign_key_checks = 0')
    const query = (sql: string) => connection.query(sql)
    await work(async (files, counts) => {
      for (const [name, rows] of counts) await query(`SET @${name} = ${rows}`)
      for (const file of files) await query(await readFile(join(import.meta.dirname, file), 'utf8'))
    }, query)
  })
}

/** Measures the data, and waits until the server has written it and is at rest. */
async function settled(
  server: LocalServer,
  database: string,
  signal: AbortSignal,
): Promise<Pick<SourceData, 'database' | 'tables'>> {
  return withConnection(server, signal, async (connection) => {
    const [columns] = await connection.query<({ tableName: string; sizes: string } & RowDataPacket)[]>(
      `SELECT table_name AS tableName, GROUP_CONCAT('IFNULL(LENGTH(\`', column_name, '\`), 0)' SEPARATOR ' + ') AS sizes
       FROM information_schema.columns WHERE table_schema = ? GROUP BY table_name ORDER BY table_name`,
      [database],
    )
    const tables: TableShape[] = []
    for (const { tableName, sizes } of columns) {
      const name = `${database}.${tableName}`
      await connection.query(`ANALYZE TABLE ${name}`)
      const [[found]] = await connection.query<({ n: number; bytes: string } & RowDataPacket)[]>(
        `SELECT COUNT(*) AS n, SUM(${sizes}) AS bytes FROM ${name}`,
      )
      tables.push({ name: tableName, rows: Number(found?.n), fieldBytes: Number(found?.bytes) })
    }
    await connection.query('SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0')
    for (let waitedMs = 0; waitedMs < 60_000 && (await dirtyPages(connection)) > 100; waitedMs += 200) {
      await wait(200, undefined, { signal })
    }
    return { database, tables }
  })
}

async function dirtyPages(connection: Connection): Promise<number> {
  const [[row]] = await connection.query<({ Value: string } & RowDataPacket)[]>(
    "SHOW STATUS LIKE 'Innodb_buffer_pool_pages_dirty'",
  )
  return Number(row?.Value)
}

/** Abort: closes the connection at once. */
async function withConnection<T>(
  server: LocalServer,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<T>,
) {
  signal.throwIfAborted()
  const connection = await createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password.reveal('fill the source of a bench'),
    multipleStatements: true,
    charset: 'utf8mb4',
  })
  try {
    return await untilAborted(signal, work(connection))
  } finally {
    connection.destroy()
  }
}
