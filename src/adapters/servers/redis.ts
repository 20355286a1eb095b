import { mkdir } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { findProgram, searchPath } from './find-program.ts'
import type { LocalServer, LocalServerOptions } from './local-server.ts'
import { openServerFolder } from './server-folder.ts'
import { startServerProcess } from './server-process.ts'
import { startOnFreePort } from './start-on-free-port.ts'

const name = 'Redis'

/**
 * Starts a private Redis on 127.0.0.1 with a password. Nothing is kept on disk unless `settings` say so (`save`).
 *
 * Settings are lines of redis.conf, value as it stands there: `{ save: '3600 1' }`. `DEBUG` is let through from
 * loopback unless `settings` say otherwise, so it takes Redis 7 or newer.
 *
 * Faults: SERVER_PROGRAM_MISSING, SERVER_FOLDER_BUSY, SERVER_NOT_STARTED, SERVER_NOT_READY. Abort: as the options say.
 */
export async function startRedis(options: LocalServerOptions): Promise<LocalServer> {
  const program = findProgram(name, 'redis-server', options)
  const folder = await openServerFolder(name, options.dir, options.signal)
  const password = folder.password.reveal('configure and log in to a private Redis')
  await mkdir(folder.data, { recursive: true, mode: 0o700 })
  const running = await startOnFreePort(
    {
      name,
      folder,
      stopSignals: ['SIGTERM'],
      port: options.port,
      start: async (port) => {
        const config = await folder.writeSecretFile(
          'redis.conf',
          configText({
            bind: '127.0.0.1',
            port: String(port),
            requirepass: password,
            dir: quoted(folder.data),
            daemonize: 'no',
            // Keeps the folder's name on the command line, by which the next start finds a server that is still there.
            'set-proc-title': 'no',
            'enable-debug-command': 'local',
            save: '""',
            ...options.settings,
          }),
        )
        return startServerProcess({
          program,
          args: [config],
          env: { PATH: searchPath(options.path), LC_ALL: 'C', TZ: 'UTC' },
          cwd: folder.data,
          log: folder.log,
          lastSignal: 'TERM',
        })
      },
      knock: (port) => knock(port, password),
    },
    options.signal,
  )
  return { ...running, kind: 'redis', user: 'default', password: folder.password }
}

function configText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => {
      if (/[\r\n]/.test(key + value)) throw new Error(`bug: the setting ${JSON.stringify(key)} is more than one line`)
      return `${key} ${value}\n`
    })
    .join('')
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

async function knock(port: number, password: string): Promise<void> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    password,
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 2000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The rejection of `connect` says the same; without a listener it would be printed.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
  } finally {
    client.disconnect()
  }
}
