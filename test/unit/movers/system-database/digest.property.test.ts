import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type DigestCell, masked, rowDigest } from '../../../../src/movers/system-database/verify/digest.ts'

const cell: fc.Arbitrary<DigestCell> = fc.oneof(
  fc.constant(null),
  fc.constant(masked),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
)
const row = fc.array(cell, { minLength: 1, maxLength: 6 })

function same(a: readonly DigestCell[], b: readonly DigestCell[]): boolean {
  return (
    a.length === b.length &&
    a.every((c, i) => (Buffer.isBuffer(c) ? Buffer.isBuffer(b[i]) && c.equals(b[i]) : c === b[i]))
  )
}

test('rows are digested alike exactly when their cells are alike', () => {
  fc.assert(fc.property(row, row, (a, b) => rowDigest(a).equals(rowDigest(b)) === same(a, b)))
  assert.ok(!rowDigest([Buffer.from('ab'), Buffer.from('')]).equals(rowDigest([Buffer.from('a'), Buffer.from('b')])))
  assert.ok(!rowDigest([null]).equals(rowDigest([Buffer.from('')])))
})

test('a row digest is the first half of SHA-256 over lengths and bytes, so that anyone can check it', () => {
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('42'), Buffer.alloc(4, 0xff)])
  assert.deepEqual(rowDigest([Buffer.from('42'), null]), createHash('sha256').update(bytes).digest().subarray(0, 16))
})
