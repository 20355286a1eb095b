import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { ConnectionLost, ProtocolViolation } from '../../../../src/wire/connection-errors.ts'
import type { MysqlResult } from '../../../../src/wire/mysql/mysql-result.ts'
import { MysqlServerError } from '../../../../src/wire/mysql/mysql-server-error.ts'
import { MysqlSession } from '../../../../src/wire/mysql/mysql-session.ts'
import {
  columnPayloads,
  eofPayload,
  errorPayload,
  okPayload,
  packets,
  rowPayload,
} from '../../../support/mysql-bytes.ts'
import { ScriptedSocket } from '../../../support/scripted-socket.ts'

const moreResults = 8
const rowOf = (text: string) => rowPayload([Buffer.from(text)])
const killed = errorPayload(1317, '70100', 'Query canary was interrupted')

function open(): { socket: ScriptedSocket; session: MysqlSession } {
  const socket = new ScriptedSocket()
  return { socket, session: new MysqlSession(socket, { deprecateEof: false }) }
}

async function count(result: MysqlResult): Promise<number> {
  let rows = 0
  while (await result.more()) while (result.next()) rows++
  return rows
}

function isKilled(error: unknown): true {
  assert.ok(error instanceof MysqlServerError)
  assert.deepEqual([error.errno, error.sqlState], [1317, '70100'])
  assert.match(error.serverText, /canary/)
  assert.doesNotMatch(`${error.message}${inspect(error)}${JSON.stringify(error)}`, /canary/)
  return true
}

test('a statement is sent as one packet of its text', async () => {
  const { socket, session } = open()
  void socket.say(packets([okPayload()]))
  const result = await session.query("SET @a = 'é'")
  assert.deepEqual(
    Buffer.concat(socket.written),
    Buffer.concat([Buffer.of(14, 0, 0, 0, 3), Buffer.from("SET @a = 'é'")]),
  )
  assert.equal(result.columnCount, 0)
  assert.equal(await result.more(), false)
})

test('an error instead of a result, between its columns and among its rows leaves the session usable', async () => {
  const head = columnPayloads(2, false)
  for (const payloads of [[killed], [...head.slice(0, 2), killed]]) {
    const { socket, session } = open()
    void socket.say(packets(payloads))
    await assert.rejects(session.query('SELECT'), isKilled)
    void socket.say(packets([okPayload()]))
    await session.query('SET')
  }
  const { socket, session } = open()
  void socket.say(packets([...columnPayloads(1, false), rowOf('a'), rowOf('b'), killed]))
  const result = await session.query('SELECT')
  assert.equal(await result.more(), true)
  assert.deepEqual([result.next(), result.next(), result.next()], [true, true, false])
  await assert.rejects(result.more(), isKilled)
  await assert.rejects(result.more(), isKilled)
  result.abandon()
  void socket.say(packets([okPayload()]))
  await session.query('SET')
})

test('a server that says good-bye out of turn is understood at the next statement', async () => {
  const { socket, session } = open()
  await socket.say(packets([errorPayload(1927, '70100', 'Connection was killed')], 0))
  socket.push(null)
  await assert.rejects(session.query('SELECT'), (error) => error instanceof MysqlServerError && error.errno === 1927)
  await assert.rejects(session.query('SELECT'), ConnectionLost)
})

test('what is refused ends the connection: a request for a file, a second result, disorder, an empty packet', async () => {
  const rows = [...columnPayloads(1, false), rowOf('a')]
  const answers = {
    file: packets([Buffer.from('\xfb/etc/passwd', 'latin1')]),
    'second result': packets([okPayload(0, moreResults)]),
    'second rows': packets([...rows, eofPayload(moreResults)]),
    disorder: packets([okPayload()], 2),
    'disorder among rows': Buffer.concat([packets(rows), packets([rowOf('b')], 9)]),
    'an empty packet': packets([Buffer.alloc(0)]),
    'columns without an end': packets([...columnPayloads(1, true), rowOf('a')]),
  }
  for (const [name, bytes] of Object.entries(answers)) {
    const { socket, session } = open()
    void socket.say(bytes)
    await assert.rejects(async () => count(await session.query('SELECT')), ProtocolViolation, name)
    assert.ok(socket.destroyed, name)
  }
})

test('rows of more than one packet come as one, also when the last is empty', async () => {
  for (const length of [0xffffff - 4, 0xffffff - 3, 0xffffff, 2 * 0xffffff - 9, 40_000_000]) {
    const { socket, session } = open()
    const field = Buffer.alloc(length, 'x')
    const payload = rowPayload([field])
    const cuts = [20, 21, 22, 60, 100_000, 0xffffff, 0xffffff + 30, 0xffffff + 77, 0xffffff + 78, 30_000_000]
    const said = socket.say(packets([...columnPayloads(1, false), rowOf('a'), payload, rowOf('z'), eofPayload()]), cuts)
    const result = await session.query('SELECT')
    const read: Buffer[] = []
    while (await result.more()) {
      while (result.next()) read.push(Buffer.from(result.bytes.subarray(result.start, result.end)))
    }
    assert.ok(read[1]?.equals(payload), `${length}`)
    assert.deepEqual([read[0], read[2]], [rowOf('a'), rowOf('z')])
    await said
  }
})

test('the socket is held back while rows wait to be pulled', async () => {
  const { socket, session } = open()
  const row = rowPayload([Buffer.alloc(1000, 'x')])
  void socket.say(packets(columnPayloads(1, false)))
  const result = await session.query('SELECT')
  const rows = Array.from({ length: 5000 }, () => row)
  const bytes = packets([...rows, eofPayload()], 4)
  const said = socket.say(
    bytes,
    Array.from({ length: 80 }, (_, i) => i * 65_536),
  )
  await said
  assert.ok(socket.isPaused())
  const taken = bytes.length - socket.readableLength
  assert.ok(taken < 400_000, `${taken} bytes were taken`)
  assert.equal(await count(result), 5000)
})

test('rows that came before the connection was lost are still given, then it is told', async () => {
  const { socket, session } = open()
  await socket.say(packets([...columnPayloads(1, false), rowOf('a'), rowOf('b')]))
  socket.push(null)
  const result = await session.query('SELECT')
  assert.equal(await result.more(), true)
  assert.deepEqual([result.next(), result.next(), result.next()], [true, true, false])
  await assert.rejects(result.more(), ConnectionLost)
})

test('a session that is destroyed tells why at once, and drops what waits', async () => {
  const { socket, session } = open()
  void socket.say(packets([...columnPayloads(1, false), rowOf('a'), rowOf('b')]))
  const result = await session.query('SELECT')
  assert.equal(await result.more(), true)
  session.destroy(new Error('stopped'))
  result.next()
  assert.equal(result.next(), false)
  await assert.rejects(result.more(), /stopped/)
  await assert.rejects(session.query('SELECT'), /stopped/)
  assert.ok(socket.destroyed)
})

test('a result that is left early takes the connection with it, and bars other statements before', async () => {
  const { socket, session } = open()
  void socket.say(packets([...columnPayloads(1, false), rowOf('a')]))
  const result = await session.query('SELECT')
  await assert.rejects(session.query('SELECT'), /bug: a statement while/)
  result.abandon()
  assert.ok(socket.destroyed)
})

test('an idle session says good-bye when it is closed', async () => {
  const { socket, session } = open()
  session.close()
  session.close()
  await setImmediate()
  assert.deepEqual(Buffer.concat(socket.written), Buffer.of(1, 0, 0, 0, 1))
  assert.ok(socket.destroyed)
})
