import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { type Databases, freshDatabases, urlOf } from './databases.ts'
import { type KillableServer, startKillable } from './killable-server.ts'
import { fillRangedWorld, rangedDecisions, type RangedWorld, smallLimits } from './ranged-world.ts'
import { temporaryFolder } from './servers.ts'

const command = fileURLToPath(new URL('programs/db-command.ts', import.meta.url))
const streams = 2
/** The part of the work after which the last kill has come: what is left takes longer than a kill. */
const lastKillBefore = 0.9
/** Of the whole work an index or a foreign key is about so much. */
const workPerIndex = 0.01
/** Every so many kills one comes early, at any moment before the first new row. */
const earlyEvery = 4
const longestEarlyMs = 900
const longestDelayMs = 10

/** MariaDB is never the last: what it has sent already lies in buffers, and is still copied. */
export const victims = ['mariadb', 'mover', 'postgres'] as const
export type Victim = (typeof victims)[number]

/** Both servers, a source that is divided into chunks, and an empty target. */
export interface KillWorld {
  readonly databases: Databases
  readonly world: RangedWorld
  readonly servers: Readonly<Record<'mariadb' | 'postgres', KillableServer>>
  readonly folder: string
  stop(): Promise<void>
}

export async function startKillWorld(
  thousands: number,
  mariadbSettings: Readonly<Record<string, string>> = {},
): Promise<KillWorld> {
  const folder = temporaryFolder()
  const [mariadb, postgres] = await Promise.all([
    startKillable('mariadb', folder, mariadbSettings),
    // What chunks that were given up leave behind is to be counted.
    startKillable('postgres', folder, { autovacuum: 'off' }),
  ])
  const databases = await freshDatabases({
    mariadb: mariadb.running,
    postgres: postgres.running,
    redis: () => {
      throw new Error('there is no Redis')
    },
  })
  const world = await fillRangedWorld(databases, thousands)
  return {
    databases,
    world,
    servers: { mariadb, postgres },
    folder,
    async stop() {
      await Promise.all([mariadb.stop(), postgres.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface DbRun {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
  /** The last line of stdout, as JSON. */
  readonly result: Record<string, unknown>
}

/** Runs `threeshift db …` as a child process; it is killed (SIGKILL) when `untilKilled` resolves to true. */
export async function runDb(
  { databases, folder }: Pick<KillWorld, 'databases' | 'folder'>,
  args: readonly string[],
  untilKilled?: Promise<boolean>,
): Promise<DbRun> {
  const child = spawn(
    process.execPath,
    [command, 'db', ...args, '--source', 'env:SOURCE', '--target', 'env:TARGET', '--json'],
    {
      env: {
        ...process.env,
        SOURCE: urlOf(databases.source),
        TARGET: urlOf(databases.target),
        LIMITS: JSON.stringify(smallLimits),
        NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  void untilKilled?.then((wanted) => wanted && child.kill('SIGKILL'))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return { code, signal, stderr, result: last.startsWith('{') ? JSON.parse(last) : {} }
}

export function copyDb(kills: Pick<KillWorld, 'databases' | 'folder'>, untilKilled?: Promise<boolean>): Promise<DbRun> {
  const decided = Object.entries(rangedDecisions).flatMap(([key, action]) => ['--decide', `${key}=${action}`])
  return runDb(kills, ['copy', '--streams', String(streams), ...decided], untilKilled)
}

/** How far the copy of one range, and which table it is in. */
interface RangeSeen {
  /** `table number`. */
  readonly range: string
  readonly rows: number
  readonly complete: boolean
  /** Another one when the table was made again or emptied. */
  readonly file: string
}

/** Looks into the target again and again, also while it is killed and starts. */
class Watch {
  readonly #databases: Databases
  #client: Client | null = null

  constructor(databases: Databases) {
    this.#databases = databases
  }

  /** What the ledger says of all ranges, in one moment; null when the target cannot be reached or has no ledger yet. */
  async ranges(): Promise<readonly RangeSeen[] | null> {
    const rows = await this.#ask(
      `SELECT table_name || ' ' || number, rows, complete, pg_relation_filenode(('public.' || table_name)::regclass)
        FROM threeshift.copied_range`,
    )
    return (
      rows?.map(([range, count, complete, file]) => ({
        range: String(range),
        rows: Number(count),
        complete: complete === true,
        file: String(file),
      })) ?? null
    )
  }

  /** Indexes and foreign keys that are there. */
  async objects(): Promise<number> {
    const rows = await this.#ask(
      `SELECT (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public') +
        (SELECT count(*) FROM pg_constraint WHERE contype = 'f')`,
    )
    return Number(rows?.[0]?.[0] ?? 0)
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined)
    this.#client = null
  }

  async #ask(text: string): Promise<readonly (readonly unknown[])[] | null> {
    try {
      this.#client ??= await this.#connected()
      return (await this.#client.query<unknown[]>({ text, rowMode: 'array' })).rows
    } catch (error) {
      // No ledger yet; the connection is as good as it was.
      if (error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000')) return null
      this.#client?.connection.stream.destroy()
      this.#client = null
      return null
    }
  }

  async #connected(): Promise<Client> {
    const { host, port, user, password, database } = this.#databases.target
    const client = new Client({ host, port, user, password: password.reveal('watch a test target'), database })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
}

/** One kill, and what it cost. */
export interface Kill {
  readonly victim: Victim
  /** Before the run had copied any new row. */
  readonly early: boolean
  /** Rows that the ledger said were in when last looked at before, and that it says are in after, the kill. */
  readonly before: number
  readonly after: number
  /** Of the whole work, 0 to 1. */
  readonly progress: number
  readonly runMs: number
}

/**
 * Kills mover, MariaDB and PostgreSQL in turn, at moments spread at random over the whole copy, and runs it again each
 * time. After each kill it is checked that every table holds just the rows that the ledger says are in; before the next
 * that nothing of this was copied again. The last kill is followed by no run.
 */
export async function killAgainAndAgain(kills: KillWorld, count: number): Promise<readonly Kill[]> {
  const watch = new Watch(kills.databases)
  const { world } = kills
  const work = async () => {
    const ranges = await watch.ranges()
    const rows = ranges?.reduce((sum, range) => sum + range.rows, 0) ?? 0
    const objects = await watch.objects()
    return { ranges, rows, part: rows / world.rows / (1 + objectsOf * workPerIndex) + objectPart(objects) }
  }
  const made: Kill[] = []
  let known: readonly RangeSeen[] = []
  try {
    for (let i = 0; i < count; i++) {
      const victim = victims[i % victims.length] ?? 'mover'
      const early = i % earlyEvery === earlyEvery - 1
      const wanted = ((i + Math.random() * 0.5) / count) * lastKillBefore
      const startedMs = performance.now()
      const ended = new AbortController()
      let seen = await work()
      const shot = (async () => {
        if (early) await setTimeout(Math.random() * longestEarlyMs)
        else {
          while (!ended.signal.aborted && seen.part < wanted) seen = await work()
          await setTimeout(Math.random() * longestDelayMs)
        }
        const last = await work()
        if (last.ranges !== null) seen = last
        if (ended.signal.aborted) return false
        if (victim !== 'mover') await kills.servers[victim].kill()
        return victim === 'mover'
      })()
      const run = await copyDb(kills, shot)
      ended.abort()
      await shot
      assertEndedByKill(victim, run, wanted)
      if (victim !== 'mover') await kills.servers[victim].start()
      const after = await assertTablesMatchLedger(kills)
      // A crash of the target may take chunks that were committed a moment before, with the ledger's word for them.
      if (victim !== 'postgres') for (const before of [known, seen.ranges ?? []]) assertNothingAgain(before, after)
      known = after
      const rowsAfter = after.reduce((sum, range) => sum + range.rows, 0)
      const runMs = performance.now() - startedMs
      made.push({ victim, early, before: seen.rows, after: rowsAfter, progress: seen.part, runMs })
    }
    return made
  } finally {
    await watch.close()
  }
}

/** Indexes and foreign keys of a ranged world. */
const objectsOf = 10 * 2 + 3 + 2 + 1 + 1 + 2

function objectPart(objects: number): number {
  return (objects * workPerIndex) / (1 + objectsOf * workPerIndex)
}

function assertEndedByKill(victim: Victim, run: DbRun, wanted: number): void {
  const said = `kill of ${victim} at ${wanted.toFixed(3)}: ${JSON.stringify(run)}`
  if (victim === 'mover') return assert.equal(run.signal, 'SIGKILL', said)
  assert.equal(run.code, 4, said)
  const { fault } = run.result
  const code = typeof fault === 'object' && fault !== null && 'code' in fault ? fault.code : undefined
  assert.ok(code === 'DB_CONNECTION_LOST' || code === 'DB_UNREACHABLE', said)
}

/** In one moment of the target: each table that the ledger names holds as many rows as its ranges have. */
async function assertTablesMatchLedger({ databases }: KillWorld): Promise<readonly RangeSeen[]> {
  const [[there] = []] = await databases.postgres("SELECT to_regclass('threeshift.copied_range')")
  if (there === null) return []
  const ranges = await databases.postgres(
    `SELECT table_name || ' ' || number, rows, complete, pg_relation_filenode(('public.' || table_name)::regclass), table_name
      FROM threeshift.copied_range`,
  )
  const sums = new Map<string, number>()
  for (const [, rows, , , table] of ranges) sums.set(String(table), (sums.get(String(table)) ?? 0) + Number(rows))
  const wanted = [...sums].map(([table, rows]) => `${table} ${rows}`).toSorted()
  const counts =
    sums.size === 0
      ? []
      : await databases.postgres(
          [...sums.keys()].map((table) => `SELECT '${table}', count(*) FROM ${table}`).join(' UNION ALL '),
        )
  assert.deepEqual(counts.map((row) => row.join(' ')).toSorted(), wanted)
  return ranges.map(([range, rows, complete, file]) => ({
    range: String(range),
    rows: Number(rows),
    complete: complete === 't',
    file: String(file),
  }))
}

/** Rows that are in are in the same table yet, and are as many or more: whatever came was added behind them. */
function assertNothingAgain(before: readonly RangeSeen[], after: readonly RangeSeen[]): void {
  const now = new Map(after.map((range) => [range.range, range]))
  for (const was of before) {
    const is = now.get(was.range)
    const said = `${JSON.stringify(was)} became ${JSON.stringify(is)}`
    assert.ok(is !== undefined && is.rows >= was.rows && (is.complete || !was.complete), said)
    assert.equal(is.file, was.file, `the table was made again: ${said}`)
  }
}

/** Bytes of the ranged tables, and how many of them chunks left behind that were written in vain. */
export async function bytesInVain({ databases, world }: KillWorld): Promise<{ bytes: number; inVain: number }> {
  const size = `SELECT ${world.ranged.map((table) => `pg_relation_size('${table}')`).join(' + ')}`
  const [[before] = []] = await databases.postgres(size)
  const [[bytes] = []] = await databases.postgres(...world.ranged.map((table) => `VACUUM FULL ${table}`), size)
  return { bytes: Number(bytes), inVain: Number(before) - Number(bytes) }
}

/** What one kill may cost: in each stream the chunk under way, as the target stores it, and a page batch or two. */
export const mostInVainPerKill = streams * smallLimits.chunkBytes * 2

/** That the copy is whole and exact, by `db verify` and by counting on both sides. */
export async function assertWholeAndExact(kills: KillWorld, last: DbRun): Promise<void> {
  const { databases, world } = kills
  assert.equal(last.code, 0, last.stderr)
  assert.equal(last.result['verdict'], 'copied')
  assert.equal(last.result['resumed'], true)
  assert.deepEqual(
    { changed: last.result['changed'], setAside: last.result['setAside'] },
    {
      changed: world.changed,
      setAside: world.setAside,
    },
  )
  assert.doesNotMatch(JSON.stringify(last.result['notes']), /copied afresh/)
  const verified = await runDb(kills, ['verify'])
  assert.equal(verified.code, 0, JSON.stringify(verified))
  assert.deepEqual(verified.result['declared'], { cells: world.changed, rows: world.setAside })
  const counts = world.tables.map((table) => `SELECT '${table}', count(*) FROM ${table}`).join(' UNION ALL ')
  const source = new Map((await databases.mysql(counts)).map(([table, rows]) => [String(table), Number(rows)]))
  const target = new Map((await databases.postgres(counts)).map(([table, rows]) => [String(table), Number(rows)]))
  const aside = await databases.postgres('SELECT table_name, count(*) FROM threeshift.row_set_aside GROUP BY 1')
  for (const [table, rows] of aside) target.set(String(table), (target.get(String(table)) ?? 0) + Number(rows))
  assert.deepEqual(target, source)
  const [doubled] = await databases.postgres(
    `SELECT (SELECT count(*) - count(DISTINCT (table_name, source_key, column_name)) FROM threeshift.changed_value),
      (SELECT count(*) - count(DISTINCT (table_name, source_key)) FROM threeshift.row_set_aside)`,
  )
  assert.deepEqual(doubled, ['0', '0'])
}
