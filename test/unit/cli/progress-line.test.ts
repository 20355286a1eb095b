import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, count, duration, progressLine, tableProgressPrinter } from '../../../src/cli/progress-line.ts'
import type { TableProgress } from '../../../src/ports/system-database.ts'
import { fakeContext } from '../../support/fake-context.ts'

const half: TableProgress = {
  phase: 'copy',
  table: 'messages',
  tableNumber: 12,
  tableCount: 90,
  rows: 41_200,
  estimatedRows: 50_000,
  bytes: 8_123_456,
  done: false,
  allRows: 620_000,
  allEstimatedRows: 1_000_000,
  allBytes: 99_000_000,
  elapsedMs: 5000,
  remainingMs: [3000, 5000],
}

test('a line says which table, how far, how fast and how long still', () => {
  assert.equal(
    progressLine(half),
    'copy   [12/90] messages  41,200 of ~50,000 rows · 8.1 MB | all 62 % · 124,000 rows/s · 3 s to 5 s left',
  )
})

test('a finished table has no estimate any more', () => {
  assert.match(progressLine({ ...half, done: true }), /messages {2}41,200 rows · 8\.1 MB/)
})

test('an estimate that was too low never says 100 %', () => {
  const line = progressLine({ ...half, allRows: 2_000_000, remainingMs: null })
  assert.match(line, /all 99 % · 400,000 rows\/s$/)
})

test('a forecast whose ends are the same is said once', () => {
  assert.match(progressLine({ ...half, remainingMs: [3900, 4100] }), / · about 4 s left$/)
})

test('the first moments give no rate, and an empty database no division by nothing', () => {
  assert.match(progressLine({ ...half, elapsedMs: 100, remainingMs: null }), /all 62 % · –$/)
  assert.match(progressLine({ ...half, allRows: 0, allEstimatedRows: 0, remainingMs: null }), /all 99 % · –$/)
})

test('numbers, bytes and durations are written for people', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567].map(count), ['0', '999', '1,000', '1,234,567'])
  assert.deepEqual([0, 999, 1000, 8_123_456, 2.5e9, 3e12, 4e15].map(bytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '8.1 MB',
    '2.5 GB',
    '3.0 TB',
    '4000.0 TB',
  ])
  assert.deepEqual([0, 0.4, 8, 59.4, 59.6, 250, 3599.6, 7500].map(duration), [
    '0 s',
    '0 s',
    '8 s',
    '59 s',
    '1 min 0 s',
    '4 min 10 s',
    '1 h 0 min',
    '2 h 5 min',
  ])
})

test('without a terminal only large tables get a line, once they are done', () => {
  const { context, stderr } = fakeContext()
  const printer = tableProgressPrinter(context, false)
  for (const progress of [half, { ...half, done: true, rows: 9_999 }, { ...half, done: true }]) printer.show(progress)
  printer.end()
  assert.equal(stderr(), `${progressLine({ ...half, done: true })}\n`)
})

test('on a terminal one line is written over and cut to its width, and gone at the end', () => {
  const { context, stderr } = fakeContext({ isTTY: true })
  const printer = tableProgressPrinter(context, false)
  printer.show(half)
  printer.end()
  printer.end()
  const clear = '\r\u001B[2K'
  assert.equal(stderr(), `${clear}${progressLine(half).slice(0, 99)}${clear}`)
})

test('with --json every record is a line of JSON, but a person at a terminal sees the one line', () => {
  const forMachine = fakeContext()
  const printer = tableProgressPrinter(forMachine.context, true)
  for (const progress of [half, { ...half, done: true }]) printer.show(progress)
  printer.end()
  const records = forMachine.stderr().trimEnd().split('\n')
  assert.deepEqual(
    records.map((line) => JSON.parse(line)),
    [half, { ...half, done: true }].map((progress) => ({ kind: 'progress', ...progress })),
  )
  const forPerson = fakeContext({ isTTY: true })
  tableProgressPrinter(forPerson.context, true).show(half)
  assert.ok(forPerson.stderr().endsWith(progressLine(half).slice(0, 99)))
})
