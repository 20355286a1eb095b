import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  classifyDate,
  classifyTime,
  replaceDate,
  replaceTime,
} from '../../../../src/movers/system-database/values/mysql-temporal.ts'
import { classifyText, replaceText } from '../../../../src/movers/system-database/values/utf8.ts'

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))

function repaired(value: Buffer): Buffer {
  let text = value
  for (let found = classifyText(text); found !== null; found = classifyText(text)) text = replaceText(text, found)
  return text
}

test('text is refused exactly when it is not UTF-8 or holds a NUL', () => {
  fc.assert(fc.property(bytes, (value) => (classifyText(value) === null) === (isUtf8(value) && !value.includes(0))))
})

test('replacing makes any bytes storable, keeps every valid character and never adds characters', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), bytes)), (parts) => {
      const value = Buffer.concat(parts.map((part) => Buffer.from(part)))
      const text = repaired(value)
      assert.equal(classifyText(text), null)
      assert.ok(Array.from(text.toString('utf8')).length <= value.length)
      if (classifyText(value) === null) assert.deepEqual(text, value)
    }),
  )
  for (const [hex, wanted] of [
    ['61eda08062', 'a\uFFFDb'],
    ['61eda080edb08062', 'a\uFFFDb'],
    ['61c3', 'a\uFFFD'],
    ['ff61ff', '\uFFFDa\uFFFD'],
    ['610062', 'a\uFFFDb'],
    ['f09f9880', '😀'],
  ] as const) {
    assert.equal(repaired(Buffer.from(hex, 'hex')).toString('utf8'), wanted, hex)
  }
})

test('a date is refused exactly when the calendar has no such day', () => {
  fc.assert(
    fc.property(fc.nat(9999), fc.nat(12), fc.nat(31), (year, month, day) => {
      const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
      const date = new Date(`${text}T00:00:00Z`)
      const exists = year > 0 && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
      const found = classifyDate(Buffer.from(text))
      assert.equal(found === null, exists, text)
      if (found === null) return
      assert.equal(found, year + month + day === 0 ? 'zero-date' : 'invalid-date')
      const replaced = replaceDate(Buffer.from(`${text} 10:20:30.500000`), found)
      assert.equal(classifyDate(replaced), null, replaced.toString())
    }),
  )
  for (const [text, found, wanted] of [
    ['0000-00-00', 'zero-date', '1970-01-01'],
    ['0000-00-00 00:00:00.000000', 'zero-date', '1970-01-01 00:00:00'],
    ['2020-00-10 01:02:03', 'invalid-date', '2020-01-10 01:02:03'],
    ['2021-02-30', 'invalid-date', '2021-02-28'],
    ['2020-00-00 01:02:03.450000', 'invalid-date', '2020-01-01 01:02:03.45'],
  ] as const) {
    assert.equal(classifyDate(Buffer.from(text)), found)
    assert.equal(replaceDate(Buffer.from(text), found).toString(), wanted)
  }
})

test('a time is refused exactly when it is negative or beyond 24:00:00', () => {
  for (const text of ['00:00:00', '23:59:59.999999', '24:00:00', '24:00:00.000000'])
    assert.equal(classifyTime(Buffer.from(text)), null, text)
  for (const [text, wanted] of [
    ['-00:00:01', '00:00:00'],
    ['-838:59:59', '00:00:00'],
    ['24:00:01', '24:00:00'],
    ['24:00:00.000001', '24:00:00'],
    ['30:00:00', '24:00:00'],
    ['838:59:59', '24:00:00'],
  ] as const) {
    assert.equal(classifyTime(Buffer.from(text)), 'time-out-of-range', text)
    assert.equal(replaceTime(Buffer.from(text)).toString(), wanted)
  }
})
