import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { SharedPostgres } from '../../src/app/shared-postgres.ts'
import { openEngine } from '../../src/engine/engine.ts'
import type { Engine } from '../../src/ports/engine.ts'
import type { Child } from '../support/child.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { memoryJournal } from '../support/engine-fakes.ts'
import { rowsNamed, startOf } from '../support/engine-plan.ts'
import { startEngineProcess } from '../support/engine-programs.ts'
import { worldSql } from '../support/engine-steps.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(4)

describe('a worker that stands still past its lease', () => {
  let folder: string
  let world: string
  let shared: SharedPostgres
  let engine: Engine
  const workers: Child[] = []

  before(async () => {
    folder = temporaryFolder()
    world = await newDatabase(servers.postgres(), 'world')
    await onDatabase(world, (client) => client.query(worldSql))
    shared = await SharedPostgres.open(join(folder, 'state', 'postgres'), new AbortController().signal)
    engine = await openEngine({
      url: shared.url,
      journal: () => memoryJournal(),
      migrationsPerCustomer: 100,
      worker: null,
      onEvent: () => undefined,
      signal: new AbortController().signal,
    })
  })
  after(async () => {
    await Promise.all(workers.map((worker) => worker.signal('SIGKILL')))
    await engine.close()
    await shared.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const startWorker = async (name: string) => {
    const stage = { state: join(folder, 'state'), world, rows: rows.length, workMs: 400, silenceMs: 1500 }
    const worker = startEngineProcess('worker', name, stage)
    workers.push(worker)
    await worker.said((line) => line === 'ready')
    return worker
  }
  const callsOf = (migration: string) =>
    onDatabase(world, async (client) => {
      const { rows } = await client.query('SELECT verb, fence, ended FROM calls WHERE migration = $1', [migration])
      return rows
    })

  test('is taken over; when it goes on its late result is refused, and it works on afterwards', async () => {
    const sleeper = await startWorker('sleeper')
    await engine.start(startOf('slept', rows))
    await sleeper.said((text) => text.includes('verb-began') && text.includes('apply'))
    await sleeper.signal('SIGSTOP')
    const stoppedIn = await callsOf('slept')
    const other = await startWorker('other')
    await until(engine, 'slept', ({ state }) => state === 'done', 120_000)
    const before = JSON.stringify((await engine.list({ ids: ['slept'] }))[0]?.rows)
    await sleeper.signal('SIGCONT')
    await sleeper.said((text) => /verb-late|verb-stopped/.test(text))
    assert.equal(JSON.stringify((await engine.list({ ids: ['slept'] }))[0]?.rows), before)
    await onDatabase(world, async (client) => {
      const effects = await client.query(
        "SELECT row_id, count(*)::int AS count FROM effects WHERE migration = 'slept' GROUP BY row_id ORDER BY row_id",
      )
      assert.deepEqual(
        effects.rows,
        rows.map(({ id }) => ({ row_id: id, count: 1 })),
      )
    })
    assert.ok((await callsOf('slept')).length > stoppedIn.length)

    await other.signal('SIGKILL')
    await engine.start(startOf('afterwards', rows))
    await until(engine, 'afterwards', ({ state }) => state === 'done', 120_000)
  })

  test('a worker that is told to end stops its verb, and the next one goes on with it at once', async () => {
    await Promise.all(workers.map((worker) => worker.signal('SIGKILL')))
    const first = await startWorker('first')
    await engine.start(startOf('handed-over', rows))
    await first.said((text) => text.includes('verb-began'))
    await first.signal('SIGTERM')
    assert.equal(first.exitCode, 0)
    await startWorker('second')
    await until(engine, 'handed-over', ({ state }) => state === 'done', 120_000)
    const effects = await onDatabase(world, (client) =>
      client.query("SELECT count(*)::int AS count FROM effects WHERE migration = 'handed-over'"),
    )
    assert.equal(effects.rows[0]?.count, rows.length)
  })
})
