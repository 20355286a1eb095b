import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { checkChain } from '../../../src/evidence/check-chain.ts'
import { sampleChain } from '../../support/chains.ts'

const { chain } = sampleChain(6)
const lines = chain.lines

test('whatever byte of a record is changed, the problem names that record first', () => {
  fc.assert(
    fc.property(fc.nat(lines.length - 1), fc.nat(100_000), fc.integer({ min: 1, max: 127 }), (at, place, flip) => {
      const bytes = Buffer.from(lines[at] ?? '')
      const index = place % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ flip
      const text = bytes.toString('utf8')
      fc.pre(text !== lines[at])
      const [first] = checkChain(lines.with(at, text)).problems
      // A changed sequence number of a valid record cannot be: it is hashed.
      assert.equal(first?.where, `record ${at}`, JSON.stringify(first))
    }),
    { numRuns: 400 },
  )
})

test('whatever records are dropped, repeated or moved, the chain is not whole', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(lines.length - 1), { maxLength: 8 }), (order) => {
      const shuffled = order.map((at) => lines[at] ?? '')
      const isPrefix = order.every((at, place) => at === place)
      // A chain that ends early is whole in itself: its end is told by the manifest.
      assert.equal(checkChain(shuffled).problems.length === 0, isPrefix)
    }),
    { numRuns: 200 },
  )
})
