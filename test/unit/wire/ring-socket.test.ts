import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { RingSocket } from '../../../src/wire/ring-socket.ts'
import { SocketInbox } from '../../../src/wire/socket-inbox.ts'

const words = Buffer.from(Uint32Array.from({ length: 5_000_000 }, (_, i) => i).buffer)

/** A socket whose other end sends all words, and then ends. */
async function connected(): Promise<{ socket: RingSocket; close: () => void }> {
  const server = createServer((other) => other.end(words)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = new RingSocket()
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1')
  return {
    socket,
    close: () => {
      socket.destroy()
      server.close()
    },
  }
}

test('what the inbox shows is not overwritten before it is read, however slowly and in what pieces', async () => {
  const { socket, close } = await connected()
  const inbox = new SocketInbox(socket)
  let seed = 1
  let read = 0
  while (read < words.length) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    const wanted = Math.min(1 + (seed % (seed % 9 === 0 ? 3_000_000 : 50_000)), words.length - read)
    while (!inbox.has(wanted)) await inbox.arrived()
    // More arrives meanwhile, up to the limit.
    if (seed % 4 === 0) await setImmediate()
    assert.equal(inbox.bytes.compare(words, read, read + wanted, inbox.at, inbox.at + wanted), 0, `from ${read}`)
    inbox.at += wanted
    read += wanted
  }
  await assert.rejects(inbox.arrived(), /connection was lost/)
  close()
})

test('without an inbox its chunks may be kept', async () => {
  const { socket, close } = await connected()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'end')
  assert.ok(Buffer.concat(chunks).equals(words))
  close()
})

test('an inbox gives the socket back in the middle, with what it had not read', async () => {
  const { socket, close } = await connected()
  const inbox = new SocketInbox(socket)
  while (!inbox.has(1000)) await inbox.arrived()
  await setImmediate()
  inbox.at += 1000
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  chunks.push(inbox.release())
  await once(socket, 'end')
  assert.ok(Buffer.concat(chunks).equals(words.subarray(1000)))
  close()
})
