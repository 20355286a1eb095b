import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../../src/base/fault.ts'
import { RdbReader, type RdbReaderOptions } from '../../../../src/wire/rdb/rdb-reader.ts'
import { bytesFrom } from '../../../support/byte-source.ts'
import { lengthOf, rdbFile, stringBody, stringsBody } from '../../../support/rdb-bytes.ts'

function keysOf(bytes: Buffer, options?: RdbReaderOptions): string[] {
  const reader = new RdbReader(bytesFrom(bytes), options)
  const keys: string[] = []
  while (reader.next()) {
    keys.push(
      `${reader.db} ${reader.keyBytes.toString('latin1', reader.keyStart, reader.keyEnd)} ${reader.expiresAtMs}`,
    )
  }
  assert.equal(reader.next(), false, 'a file that has ended stays so')
  return keys
}

function faultOf(bytes: Buffer, options?: RdbReaderOptions): Fault {
  try {
    keysOf(bytes, options)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const counter = { key: 'a', type: 0, body: stringBody('7', 'integer') }

for (const version of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
  test(`a file of version ${version} gives its keys, databases and expiries`, () => {
    const entries = [
      counter,
      { ...counter, key: '12345', keyAs: 'integer' as const, expiresAtMs: 1_700_000_000_000 },
      { ...counter, key: 'ab'.repeat(50), keyAs: 'lzf' as const, database: 3, idleSeconds: 70_000, frequency: 9 },
    ]
    const bytes = rdbFile({ version, entries, expirySeconds: version < 3 })
    assert.deepEqual(keysOf(bytes), ['0 a -1', '0 12345 1700000000000', `3 ${'ab'.repeat(50)} -1`])
  })
}

test('what the file says of itself, and its functions, are known as soon as they were met', () => {
  const aux = { 'redis-ver': '7.0.15', ctime: '1700000000', 'used-mem': '1234567' }
  const reader = new RdbReader(
    bytesFrom(rdbFile({ version: 10, aux, functions: ['#!lua name=x'], entries: [counter] })),
  )
  assert.equal(reader.header.version, 0)
  assert.equal(reader.next(), true)
  assert.equal(reader.header.version, 10)
  assert.deepEqual(Object.fromEntries(reader.header.aux), aux)
  assert.deepEqual(reader.functions.map(String), ['#!lua name=x'])
})

test('an entry knows where in the file it begins, its expiry included', () => {
  const bytes = rdbFile({ version: 6, entries: [counter, { ...counter, key: 'b', expiresAtMs: 1 }] })
  const reader = new RdbReader(bytesFrom(bytes))
  reader.next()
  assert.equal(reader.offset, 'REDIS0006'.length + 2)
  reader.next()
  assert.equal(bytes[reader.offset], 252)
  assert.equal(reader.next(), false)
  assert.equal(reader.offset, bytes.length)
})

test('a value larger than the buffer is read whole, up to the limit', () => {
  const large = Buffer.alloc(100_000, 'x')
  const bytes = rdbFile({ version: 10, entries: [{ key: 'k', type: 0, body: stringBody(large) }, counter] })
  const reader = new RdbReader(bytesFrom(bytes, [7, 1000]), { bufferBytes: 64 })
  reader.next()
  assert.deepEqual(reader.valueBytes.subarray(reader.valueStart + 5, reader.valueEnd), large)
  assert.equal(reader.next(), true)
  assert.equal(reader.next(), false)
  const fault = faultOf(bytes, { bufferBytes: 64, maxValueBytes: 50_000 })
  assert.equal(fault.code, 'RDB_VALUE_TOO_LARGE')
})

test('a wrong checksum is refused with both values, and not looked at when asked so', () => {
  const bytes = rdbFile({ version: 10, entries: [counter], checksum: 'wrong' })
  const fault = faultOf(bytes)
  assert.equal(fault.code, 'RDB_BAD_CHECKSUM')
  assert.match(fault.message, /[0-9a-f]{16}.*[0-9a-f]{16}/)
  assert.equal(keysOf(bytes, { verifyChecksum: false }).length, 1)
})

test('a checksum that was switched off is no error', () => {
  assert.equal(keysOf(rdbFile({ version: 10, entries: [counter], checksum: 'zero' })).length, 1)
})

const whole = rdbFile({ version: 9, entries: [counter] })
const refusals: readonly (readonly [what: string, bytes: Buffer, code: string, says: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), 'RDB_WRONG_MAGIC', /an empty file/],
  ['a file of five bytes', Buffer.from('REDIS'), 'RDB_WRONG_MAGIC', /first 5 bytes/],
  ['a gzip file', Buffer.from('1f8b08000000000000030000', 'hex'), 'RDB_WRONG_MAGIC', /a gzip file/],
  ['an append-only file', Buffer.from('*2\r\n$6\r\nSELECT\r\n'), 'RDB_WRONG_MAGIC', /an append-only file/],
  ['something else', Buffer.from('-- MySQL dump'), 'RDB_WRONG_MAGIC', /something else/],
  ['a file of Valkey 9', rdbFile({ version: 80, magic: 'VALKEY080', entries: [counter] }), 'RDB_VALKEY', /version 80/],
  ['a file of a version to come', rdbFile({ version: 13, entries: [counter] }), 'RDB_VERSION_UNKNOWN', /13.*1 to 12/],
  [
    'an append-only file with an RDB part',
    Buffer.concat([whole, Buffer.from('*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n')]),
    'RDB_IS_AOF',
    new RegExp(`byte ${whole.length}`),
  ],
  ['a file with something behind it', Buffer.concat([whole, Buffer.from('x')]), 'RDB_TRAILING_BYTES', /follow the end/],
]
for (const [what, bytes, code, says] of refusals) {
  test(`${what} is refused by name, with a remedy`, () => {
    const fault = faultOf(bytes)
    assert.equal(fault.code, code)
    assert.match(fault.message, says)
    assert.ok(fault.remedy.length > 0)
  })
}

for (const [type, name] of [
  [6, /module/],
  [7, /module/],
  [15, /stream/],
  [19, /stream/],
  [21, /stream/],
  [24, /hash with field expiry/],
  [25, /hash with field expiry/],
  [247, /module data/],
  [99, /unknown type 99/],
] as const) {
  test(`type ${type} is refused by name and place, without the key`, () => {
    const fault = faultOf(
      rdbFile({ version: 12, entries: [{ key: 'secret-key', type, body: stringBody('x'), database: 2 }] }),
    )
    assert.equal(fault.code, 'RDB_UNSUPPORTED_TYPE')
    assert.match(fault.message, name)
    assert.match(fault.message, /database 2 .* byte \d+/)
    assert.doesNotMatch(fault.message, /secret-key/)
  })
}

test('slot information of a cluster is passed over', () => {
  const plain = rdbFile({ version: 12, entries: [counter], checksum: 'zero' })
  const slots = Buffer.concat([Buffer.from([244]), lengthOf(5), lengthOf(1), lengthOf(0)])
  assert.deepEqual(keysOf(Buffer.concat([plain.subarray(0, 9), slots, plain.subarray(9)])), ['0 a -1'])
})

test('lengths of 64 bits are read', () => {
  const entries = [{ key: 'k', type: 1, body: stringsBody([Buffer.from('x')], 'long'), keyAs: 'long' as const }]
  assert.deepEqual(keysOf(rdbFile({ version: 8, entries })), ['0 k -1'])
})
