import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import type { LocalServer, LocalServerOptions } from '../../src/adapters/servers/local-server.ts'
import { startMariaDb } from '../../src/adapters/servers/mariadb.ts'
import { startPostgres } from '../../src/adapters/servers/postgres.ts'
import { startRedis } from '../../src/adapters/servers/redis.ts'

const starters = { postgres: startPostgres, mariadb: startMariaDb, redis: startRedis }
export type ServerKind = keyof typeof starters

// Tests do not survive a power cut, so their data need not either.
const quickSettings: Readonly<Record<ServerKind, Readonly<Record<string, string>>>> = {
  postgres: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  mariadb: { 'innodb-flush-log-at-trx-commit': '0', 'innodb-doublewrite': 'OFF' },
  redis: {},
}

/**
 * Starts real servers before the tests of the file (or `describe`) that calls it, and ends them after, with their data.
 *
 * In: which kinds; an object adds settings. Out: one function per kind, which gives the running server inside a hook
 * or a test, and throws before.
 *
 *     const servers = withServers({ mariadb: true, postgres: { wal_level: 'logical' } })
 *     test('…', async () => { const { port, password } = servers.mariadb() … })
 */
export function withServers(
  wanted: Readonly<Partial<Record<ServerKind, true | Readonly<Record<string, string>>>>>,
): Readonly<Record<ServerKind, () => LocalServer>> {
  const running = new Map<ServerKind, LocalServer>()
  let dir: string | undefined
  before(async () => {
    const made = temporaryFolder()
    dir = made
    const outcomes = await Promise.allSettled(
      serverKinds.map(async (kind) => {
        const settings = wanted[kind]
        if (settings === undefined) return
        const extra = settings === true ? {} : settings
        running.set(kind, await startServer(kind, { dir: join(made, kind), settings: extra }))
      }),
    )
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (failures.length > 0) throw new AggregateError(failures, 'servers for the tests did not start')
  })
  after(async () => {
    await Promise.all([...running.values()].map((server) => server.stop()))
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  })
  const get = (kind: ServerKind) => () => {
    const server = running.get(kind)
    if (server === undefined) throw new Error(`no ${kind} is running: ask withServers for it, inside a test or hook`)
    return server
  }
  return { postgres: get('postgres'), mariadb: get('mariadb'), redis: get('redis') }
}

export const serverKinds: readonly ServerKind[] = ['postgres', 'mariadb', 'redis']

/** Starts one server with the quick settings of tests; the caller stops it. Without a signal it is not abortable. */
export function startServer(
  kind: ServerKind,
  options: Omit<LocalServerOptions, 'signal'> & { readonly signal?: AbortSignal },
): Promise<LocalServer> {
  return starters[kind]({
    signal: new AbortController().signal,
    ...options,
    settings: { ...quickSettings[kind], ...options.settings },
  })
}

/** A new folder that the account of a private PostgreSQL may pass through; the caller removes it. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'threeshift-test-'))
  chmodSync(dir, 0o711)
  return dir
}
