import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalFromSource, canonicalFromTarget } from '../../../../src/movers/system-database/verify/canonical.ts'
import { CanonicalRow, type WriteCell } from '../../../../src/movers/system-database/verify/canonical-row.ts'
import { writeFromSource } from '../../../../src/movers/system-database/verify/canonical-source.ts'
import { asIs, writeFromTarget } from '../../../../src/movers/system-database/verify/canonical-target.ts'
import { type DigestCell, masked } from '../../../../src/movers/system-database/verify/digest.ts'
import { RowHash } from '../../../../src/movers/system-database/row-hash.ts'
import { RowFields } from '../../../../src/wire/mysql/row-fields.ts'
import { TupleFields } from '../../../../src/wire/postgres/tuple-fields.ts'
import { moveOfTypes } from '../../../support/encode-values.ts'
import { bigints, packetOf, tupleOf } from '../../../support/wire-rows.ts'

const cell = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 70 }).map((array) => Buffer.from(array)),
  fc.integer({ min: 4090, max: 4100 }).map((length) => Buffer.alloc(length, 'x')),
  fc.integer({ min: 65_530, max: 200_000 }).map((length) => Buffer.alloc(length, 'y')),
)
const cells = fc.array(cell, { minLength: 1, maxLength: 6 })

/** The plain form of a canonical row. */
function plainRow(row: readonly DigestCell[]): Buffer {
  return Buffer.concat(
    row.flatMap((value) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(value === null ? 0xffff_ffff : value === masked ? 0xffff_fffe : value.length)
      if (value === null || value === masked) return [length]
      if (value.length <= 4096) return [length, value]
      const hash = new RowHash()
      hash.of(value, 0, value.length)
      const folded = Buffer.alloc(16)
      for (const [i, word] of hash.words.entries()) folded.writeUInt32BE(word, 4 * i)
      return [length, folded]
    }),
  )
}

function rowOf(writers: readonly WriteCell[], packet: Buffer): CanonicalRow {
  const row = new CanonicalRow(new RowFields(writers.length), writers)
  row.read(packet, 0, packet.length)
  return row
}

function bytesOf(row: CanonicalRow): Buffer {
  return row.bytes.subarray(0, row.at)
}

test('a row is each cell’s length and bytes; NULL, masked and long cells are told apart', () => {
  fc.assert(
    fc.property(cells, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (values, hidden) => {
      const row = rowOf(
        values.map(() => asIs),
        packetOf(values),
      )
      assert.deepEqual(bytesOf(row), plainRow(values))
      assert.deepEqual(row.cells(), values)
      const taken = new CanonicalRow(new RowFields(0), [])
      taken.take(values)
      assert.deepEqual(bytesOf(taken), plainRow(values))

      row.mask(new Set(hidden.flatMap((hide, i) => (hide ? i : []))))
      assert.deepEqual(bytesOf(row), plainRow(values.map((value, i) => (hidden[i] === true ? masked : value))))
    }),
  )
})

test('different rows are never written alike', () => {
  fc.assert(
    fc.property(cells, cells, (a, b) => {
      const same = a.length === b.length && a.every((value, i) => value?.toString('hex') === b[i]?.toString('hex'))
      assert.equal(plainRow(a).equals(plainRow(b)), same)
    }),
  )
})

const digits = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String)
const fraction = fc.constantFrom('', '.0', '.000000', '.5', '.050', '.123456', '.100000')
const sourceValues: readonly (readonly [type: string, values: fc.Arbitrary<string>])[] = [
  ['tinyint(1)', fc.constantFrom('0', '1', '2', '-1', '10')],
  ['bigint(20) unsigned zerofill', fc.oneof(digits, fc.constantFrom('0', '00', '0042', '-0'))],
  ['decimal(30,10)', fc.constantFrom('0.10', '00.10', '-0.1', '0', '000', '12.500', '.5', '-12.000')],
  ['year(4)', fc.constantFrom('0000', '1901', '2155')],
  ['double', fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)],
  ['time(6)', fraction.map((text) => `-838:59:59${text}`)],
  ['datetime(6)', fraction.map((text) => `2020-02-29 10:20:30${text}`)],
  ['timestamp(6)', fraction.map((text) => `0000-00-00 00:00:00${text}`)],
  ['date', fc.constantFrom('0000-00-00', '2020-10-20')],
  ['blob', fc.string({ unit: 'binary' })],
]

test('from the source, values are written as the plain form has them', () => {
  for (const [type, values] of sourceValues) {
    const [column] = moveOfTypes([{ type, charset: null }]).columns
    assert.ok(column !== undefined)
    const plain = canonicalFromSource(column.source)
    fc.assert(
      fc.property(values, (text) => {
        const row = rowOf([writeFromSource(column.source)], packetOf([Buffer.from(text)]))
        assert.deepEqual(row.cell(0), plain(Buffer.from(text)), `${type} ${text}`)
      }),
    )
  }
})

function fromTarget(type: string, value: Buffer): Buffer | null {
  const write = writeFromTarget(type)
  assert.ok(write !== null, type)
  const row = new CanonicalRow(new TupleFields(1), [write])
  const tuple = tupleOf([value])
  row.read(tuple, 0, tuple.length)
  return row.cell(0)
}

test('integers are written as decimal text over their whole range', () => {
  fc.assert(
    fc.property(bigints, (value) => {
      const int8 = Buffer.alloc(8)
      int8.writeBigInt64BE(BigInt.asIntN(64, value))
      assert.equal(fromTarget('bigint', int8)?.toString(), String(BigInt.asIntN(64, value)))
      assert.equal(fromTarget('integer', int8.subarray(4))?.toString(), String(BigInt.asIntN(32, value)))
      assert.equal(fromTarget('smallint', int8.subarray(6))?.toString(), String(BigInt.asIntN(16, value)))
    }),
  )
})

test('days and times are written as the calendar has them, to the microsecond', () => {
  const epochMs = Date.UTC(2000, 0, 1)
  const year1Ms = Date.parse('0001-01-01T00:00:00Z')
  const year9999Ms = Date.parse('9999-12-31T23:59:59.999Z')
  fc.assert(
    fc.property(fc.integer({ min: year1Ms, max: year9999Ms }), fc.nat(999), (ms, micros) => {
      const value = Buffer.alloc(8)
      value.writeBigInt64BE(BigInt(ms - epochMs) * 1000n + BigInt(micros))
      const iso = new Date(ms).toISOString()
      const text = `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}`
      const wanted = text.replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : text.includes('.') ? '' : zeros))
      assert.equal(fromTarget('timestamp(6) without time zone', value)?.toString(), wanted)
      assert.equal(fromTarget('timestamp with time zone', value)?.toString(), wanted)

      value.writeInt32BE(Math.floor((ms - epochMs) / 86_400_000))
      assert.equal(fromTarget('date', value.subarray(0, 4))?.toString(), iso.slice(0, 10))
      const ofDay = ((ms % 86_400_000) + 86_400_000) % 86_400_000
      value.writeBigInt64BE(BigInt(ofDay) * 1000n + BigInt(micros))
      assert.equal(fromTarget('time(6) without time zone', value)?.toString(), wanted.slice(11))
    }),
  )
})

test('bits move from PostgreSQL’s end of the bytes to MySQL’s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), bigints, (width, value) => {
      const bits = BigInt.asUintN(width, value).toString(2).padStart(width, '0')
      const bytes = Math.ceil(width / 8)
      const sent = Buffer.alloc(4 + bytes)
      sent.writeInt32BE(width)
      Buffer.from(
        BigInt(`0b${bits.padEnd(bytes * 8, '0')}`)
          .toString(16)
          .padStart(bytes * 2, '0'),
        'hex',
      ).copy(sent, 4)
      assert.deepEqual(fromTarget(`bit(${width})`, sent), canonicalFromTarget(`bit(${width})`)(Buffer.from(bits)))
    }),
  )
})

test('a type whose binary form is not known is left to be read as text', () => {
  for (const type of ['jsonb', 'time with time zone', 'integer[]', 'interval', 'inet', '"char"', '']) {
    assert.equal(writeFromTarget(type), null, type)
  }
})
