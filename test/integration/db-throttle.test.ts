import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { spareServers } from '../../src/movers/system-database/copy/spare.ts'
import { MysqlSource } from '../../src/movers/system-database/mysql-source.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
/** Far more than an answer takes, also on a busy machine. */
const limitMs = 2000

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(20)
}

for (const side of ['mariadb', 'postgres'] as const) {
  test(`while ${side} is slow to answer others the streams pause, and when it answers again they go on`, async () => {
    const databases = await freshDatabases(servers)
    const { signal } = new AbortController()
    const source = await MysqlSource.open(databases.source, signal)
    const target = await PostgresTarget.open(databases.target, signal)
    const [[backend] = []] = await target.query('SELECT pg_backend_pid()', 'asking for the session')
    const spare = spareServers(source, target, limitMs, systemClock, signal, (error) => assert.fail(String(error)))
    try {
      // Of PostgreSQL the session's own process; MariaDB is one.
      const pid = side === 'mariadb' ? servers.mariadb().pid : Number(backend)
      process.kill(pid, 'SIGSTOP')
      await setTimeout(limitMs * 1.5)
      process.kill(pid, 'SIGCONT')
      await until(() => spare.pause() !== null)
      await spare.pause()
      await until(() => spare.pause() === null)
    } finally {
      await spare.stop()
      source.close()
      await target.close()
    }
  })
}

test('a copy that can no longer ask how the servers are stops, and the next run goes on', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (id int NOT NULL PRIMARY KEY, v varchar(200))',
    "INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_100000",
  )
  const ended = new AbortController()
  const copy = mover.copy(moveRequest(databases, { maxLatencyMs: 0 })).finally(() => ended.abort())
  const ending = (async () => {
    const probe = "datname = current_database() AND query = 'SELECT 1' AND state = 'idle'"
    while (!ended.signal.aborted) {
      await databases.postgres(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${probe}`)
    }
  })()
  await assert.rejects(copy, (error) => error instanceof Fault && error.code === 'DB_CONNECTION_LOST')
  await ending
  const again = await mover.copy(moveRequest(databases))
  assert.deepEqual([again.verdict, again.resumed], ['copied', true])
})

test('a copy that has to spare the servers all the time becomes whole and exact', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (id int NOT NULL PRIMARY KEY, v varchar(200))',
    "INSERT INTO t SELECT seq, REPEAT('x', 200) FROM seq_1_to_20000",
  )
  // No answer is so fast.
  const request = moveRequest(databases, { maxLatencyMs: 0 })
  const copied = await mover.copy(request)
  assert.equal(copied.verdict, 'copied')
  assert.equal((await mover.verify(request)).verdict, 'equal')
})
