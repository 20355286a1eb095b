import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RowHash, RowSum } from '../../../../src/movers/system-database/row-hash.ts'

const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array))

function hexOf(text: string): string {
  const hash = new RowHash()
  hash.of(Buffer.from(text), 0, Buffer.byteLength(text))
  return [...hash.words].map((word) => word.toString(16).padStart(8, '0')).join('')
}

/** A row's hash as the number that is added: h1 is the lowest word. */
function numberOf(row: Buffer): bigint {
  const hash = new RowHash()
  hash.of(row, 0, row.length)
  return [...hash.words].reduceRight((number, word) => (number << 32n) | BigInt(word), 0n)
}

function sumOf(rows: readonly Buffer[]): RowSum {
  const sum = new RowSum()
  for (const row of rows) sum.addRow(row, 0, row.length)
  return sum
}

test('the hash is MurmurHash3_x86_128: SMHasher’s verification value, and a published vector', () => {
  const key = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const hashes = Buffer.alloc(16 * 256)
  const hash = new RowHash()
  for (let length = 0; length < 256; length++) {
    hash.of(key, 0, length, 256 - length)
    for (const [i, word] of hash.words.entries()) hashes.writeUInt32LE(word, 16 * length + 4 * i)
  }
  hash.of(hashes, 0, hashes.length)
  assert.equal(hash.words[0], 0xb3ece62a)
  assert.equal(hexOf('The quick brown fox jumps over the lazy dog'), '2f1583c3ecee2c675d7bf66ce5e91d2c')
  assert.equal(hexOf(''), '0'.repeat(32))
})

test('a hash depends on the row alone, wherever in a buffer it lies', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (before, row, after) => {
      const within = Buffer.concat([before, row, after])
      const [alone, inside] = [sumOf([row]), new RowSum()]
      inside.addRow(within, before.length, before.length + row.length)
      assert.ok(inside.equals(alone))
    }),
  )
})

test('a sum is addition modulo 2^128, in any order, however the rows were divided', () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.array(bytes), (some, more) => {
      const wanted = [...some, ...more].reduce((sum, row) => sum + numberOf(row), 0n)
      const sum = sumOf(more.toReversed())
      sum.merge(sumOf(some))
      assert.equal(sum.hex, BigInt.asUintN(128, wanted).toString(16).padStart(32, '0'))
      assert.equal(sum.rows, some.length + more.length)
      assert.ok(RowSum.restore(sum.rows, sum.hex).equals(sum))
      const restored = RowSum.restore(sumOf(some).rows, sumOf(some).hex)
      for (const row of more) restored.addRow(row, 0, row.length)
      assert.ok(restored.equals(sum))
    }),
  )
})

test('carries run through all limbs, and what no sum prints is refused', () => {
  const sum = RowSum.restore(1, 'f'.repeat(32))
  sum.merge(RowSum.restore(1, 'f'.repeat(32)))
  assert.equal(sum.hex, `${'f'.repeat(31)}e`)
  assert.equal(sum.rows, 2)
  assert.ok(!sum.equals(RowSum.restore(3, sum.hex)))
  for (const [rows, hex] of [
    [1, 'F'.repeat(32)],
    [1, 'f'.repeat(31)],
    [-1, 'f'.repeat(32)],
    [0.5, 'f'.repeat(32)],
  ] as const) {
    assert.throws(() => RowSum.restore(rows, hex), RangeError)
  }
})

test('rows that differ in one bit never have the same hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (array, place) => {
      const [row, other] = [Buffer.from(array), Buffer.from(array)]
      const bit = place % (8 * row.length)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.ok(!sumOf([row]).equals(sumOf([other])))
    }),
  )
})
