import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import { type Databases, freshDatabases, moveRequest } from '../support/databases.ts'
import { fillRangedWorld, rangedDecisions, smallLimits } from '../support/ranged-world.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const mover = systemDatabaseMover(systemClock, smallLimits)
const thousands = 60

async function dividedWorld() {
  const databases = await freshDatabases(servers)
  const world = await fillRangedWorld(databases, thousands)
  return { databases, world, request: moveRequest(databases, { decisions: rangedDecisions }) }
}

/** Rows that the ledger says are in, of ranges. */
async function rowsIn(databases: Databases): Promise<number> {
  const [[rows] = []] = await databases.postgres('SELECT sum(rows)::bigint FROM threeshift.copied_range')
  return Number(rows)
}

test('parts of large tables, filled one by one by whoever comes, are what the copy goes on from', async () => {
  const { databases, world, request } = await dividedWorld()
  const parts = await mover.divide(request)
  assert.deepEqual([...new Set(parts.map(({ table }) => table))].toSorted(), [...world.ranged].toSorted())
  assert.ok(parts.length > world.ranged.length, `${parts.length} parts`)
  assert.deepEqual(await mover.divide(request), parts, 'dividing again changes nothing')
  // Four at once, each with sessions and a snapshot of its own, as so many processes would be.
  const waiting = [...parts]
  const work = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      assert.equal((await mover.copyPart(request, part)).complete, true)
    }
  }
  await Promise.all([work(), work(), work(), work()])
  assert.deepEqual(await mover.divide(request), [], 'nothing of them is missing')
  const before = await rowsIn(databases)
  const report = await mover.copy(request)
  assert.equal(report.resumed, true)
  assert.deepEqual([report.changed, report.setAside], [world.changed, world.setAside])
  assert.ok(before > 0 && (await rowsIn(databases)) >= before)
  assert.doesNotMatch(report.notes.join('\n'), /copied afresh/)
  assert.equal((await mover.verify(request)).verdict, 'equal')
})

test('what the source has changed under the parts, and what of them is missing, the copy sees to', async () => {
  const { databases, request } = await dividedWorld()
  const parts = await mover.divide(request)
  for (const part of parts.slice(0, Math.ceil(parts.length / 2))) await mover.copyPart(request, part)
  await databases.mysql("UPDATE events SET body = 'another' WHERE id = 1")
  const report = await mover.copy(request)
  assert.match(report.notes.join('\n'), /changed since an earlier run copied events/)
  assert.equal((await mover.verify(request)).verdict, 'equal')
  // Whoever comes late does nothing.
  const late = parts[0]
  assert.ok(late)
  assert.deepEqual(await mover.copyPart(request, late), { ...late, rows: 0, complete: false })
})

test('one that fills a part is cut off by another that is given it', async () => {
  const { databases, request } = await dividedWorld()
  const [part] = await mover.divide(request)
  assert.ok(part)
  // The first one comes to its second chunk, and then stands still in the target.
  await databases.postgres(
    'CREATE SCHEMA helper',
    'CREATE SEQUENCE helper.updates',
    `CREATE FUNCTION helper.stand_still() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF nextval('helper.updates') = 2 THEN PERFORM pg_sleep(3600); END IF; RETURN NEW; END $$`,
    `CREATE TRIGGER stand_still BEFORE UPDATE ON threeshift.copied_range FOR EACH ROW EXECUTE FUNCTION helper.stand_still()`,
  )
  const standing = assert.rejects(mover.copyPart(request, part), { code: 'DB_CONNECTION_LOST' })
  for (;;) {
    const [[sleeping] = []] = await databases.postgres(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    )
    if (sleeping !== '0') break
    await wait(20)
  }
  assert.equal((await mover.copyPart(request, part)).complete, true)
  await standing
})
