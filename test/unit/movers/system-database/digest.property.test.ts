import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type DigestCell, DigestSum, masked, rowDigest } from '../../../../src/movers/system-database/digest.ts'

const cell: fc.Arbitrary<DigestCell> = fc.oneof(
  fc.constant(null),
  fc.constant(masked),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
)
const row = fc.array(cell, { minLength: 1, maxLength: 6 })

/** The plain form of what the limbs do. */
function plainSum(digests: readonly Buffer[]): string {
  const sum = digests.reduce((total, digest) => total + BigInt(`0x${digest.toString('hex')}`), 0n)
  return BigInt.asUintN(128, sum).toString(16).padStart(32, '0')
}

function same(a: readonly DigestCell[], b: readonly DigestCell[]): boolean {
  return (
    a.length === b.length &&
    a.every((c, i) => (Buffer.isBuffer(c) ? Buffer.isBuffer(b[i]) && c.equals(b[i]) : c === b[i]))
  )
}

test('the sum of row digests equals plain addition modulo 2^128, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 })), (all) => {
      const digests = all.map((bytes) => Buffer.from(bytes))
      const [forward, backward] = [new DigestSum(), new DigestSum()]
      for (const digest of digests) forward.add(digest)
      for (const digest of digests.toReversed()) backward.add(digest)
      assert.equal(forward.hex, plainSum(digests))
      assert.ok(forward.equals(backward))
    }),
  )
})

test('carries run through all limbs', () => {
  const sum = new DigestSum()
  sum.add(Buffer.alloc(16, 0xff))
  sum.add(Buffer.alloc(16, 0xff))
  assert.equal(sum.hex, `${'f'.repeat(31)}e`)
})

test('rows are digested alike exactly when their cells are alike', () => {
  fc.assert(fc.property(row, row, (a, b) => rowDigest(a).equals(rowDigest(b)) === same(a, b)))
  assert.ok(!rowDigest([Buffer.from('ab'), Buffer.from('')]).equals(rowDigest([Buffer.from('a'), Buffer.from('b')])))
  assert.ok(!rowDigest([null]).equals(rowDigest([Buffer.from('')])))
})

test('a row digest is the first half of SHA-256 over lengths and bytes, so that anyone can check it', () => {
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('42'), Buffer.alloc(4, 0xff)])
  assert.deepEqual(rowDigest([Buffer.from('42'), null]), createHash('sha256').update(bytes).digest().subarray(0, 16))
})
