import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client, type QueryResultRow } from 'pg'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { startPostgres } from '../../src/adapters/servers/postgres.ts'
import { runToEnd } from '../../src/adapters/servers/server-process.ts'
import { unprivilegedAccount } from '../../src/adapters/servers/unprivileged-account.ts'
import { untilAborted } from './until-aborted.ts'

/** Stock is what PostgreSQL has by itself; the private server's own default for its buffers is smaller. */
export const stockSettings = { shared_buffers: '128MB' }
export const tunedSettings = { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '1GB' }

export const targetDatabase = 'bench_target'

/** A PostgreSQL that all kinds write to, each into an empty database. */
export interface Target {
  readonly server: LocalServer
  readonly version: string
  /** A folder that the server itself may write to. */
  readonly files: string
}

/**
 * Starts the target in `dir` with the programs in `binaries`; the caller stops it. The package's own PostgreSQL has no lz4,
 * so that the programs are those of the system. Abort: ends it, throws the reason.
 */
export async function startTarget(
  dir: string,
  binaries: string,
  settings: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Target> {
  await makeData(dir, binaries, signal)
  const server = await startPostgres({ dir, binaries, settings, signal })
  try {
    const files = join(dir, 'files')
    await mkdir(files, { mode: 0o700 })
    const account = unprivilegedAccount('PostgreSQL', join(dir, 'data'))
    if (account !== undefined) await chown(files, account.uid, account.gid)
    const [[version], compressions] = await onTarget(server, 'postgres', signal, async (run) => [
      await run<{ server_version: string }>('SHOW server_version'),
      await run<{ found: string }>(
        "SELECT unnest(enumvals) AS found FROM pg_settings WHERE name = 'default_toast_compression'",
      ),
    ])
    if (!compressions.some(({ found }) => found === 'lz4')) {
      throw new Error(`the PostgreSQL in ${binaries} was built without lz4: name another with --postgres FOLDER`)
    }
    return { server, version: version?.server_version ?? '', files }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** The newest of the system's own; Debian's. */
export function systemPostgres(): string {
  const root = '/usr/lib/postgresql'
  const [newest] = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : []
  return join(root, newest ?? 'none', 'bin')
}

/** As the private server makes its own, for versions that do not know all that it asks of initdb. */
async function makeData(dir: string, binaries: string, signal: AbortSignal): Promise<void> {
  const data = join(dir, 'data')
  await mkdir(dir, { mode: 0o711 })
  await chmod(dir, 0o711)
  await mkdir(data, { mode: 0o700 })
  const account = unprivilegedAccount('PostgreSQL', '')
  const password = randomBytes(24).toString('base64url')
  // Where the private server looks for its password.
  await writeFile(join(dir, 'password'), password, { mode: 0o600 })
  const passwordFile = join(dir, 'initial-password')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (account !== undefined) {
    for (const path of [data, passwordFile]) await chown(path, account.uid, account.gid)
  }
  const how = await runToEnd({
    program: join(binaries, 'initdb'),
    args: [
      `--pgdata=${data}`,
      '--username=threeshift',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--lc-ctype=C.UTF-8',
      '--no-instructions',
    ],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    cwd: data,
    log: join(dir, 'server.log'),
    signal,
    ...(account === undefined ? {} : { account }),
  })
  await rm(passwordFile)
  if (how !== undefined) throw new Error(`initdb in ${binaries}: ${how}; see ${join(dir, 'server.log')}`)
}

/** An empty database, on a server that has nothing left to write. */
export async function emptyTarget(server: LocalServer, signal: AbortSignal): Promise<void> {
  await onTarget(server, 'postgres', signal, async (run) => {
    await run(`DROP DATABASE IF EXISTS ${targetDatabase} WITH (FORCE)`)
    await run(`CREATE DATABASE ${targetDatabase}`)
    await run('CHECKPOINT')
  })
}

/** Waits until nobody else has a session any more: the CPU time of a session counts once it has ended. */
export async function untilAlone(server: LocalServer, signal: AbortSignal): Promise<void> {
  await onTarget(server, 'postgres', signal, async (run) => {
    const others = `SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker') AND pid <> pg_backend_pid()`
    for (let waitedMs = 0; waitedMs < 60_000 && (await run(others)).length > 0; waitedMs += 20) {
      await wait(20, undefined, { signal })
    }
  })
  await wait(100, undefined, { signal })
}

export type Run = <Row extends QueryResultRow>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** One session on a database of the target. Abort: leaves it to the end of the server. */
export async function onTarget<T>(
  server: LocalServer,
  database: string,
  signal: AbortSignal,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { host, port, user } = server
  const client = new Client({ host, port, user, database, password: server.password.reveal('measure a target') })
  // The query that it meets rejects too.
  client.on('error', () => undefined)
  await client.connect()
  const run: Run = async <Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
    signal.throwIfAborted()
    return (await untilAborted(signal, client.query<Row>(sql, [...values]))).rows
  }
  try {
    return await work(run)
  } finally {
    if (signal.aborted) client.end().catch(() => undefined)
    else await client.end()
  }
}
