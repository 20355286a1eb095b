import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { Stop } from '../../src/base/stop.ts'
import type { DatabaseAddress, TlsMode } from '../../src/model/database-address.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import type { PostgresCopyIn } from '../../src/movers/system-database/postgres-session.ts'
import { TupleFields } from '../../src/wire/postgres/tuple-fields.ts'
import { TupleWriter } from '../../src/wire/postgres/tuple-writer.ts'
import type { PulledRows } from '../../src/wire/pulled-rows.ts'
import { writeCertificate } from '../support/certificate.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const folder = temporaryFolder()
const { key, certificate } = writeCertificate(folder)
after(() => rmSync(folder, { recursive: true, force: true }))

const servers = withServers({ postgres: true })
const never = new AbortController().signal
const plain: TlsMode = { kind: 'off' }
const verified: TlsMode = { kind: 'verified', checkHost: true, caFile: certificate }
const copyOut = (from: string) => `COPY (${from}) TO STDOUT (FORMAT binary)`
const copyIn = (table: string) => `COPY ${table} FROM STDIN (FORMAT binary)`
const wide = (rows: number) => copyOut(`SELECT i, repeat('x', 1000) FROM generate_series(1, ${rows}) i`)

function address(tls: TlsMode): DatabaseAddress {
  const { host, port, user, password } = servers.postgres()
  return { engine: 'postgresql', host, port, user, password, database: 'postgres', tls }
}

async function withTarget(work: (target: PostgresTarget) => Promise<void>, tls = plain): Promise<void> {
  const target = await PostgresTarget.open(address(tls), never)
  try {
    await work(target)
  } finally {
    await target.close()
  }
}

async function scalar(target: PostgresTarget, sql: string): Promise<string | null | undefined> {
  const [[value] = []] = await target.query(sql, 'looking')
  return value
}

async function drain(rows: PulledRows): Promise<{ count: number; bytes: number }> {
  let [count, bytes] = [0, 0]
  while (await rows.more()) {
    while (rows.next()) {
      count++
      bytes += rows.end - rows.start
    }
  }
  return { count, bytes }
}

/** A tuple of an int4 and a text. */
function put(writer: TupleWriter, id: number, text: Buffer): void {
  writer.reserve(14 + text.length)
  writer.view.setInt16(writer.at, 2)
  writer.view.setInt32(writer.at + 2, 4)
  writer.view.setInt32(writer.at + 6, id)
  writer.view.setInt32(writer.at + 10, text.length)
  text.copy(writer.bytes, writer.at + 14)
  writer.at += 14 + text.length
}

async function send(copy: PostgresCopyIn, writer: TupleWriter): Promise<void> {
  const message = writer.take()
  if (message !== null) await copy.write(message)
}

async function fill(target: PostgresTarget, table: string, rows: number, text: Buffer): Promise<bigint> {
  const copy = await target.copyIn(copyIn(table), `filling ${table}`)
  const writer = new TupleWriter()
  writer.begin()
  for (let i = 0; i < rows; i++) {
    put(writer, i, text)
    if (writer.full) await send(copy, writer)
  }
  writer.end()
  await send(copy, writer)
  return copy.end()
}

function isFault(code: string, sqlState?: string) {
  return (error: unknown): true => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    if (sqlState !== undefined) assert.match(error.message, new RegExp(sqlState))
    return true
  }
}

test('tuples go in and come out as they were, in every size, plain and over TLS', async () => {
  await withTarget(async (target) => {
    // The server's account can only read what it has written itself.
    for (const [name, file] of [
      ['server.key', key],
      ['server.crt', certificate],
    ] as const) {
      const lines = `unnest(string_to_array('${readFileSync(file, 'utf8').trim()}', chr(10)))`
      await target.query(`COPY (SELECT ${lines}) TO PROGRAM 'umask 077; cat > ${name}'`, 'preparing')
    }
    await target.query('ALTER SYSTEM SET ssl = on', 'preparing')
    await target.query('SELECT pg_reload_conf()', 'preparing')
    for (let tries = 0; (await scalar(target, 'SHOW ssl')) !== 'on' && tries < 50; tries++) await sleep(50)
  })
  for (const tls of [plain, verified]) {
    await withTarget(async (target) => {
      const [isTls] = await target.query('SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()', 'looking')
      assert.deepEqual(isTls, [String(tls.kind === 'verified')])
      await target.query('CREATE TEMP TABLE t (id int, v text)', 'preparing')
      assert.equal(await fill(target, 't', 0, Buffer.alloc(0)), 0n)
      assert.deepEqual(await drain(await target.copyRows(copyOut('SELECT * FROM t'), 'reading')), {
        count: 0,
        bytes: 0,
      })
      const text = Buffer.alloc(1000, 'y')
      assert.equal(await fill(target, 't', 50_000, text), 50_000n)
      const read = await drain(await target.copyRows(copyOut('SELECT * FROM t'), 'reading'))
      assert.deepEqual(read, { count: 50_000, bytes: 50_000 * 1014 })
      const sum = await scalar(target, 'SELECT sum(id) || v FROM t GROUP BY v')
      assert.equal(sum, `${(50_000 * 49_999) / 2}${text.toString()}`)
      await target.query('TRUNCATE t', 'preparing')
      const large = Buffer.alloc(100_000_000, 'z')
      assert.equal(await fill(target, 't', 1, large), 1n)
      const rows = await target.copyRows(copyOut('SELECT * FROM t'), 'reading')
      const fields = new TupleFields(2)
      assert.ok((await rows.more()) && rows.next())
      fields.parse(rows.bytes, rows.start, rows.end)
      assert.ok(rows.bytes.subarray(fields.starts[1], fields.ends[1]).equals(large))
      assert.equal(await rows.more(), false)
    }, tls)
  }
})

test('a COPY that the server refuses or fails is a fault, and the session goes on', async () => {
  await withTarget(async (target) => {
    await target.query('CREATE TEMP TABLE k (id int PRIMARY KEY, v text CHECK (v <> $$bad$$))', 'preparing')
    await assert.rejects(target.copyIn(copyIn('no_such'), 'filling x'), isFault('DB_STATEMENT_FAILED', '42P01'))
    await assert.rejects(target.copyRows(copyOut('SELECT 1/0'), 'reading'), isFault('DB_STATEMENT_FAILED', '22012'))
    await assert.rejects(fill(target, 'k', 100_000, Buffer.from('bad')), isFault('DB_STATEMENT_FAILED', '23514'))
    await fill(target, 'k', 10, Buffer.from('good'))
    await assert.rejects(fill(target, 'k', 300_000, Buffer.from('good')), isFault('DB_UNIQUE_VIOLATED'))
    const copy = await target.copyIn(copyIn('k'), 'filling k')
    const writer = new TupleWriter()
    writer.begin()
    writer.reserve(2)
    writer.view.setInt16(writer.at, 7)
    writer.at += 2
    await send(copy, writer)
    await assert.rejects(copy.end(), isFault('DB_STATEMENT_FAILED', '22P04'))
    await assert.rejects(
      async () =>
        drain(await target.copyRows(copyOut('SELECT 1/(5000 - i) FROM generate_series(1, 9000) i'), 'reading')),
      isFault('DB_STATEMENT_FAILED', '22012'),
    )
    assert.equal(await scalar(target, 'SELECT count(*) FROM k'), '10')
  })
})

test('a COPY that is given up leaves nothing, and the session goes on', async () => {
  await withTarget(async (target) => {
    await target.query('CREATE TEMP TABLE k (id int, v text)', 'preparing')
    await target.query('BEGIN', 'beginning')
    const copy = await target.copyIn(copyIn('k'), 'filling k')
    const writer = new TupleWriter()
    writer.begin()
    put(writer, 1, Buffer.from('one'))
    await send(copy, writer)
    await assert.rejects(target.query('SELECT 1', 'looking'), /bug: a statement while/)
    await copy.fail('given up')
    await target.query('ROLLBACK', 'rolling back')
    assert.equal(await scalar(target, 'SELECT count(*) FROM k'), '0')
  })
})

test('a statement that is cancelled among its rows is a fault, and the session goes on', async () => {
  await withTarget(async (admin) => {
    await withTarget(async (target) => {
      const pid = await scalar(target, 'SELECT pg_backend_pid()')
      const rows = await target.copyRows(wide(2_000_000), 'reading')
      assert.ok((await rows.more()) && rows.next())
      await admin.query(`SELECT pg_cancel_backend(${Number(pid)})`, 'cancelling')
      await assert.rejects(drain(rows), isFault('DB_STATEMENT_FAILED', '57014'))
      rows.abandon()
      assert.equal(await scalar(target, 'SELECT 1'), '1')
    })
  })
})

test('a session that is terminated among the rows is told as lost, in both directions', async () => {
  await withTarget(async (admin) => {
    await admin.query('CREATE TABLE IF NOT EXISTS lost (id int, v text)', 'preparing')
    const kill = (pid: unknown) => admin.query(`SELECT pg_terminate_backend(${Number(pid)})`, 'killing')
    await withTarget(async (target) => {
      const pid = await scalar(target, 'SELECT pg_backend_pid()')
      const rows = await target.copyRows(wide(2_000_000), 'reading')
      assert.ok((await rows.more()) && rows.next())
      await kill(pid)
      await assert.rejects(drain(rows), isFault('DB_CONNECTION_LOST'))
      await assert.rejects(target.query('SELECT 1', 'looking'), isFault('DB_CONNECTION_LOST'))
    })
    await withTarget(async (target) => {
      const pid = await scalar(target, 'SELECT pg_backend_pid()')
      const copy = await target.copyIn(copyIn('lost'), 'filling lost')
      const writer = new TupleWriter()
      writer.begin()
      await assert.rejects(async () => {
        for (let i = 0; i < 1_000_000; i++) {
          if (i === 5000) await kill(pid)
          put(writer, i, Buffer.alloc(1000, 'x'))
          if (writer.full) await send(copy, writer)
        }
      }, isFault('DB_CONNECTION_LOST'))
      await assert.rejects(copy.end(), isFault('DB_CONNECTION_LOST'))
      await copy.fail('it is lost')
    })
  })
})

test('an abort ends a COPY at once, with its reason', async () => {
  const stopping = new AbortController()
  const stop = new Stop('operator')
  const target = await PostgresTarget.open(address(plain), stopping.signal)
  const rows = await target.copyRows(wide(2_000_000), 'reading')
  setTimeout(() => stopping.abort(stop), 20)
  await assert.rejects(
    async () => {
      while (await rows.more()) while (rows.next()) await sleep(1)
    },
    (error) => error === stop,
  )
  await target.close()
})

test('a reader that pauses holds the server back, and one that leaves takes the session with it', async () => {
  await withTarget(async (target) => {
    const rows = await target.copyRows(wide(300_000), 'reading')
    const before = process.memoryUsage.rss()
    assert.ok((await rows.more()) && rows.next())
    await sleep(700)
    assert.ok(process.memoryUsage.rss() - before < 50_000_000)
    assert.equal((await drain(rows)).count, 299_999)
    const others = await target.copyRows(wide(300_000), 'reading')
    await others.more()
    others.abandon()
    await assert.rejects(target.query('SELECT 1', 'looking'), isFault('DB_CONNECTION_LOST'))
  })
})
