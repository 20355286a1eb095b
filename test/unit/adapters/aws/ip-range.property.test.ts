import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { halvesOf, overlap, readRange } from '../../../../src/adapters/aws/ip-range.ts'
import { isOfVersion, newestOf } from '../../../../src/adapters/aws/database-versions.ts'

const ranges = fc.tuple(fc.nat(0xffff_ffff), fc.integer({ min: 8, max: 30 })).map(([address, prefix]) => {
  const length = 2 ** (32 - prefix)
  const from = address - (address % length)
  const range = readRange(`${[24, 16, 8, 0].map((shift) => Math.floor(from / 2 ** shift) % 256).join('.')}/${prefix}`)
  return range ?? assert.fail('a range that begins at its first address is readable')
})

test('the halves of a range lie in it, one after the other, and cover it', () => {
  fc.assert(
    fc.property(ranges, (range) => {
      const [low, high] = halvesOf(range).map((text) => readRange(text))
      assert.ok(low && high)
      assert.equal(low.from, range.from)
      assert.equal(low.to + 1, high.from)
      assert.equal(high.to, range.to)
      assert.ok(!overlap(low, high) && overlap(low, range) && overlap(range, high))
    }),
  )
})

test('ranges overlap when an address is in both', () => {
  fc.assert(
    fc.property(ranges, ranges, (one, other) => {
      const isShared = (at: number, range: typeof one) => range.from <= at && at <= range.to
      assert.equal(overlap(one, other), isShared(one.from, other) || isShared(other.from, one))
    }),
  )
})

test('what is no range is not read as one', () => {
  for (const text of ['10.2.0.1/26', '10.2.0/26', '256.0.0.0/8', '10.0.0.0/33', '10.0.0.0', '::/0', '']) {
    assert.equal(readRange(text), null, text)
  }
})

test('versions are compared as numbers, and belong to what they begin with in whole numbers', () => {
  assert.equal(newestOf(['8.0.9', '8.0.40', '8.4.1'], '8.0'), '8.0.40')
  assert.equal(newestOf(['13.9', '13.18', '15.1'], '13'), '13.18')
  assert.equal(newestOf(['13.18'], '1'), null)
  assert.ok(isOfVersion('5.7.44', '5.7.44') && !isOfVersion('5.70.1', '5.7'))
})
