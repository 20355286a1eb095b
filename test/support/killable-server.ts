import { join } from 'node:path'
import process from 'node:process'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { type ServerKind, startServer } from './servers.ts'

/** A server that can be killed and found again where it was: same data, same port, same password. */
export interface KillableServer {
  readonly running: () => LocalServer
  /** SIGKILL to the server's process; resolves when it has ended. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts it below `dir`. What it says was committed is in its files: unlike the other servers of tests it is killed. */
export async function startKillable(
  kind: ServerKind,
  dir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<KillableServer> {
  const options = { dir: join(dir, kind), settings: { ...wholePages[kind], ...settings } }
  let running = await startServer(kind, options)
  const { port } = running
  return {
    running: () => running,
    async kill() {
      process.kill(running.pid, 'SIGKILL')
      await running.stop()
    },
    async start() {
      running = await startServer(kind, { ...options, port })
    },
    stop: () => running.stop(),
  }
}

// A kill may cut the writing of a page in two; only a power cut takes what the operating system already has.
const wholePages: Readonly<Record<ServerKind, Readonly<Record<string, string>>>> = {
  postgres: { full_page_writes: 'on' },
  mariadb: { 'innodb-doublewrite': 'ON', 'innodb-flush-log-at-trx-commit': '2' },
  redis: {},
}
