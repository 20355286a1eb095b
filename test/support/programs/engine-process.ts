import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { openDatabase } from '../../../src/app/engine-database.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { databasePartyTasks } from '../../../src/engine/agents/party-tasks.ts'
import { openEngine } from '../../../src/engine/engine.ts'
import { databaseJournal } from '../../../src/engine/journal/append.ts'
import { verbRunner } from '../../../src/engine/run-verb.ts'
import { loadOrCreateKey } from '../../../src/evidence/key-file.ts'
import type { ChunkHandler } from '../../../src/ports/chunks.ts'
import type { Engine } from '../../../src/ports/engine.ts'
import { rowsNamed, startOfParties } from '../engine-plan.ts'
import { countingSteps } from '../engine-steps.ts'

/*
 * `engine-process.ts worker <name>`: runs workflows. `engine-process.ts people <migration>`: starts the migration, and
 * approves what is asked, until it is done. Both share the PostgreSQL and the keys of the state folder STATE, as `threeshift
 * serve` does, and stay until they are killed; SIGTERM ends them in order. WORLD: URL of the world's database; ROWS, WORK_MS:
 * of the runbook and its verbs.
 */
const [role = '', name = ''] = process.argv.slice(2)
const { STATE = '', WORLD = '', ROWS = '40', WORK_MS = '20', SILENCE_MS = '15000' } = process.env
const patience = { beatMs: 200, graceMs: 600, silenceMs: Number(SILENCE_MS) }
/** A chunk that does nothing but give back its number. */
const countChunk: ChunkHandler = async ({ n = 0 }) => ({ n })
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
const answering = [
  { party: 'customer', person: 'Carla' },
  { party: 'bu-srep', person: 'Bo' },
] as const
const database = await openDatabase(() => undefined, STATE, new AbortController().signal)
const fake = countingSteps(
  rowsNamed(Number(ROWS)).map(({ id }) => id),
  WORLD,
  { workMs: Number(WORK_MS) },
)
const engine = await openEngine({
  url: database.url,
  journal: (tables) =>
    databaseJournal(tables, () => loadOrCreateKey(join(STATE, 'keys'), 'control-plane'), systemClock),
  migrationsPerCustomer: 10_000,
  worker:
    role === 'worker'
      ? {
          executor: `${name}-${process.pid}`,
          runner: verbRunner(fake.steps, () => undefined),
          partyTasks: databasePartyTasks,
          chunks: new Map([['count', countChunk]]),
          chunksAtOnce: 2,
          clock: systemClock,
          patience,
        }
      : null,
  onEvent: (event) => process.stderr.write(`${name} ${JSON.stringify(event)}\n`),
  signal: new AbortController().signal,
})
process.stdout.write('ready\n')
if (role === 'people') await startAndAnswer(engine, name)
else while (!stopping.signal.aborted) await wait(100)
await engine.close()
await fake.close()
await database.close()

async function startAndAnswer(engine: Engine, migration: string): Promise<void> {
  await engine.start(startOfParties(migration, Number(ROWS)))
  while (!stopping.signal.aborted) {
    const [view] = await engine.list({ ids: [migration] })
    if (view?.state === 'done') break
    const row = view?.baton.row ?? ''
    for (const { party, person } of answering) {
      if (view?.gate?.gate.parties.includes(party) !== true) continue
      const by = { party, name: person }
      // Somebody may have answered before the process was killed.
      await engine
        .answer({ migration, row, by, reason: 'as planned', verdict: 'approved' })
        .catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
    }
    await wait(20)
  }
  process.stdout.write('done\n')
}
