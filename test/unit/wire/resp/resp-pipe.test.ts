import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { connectResp } from '../../../../src/wire/resp/connect.ts'
import type { Reply } from '../../../../src/wire/resp/reply-parser.ts'
import { decodeReply, RespConnectionLost, type RespPipe, wordsOf } from '../../../../src/wire/resp/resp-pipe.ts'

let server: Server
let peers: Socket[]
let answer: (socket: Socket, request: Buffer) => void
const stop = new AbortController()

beforeEach(async () => {
  peers = []
  // The greeting is SELECT and CLIENT SETNAME.
  let greetings = 0
  server = createServer((socket) => {
    peers.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (piece) => {
      if (greetings++ < 2) socket.write('+OK\r\n')
      else answer(socket, piece)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const peer of peers) peer.destroy()
  server.close()
})

function open(signal = stop.signal, maxBlocks = 4): Promise<RespPipe> {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return connectResp(
    { host: '127.0.0.1', port, db: 0, tls: null },
    { signal, name: 'test', maxBlocks, blockBytes: 1024 },
  )
}

test('a reply as predicted reaches no check; one that differs does, with request and prediction', async () => {
  answer = (socket) => {
    // Cut within the reply that differs, after bytes that match.
    socket.write('+OK\r\n*2\r\n$1\r\n')
    setImmediate(() => socket.write('b\r\n$1\r\nb\r\n:7\r\n'))
  }
  const pipe = await open()
  const block = await pipe.acquire()
  const told: { reply: Reply; words: string[]; expected: Reply | undefined }[] = []
  const check = {
    onReply: (reply: Reply, request: Buffer, expected: Buffer) => {
      const words = wordsOf(request).map(String)
      told.push({ reply, words, expected: expected.length === 0 ? undefined : decodeReply(expected) })
    },
  }
  const add = (...words: readonly string[]) => {
    block.array(words.length)
    for (const word of words) block.text(word)
  }
  add('SET', 'x', '1')
  block.expectText('+OK\r\n')
  block.end(check)
  add('MGET', 'a', 'b')
  block.expectText('*2\r\n$1\r\na\r\n$1\r\nb\r\n')
  block.end(check)
  add('INCR', 'n')
  block.end(check)
  pipe.send(block)
  await pipe.drained()
  assert.deepEqual(told, [
    {
      reply: [Buffer.from('b'), Buffer.from('b')],
      words: ['MGET', 'a', 'b'],
      expected: [Buffer.from('a'), Buffer.from('b')],
    },
    { reply: 7, words: ['INCR', 'n'], expected: undefined },
  ])
  pipe.close()
})

test('what is in flight is bounded: a block is given out only when an earlier one was answered', async () => {
  const waiting: Socket[] = []
  answer = (socket) => waiting.push(socket)
  const pipe = await open(stop.signal, 1)
  const first = await pipe.acquire()
  first.array(1)
  first.text('PING')
  first.expectText('+PONG\r\n')
  first.end({ onReply: () => assert.fail('was predicted') })
  pipe.send(first)
  let given = false
  const second = pipe.acquire().then((block) => {
    given = true
    return block
  })
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(given, false)
  waiting[0]?.write('+PONG\r\n')
  await second
  pipe.close()
})

test('what a check throws ends the pipe for everybody who waits', async () => {
  answer = (socket) => socket.write('-OOM no\r\n')
  const pipe = await open()
  const block = await pipe.acquire()
  block.array(1)
  block.text('PING')
  block.expectText('+PONG\r\n')
  block.end({
    onReply: () => {
      throw new Error('as told')
    },
  })
  pipe.send(block)
  await assert.rejects(pipe.drained(), /as told/)
  await assert.rejects(pipe.acquire(), /as told/)
})

test('a peer that goes away, and an abort, reject what waits', async () => {
  answer = (socket) => socket.destroy()
  await assert.rejects((await open()).call('PING'), RespConnectionLost)
  const abort = new AbortController()
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    peers.push(socket)
    socket.on('data', () => socket.write('+OK\r\n'))
  })
  answer = () => undefined
  const pipe = await open(abort.signal)
  const reason = new Error('enough')
  const waiting = pipe
    .drained()
    .then(() => pipe.call('PING'))
    .then(() => pipe.acquire())
  await waiting
  abort.abort(reason)
  await assert.rejects(pipe.call('PING'), (error) => error === reason)
})
