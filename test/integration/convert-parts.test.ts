import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { engineAccess } from '../../src/app/engine-access.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import { compile } from '../../src/runbook/compile.ts'
import { runbook } from '../../src/runbook/rows.ts'
import { conversionOf, fillTogether } from '../../src/steps/convert-parts.ts'
import { Child } from '../support/child.ts'
import { freshDatabases, urlOf } from '../support/databases.ts'
import { newDatabase, onDatabase } from '../support/engine.ts'
import { migrationWith } from '../support/migrations.ts'
import { fillRangedWorld, rangedDecisions, smallLimits } from '../support/ranged-world.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const program = fileURLToPath(new URL('../support/programs/part-worker.ts', import.meta.url))
const { signal } = new AbortController()

test('two workers fill one conversion’s large tables; when one is killed the other goes on with its part, and the copy is exact', async () => {
  const dir = temporaryFolder()
  const databases = await freshDatabases(servers)
  const world = await fillRangedWorld(databases, 60)
  const engineUrl = await newDatabase(servers.postgres(), 'engine')
  const migration = { ...migrationWith(), decisions: { ...migrationWith().decisions, ...rangedDecisions } }
  const row = compile(runbook, migration).rows.find(({ id }) => id === 'convert-to-postgres')
  assert.ok(row)
  const engine = await engineAccess({
    env: (name) => (name === 'THREESHIFT_DATABASE_URL' ? engineUrl : undefined),
    cwd: dir,
    clock: systemClock,
    steps: new Map(),
    chunks: new Map(),
  }).open({ worker: false, onNote: () => undefined, signal })
  const workers = ['a', 'b'].map(
    (name) =>
      new Child([program], {
        STATE: join(dir, name),
        THREESHIFT_DATABASE_URL: engineUrl,
        MIGRATION_DATABASE_URL: urlOf(databases.source),
        MIGRATION_POSTGRESQL_URL: urlOf(databases.target),
        NODE_COMPILE_CACHE: join(dir, 'compile-cache'),
      }),
  )
  const [first, second] = workers
  assert.ok(first && second)
  /** The parts that a worker has (had), by its process. */
  const partsOf = async (worker: Child, status: string) => {
    const sql = `SELECT workflow_uuid FROM dbos.workflow_status WHERE starts_with(workflow_uuid, 'chunk ') AND status = $1 AND executor_id LIKE $2`
    const { rows } = await onDatabase(engineUrl, (client) => client.query(sql, [status, `${worker.pid}-%`]))
    return rows.map(({ workflow_uuid: id }) => String(id))
  }
  try {
    for (const worker of workers) await worker.said((line) => line === 'ready')
    const mover = systemDatabaseMover(systemClock, smallLimits)
    const tools = {
      clock: systemClock,
      systemDatabase: mover,
      spread: () => engine.chunks,
      database: async (reference: string) =>
        reference === migration.migrationCluster.database ? databases.source : databases.target,
    }
    const context = { migration, row, generation: 1, fence: 1, facts: {}, signal, onProgress: () => undefined }
    const move = await conversionOf(tools, context)
    const parts = await mover.divide(move)
    // A part takes as long as its entry in the ledger, so that one is caught in the middle.
    await databases.postgres(
      'CREATE SCHEMA helper',
      `CREATE FUNCTION helper.take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$`,
      'CREATE TRIGGER take_long BEFORE UPDATE ON threeshift.copied_range FOR EACH ROW EXECUTE FUNCTION helper.take_long()',
    )
    const filling = fillTogether(tools, context)
    let caught: readonly string[] = []
    while (caught.length === 0) {
      caught = await partsOf(first, 'PENDING')
      await wait(20)
    }
    await first.signal('SIGKILL')
    await filling
    const done = new Set(await partsOf(second, 'SUCCESS'))
    assert.ok(
      (await partsOf(first, 'SUCCESS')).every((id) => !done.has(id)) && caught.some((id) => done.has(id)),
      `${caught.join(', ')} went to the other worker`,
    )
    assert.deepEqual(await mover.divide(move), [], `all ${parts.length} parts are in`)
    await databases.postgres('DROP TRIGGER take_long ON threeshift.copied_range')
    const report = await mover.copy(move)
    assert.deepEqual([report.resumed, report.changed, report.setAside], [true, world.changed, world.setAside])
    assert.doesNotMatch(report.notes.join('\n'), /copied afresh/)
    assert.equal((await mover.verify(move)).verdict, 'equal')
  } finally {
    for (const worker of workers) await worker.signal('SIGKILL')
    await engine.close()
    rmSync(dir, { recursive: true, force: true })
  }
})
