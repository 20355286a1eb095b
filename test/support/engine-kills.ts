import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'pg'
import { freePort } from '../../src/adapters/servers/free-port.ts'
import { newDatabase } from './engine.ts'
import { startOfParties } from './engine-plan.ts'
import { worldSql } from './engine-steps.ts'
import { assertEvidence, assertExact, countCalls } from './kill-checks.ts'
import { type EngineVictim, engineVictims, KillCrew } from './kill-crew.ts'
import { startServer, temporaryFolder } from './servers.ts'

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
  /** Of the journals, whose packs verify-report found sound. */
  readonly records: number
  readonly tookMs: number
}

/** How long an agent's lease counts: a killed agent costs that, and a slow machine must not lose one that is alive. */
const leaseSeconds = 3
/** Without a new call of a verb for so long, the next kill comes nevertheless. */
const patienceMs = 30_000
/** After the last kill a migration has this long to complete. */
const completeWithinMs = 300_000

/**
 * Runs migrations one after the other on a crew of processes that share a private PostgreSQL, and kills one of them after
 * the other with SIGKILL, until there were so many kills and the last migration is done.
 *
 * Throws when a migration does not complete, and what `assertExact` and `assertEvidence` throw.
 */
export async function killAgainAndAgain(options: EngineKillOptions): Promise<EngineKillResult> {
  const folder = temporaryFolder()
  const state = join(folder, 'state')
  const startedMs = performance.now()
  const server = await startServer('postgres', { dir: join(folder, 'world') })
  const worldUrl = await newDatabase(server, 'world')
  const world = new Pool({ connectionString: worldUrl, max: 2 })
  const { rows, workMs } = options
  const crew = new KillCrew({ state, world: worldUrl, rows, workMs, port: await freePort(), leaseSeconds })
  // The end of the server ends its connections.
  world.on('error', () => undefined)
  try {
    await world.query(worldSql)
    await crew.begin()
    const made = Object.fromEntries(engineVictims.map((victim) => [victim, 0])) as Record<EngineVictim, number>
    const requests = []
    let n = 0
    while (n < options.kills) {
      const request = startOfParties(`m-${requests.length + 1}`, rows)
      const { migration } = request.plan
      requests.push(request)
      const before = n
      const done = crew.migrate(migration)
      while (n < options.kills) {
        await Promise.race([untilNextKill(world, n, options.random), done])
        if (crew.isDone) break
        const victim = engineVictims[n % engineVictims.length] ?? 'worker'
        await crew.kill(victim, n, migration)
        made[victim] += 1
        n += 1
        options.onKill?.({ n, victim, migration })
      }
      await Promise.race([done, tooLate(migration)])
      await assertExact(world, request, n - before)
    }
    let records = 0
    for (const request of requests) records += await assertEvidence(state, folder, request)
    const tookMs = Math.round(performance.now() - startedMs)
    return { migrations: requests.length, kills: made, ...(await countCalls(world)), records, tookMs }
  } catch (error) {
    throw new Error(`the last of what the processes said:\n${crew.lastWords()}`, { cause: error })
  } finally {
    await crew.end()
    await world.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every other kill comes while verbs run, and the next one soon after it, whatever is being put right then. */
async function untilNextKill(world: Pool, n: number, random: () => number): Promise<void> {
  if (n % 2 === 1) return wait(random() * 1000)
  const wanted = (await callsIn(world)) + 1 + Math.floor(random() * 5)
  for (let waitedMs = 0; (await callsIn(world)) < wanted && waitedMs < patienceMs; waitedMs += 20) await wait(20)
  return wait(random() * 30)
}

async function callsIn(world: Pool): Promise<number> {
  return (await countCalls(world)).calls
}

async function tooLate(migration: string): Promise<never> {
  await wait(completeWithinMs, undefined, { ref: false })
  throw new Error(`${migration} did not complete within ${completeWithinMs} ms of the last kill`)
}
