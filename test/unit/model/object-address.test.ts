import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/base/fault.ts'
import { describeObject, looksLikeObjectAddress, parseObjectAddress } from '../../../src/model/object-address.ts'

const parse = (text: string) => parseObjectAddress(text, '--source')

test('bucket and key come out of the address, the key as it stands', () => {
  assert.deepEqual(parse('s3://snap-shots.2/redis/dump.rdb'), { bucket: 'snap-shots.2', key: 'redis/dump.rdb' })
  for (const key of ['a', 'a b/ü.rdb', '100%25?x=1#y', '/begins/with/a/slash', 'k'.repeat(1024)]) {
    const at = parse(`s3://bucket/${key}`)
    assert.equal(at.key, key)
    assert.equal(describeObject(at), `s3://bucket/${key}`)
  }
})

test('an address is known by its scheme, well-formed or not', () => {
  assert.ok(looksLikeObjectAddress('s3://bucket/key'))
  assert.ok(looksLikeObjectAddress('S3:bucket'))
  assert.ok(!looksLikeObjectAddress('file:s3://bucket/key'))
})

test('what is wrong is named, and no part of the address is echoed', () => {
  const cases = {
    s3cr3t: 'OBJECT_ADDRESS_UNREADABLE',
    's3:/bucket/key': 'OBJECT_ADDRESS_UNREADABLE',
    'S3://bucket/key': 'OBJECT_ADDRESS_UNREADABLE',
    'https://bucket.s3.amazonaws.com/key?X-Amz-Signature=s3cr3t': 'OBJECT_ADDRESS_UNREADABLE',
    's3://': 'OBJECT_ADDRESS_BUCKET',
    's3:///key': 'OBJECT_ADDRESS_BUCKET',
    's3://AKIA:s3cr3t@bucket/key': 'OBJECT_ADDRESS_BUCKET',
    's3://two..dots/key': 'OBJECT_ADDRESS_BUCKET',
    's3://ab/key': 'OBJECT_ADDRESS_BUCKET',
    's3://bucket': 'OBJECT_ADDRESS_KEY',
    's3://bucket/': 'OBJECT_ADDRESS_KEY',
    's3://bucket/s3cr3t/': 'OBJECT_ADDRESS_KEY',
    's3://bucket/s3cr3t\n': 'OBJECT_ADDRESS_KEY',
    [`s3://bucket/${'ü'.repeat(513)}`]: 'OBJECT_ADDRESS_KEY',
  }
  for (const [text, code] of Object.entries(cases)) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof Fault && error.code === code && !`${error.message}${error.remedy}`.includes('s3cr3t'),
      text,
    )
  }
})
