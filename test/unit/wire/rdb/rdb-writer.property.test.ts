import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { rdbTypes } from '../../../../src/wire/rdb/rdb-types.ts'
import {
  hashValue,
  oldestWritten,
  RdbWriter,
  sortedSetValue,
  stringsValue,
  stringValue,
} from '../../../../src/wire/rdb/rdb-writer.ts'
import { rdbFile } from '../../../support/rdb-bytes.ts'
import { samplesOf } from '../../../support/rdb-samples.ts'
import { temporaryFolder } from '../../../support/servers.ts'
import { readAll } from '../../../support/shards.ts'

const file = join(temporaryFolder(), 'written.rdb')

function write(version: number, put: (writer: RdbWriter) => void) {
  const writer = new RdbWriter(file, version)
  put(writer)
  writer.end()
  writer.close()
  return readAll(readFileSync(file))
}

test('what was written is read as it was, with a checksum that is right', () => {
  fc.assert(
    fc.property(samplesOf([...rdbTypes.keys()]), fc.integer({ min: oldestWritten, max: 12 }), (samples, version) => {
      const { reader, entries } = write(version, (writer) => {
        writer.aux('ctime', '1700000000')
        for (const { entry } of samples) {
          writer.selectDatabase(entry.database ?? 0)
          const [key, { body }] = [Buffer.from(entry.key), entry]
          writer.entry(entry.type, key, 0, key.length, body, 0, body.length, entry.expiresAtMs ?? -1)
        }
      })
      assert.equal(reader.header.version, version)
      assert.equal(reader.header.aux.get('ctime'), '1700000000')
      const whole = { version: 10, entries: samples.map(({ entry }) => entry) }
      assert.deepEqual(entries, readAll(rdbFile(whole)).entries)
    }),
    { numRuns: 60 },
  )
})

test('keys, values and numbers of databases of every length', () => {
  const lengths = [0, 1, 63, 64, 16_383, 16_384, 262_143, 262_144, 262_145, 1_000_000]
  const { entries } = write(10, (writer) => {
    for (const length of lengths) {
      writer.selectDatabase(length)
      const [key, value] = [Buffer.alloc(length, 'k'), stringValue(Buffer.alloc(length, 'v'))]
      writer.entry(0, key, 0, length, value, 0, value.length, -1)
    }
  })
  assert.deepEqual(
    entries.map(({ database, key, elements }) => [database, key.length, elements[0]?.length]),
    lengths.map((length) => [length, length, length]),
  )
})

test('values that are built hold their elements, scores that are no digits too', () => {
  const words = ['a', '', 'b'.repeat(70), '-12'].map((word) => Buffer.from(word))
  const scored = ['a', '1', 'b', '-0.1', 'c', 'inf', 'd', '-inf', 'e', 'nan'].map((word) => Buffer.from(word))
  const values = [
    [1, stringsValue(words), words],
    [2, stringsValue(words), words],
    [4, hashValue(words), words],
    [3, sortedSetValue(scored), scored],
  ] as const
  const { entries } = write(6, (writer) => {
    for (const [type, value] of values) writer.entry(type, Buffer.from('key'), 0, 3, value, 0, value.length, -1)
  })
  assert.deepEqual(
    entries.map(({ elements }) => elements),
    values.map(([, , elements]) => elements),
  )
})

test('without its end the file is not whole', () => {
  const writer = new RdbWriter(file, 9)
  writer.selectDatabase(0)
  writer.close()
  assert.throws(() => readAll(readFileSync(file)), { code: 'RDB_WRONG_MAGIC' })
})
