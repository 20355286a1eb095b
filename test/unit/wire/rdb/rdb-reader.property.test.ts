import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../../../../src/base/fault.ts'
import { RdbReader } from '../../../../src/wire/rdb/rdb-reader.ts'
import { rdbTypes } from '../../../../src/wire/rdb/rdb-types.ts'
import { bytesFrom } from '../../../support/byte-source.ts'
import { rdbFile } from '../../../support/rdb-bytes.ts'
import { type Sample, samplesOf } from '../../../support/rdb-samples.ts'

interface Read {
  readonly db: number
  readonly type: number
  readonly key: string
  readonly value: string
  readonly expiresAtMs: number
  readonly offset: number
}

function read(bytes: Buffer, sizes?: readonly number[], bufferBytes?: number): Read[] {
  const reader = new RdbReader(bytesFrom(bytes, sizes), bufferBytes === undefined ? {} : { bufferBytes })
  const all: Read[] = []
  while (reader.next()) {
    const { db, type, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, expiresAtMs, offset } = reader
    const key = keyBytes.toString('hex', keyStart, keyEnd)
    all.push({ db, type, key, value: valueBytes.toString('hex', valueStart, valueEnd), expiresAtMs, offset })
  }
  return all
}

const samples = samplesOf([...rdbTypes.keys()])
const fileOf = (all: readonly Sample[]) =>
  rdbFile({ version: 12, aux: { ctime: '1700000000' }, entries: all.map(({ entry }) => entry) })

test('whatever was built is read, every type, with its value exactly as in the file', () => {
  fc.assert(
    fc.property(samples, (all) => {
      const found = read(fileOf(all))
      assert.deepEqual(
        found.map(({ offset: _offset, ...rest }) => rest),
        all.map(({ entry }) => ({
          db: entry.database ?? 0,
          type: entry.type,
          key: Buffer.from(entry.key).toString('hex'),
          value: entry.body.toString('hex'),
          expiresAtMs: entry.expiresAtMs ?? -1,
        })),
      )
    }),
    { numRuns: 300 },
  )
})

test('it makes no difference where the file is cut and how small the buffer is', () => {
  fc.assert(
    fc.property(
      samples,
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 64, max: 5000 }),
      (all, sizes, bufferBytes) => {
        const bytes = fileOf(all)
        assert.deepEqual(read(bytes, sizes, bufferBytes), read(bytes))
      },
    ),
    { numRuns: 150 },
  )
})

test('a file that ends early is never taken for a whole one', () => {
  fc.assert(
    fc.property(samples, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (all, part) => {
      const bytes = fileOf(all)
      const cut = bytes.subarray(0, Math.floor(bytes.length * part))
      assert.throws(
        () => read(cut, [13]),
        (error) => error instanceof Fault && /^RDB_(?:TRUNCATED|WRONG_MAGIC)$/.test(error.code),
      )
    }),
    { numRuns: 300 },
  )
})

test('a file with one byte changed is never taken for a whole one, and ends in a fault', () => {
  fc.assert(
    fc.property(samples, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, flip) => {
      const bytes = fileOf(all)
      const place = at % bytes.length
      bytes[place] = (bytes[place] ?? 0) ^ flip
      assert.throws(() => read(bytes), Fault)
    }),
    { numRuns: 500 },
  )
})
