import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ConnectionLost, ProtocolViolation } from '../../../../src/wire/connection-errors.ts'
import { CopyIn } from '../../../../src/wire/postgres/copy-in.ts'
import { CopyOut } from '../../../../src/wire/postgres/copy-out.ts'
import {
  copyHeader,
  copyResponse,
  copyTrailer,
  errorResponse,
  message,
  ready,
  scriptedClient,
  tuple,
} from '../../../support/postgres-bytes.ts'

const row = tuple([Buffer.from('a')])
const begun = Buffer.concat([copyResponse('H', 1), message('d', Buffer.concat([copyHeader, row]))])
const ended = Buffer.concat([message('d', copyTrailer), message('c'), message('C', 'COPY 1\0'), ready])
const extended = Buffer.concat([copyHeader.subarray(0, 15), Buffer.of(0, 0, 0, 4, 1, 2, 3, 4), row])
const hasCode = (code: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === code

async function count(copy: CopyOut): Promise<number> {
  let rows = 0
  while (await copy.more()) while (copy.next()) rows++
  return rows
}

test('an error before, and among, the rows of a COPY rejects with its code and leaves the client usable', async () => {
  for (const bytes of [Buffer.alloc(0), begun]) {
    const { client, socket } = await scriptedClient()
    const said = socket.answer(Buffer.concat([bytes, errorResponse('57014'), ready]), [7, bytes.length + 3])
    await assert.rejects(async () => count(await CopyOut.start(client, 'COPY')), hasCode('57014'))
    await said
    void socket.answer(Buffer.concat([begun, ended]))
    assert.equal(await count(await CopyOut.start(client, 'COPY')), 1)
    socket.destroy()
  }
})

test('what is no COPY TO STDOUT in a known form is refused, and ends the connection', async () => {
  const answers = {
    'another statement': Buffer.concat([message('C', 'BEGIN\0'), ready]),
    'an unknown header': Buffer.concat([copyResponse('H', 1), message('d', Buffer.alloc(30))]),
    'a header that is extended': Buffer.concat([copyResponse('H', 1), message('d', extended)]),
    'no trailer': Buffer.concat([begun, message('c')]),
    'a row after the trailer': Buffer.concat([begun, message('d', copyTrailer), message('d', row)]),
    'a length that cannot be': Buffer.concat([begun, Buffer.of(0x64, 0xff, 0, 0, 0)]),
    'other rows than were counted': Buffer.concat([begun, message('d', row), ended]),
  }
  for (const [name, bytes] of Object.entries(answers)) {
    const { client, socket } = await scriptedClient()
    void socket.answer(bytes)
    await assert.rejects(async () => count(await CopyOut.start(client, 'COPY')), ProtocolViolation, name)
    socket.destroy()
  }
})

test('a COPY in the text format gives its lines', async () => {
  const { client, socket } = await scriptedClient()
  const lines = ['1\tone\n', '\n', '2\ttwo\n'].map((line) => message('d', line))
  void socket.answer(Buffer.concat([copyResponse('H', 2, 0), ...lines, message('c'), message('C', 'COPY 3\0'), ready]))
  const copy = await CopyOut.start(client, 'COPY')
  const read: string[] = []
  while (await copy.more()) while (copy.next()) read.push(copy.bytes.toString('utf8', copy.start, copy.end))
  assert.deepEqual(read, ['1\tone\n', '\n', '2\ttwo\n'])
  socket.destroy()
})

test('a connection that is lost, or left early, ends a COPY', async () => {
  const lost = await scriptedClient()
  void lost.socket.answer(begun)
  const copy = await CopyOut.start(lost.client, 'COPY')
  assert.ok((await copy.more()) && copy.next())
  lost.socket.push(null)
  await assert.rejects(copy.more(), ConnectionLost)
  copy.abandon()

  const left = await scriptedClient()
  void left.socket.answer(begun)
  const other = await CopyOut.start(left.client, 'COPY')
  other.abandon()
  assert.ok(left.socket.destroyed)
  assert.equal(other.open, false)
})

test('data goes out as it is, and the rows are what the server counted', async () => {
  const { client, socket } = await scriptedClient()
  void socket.answer(copyResponse('G', 1))
  const copy = await CopyIn.start(client, 'COPY t FROM STDIN')
  socket.written.length = 0
  assert.equal(copy.write(message('d', 'abc')), null)
  const finished = copy.end()
  assert.deepEqual(Buffer.concat(socket.written), Buffer.concat([message('d', 'abc'), message('c')]))
  assert.ok(copy.open)
  void socket.say(Buffer.concat([message('C', 'COPY 12\0'), ready]))
  assert.equal(await finished, 12n)
  await copy.fail('too late to matter')
  socket.destroy()
})

test('writing waits while much is on its way, and is told of an error meanwhile', async () => {
  const { client, socket } = await scriptedClient()
  void socket.answer(copyResponse('G', 1))
  const copy = await CopyIn.start(client, 'COPY t FROM STDIN')
  socket.holding = true
  const megabyte = Buffer.alloc(1 << 20)
  const room = copy.write(megabyte)
  assert.notEqual(room, null)
  socket.flush()
  await room
  const waiting = copy.write(megabyte)
  void socket.say(Buffer.concat([errorResponse('23505'), ready]))
  await assert.rejects(waiting ?? Promise.resolve(), hasCode('23505'))
  await assert.rejects(copy.write(megabyte) ?? Promise.resolve(), hasCode('23505'))
  await assert.rejects(copy.end(), hasCode('23505'))
  await copy.fail('it has failed already')
  socket.destroy()
})

test('a COPY that is given up tells the server why, and waits for it', async () => {
  const { client, socket } = await scriptedClient()
  void socket.answer(copyResponse('G', 1))
  const copy = await CopyIn.start(client, 'COPY t FROM STDIN')
  socket.written.length = 0
  const failed = copy.fail('given up')
  assert.deepEqual(Buffer.concat(socket.written), message('f', 'given up\0'))
  void socket.say(Buffer.concat([errorResponse('57014'), ready]))
  await failed
  assert.equal(copy.open, false)
  await assert.rejects(copy.end(), hasCode('57014'))
  socket.destroy()
})

test('a statement that is no COPY FROM STDIN, or is refused, does not start one; a lost connection ends it', async () => {
  const { client, socket } = await scriptedClient()
  void socket.answer(Buffer.concat([message('C', 'BEGIN\0'), ready]))
  await assert.rejects(CopyIn.start(client, 'BEGIN'), /bug: a statement is no COPY/)
  void socket.answer(Buffer.concat([errorResponse('42P01'), ready]))
  await assert.rejects(CopyIn.start(client, 'COPY'), hasCode('42P01'))
  await setImmediate()
  void socket.answer(copyResponse('G', 1))
  const copy = await CopyIn.start(client, 'COPY')
  const finished = copy.end()
  socket.destroy()
  await assert.rejects(finished, /terminated/)
})
