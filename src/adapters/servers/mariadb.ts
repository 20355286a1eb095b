import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { fault } from './faults.ts'
import { findProgram, searchPath } from './find-program.ts'
import type { LocalServer, LocalServerOptions } from './local-server.ts'
import { openServerFolder, type ServerFolder } from './server-folder.ts'
import { runToEnd, startServerProcess } from './server-process.ts'
import { startOnFreePort } from './start-on-free-port.ts'

const name = 'MariaDB'
const user = 'threeshift'

/**
 * Starts a private MariaDB on 127.0.0.1; `user` may do everything, and so may root@localhost with the same password.
 *
 * Settings are mariadbd's options by their names: `{ sql_mode: 'STRICT_ALL_TABLES' }`. Defaults: sql_mode empty,
 * local_infile on, UTC, utf8mb4, a buffer pool of 64 MiB, no host names.
 *
 * Faults: SERVER_PROGRAM_MISSING, SERVER_FOLDER_BUSY, SERVER_PREPARING_FAILED, SERVER_NOT_STARTED, SERVER_NOT_READY.
 * Abort: as the options say; data that is half prepared is thrown away by the next start.
 */
export async function startMariaDb(options: LocalServerOptions): Promise<LocalServer> {
  const program = findProgram(name, 'mariadbd', options)
  const installer = findProgram(name, 'mariadb-install-db', options)
  const folder = await openServerFolder(name, options.dir, options.signal)
  const env = { PATH: searchPath(options.path), LC_ALL: 'C', TZ: 'UTC' }
  await mkdir(temporaryFolder(folder), { recursive: true, mode: 0o700 })
  await prepareData(installer, folder, env, options.signal)
  const password = folder.password.reveal('set the password of, and log in to, a private MariaDB')
  const accounts = await folder.writeSecretFile('accounts.sql', accountsSql(password))
  try {
    const running = await startOnFreePort(
      {
        name,
        folder,
        stopSignals: ['SIGTERM'],
        port: options.port,
        start: (port) =>
          startServerProcess({
            program,
            args: serverArgs(folder, port, accounts, options.settings ?? {}),
            env,
            cwd: folder.data,
            log: folder.log,
            lastSignal: 'TERM',
          }),
        knock: (port) => knock(port, password),
      },
      options.signal,
    )
    return { ...running, kind: 'mariadb', user, password: folder.password }
  } finally {
    await rm(accounts, { force: true })
  }
}

/**
 * Its own, for a MariaDB that starts removes every `#sql` file in its folder for temporary files: in a shared one those
 * are the temporary tables of other servers, which then fail.
 */
function temporaryFolder(folder: ServerFolder): string {
  return join(folder.dir, 'tmp')
}

/** The data folder gets its name once it is whole, so one that exists is complete. */
async function prepareData(
  installer: string,
  folder: ServerFolder,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(folder.data)) return
  const unfinished = `${folder.data}.new`
  await rm(unfinished, { recursive: true, force: true })
  const how = await runToEnd({
    program: installer,
    // No --user: with one the script changes the owner of a PAM helper in the system's plugin folder.
    args: [
      '--no-defaults',
      `--datadir=${unfinished}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
      '--cross-bootstrap',
      '--innodb-log-file-size=16M',
      `--tmpdir=${temporaryFolder(folder)}`,
    ],
    env,
    cwd: folder.dir,
    log: folder.log,
    signal,
  })
  if (how !== undefined) {
    throw fault('SERVER_PREPARING_FAILED', { server: name, folder: folder.data, how, log: folder.log })
  }
  await rename(unfinished, folder.data)
}

/** Run before the server takes its first connection, at every start: no moment is open to all. */
function accountsSql(password: string): string {
  return [
    `CREATE USER IF NOT EXISTS '${user}'@'%';`,
    `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%' WITH GRANT OPTION;`,
    `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';`,
    "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';",
    '',
  ].join('\n')
}

function serverArgs(
  folder: ServerFolder,
  port: number,
  accounts: string,
  settings: Readonly<Record<string, string>>,
): string[] {
  const defaults = {
    'sql-mode': '',
    'local-infile': 'ON',
    'default-time-zone': '+00:00',
    'character-set-server': 'utf8mb4',
    'innodb-buffer-pool-size': '64M',
    'innodb-log-file-size': '16M',
    'performance-schema': 'OFF',
  }
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--datadir=${folder.data}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    // Below the data folder, where the server stands: a full path may be longer than a socket's address can be.
    '--socket=mariadb.sock',
    `--pid-file=${join(folder.data, 'mariadb.pid')}`,
    '--skip-networking=OFF',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    `--init-file=${accounts}`,
    ...Object.entries({ ...defaults, ...settings }).map(([key, value]) => `--${key}=${value}`),
  ]
}

async function knock(port: number, password: string): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user, password, connectTimeout: 2000 })
  try {
    await connection.query({ sql: 'SELECT 1', timeout: 2000 })
  } finally {
    connection.destroy()
  }
}
