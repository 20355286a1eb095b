import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { newDatabase, onDatabase } from './engine.ts'
import { EngineProcess } from './engine-process.ts'
import { worldSql } from './engine-steps.ts'
import { startServer, temporaryFolder } from './servers.ts'

export const engineVictims = ['worker', 'postgres', 'control'] as const
export type EngineVictim = (typeof engineVictims)[number]

export interface EngineKillOptions {
  readonly kills: number
  readonly rows: number
  readonly workMs: number
  /** Between 0 and 1, for the moments of the kills. */
  readonly random: () => number
  readonly onKill?: (kill: { readonly n: number; readonly victim: EngineVictim; readonly migration: string }) => void
}

export interface EngineKillResult {
  readonly migrations: number
  readonly kills: Readonly<Record<EngineVictim, number>>
  /** Calls of verbs in all, and how many of them repeat a verb of the same run. */
  readonly calls: number
  readonly repeated: number
  readonly tookMs: number
}

/**
 * Runs migrations one after the other on two workers and a control process that share a private PostgreSQL, and kills
 * one of them after the other with SIGKILL, until there were so many kills and the last migration is done.
 *
 * Throws when a migration does not complete, when an effect is there other than once, when two verbs of a migration ran
 * at the same time, or when more verbs were repeated than were killed.
 */
export async function killAgainAndAgain(options: EngineKillOptions): Promise<EngineKillResult> {
  const folder = temporaryFolder()
  const startedMs = performance.now()
  const server = await startServer('postgres', { dir: join(folder, 'world') })
  const world = await newDatabase(server, 'world')
  await onDatabase(world, (client) => client.query(worldSql))
  const crew = new Crew(folder, world, options)
  try {
    const made = { worker: 0, postgres: 0, control: 0 }
    let migrations = 0
    let n = 0
    await crew.begin()
    while (n < options.kills) {
      migrations += 1
      const migration = `m-${migrations}`
      const done = crew.control(migration)
      while (n < options.kills && !crew.isDone) {
        await Promise.race([untilNextKill(world, n, options.random), done])
        if (crew.isDone) break
        const victim = engineVictims[n % engineVictims.length] ?? 'worker'
        await crew.kill(victim, n, migration)
        made[victim] += 1
        n += 1
        options.onKill?.({ n, victim, migration })
      }
      await done
      await assertExact(world, migration, options.rows)
    }
    const { calls, repeated } = await countCalls(world)
    // What a kill stops is done again: one verb at most.
    assert.ok(repeated <= n, `${repeated} verbs were repeated after ${n} kills`)
    return { migrations, kills: made, calls, repeated, tookMs: Math.round(performance.now() - startedMs) }
  } catch (error) {
    throw new Error(`the last of what the processes said:\n${crew.lastWords()}`, { cause: error })
  } finally {
    await crew.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The processes, each started again when it was killed. */
class Crew {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #workers: EngineProcess[] = []
  #control: EngineProcess | undefined
  #isDone = false
  #whenDone: (() => void) | undefined

  constructor(folder: string, world: string, options: EngineKillOptions) {
    this.#folder = folder
    this.#env = {
      STATE: join(folder, 'state'),
      WORLD: world,
      ROWS: String(options.rows),
      WORK_MS: String(options.workMs),
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    }
  }

  get isDone(): boolean {
    return this.#isDone
  }

  lastWords(): string {
    return [...this.#workers, this.#control].map((each) => each?.lastWords() ?? '').join('\n---\n')
  }

  async begin(): Promise<void> {
    for (const at of [0, 1]) {
      const worker = new EngineProcess('worker', `w${at}`, this.#env)
      this.#workers[at] = worker
      await worker.ready
    }
  }

  /** Starts the control process; resolves when it says that the migration is done, whichever of its lives says so. */
  control(migration: string): Promise<void> {
    this.#isDone = false
    this.#startControl(migration)
    return new Promise((resolve) => {
      this.#whenDone = resolve
    })
  }

  async kill(victim: EngineVictim, n: number, migration: string): Promise<void> {
    switch (victim) {
      case 'postgres':
        return killPostgres(this.#folder)
      case 'control':
        await this.#control?.kill()
        if (!this.#isDone) this.#startControl(migration)
        return
      case 'worker': {
        const at = Math.floor(n / engineVictims.length) % this.#workers.length
        await this.#workers[at]?.kill()
        this.#workers[at] = new EngineProcess('worker', `w${at}`, this.#env)
      }
    }
  }

  async end(): Promise<void> {
    const control = this.#control === undefined ? [] : [this.#control]
    await Promise.all([...this.#workers, ...control].map((each) => each.kill()))
  }

  #startControl(migration: string): void {
    const control = new EngineProcess('control', migration, this.#env)
    this.#control = control
    void this.#untilDone(control)
  }

  /** Never rejects: a process that is killed before it says so is followed by the next one. */
  async #untilDone(control: EngineProcess): Promise<void> {
    const isDone = await control
      .said((line) => line === 'done')
      .then(
        () => true,
        () => false,
      )
    if (!isDone) return
    this.#isDone = true
    this.#whenDone?.()
  }
}

function killPostgres(folder: string): void {
  const pid = Number(readFileSync(join(folder, 'state', 'server.pid'), 'utf8'))
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just gone with the process that had started it.
  }
}

/** Most kills come while verbs run; every fourth soon after the one before, whatever is being put right then. */
async function untilNextKill(world: string, n: number, random: () => number): Promise<void> {
  if (n % 4 === 3) return wait(random() * 500)
  const wanted = (await callsIn(world)) + 1 + Math.floor(random() * 5)
  for (let waitedMs = 0; (await callsIn(world)) < wanted && waitedMs < 60_000; waitedMs += 20) await wait(20)
  return wait(random() * 30)
}

async function callsIn(world: string): Promise<number> {
  return (await countCalls(world)).calls
}

async function assertExact(world: string, migration: string, rows: number): Promise<void> {
  await onDatabase(world, async (client) => {
    const there = await client.query('SELECT count(*)::int AS count FROM world WHERE migration = $1', [migration])
    assert.equal(there.rows[0]?.count, rows, `${migration} is done, and its effects are there`)
    const atOnce = await client.query('SELECT * FROM at_once WHERE migration = $1', [migration])
    assert.deepEqual(atOnce.rows, [], `verbs of ${migration} ran beside another`)
    const put = await client.query(
      `SELECT row_id, count(*)::int AS count FROM effects WHERE migration = $1 GROUP BY row_id HAVING count(*) <> 1`,
      [migration],
    )
    assert.deepEqual(put.rows, [], `effects of ${migration} other than once`)
  })
}

async function countCalls(world: string): Promise<{ readonly calls: number; readonly repeated: number }> {
  return onDatabase(world, async (client) => {
    const { rows } = await client.query<{ calls: number; once: number }>(
      `SELECT count(*)::int AS calls, count(DISTINCT (migration, row_id, verb, generation))::int AS once FROM calls`,
    )
    const [{ calls, once } = { calls: 0, once: 0 }] = rows
    return { calls, repeated: calls - once }
  })
}
