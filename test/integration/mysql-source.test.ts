import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import tlsModule, { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { DatabaseAddress, TlsMode } from '../../src/model/database-address.ts'
import { connectMysql, mysqlTls } from '../../src/movers/system-database/mysql-connect.ts'
import { MysqlSource } from '../../src/movers/system-database/mysql-source.ts'
import { RowFields } from '../../src/wire/mysql/row-fields.ts'
import type { PulledRows } from '../../src/wire/pulled-rows.ts'
import { SocketInbox } from '../../src/wire/socket-inbox.ts'
import { writeCertificate } from '../support/certificate.ts'
import { okPayload, packets } from '../support/mysql-bytes.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

const folder = temporaryFolder()
const { key, certificate } = writeCertificate(folder)
after(() => rmSync(folder, { recursive: true, force: true }))

const servers = withServers({
  mariadb: { 'ssl-key': key, 'ssl-cert': certificate, 'max-allowed-packet': '256M' },
})
const never = new AbortController().signal
const verified: TlsMode = { kind: 'verified', checkHost: true, caFile: certificate }

function address(tls: TlsMode = { kind: 'off' }): DatabaseAddress {
  const { host, port, user, password } = servers.mariadb()
  return { engine: 'mysql', host, port, user, password, database: 'mysql', tls }
}

async function withSource(work: (source: MysqlSource) => Promise<void>, tls?: TlsMode): Promise<void> {
  const source = await MysqlSource.open(address(tls), never)
  try {
    await work(source)
  } finally {
    source.close()
  }
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

async function scalar(source: MysqlSource, sql: string): Promise<string> {
  const [[value] = []] = await source.query(sql, 'looking')
  return value ?? ''
}

function isFault(code: string, sqlState?: string) {
  return (error: unknown): true => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    if (sqlState !== undefined) assert.match(error.message, new RegExp(sqlState))
    return true
  }
}

const numbers = (count: number) => `SELECT seq, REPEAT('x', 1000) FROM seq_1_to_${count}`

for (const [name, tls] of [
  ['plain', { kind: 'off' }],
  ['over TLS', verified],
] as const) {
  test(`results of every size are read ${name}`, async () => {
    await withSource(async (source) => {
      await source.query("SET sql_mode = ''", 'preparing')
      assert.deepEqual(await drain(await source.rows('SELECT 1 FROM seq_1_to_10 WHERE seq > 10', 'reading')), {
        count: 0,
        bytes: 0,
      })
      const { count, bytes } = await drain(await source.rows(numbers(100_000), 'reading'))
      assert.equal(count, 100_000)
      assert.equal(bytes, 100_000 * 1003 + 488_895 + 100_000)
      for (const length of [16_777_210, 20_000_000, 70_000_000]) {
        const rows = await source.rows(`SELECT 'a', REPEAT('x', ${length}), NULL, 'b'`, 'reading')
        const fields = new RowFields(rows.columnCount)
        assert.ok((await rows.more()) && rows.next())
        fields.parse(rows.bytes, rows.start, rows.end)
        assert.deepEqual(
          Array.from(fields.ends, (end, i) => end - (fields.starts[i] ?? 0)),
          [1, length, 0, 1],
        )
        assert.equal(rows.bytes[(fields.ends[1] ?? 0) - 1], 'x'.charCodeAt(0))
        assert.equal(await rows.more(), false)
      }
    }, tls)
  })
}

test('a row of 500 columns is read, as bytes and as text', async () => {
  await withSource(async (source) => {
    const select = Array.from({ length: 500 }, (_, i) => (i % 7 === 3 ? 'NULL' : `'${i}'`)).join(', ')
    const [row] = await source.query(`SELECT ${select}`, 'reading')
    assert.deepEqual(
      row,
      Array.from({ length: 500 }, (_, i) => (i % 7 === 3 ? null : `${i}`)),
    )
    for await (const batch of source.read(`SELECT ${select} FROM seq_1_to_3`, 'reading')) {
      assert.deepEqual(
        batch.map((fields) => fields.map((field) => field?.toString() ?? null)),
        [row, row, row],
      )
    }
  })
})

test('a source is read over a Unix socket', async () => {
  await withSource(async (source) => {
    const [dir, file] = [await scalar(source, 'SELECT @@datadir'), await scalar(source, 'SELECT @@socket')]
    const before = process.cwd()
    // Its full path may be longer than a socket's address can be.
    process.chdir(dir)
    try {
      const local = await MysqlSource.open({ ...address(), socket: file, port: 1 }, never)
      assert.equal(await scalar(local, 'SELECT 1'), '1')
      local.close()
    } finally {
      process.chdir(before)
    }
  })
})

test('a statement that fails leaves the session usable, and its text is nowhere', async () => {
  await withSource(async (source) => {
    await assert.rejects(source.rows("SELECT 'canary' FROM", 'reading t'), isFault('DB_STATEMENT_FAILED', '42000'))
    await assert.rejects(source.query('SELECT no_such_column', 'reading t'), isFault('DB_SOURCE_CHANGED'))
    assert.equal(await scalar(source, 'SELECT 2'), '2')
  })
})

test('a query that is killed, or runs into its time limit, among its rows leaves the session usable', async () => {
  await withSource(async (source) => {
    const admin = await source.openAnother()
    const id = await scalar(source, 'SELECT CONNECTION_ID()')
    const rows = await source.rows(numbers(5_000_000), 'reading t')
    assert.ok((await rows.more()) && rows.next())
    await admin.query(`KILL QUERY ${id}`, 'killing')
    await assert.rejects(drain(rows), isFault('DB_STATEMENT_FAILED', '70100'))
    rows.abandon()
    assert.equal(await scalar(source, 'SELECT 3'), '3')
    await source.query('SET max_statement_time = 0.2', 'preparing')
    await assert.rejects(
      async () => drain(await source.rows(numbers(5_000_000), 'reading t')),
      isFault('DB_STATEMENT_FAILED', '70100'),
    )
    assert.equal(await scalar(source, 'SELECT 4'), '4')
    admin.close()
  })
})

test('a connection that is killed among the rows, or while it is idle, is told as lost', async () => {
  await withSource(async (source) => {
    const admin = await source.openAnother()
    const id = await scalar(source, 'SELECT CONNECTION_ID()')
    const rows = await source.rows(numbers(5_000_000), 'reading t')
    assert.ok((await rows.more()) && rows.next())
    await admin.query(`KILL ${id}`, 'killing')
    await assert.rejects(drain(rows), isFault('DB_CONNECTION_LOST'))
    await assert.rejects(source.query('SELECT 1', 'reading t'), isFault('DB_CONNECTION_LOST'))
    const idle = await source.openAnother()
    await admin.query(`KILL ${await scalar(idle, 'SELECT CONNECTION_ID()')}`, 'killing')
    await sleep(100)
    await assert.rejects(idle.query('SELECT 1', 'reading t'), isFault('DB_CONNECTION_LOST'))
    for (const each of [idle, admin]) each.close()
  })
})

test('an abort ends a wait at once, with its reason, and the connection with it', async () => {
  const stopping = new AbortController()
  const stop = new Stop('operator')
  const source = await MysqlSource.open(address(), stopping.signal)
  const waiting = source.query('SELECT SLEEP(60)', 'waiting')
  setTimeout(() => stopping.abort(stop), 50)
  await assert.rejects(waiting, (error) => error === stop)
  await assert.rejects(source.rows('SELECT 1', 'reading'), (error) => error === stop)
  await assert.rejects(MysqlSource.open(address(), stopping.signal), (error) => error === stop)
  source.close()
})

test('a certificate of no known CA is refused, and an abort while TLS begins is obeyed', async () => {
  for (let i = 0; i < 10; i++) {
    await assert.rejects(
      MysqlSource.open(address({ kind: 'verified', checkHost: true }), never),
      isFault('DB_TLS_FAILED'),
    )
    const stopping = new AbortController()
    const stop = new Stop('operator')
    setTimeout(() => stopping.abort(stop), i)
    const opened = MysqlSource.open(address(verified), stopping.signal)
    await opened.then(
      (source) => source.close(),
      (error: unknown) => assert.equal(error, stop),
    )
  }
})

test('a reader that pauses holds the server back, and memory stays flat', async () => {
  await withSource(async (source) => {
    const admin = await source.openAnother()
    const id = await scalar(source, 'SELECT CONNECTION_ID()')
    const rows = await source.rows(numbers(300_000), 'reading t')
    const before = process.memoryUsage.rss()
    assert.ok((await rows.more()) && rows.next())
    await sleep(1000)
    assert.ok(process.memoryUsage.rss() - before < 50_000_000)
    const state = `SELECT state FROM information_schema.processlist WHERE id = ${id}`
    assert.match(await scalar(admin, state), /writing to net|sending/i)
    assert.equal((await drain(rows)).count, 299_999)
    admin.close()
  })
})

test('a result that is left early takes the connection with it', async () => {
  await withSource(async (source) => {
    const rows = await source.rows(numbers(300_000), 'reading t')
    await rows.more()
    rows.abandon()
    await assert.rejects(source.query('SELECT 1', 'reading t'))
  })
})

/** Each event's listeners as source text, so that two sockets can be compared. */
function listenersOf(socket: Socket): Record<string, string[]> {
  return Object.fromEntries(
    socket
      .eventNames()
      // Node's own, which come and go as it is asked for things.
      .filter((event) => event !== 'connect' && event !== 'newListener')
      .map((event) => [String(event), socket.listeners(event).map(String).sort()])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
  )
}

/** The one socket that a piece of work connects. */
async function socketOf(work: () => Promise<unknown>): Promise<Socket> {
  const made: Socket[] = []
  const see = (message: unknown) => made.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', see)
  await work()
  unsubscribe('net.client.socket', see)
  const [socket, ...others] = made
  assert.ok(socket !== undefined && others.length === 0)
  return socket
}

test('a socket that was taken from mysql2 has no listener of mysql2 left, nor its timer', async () => {
  const taken = await socketOf(() => connectMysql(address(), null, never))
  const like = connect(servers.mariadb().port, '127.0.0.1')
  const inbox = new SocketInbox(like)
  try {
    assert.deepEqual(listenersOf(taken), listenersOf(like))
    assert.equal(taken.timeout ?? 0, 0)
  } finally {
    taken.destroy()
    inbox.destroy(new Error('done'))
  }
})

test('nor has a TLS socket, or the one below it', async (context) => {
  const secured = context.mock.method(tlsModule, 'connect')
  const below = await socketOf(async () => connectMysql(address(verified), await mysqlTls(address(verified)), never))
  const secure = secured.mock.calls[0]?.result
  assert.ok(secure instanceof TLSSocket)
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const likeBelow = connect(port, '127.0.0.1')
  const like = tlsModule.connect({ socket: likeBelow, ca: readFileSync(certificate), host: 'localhost' })
  await once(like, 'secureConnect')
  const inbox = new SocketInbox(like)
  try {
    assert.deepEqual(listenersOf(secure), listenersOf(like))
    assert.deepEqual(listenersOf(below), listenersOf(likeBelow))
  } finally {
    secure.destroy()
    inbox.destroy(new Error('done'))
    server.close()
  }
})

test('nothing is negotiated that the session does not speak, whatever the server offers', async () => {
  const all = 0xffff_ffff & ~0x800
  const greeting = Buffer.concat([
    Buffer.from('\x0a8.4.0\0', 'latin1'),
    Buffer.of(1, 0, 0, 0, ...Buffer.from('12345678'), 0),
    Buffer.of(all & 0xff, (all >> 8) & 0xff, 45, 2, 0, (all >> 16) & 0xff, (all >>> 24) & 0xff, 21),
    Buffer.alloc(10),
    Buffer.from('123456789012\0mysql_native_password\0', 'latin1'),
  ])
  let flags = 0
  const server = createServer((socket) => {
    socket.write(packets([greeting], 0))
    socket.once('data', (response: Buffer) => {
      flags = response.readUInt32LE(4)
      socket.write(packets([okPayload()], 2))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const session = await connectMysql({ ...address(), port, password: new Secret('x') }, null, never)
  const refused = { compress: 1 << 5, localFiles: 1 << 7, multiStatements: 1 << 16, sessionTrack: 1 << 23 }
  const newer = { deprecateEof: 1 << 24, zstd: 1 << 26, queryAttributes: 1 << 27 }
  for (const [name, flag] of Object.entries({ ...refused, ...newer })) assert.equal(flags & flag, 0, name)
  assert.notEqual(flags, 0)
  session.close()
  server.close()
})
