import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Reply, ReplyError, ReplyParser, RespProtocolError } from '../../../../src/wire/resp/reply-parser.ts'

const line = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '1', '$', '*'), maxLength: 12 })
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    line,
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    line.map((text) => new ReplyError(`ERR ${text}`)),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}))

/** As Redis writes it. */
function encode(value: Reply): Buffer {
  if (value === null) return Buffer.from('$-1\r\n')
  if (typeof value === 'string') return Buffer.from(`+${value}\r\n`)
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.from(`:${value}\r\n`)
  if (value instanceof ReplyError) return Buffer.from(`-${value.message}\r\n`)
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${value.length}\r\n`), ...value.map(encode)])
}

test('replies are the same however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 5 }), fc.array(fc.nat(50), { minLength: 1 }), (replies, cuts) => {
      const bytes = Buffer.concat(replies.map(encode))
      const parser = new ReplyParser()
      const found: Reply[] = []
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const piece = bytes.subarray(at, at + 1 + (cuts[cut % cuts.length] ?? 0))
        for (let used = 0; used < piece.length; ) {
          used = parser.feed(piece, used, piece.length)
          if (parser.complete) found.push(parser.take())
        }
        at += piece.length
      }
      assert.deepEqual(found, replies)
      assert.equal(parser.midReply, false)
    }),
  )
})

test('what is no reply is refused', () => {
  for (const text of ['hello\r\n', '$x\r\n', '*-7\r\n', ':1x\r\n', '+no carriage return\n', `+${'x'.repeat(70_000)}`]) {
    assert.throws(() => new ReplyParser().feed(Buffer.from(text), 0, text.length), RespProtocolError, text.slice(0, 20))
  }
})
