import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { Secret } from '../../src/base/secret.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { shareMysqlSnapshot } from '../../src/movers/system-database/copy/share-mysql-snapshot.ts'
import { MysqlSource } from '../../src/movers/system-database/mysql-source.ts'
import { type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const whole = { 'log-bin': 'log', 'server-id': '1', 'log-slave-updates': 'ON' }
const servers = withServers({ mariadb: whole, postgres: true })
const filtering = withServers({ mariadb: { ...whole, 'binlog-ignore-db': 'left_out' } })

const accountsPerTable = 20_000
const writers = 2
const mayAsk = 'BINLOG MONITOR ON *.*'

/** Two tables between which money is moved all the time; all of it together is always the same. */
async function fillBank(databases: Databases): Promise<void> {
  await databases.mysql(
    ...['here', 'there'].flatMap((name) => [
      `CREATE TABLE ${name} (id int PRIMARY KEY, money bigint NOT NULL, v varchar(80))`,
      `INSERT INTO ${name} SELECT seq, 1000, md5(seq) FROM seq_1_to_${accountsPerTable}`,
    ]),
  )
}

/** Moves money, a transaction each, until `stop`; that tells how many there were. */
function moveMoney(source: DatabaseAddress) {
  const stopping = new AbortController()
  const move = async (writer: number) => {
    const { host, port, user, password, database } = source
    const connection = await createConnection({ host, port, user, password: password.reveal('write'), database })
    let moved = 0
    for (; !stopping.signal.aborted; moved++) {
      const id = (moved * 7919 * (writer + 1)) % accountsPerTable
      await connection.query('START TRANSACTION')
      await connection.query(`UPDATE here SET money = money - 5 WHERE id = ${id + 1}`)
      await connection.query(`UPDATE there SET money = money + 5 WHERE id = ${accountsPerTable - id}`)
      await connection.query('COMMIT')
    }
    await connection.end()
    return moved
  }
  const running = Promise.all(Array.from({ length: writers }, (_, writer) => move(writer)))
  return async () => {
    stopping.abort()
    return (await running).reduce((sum, moved) => sum + moved, 0)
  }
}

/** The source as a user sees it who may read, and has these rights. */
async function readerOf(databases: Databases, rights: readonly string[]): Promise<DatabaseAddress> {
  const { database } = databases.source
  const reader = `reader_${database}`
  await databases.mysql(
    `CREATE OR REPLACE USER ${reader} IDENTIFIED BY 'pw'`,
    `GRANT SELECT, REFERENCES ON ${database}.* TO ${reader}`,
    ...rights.map((right) => `GRANT ${right} TO ${reader}`),
  )
  return { ...databases.source, user: reader, password: new Secret('pw') }
}

/** Copies while money is moved, as a user with these rights; gives the notes. */
async function copyUnderWrites(databases: Databases, rights: readonly string[]): Promise<string> {
  const source = await readerOf(databases, rights)
  const stop = moveMoney(databases.source)
  const report = await mover.copy(moveRequest({ ...databases, source }))
  assert.ok((await stop()) > 0)
  assert.equal(report.verdict, 'copied')
  const [row] = await databases.postgres(
    'SELECT (SELECT sum(money) FROM here) + (SELECT sum(money) FROM there), (SELECT count(*) FROM here)',
  )
  assert.deepEqual(row, [String(2 * 1000 * accountsPerTable), String(accountsPerTable)])
  return report.notes.join('\n')
}

/** Often enough that snapshots which are not of one moment would show. */
const times = 3
const manyTimes = 60

test('sessions that share a snapshot without a lock see the same, as often as one likes', async () => {
  const databases = await freshDatabases(servers)
  await fillBank(databases)
  const source = await readerOf(databases, [mayAsk])
  const stop = moveMoney(databases.source)
  let shared = 0
  try {
    for (let i = 0; i < manyTimes; i++) {
      const first = await MysqlSource.open(source, new AbortController().signal)
      const { sources } = await shareMysqlSnapshot(first, ['here', 'there'], 2)
      const totals = await Promise.all(
        sources.map((session, n) => session.query(`SELECT sum(money) FROM ${n === 0 ? 'here' : 'there'}`, 'adding up')),
      )
      for (const session of sources) await session.close()
      if (totals.length === 1) continue
      shared++
      assert.equal(
        totals.flat(2).reduce((sum, total) => sum + Number(total), 0),
        2 * 1000 * accountsPerTable,
      )
    }
  } finally {
    await stop()
  }
  assert.ok(shared > 0, 'the log never stood still')
})

const position = async (databases: Databases) =>
  (await databases.postgres('SELECT position FROM threeshift.copy'))[0]?.[0]

describe('for a user who may not lock tables, all that is copied is of one moment while somebody writes all the time', () => {
  test('by the position of the log, where it shows that', async () => {
    const databases = await freshDatabases(servers)
    await fillBank(databases)
    for (let i = 0; i < times; i++) {
      await copyUnderWrites(databases, [mayAsk])
      assert.match(String(await position(databases)), /^log\.\d+:\d+/)
    }
  })

  test('by one session, where the log leaves this database out', async () => {
    const other = await freshDatabases({ ...servers, mariadb: filtering.mariadb })
    await other.mysql('CREATE DATABASE left_out')
    const source = { ...other.source, database: 'left_out' }
    const databases = { ...other, source, mysql: (...sql: string[]) => other.mysql('USE left_out', ...sql) }
    await fillBank(databases)
    for (let i = 0; i < times; i++) {
      assert.match(await copyUnderWrites(databases, [mayAsk]), /one session read all of it/)
      assert.equal(await position(databases), null)
    }
    await copyUnderWrites(databases, [mayAsk, 'RELOAD ON *.*'])
    assert.equal(await position(databases), null)
  })
})
