import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodePlain } from '../../../../src/movers/system-database/values/encode-plain.ts'
import { RowEncoder } from '../../../../src/movers/system-database/values/encode-row.ts'
import type { TableMove } from '../../../../src/movers/system-database/table-move.ts'
import { TupleWriter } from '../../../../src/wire/postgres/tuple-writer.ts'
import { moveOfTypes, rowPacket, valuesOfTypes } from '../../../support/encode-values.ts'

type Row = readonly (Buffer | null)[]

/** The tuple that the fast encoder writes, or null when it says that the row is not plain. */
function fast(encoder: RowEncoder, row: Row): Buffer | null {
  const out = new TupleWriter(64)
  const before = out.at
  // A packet never stands alone in its buffer.
  const packet = Buffer.concat([Buffer.from('9'), rowPacket(row), Buffer.from('9')])
  const apart = new TupleWriter(64)
  const isPlain = encoder.encode(packet, 1, packet.length - 1, out)
  assert.equal(encoder.encodeValues(row, apart), isPlain)
  const tuple = out.take()
  assert.deepEqual(apart.take(), tuple, 'values apart from one another are encoded alike')
  if (isPlain) return tuple?.subarray(5) ?? null
  assert.equal(out.at, before)
  assert.equal(tuple, null, 'a row that is not plain leaves nothing behind')
  return null
}

function plain(move: TableMove, row: Row): Buffer {
  const out = new TupleWriter(64)
  encodePlain(move, row, out)
  return out.take()?.subarray(5) ?? Buffer.alloc(0)
}

/** One value of a table with one column, by the fast encoder; its bytes in hexadecimal without count and length. */
function oneField(type: string, value: string | Buffer, charset: string | null = null): string | null {
  const encoder = new RowEncoder(moveOfTypes([{ type, charset }]))
  return fast(encoder, [Buffer.from(value)])?.toString('hex', 6) ?? null
}

for (const { type, charset, values } of valuesOfTypes) {
  const name = charset === null ? type : `${type} in ${charset}`
  test(`every value of ${name} that is of no class is encoded, as the plain encoding has it`, () => {
    const move = moveOfTypes([{ type, charset }])
    const encoder = new RowEncoder(move)
    fc.assert(
      fc.property(values, (value) => {
        assert.equal(move.columns[0]?.codec.classify(value), null)
        const wanted = plain(move, [value])
        assert.deepEqual(fast(encoder, [value]), wanted)
      }),
      { numRuns: 500 },
    )
  })

  test(`a damaged value of ${name} is left alone, or is encoded as the plain encoding has it`, () => {
    const move = moveOfTypes([{ type, charset }])
    const encoder = new RowEncoder(move)
    const damage = fc.tuple(fc.nat(), fc.nat(2), fc.uint8Array({ minLength: 0, maxLength: 2 }))
    const oftenNumeric = fc.stringMatching(/^[-+0-9.:e ]{0,24}$/).map((value) => Buffer.from(value))
    const damaged = fc.tuple(values, damage).map(([value, [at, removed, added]]) => {
      const from = at % (value.length + 1)
      return Buffer.concat([value.subarray(0, from), added, value.subarray(from + removed)])
    })
    fc.assert(
      fc.property(fc.oneof({ weight: 3, arbitrary: damaged }, oftenNumeric), (value) => {
        const found = fast(encoder, [value])
        if (found === null) return
        assert.equal(move.columns[0]?.codec.classify(value), null)
        assert.deepEqual(found, plain(move, [value]))
      }),
      { numRuns: 1000 },
    )
  })
}

test('rows of all types, with and without NULLs, are encoded as the plain encoding has them', () => {
  const move = moveOfTypes(valuesOfTypes)
  const encoder = new RowEncoder(move)
  const row = fc.tuple(...valuesOfTypes.map(({ values }) => fc.option(values, { nil: null, freq: 4 })))
  fc.assert(
    fc.property(row, (row) => {
      assert.deepEqual(fast(encoder, row), plain(move, row))
    }),
  )
})

test('tuples follow one another, and a row that is not plain leaves those before it whole', () => {
  const move = moveOfTypes([
    { type: 'int(11)', charset: null },
    { type: 'longtext', charset: 'utf8mb4' },
  ])
  const encoder = new RowEncoder(move)
  const out = new TupleWriter(100)
  const rows = ['x', 'y'.repeat(300), 'z'.repeat(70_000), 'é'.repeat(9_000_000)].map((text, i): Row => {
    return [Buffer.from(String(i)), Buffer.from(text)]
  })
  for (const row of rows) {
    const packet = rowPacket(row)
    assert.ok(encoder.encode(packet, 0, packet.length, out))
    const bad = rowPacket([row[0] ?? null, Buffer.from('a\0')])
    assert.ok(!encoder.encode(bad, 0, bad.length, out))
  }
  const wanted = Buffer.concat(rows.map((row) => plain(move, row)))
  assert.ok(out.take()?.subarray(5).equals(wanted))
})

test('after a row the encoder tells where its fields lie', () => {
  const encoder = new RowEncoder(
    moveOfTypes([
      { type: 'int(11)', charset: null },
      { type: 'date', charset: null },
    ]),
  )
  const packet = rowPacket([null, Buffer.from('2020-00-10')])
  assert.ok(!encoder.encode(packet, 0, packet.length, new TupleWriter()))
  assert.deepEqual([...encoder.fields.starts], [-1, 2])
  assert.deepEqual([...encoder.fields.ends], [-1, 12])
})

test('every day of the years 1 to 9999 has its number, and no other day is encoded', () => {
  const encoder = new RowEncoder(
    moveOfTypes([
      { type: 'date', charset: null },
      { type: 'datetime(6)', charset: null },
    ]),
  )
  const out = new TupleWriter()
  const packet = rowPacket([Buffer.from('0000-00-00'), Buffer.from('0000-00-00 00:00:00.000001')])
  const put = (at: number, value: number, width: number) => {
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10)) packet[at + i] = 0x30 + (rest % 10)
  }
  const epoch = Date.UTC(2000, 0, 1) / 86_400_000
  let next = new Date('0001-01-01T00:00:00Z').getTime() / 86_400_000 - epoch
  for (let year = 0; year <= 9999; year++) {
    const longest = [31, year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30]
    const lengths = [0, ...longest, 31, 30, 31]
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        for (const at of [1, 12]) {
          put(at, year, 4)
          put(at + 5, month, 2)
          put(at + 8, day, 2)
        }
        const exists = year > 0 && day > 0 && day <= (lengths[month] ?? 0)
        const before = out.at
        if (encoder.encode(packet, 0, packet.length, out) !== exists) assert.fail(`${year}-${month}-${day}`)
        if (!exists) continue
        const isRight =
          out.view.getInt32(before + 6) === next &&
          out.view.getBigInt64(before + 14) === BigInt(next) * 86_400_000_000n + 1n
        if (!isRight) assert.fail(`${year}-${month}-${day} became another day`)
        out.at = before
        next++
      }
    }
  }
  assert.equal(next, Date.UTC(9999, 11, 31) / 86_400_000 - epoch + 1)
})

test('microseconds carry from the low half into the high one', () => {
  const encoder = new RowEncoder(moveOfTypes([{ type: 'datetime(6)', charset: null }]))
  // The low half is full once in 4,295 seconds.
  for (const start of [Date.UTC(1583, 0, 1), Date.UTC(1999, 11, 31, 23), Date.UTC(9999, 11, 31)]) {
    for (let second = 0; second < 9000; second++) {
      const at = new Date(start + second * 1000)
      const text = `${at.toISOString().slice(0, 19).replace('T', ' ')}.999999`
      const wanted = BigInt(at.getTime() - Date.UTC(2000, 0, 1)) * 1000n + 999_999n
      const found = fast(encoder, [Buffer.from(text)])?.readBigInt64BE(6)
      assert.equal(found, wanted, text)
    }
  }
})

test('numbers are the bytes that PostgreSQL itself sends', () => {
  for (const [type, value, wanted] of [
    ['decimal(20,4)', '0.0000', '0000 0000 0000 0004'],
    ['decimal(20,4)', '-9999999999999999.9999', '0005 0003 4000 0004 270f 270f 270f 270f 270f'],
    ['decimal(20,4)', '10000.0000', '0001 0001 0000 0004 0001'],
    ['decimal(20,4)', '0.0001', '0001 ffff 0000 0004 0001'],
    ['decimal(20,8)', '-0.00000120', '0001 fffe 4000 0008 0078'],
    ['decimal(10,1)', '0.5', '0001 ffff 0000 0001 1388'],
    ['decimal(10,0)', '120000', '0001 0001 0000 0000 000c'],
    ['decimal(8,2) unsigned zerofill', '000003.50', '0002 0000 0000 0002 0003 1388'],
    ['bigint(20)', '9007199254740993', '0020 0000 0000 0001'],
    ['bigint(20)', '-9007199254740993', 'ffdf ffff ffff ffff'],
    ['bigint(20)', '-9223372036854775808', '8000 0000 0000 0000'],
    ['int(6) unsigned zerofill', '000042', '0000 0000 0000 002a'],
    ['bit(10)', Buffer.from([2, 1]), '0000 000a 8040'],
    ['datetime', '1999-12-31 23:59:59', 'ffff ffff fff0 bdc0'],
    ['time', '24:00:00', '0000 0014 1dd7 6000'],
  ] as const) {
    assert.equal(oneField(type, value), wanted.replaceAll(' ', ''), `${type} ${value.toString()}`)
  }
})

test('what is of a class, or is nothing that the column can hold, is not encoded', () => {
  for (const [type, values] of [
    ['tinyint(1)', ['2', '-1', '127', '', '00', '01']],
    ['tinyint(4)', ['', '-', '32768', '-32769', '1.0', '1e1', ' 1', '+1', '99999999999999999999']],
    ['int(11)', ['2147483648', '-2147483649', '--1', '-']],
    ['bigint(20)', ['9223372036854775808', '-9223372036854775809', '99999999999999999999', '1234567890-12345678']],
    ['decimal(20,4)', ['', '1', '1.00000', '1.000', '.0000', '-.0000', '1,0000', 'NaN', '1.-000']],
    ['float', ['0.1', '1e39', '', 'inf', '1e-46']],
    ['double', ['', '.', '-', 'e5', '1e', '1e400', '1e-400', 'nan', 'inf', '0x10', '1e+-5', '1 ', '1.2.3', '1e1.5']],
    [
      'date',
      ['0000-00-00', '2020-00-10', '2021-02-29', '1900-02-29', '2020-01-01 00:00:00', '2020-1-01', '2020/01/01'],
    ],
    [
      'datetime',
      ['0000-00-00 00:00:00', '2020-01-01', '2020-01-01T00:00:00', '2020-01-01 24:00:00', '2020-01-01 00:60:00'],
    ],
    [
      'datetime(3)',
      ['2020-01-01 00:00:00.', '2020-01-01 00:00:00.0000', '2020-01-01 00:00:00.00a', '2020-01-00 00:00:00.000'],
    ],
    ['time', ['-00:00:01', '24:00:01', '100:00:00', '838:59:59', '12:00:60', '12:00']],
    ['time(6)', ['24:00:00.000001', '24:00:00.0000000']],
    ['bit(10)', [Buffer.from([4, 0]), Buffer.from([1]), Buffer.from([0, 0, 1]), '']],
  ] as const) {
    for (const value of values) assert.equal(oneField(type, value), null, `${type} ${value.toString()}`)
  }
  for (const text of ['a\0', '\0', `${'x'.repeat(99)}\0`]) assert.equal(oneField('longtext', text, 'utf8mb4'), null)
  for (const hex of ['80', 'c3', 'eda080', 'f4908080', 'c080', 'ff61']) {
    assert.equal(oneField('longtext', Buffer.from(hex, 'hex'), 'utf8mb4'), null, hex)
    assert.equal(oneField('longtext', Buffer.from(hex + '61'.repeat(99), 'hex'), 'latin1'), null, hex)
  }
})

test('what replace puts for a value is encoded, and as the plain encoding has it', () => {
  for (const [type, charset, values] of [
    ['tinyint(1)', null, ['2', '-1']],
    ['date', null, ['0000-00-00', '2020-00-10', '2021-02-31', '0000-01-01']],
    ['datetime', null, ['0000-00-00 00:00:00', '2020-00-10 01:02:03']],
    ['datetime(6)', null, ['0000-00-00 00:00:00.000000', '2020-00-10 01:02:03.450000', '2021-02-31 01:02:03.000000']],
    ['timestamp(3)', null, ['0000-00-00 00:00:00.000']],
    ['time(3)', null, ['-00:00:01.500', '24:00:00.001', '838:59:59.000']],
    ['longtext', 'utf8mb3', ['a\0b', Buffer.from('61eda08062', 'hex')]],
    ['longtext', 'latin1', [Buffer.from('ff613f', 'hex'), Buffer.from('ff6100', 'hex')]],
  ] as const) {
    const move = moveOfTypes([{ type, charset }])
    const codec = move.columns[0]?.codec
    assert.ok(codec !== undefined)
    for (const wrong of values) {
      let value = Buffer.from(wrong)
      assert.notEqual(codec.classify(value), null, `${type} ${wrong.toString()}`)
      for (let found = codec.classify(value); found !== null; found = codec.classify(value)) {
        value = Buffer.from(codec.replace(value, found))
      }
      assert.deepEqual(fast(new RowEncoder(move), [value]), plain(move, [value]), `${type} ${wrong.toString()}`)
    }
  }
})

test('the plain encoding names the column of what it cannot encode, not the value, and writes nothing', () => {
  const move = moveOfTypes([{ type: 'bigint(20)', charset: null }])
  const out = new TupleWriter()
  assert.throws(() => encodePlain(move, [Buffer.from('9223372036854775808')], out), {
    message: 'bug: encoded.c0 holds what is no bigint',
  })
  assert.equal(out.take(), null)
})
