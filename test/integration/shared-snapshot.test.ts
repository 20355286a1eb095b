import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import type { CopyReport, MoveRequest } from '../../src/ports/system-database.ts'
import { type Databases, freshDatabases, moveRequest } from '../support/databases.ts'
import { fillRangedWorld, rangedDecisions as decisions, smallLimits } from '../support/ranged-world.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const mover = systemDatabaseMover(systemClock, smallLimits)

async function copyAndVerify(request: MoveRequest): Promise<CopyReport> {
  const report = await mover.copy(request)
  assert.equal(report.verdict, 'copied')
  const verified = await mover.verify(request)
  assert.deepEqual(verified.differences, [])
  assert.deepEqual(verified.declared, { cells: report.changed, rows: report.setAside })
  return report
}

/** A request as a user with these privileges on the source. */
async function requestAs(databases: Databases, privileges: string): Promise<MoveRequest> {
  const user = `limited_${databases.source.database}`
  const password = new Secret('of-no-use-elsewhere')
  await databases.mysql(
    `CREATE USER ${user}@'%' IDENTIFIED BY '${password.reveal('make a user of a test source')}'`,
    `GRANT ${privileges} ON ${databases.source.database}.* TO ${user}@'%'`,
  )
  return { ...moveRequest(databases, { decisions }), source: { ...databases.source, user, password } }
}

describe('several streams read one moment of the source', () => {
  const aloneNote = /so one session read all of it/

  test('one stream alone reads for a user who may only SELECT, and a note says why', async () => {
    const databases = await freshDatabases(servers)
    const world = await fillRangedWorld(databases, 20)
    const report = await copyAndVerify(await requestAs(databases, 'SELECT, REFERENCES'))
    assert.equal(report.notes.filter((note) => aloneNote.test(note)).length, 1)
    assert.deepEqual([report.changed, report.setAside], [world.changed, world.setAside])
  })

  // Each user's tables, and what locks them: the log is off, so it cannot show that nothing was written.
  for (const [name, privileges] of [
    ['who may LOCK TABLES and not RELOAD', 'SELECT, REFERENCES, LOCK TABLES'],
    ['who may do everything', null],
  ] as const) {
    test(`amounts that move between tables all the time keep their sum, for a user ${name}`, async () => {
      const databases = await freshDatabases(servers)
      const accounts = 3000
      const tables = ['left_side', 'right_side']
      await databases.mysql(
        ...tables.flatMap((table) => [
          `CREATE TABLE ${table} (id int PRIMARY KEY, amount int NOT NULL, filler varchar(400))`,
          `INSERT INTO ${table} SELECT seq, 1000, repeat(md5(seq), 12) FROM seq_1_to_${accounts}`,
          `ANALYZE TABLE ${table}`,
        ]),
      )
      const request =
        privileges === null ? moveRequest(databases, { decisions }) : await requestAs(databases, privileges)
      const copies = 4
      const ended = new AbortController()
      let moves = 0
      const writer = (async () => {
        for (; !ended.signal.aborted; moves++) {
          const by = 1 + (moves % 90)
          const turn = Array.from({ length: 20 }, (_, i) => [
            'START TRANSACTION',
            `UPDATE left_side SET amount = amount - ${by} WHERE id = ${1 + ((moves * 20 + i) % accounts)}`,
            `UPDATE right_side SET amount = amount + ${by} WHERE id = ${1 + ((moves * 77 + i) % accounts)}`,
            'COMMIT',
          ])
          await databases.mysql(...turn.flat())
        }
      })()
      try {
        for (let copy = 0; copy < copies; copy++) {
          const report = await mover.copy({ ...request, emptyTarget: true })
          assert.ok(!report.notes.some((note) => aloneNote.test(note)))
          const [sums] = await databases.postgres(
            'SELECT (SELECT sum(amount) FROM left_side) + (SELECT sum(amount) FROM right_side), (SELECT sum(amount) FROM left_side)',
          )
          assert.equal(sums?.[0], String(2 * accounts * 1000))
          assert.notEqual(sums?.[1], String(accounts * 1000), 'nothing had moved yet')
        }
      } finally {
        ended.abort()
        await writer
      }
      assert.ok(moves > 4, `${moves} rounds of moves in all`)
    })
  }
})
