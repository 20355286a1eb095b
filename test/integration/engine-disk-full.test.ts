import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Pool } from 'pg'
import { SharedPostgres } from '../../src/app/shared-postgres.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { rowsNamed, startOf } from '../support/engine-plan.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { assertExact } from '../support/kill-checks.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(12)

test('a full disk of the engine is waited for: nothing is lost or done twice, and with space it goes on by itself', async (context) => {
  const dir = temporaryFolder()
  const space = join(dir, 'space')
  mkdirSync(space)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=711', 'tmpfs', space]).status !== 0) {
    rmSync(dir, { recursive: true })
    context.skip('this needs the right to mount a small file system')
    return
  }
  const world = await newDatabase(servers.postgres(), 'world')
  await onDatabase(world, (client) => client.query(worldSql))
  const pool = new Pool({ connectionString: world })
  const ids = rows.map(({ id }) => id)
  const full = Promise.withResolvers<EngineEvent>()
  // The disk is full from when the fourth row is looked at until somebody makes room.
  let filled = false
  const fill = async () => {
    if (!filled) fillUp(join(space, 'ballast'))
    filled = true
    return { kind: 'needed' as const, says: 'is not there' }
  }
  const fake = countingSteps(ids, world, { workMs: 0, overrides: { [ids[3] ?? '']: { check: fill } } })
  const postgres = await SharedPostgres.open(join(space, 'postgres'), new AbortController().signal)
  const bench = await openControlBench(postgres.url, fake.steps, {
    leaseMs: 30_000,
    serve: false,
    onEvent: (event) => {
      if (event.kind === 'database-lost' && filled) full.resolve(event)
    },
  })
  try {
    const request = startOf('full', rows)
    await bench.engine.start(request)
    const event = await full.promise
    assert.match(event.kind === 'database-lost' ? event.reason : '', /^(?:53100|57P0)/)
    rmSync(join(space, 'ballast'))
    await until(bench.engine, 'full', ({ state }) => state === 'done', 120_000)
    await assertExact(pool, request, 2)
    assert.deepEqual(checkChain(await bench.lines('full')).problems, [])
  } finally {
    rmSync(join(space, 'ballast'), { force: true })
    await bench.close()
    await postgres.close()
    await fake.close()
    await pool.end()
    spawnSync('umount', [space])
    rmSync(dir, { recursive: true, force: true })
  }
})

/** Writes until there is no room for one more byte. */
function fillUp(file: string): void {
  const ballast = openSync(file, 'w')
  try {
    for (let bytes = 1024 * 1024; bytes >= 1; ) {
      try {
        writeSync(ballast, Buffer.alloc(bytes))
      } catch {
        bytes = Math.floor(bytes / 4)
      }
    }
  } finally {
    closeSync(ballast)
  }
}
