import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../../../../src/base/fault.ts'
import { kindOfType, rdbTypes } from '../../../../src/wire/rdb/rdb-types.ts'
import { decodeElements, decodeSmallInteger, decodeString, StringSlice } from '../../../../src/wire/rdb/rdb-value.ts'
import { stringBody } from '../../../support/rdb-bytes.ts'
import { bodies } from '../../../support/rdb-samples.ts'

const texts = (all: readonly Buffer[]) => all.map((element) => element.toString('latin1'))

/** Decodes a value that stands in the middle of other bytes. */
function decoded(type: number, body: Buffer): readonly Buffer[] {
  const bytes = Buffer.concat([Buffer.from('before'), body, Buffer.from('after')])
  if (type !== 0) return decodeElements(type, bytes, 6, 6 + body.length)
  const slice = new StringSlice()
  assert.equal(decodeString(bytes, 6, 6 + body.length, slice), 6 + body.length)
  return [Buffer.from(slice.bytes.subarray(slice.start, slice.end))]
}

describe('values', () => {
  for (const [type, { name, kind }] of rdbTypes) {
    const arbitrary = bodies[type]
    test(`of type ${type} (${name}) decode to what was encoded`, () => {
      assert.ok(arbitrary, 'there is a builder for it')
      fc.assert(
        fc.property(arbitrary, (made) => {
          assert.equal(made.kind, kind)
          assert.equal(kindOfType(type), kind)
          const found = decoded(type, made.body)
          // An intset is in the order of its numbers.
          if (type === 11) assert.deepEqual(texts(found).sort(), texts(made.elements).sort())
          else assert.deepEqual(texts(found), texts(made.elements))
        }),
        { numRuns: 150 },
      )
    })
    test(`of type ${type} (${name}) that are damaged end in a fault or in other elements, nothing else`, () => {
      assert.ok(arbitrary)
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(), (made, at, flip, cut) => {
          const body = Buffer.from(made.body)
          body[at % body.length] = (body[at % body.length] ?? 0) ^ flip
          const end = cut % 3 === 0 ? cut % body.length : body.length
          try {
            decoded(type, body.subarray(0, end))
          } catch (error) {
            if (error instanceof assert.AssertionError) return
            assert.ok(error instanceof Fault, String(error))
          }
        }),
        { numRuns: 300 },
      )
    })
  }
})

test('a small integer is read without its text, and nothing else is taken for one', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeInteger().map(String),
        fc.integer({ min: -200, max: 200 }).map(String),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(String),
        fc.string({ maxLength: 17 }),
        fc.constantFrom('', '-', '-0', '007', '+1', ' 1', '1.5', '999999999999999', '1000000000000000'),
      ),
      fc.constantFrom('raw' as const, 'integer' as const),
      (text, as) => {
        const body = stringBody(text, as)
        const value = decodeSmallInteger(body, 0, body.length)
        if (/^(?:0|-?[1-9]\d{0,14})$/.test(text)) assert.equal(value, Number(text))
        else assert.ok(Number.isNaN(value), text)
      },
    ),
    { numRuns: 2000 },
  )
})
