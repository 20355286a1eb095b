import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { SharedPostgres } from '../../../src/app/shared-postgres.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { openEngine } from '../../../src/engine/engine.ts'
import { verbRunner } from '../../../src/engine/run-verb.ts'
import type { ChunkHandler } from '../../../src/ports/chunks.ts'
import type { Engine, StartRequest } from '../../../src/ports/engine.ts'
import { memoryJournal, memoryTasks } from '../engine-fakes.ts'
import { gateWith, rowsNamed, startOf } from '../engine-plan.ts'
import { countingSteps } from '../engine-steps.ts'

/*
 * `engine-process.ts worker <name>`: runs workflows. `engine-process.ts control <migration>`: starts the migration, and
 * approves what is asked, until it is done. Both share the PostgreSQL of the folder STATE and stay until they are killed;
 * SIGTERM ends them in order. WORLD: URL of the world's database; ROWS, WORK_MS: of the runbook and its verbs.
 */
const [role = '', name = ''] = process.argv.slice(2)
const { STATE = '', WORLD = '', ROWS = '40', WORK_MS = '20', SILENCE_MS = '15000' } = process.env
const patience = { beatMs: 200, graceMs: 600, silenceMs: Number(SILENCE_MS) }
const rows = rowsNamed(Number(ROWS))
/** A chunk that does nothing but give back its number. */
const countChunk: ChunkHandler = async ({ n = 0 }) => ({ n })
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
const people = [
  { party: 'customer', person: 'Carla' },
  { party: 'bu-srep', person: 'Bo' },
] as const
const shared = await SharedPostgres.open(STATE, new AbortController().signal)
const fake = countingSteps(
  rows.map(({ id }) => id),
  WORLD,
  { workMs: Number(WORK_MS) },
)
const engine = await openEngine({
  url: shared.url,
  journal: () => memoryJournal(),
  migrationsPerCustomer: 10_000,
  worker:
    role === 'worker'
      ? {
          executor: `${name}-${process.pid}`,
          runner: verbRunner(fake.steps, () => undefined),
          partyTasks: () => memoryTasks(),
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
if (role === 'control') await control(engine, name)
else while (!stopping.signal.aborted) await wait(100)
await engine.close()
await fake.close()
await shared.close()

async function control(engine: Engine, migration: string): Promise<void> {
  // Every tenth row asks, and the last one asks two parties.
  const asked = rows.filter((_, at) => at % 10 === 5).map(({ id }) => [id, gateWith()] as const)
  const twoParties = gateWith({ approvals: 2, parties: ['customer', 'bu-srep'], differentParties: 2 })
  const gates: StartRequest['gates'] = { ...Object.fromEntries(asked), [rows.at(-1)?.id ?? '']: twoParties }
  await engine.start(startOf(migration, rows, { gates }))
  while (!stopping.signal.aborted) {
    const [view] = await engine.list({ ids: [migration] })
    if (view?.state === 'done') break
    const row = view?.baton.row ?? ''
    for (const { party, person } of people) {
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
