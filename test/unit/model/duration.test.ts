import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDurationMs } from '../../../src/model/duration.ts'

test('hours and minutes are read, alone and together', () => {
  assert.equal(parseDurationMs('4h'), 14_400_000)
  assert.equal(parseDurationMs('90m'), 5_400_000)
  assert.equal(parseDurationMs('1h30m'), 5_400_000)
})

test('anything else is no duration', () => {
  for (const text of ['', '4', 'h', '4 h', '30m1h', '-1h', '0h', '0m', '4d'])
    assert.equal(parseDurationMs(text), undefined, text)
})
