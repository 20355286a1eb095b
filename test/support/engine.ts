import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { Secret } from '../../src/base/secret.ts'
import { systemClock } from '../../src/base/clock.ts'
import { openEngine } from '../../src/engine/engine.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import { verbRunner } from '../../src/engine/run-verb.ts'
import type { ChunkHandlers } from '../../src/ports/chunks.ts'
import type { Engine, MigrationView } from '../../src/ports/engine.ts'
import type { Step } from '../../src/ports/step.ts'
import { memoryJournal, memoryTasks } from './engine-fakes.ts'
import { countingSteps, worldSql } from './engine-steps.ts'

export interface EngineUnderTest {
  readonly engine: Engine
  readonly journal: ReturnType<typeof memoryJournal>
  readonly tasks: ReturnType<typeof memoryTasks>
  readonly events: readonly EngineEvent[]
  /** URL of the engine's database. */
  readonly url: Secret
  /** Runs one statement on the world's database. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

/** A URL of a database of the server. */
export function urlOf(server: LocalServer, database: string): string {
  const password = server.password.reveal('a database of a test')
  return `postgres://${server.user}:${password}@${server.host}:${server.port}/${database}`
}

/** Makes an empty database, and gives its URL. */
export async function newDatabase(server: LocalServer, prefix: string): Promise<string> {
  const name = `${prefix}_${randomUUID().slice(0, 8)}`
  await onDatabase(urlOf(server, 'postgres'), (client) => client.query(`CREATE DATABASE ${name}`))
  return urlOf(server, name)
}

/** An engine with a worker in this process, on databases of its own. `rows` are those that steps are made for. */
export async function openTestEngine(
  server: LocalServer,
  rows: readonly string[],
  options: {
    readonly overrides?: Readonly<Record<string, Partial<Step>>>
    readonly workMs?: number
    readonly migrationsPerCustomer?: number
    readonly chunks?: ChunkHandlers
  } = {},
): Promise<EngineUnderTest> {
  const [engineUrl, worldUrl] = [await newDatabase(server, 'engine'), await newDatabase(server, 'world')]
  await onDatabase(worldUrl, (client) => client.query(worldSql))
  const { overrides } = options
  const fake = countingSteps(rows, worldUrl, {
    workMs: options.workMs ?? 0,
    ...(overrides === undefined ? {} : { overrides }),
  })
  const [journal, tasks] = [memoryJournal(), memoryTasks()]
  const events: EngineEvent[] = []
  const url = new Secret(engineUrl)
  const engine = await openEngine({
    url,
    journal: () => journal,
    migrationsPerCustomer: options.migrationsPerCustomer ?? 1000,
    worker: {
      executor: `test-${randomUUID().slice(0, 8)}`,
      runner: verbRunner(fake.steps, (where, error) => events.push({ kind: 'broke', where, error })),
      partyTasks: () => tasks,
      chunks: options.chunks ?? new Map(),
      chunksAtOnce: 2,
      clock: systemClock,
    },
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
  })
  return {
    engine,
    journal,
    tasks,
    events,
    url,
    query: (sql, values = []) => onDatabase(worldUrl, async (client) => (await client.query(sql, [...values])).rows),
    close: async () => {
      await engine.close()
      await fake.close()
    },
  }
}

export async function onDatabase<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Waits until the migration is as asked; says how it stands when it does not come to that within the patience. */
export async function until(
  engine: Pick<Engine, 'list'>,
  migration: string,
  isSo: (view: MigrationView) => boolean,
  patienceMs = 60_000,
): Promise<MigrationView> {
  const startedMs = performance.now()
  for (;;) {
    const [view] = await engine.list({ ids: [migration] })
    if (view !== undefined && isSo(view)) return view
    if (performance.now() - startedMs > patienceMs) {
      throw new Error(`${migration} did not come to it: ${JSON.stringify(view, undefined, 1)}`)
    }
    await wait(20)
  }
}
