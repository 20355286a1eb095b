import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TuplePasser } from '../../../../src/movers/system-database/values/pass-tuple.ts'
import { TupleWriter } from '../../../../src/wire/postgres/tuple-writer.ts'
import { tupleOf } from '../../../support/wire-rows.ts'

const cells = fc.array(fc.option(fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes))), { maxLength: 6 })

test('a tuple goes through as it is, wherever it lies, and its fields are found again', () => {
  fc.assert(
    fc.property(cells, fc.nat(9), (row, before) => {
      const tuple = tupleOf(row)
      const bytes = Buffer.concat([Buffer.alloc(before, 0xff), tuple, Buffer.alloc(3)])
      const passer = new TuplePasser(row.length)
      const out = new TupleWriter(16)
      const begun = out.at
      assert.ok(passer.encode(bytes, before, before + tuple.length, out))
      assert.deepEqual(out.bytes.subarray(begun, out.at), tuple)
      const { starts, ends } = passer.fields
      const found = row.map((_, i) => ((starts[i] ?? -1) < 0 ? null : bytes.subarray(starts[i], ends[i])))
      assert.deepEqual(found, row)
      out.clear()
      assert.ok(passer.encodeValues(row, out))
      assert.deepEqual(out.bytes.subarray(begun, out.at), tuple, 'values come to the very same tuple')
    }),
  )
})

test('bytes that are no tuple of the table are noticed when their fields are asked for', () => {
  const passer = new TuplePasser(2)
  const tuple = tupleOf([Buffer.from('a')])
  passer.encode(tuple, 0, tuple.length, new TupleWriter())
  assert.throws(() => passer.fields, RangeError)
})
