import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Client } from 'pg'
import { SharedPostgres } from '../src/app/shared-postgres.ts'
import { openEngine } from '../src/engine/engine.ts'
import type { Engine } from '../src/ports/engine.ts'
import { newDatabase, onDatabase } from '../test/support/engine.ts'
import { memoryJournal } from '../test/support/engine-fakes.ts'
import { gateWith, rowsNamed, startOf } from '../test/support/engine-plan.ts'
import { startEngineProcess } from '../test/support/engine-programs.ts'
import { worldSql } from '../test/support/engine-steps.ts'
import { startServer, temporaryFolder } from '../test/support/servers.ts'

/*
 * What the engine itself costs, with steps and chunks that do nothing: a worker's memory with many migrations parked at
 * an approval, the time from an approval to the next verb, and the time a chunk takes over two workers.
 * Migrations and chunks are those of other processes; this one starts, approves and looks.
 */

const approvals = 20

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { parked: { type: 'string', default: '100' }, chunks: { type: 'string', default: '1000' } },
  })
  const folder = temporaryFolder()
  const server = await startServer('postgres', { dir: join(folder, 'world') })
  const world = await newDatabase(server, 'world')
  await onDatabase(world, (client) => client.query(worldSql))
  const shared = await SharedPostgres.open(join(folder, 'state', 'postgres'), new AbortController().signal)
  const engine = await openEngine({
    url: shared.url,
    journal: () => memoryJournal(),
    migrationsPerCustomer: 100_000,
    worker: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  })
  const stage = { state: join(folder, 'state'), world, rows: 3, workMs: 0 }
  const first = startEngineProcess('worker', 'w0', stage)
  const workers = [first]
  try {
    await first.said((line) => line === 'ready')
    const parked = await park(engine, Number(values.parked))
    const rssMb = rssMbOf(first.pid)
    const latencies = await onDatabase(world, (client) => approve(engine, client, parked.slice(0, approvals)))
    const other = startEngineProcess('worker', 'w1', stage)
    workers.push(other)
    await other.said((line) => line === 'ready')
    const chunkMs = await spread(engine, Number(values.chunks))
    const result = {
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
      node: process.version,
      cores: availableParallelism(),
      loadAverage: Math.round(loadavg()[0] ?? 0),
      parked: parked.length,
      workerRssMb: rssMb,
      approvalToNextVerbMs: { median: latencies[Math.floor(latencies.length / 2)], worst: latencies.at(-1) },
      chunks: Number(values.chunks),
      msPerChunk: chunkMs,
    }
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
    const results = join(import.meta.dirname, 'results')
    mkdirSync(results, { recursive: true })
    const day = new Date().toISOString().slice(0, 10)
    writeFileSync(join(results, `engine-${day}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  } finally {
    await Promise.all(workers.map((worker) => worker.signal('SIGKILL')))
    await engine.close()
    await shared.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts migrations whose second row asks somebody, and waits until all of them ask. */
async function park(engine: Engine, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, at) => `parked-${at}`)
  for (const id of ids) await engine.start(startOf(id, rowsNamed(3), { gates: { 'row-02': gateWith() } }))
  for (;;) {
    const waiting = await engine.list({ states: ['waiting-for-person'] })
    if (waiting.length === count) return ids
    await wait(200)
  }
}

/** Milliseconds from the call that approves to the start of the next verb, in order. */
async function approve(engine: Engine, world: Client, ids: readonly string[]): Promise<readonly number[]> {
  const took: number[] = []
  for (const migration of ids) {
    const startedMs = performance.now()
    await engine.answer({
      migration,
      row: 'row-02',
      by: { party: 'customer', name: 'Carla' },
      reason: 'a measurement',
      verdict: 'approved',
    })
    for (;;) {
      const { rows } = await world.query(
        "SELECT 1 FROM calls WHERE migration = $1 AND verb = 'apply' AND row_id = 'row-02'",
        [migration],
      )
      if (rows.length > 0) break
      await wait(5)
    }
    took.push(Math.round(performance.now() - startedMs))
  }
  return took.sort((a, b) => a - b)
}

async function spread(engine: Engine, count: number): Promise<number> {
  const chunks = Array.from({ length: count }, (_, n) => ({ id: String(n), kind: 'count', input: { n } }))
  const startedMs = performance.now()
  const results = await engine.chunks.run('bench', chunks, { signal: new AbortController().signal })
  if (results.some(({ n }, at) => n !== at)) throw new Error('results are not those of their chunks')
  return Math.round(((performance.now() - startedMs) / count) * 10) / 10
}

function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
