import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtobuf } from '../../../../src/simulator/cluster/api/protobuf.ts'

function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes])
}

function sent(kind: string, ...fields: readonly Buffer[]): Buffer {
  const type = Buffer.concat([field(1, 'v1'), field(2, kind)])
  return Buffer.concat([Buffer.from('k8s\u0000'), field(1, type), field(2, Buffer.concat(fields))])
}

const metadata = field(1, Buffer.concat([field(1, 'web'), field(3, ''), field(8, '')]))

test('a message is read by its numbers, and empty parts are as if they were absent', () => {
  const data = field(2, Buffer.concat([field(1, 'key'), field(2, 'value')]))
  const secret = decodeProtobuf(sent('Secret', metadata, data, field(3, 'Opaque'), field(9, field(1, ''))))
  const wanted = { metadata: { name: 'web' }, data: { key: Buffer.from('value').toString('base64') }, type: 'Opaque' }
  assert.deepEqual(secret, { apiVersion: 'v1', kind: 'Secret', ...wanted })
})

test('what would be lost is refused, and so is what is no message', () => {
  assert.throws(() => decodeProtobuf(sent('Secret', metadata, field(9, 'something'))), {
    reason: 'UnsupportedMediaType',
  })
  assert.throws(() => decodeProtobuf(sent('Endpoints', metadata)), { reason: 'UnsupportedMediaType' })
  assert.throws(() => decodeProtobuf(Buffer.from('{}')), { reason: 'BadRequest' })
  assert.throws(() => decodeProtobuf(sent('Secret', metadata).subarray(0, -3)), { reason: 'BadRequest' })
})
