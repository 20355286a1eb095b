import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { StreamReader } from '../../../../src/movers/redis/stream-reader.ts'
import { RespProtocolError } from '../../../../src/wire/resp/reply-parser.ts'

type Words = readonly Buffer[]

function encode(words: Words): Buffer {
  const parts = words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts])
}

const word = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes))
const name = fc.constantFrom('SET', 'incr', 'Select', 'PING').map((text) => Buffer.from(text))
const command = fc.tuple(name, fc.array(word, { maxLength: 3 })).map(([first, rest]): Words => [first, ...rest])
const unit = fc.record({ commands: fc.array(command, { minLength: 1, maxLength: 4 }), together: fc.boolean() })

/** A source of which more is there with every reading. */
function growing(bytes: Buffer, cuts: readonly number[]) {
  let there = 0
  let cut = 0
  return {
    more: () => {
      there = Math.min(bytes.length, there + (cuts[cut++ % cuts.length] ?? 1))
      return there < bytes.length
    },
    read: (into: Buffer, position: number) => bytes.copy(into, 0, position, Math.min(there, position + into.length)),
  }
}

test('units are whole and the same however the stream grows, and their positions can be gone on from', () => {
  fc.assert(
    fc.property(
      fc.array(unit, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (units, cuts) => {
        const wanted = units.flatMap(({ commands, together }) => (together ? [commands] : commands.map((one) => [one])))
        const pieces = units.flatMap(({ commands, together }) =>
          together
            ? [encode([Buffer.from('MULTI')]), ...commands.map(encode), encode([Buffer.from('EXEC')])]
            : commands.map(encode),
        )
        const source = growing(Buffer.concat(pieces), cuts)
        let reader = new StreamReader(source, 0, 16)
        const found: Words[][] = []
        for (let more = true; more; ) {
          more = source.more()
          for (let next = reader.next(); next !== null; next = reader.next()) {
            for (const { name, words } of next) assert.equal(name, words[0]?.toString('latin1').toLowerCase())
            assert.deepEqual(
              next.map(({ bytes }) => Buffer.from(bytes)),
              next.map(({ words }) => encode(words)),
            )
            found.push(next.map(({ words }) => words.map((one) => Buffer.from(one))))
            // As after a kill.
            if (found.length % 3 === 0) reader = new StreamReader(source, reader.position, 16)
          }
        }
        assert.deepEqual(found, wanted)
      },
    ),
  )
})

test('what is no command is a fault of the protocol, not a command', () => {
  for (const text of ['SET a b\r\n', '*0\r\n', '*1\r\n+OK\r\n', '*1\r\n$x\r\n', '*99999999999\r\n']) {
    const bytes = Buffer.from(text)
    const reader = new StreamReader({ read: (into, position) => bytes.copy(into, 0, position) }, 0)
    assert.throws(() => reader.next(), RespProtocolError, text)
  }
})
