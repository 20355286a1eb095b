import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, EpochMs } from '../../../../src/base/clock.ts'
import { PhaseProgress } from '../../../../src/movers/system-database/progress.ts'
import type { TableProgress } from '../../../../src/ports/system-database.ts'

/** Time that passes only when it is told to. */
function handClock() {
  let elapsed = 0
  const clock: Clock = { now: () => 0 as EpochMs, elapsedMs: () => elapsed }
  return { clock, pass: (ms: number) => (elapsed += ms) }
}

interface Expected {
  readonly name: string
  readonly estimatedRows: number
  readonly estimatedBytes: number
}

function phase(tables: readonly Expected[]) {
  const { clock, pass } = handClock()
  const reports: TableProgress[] = []
  const progress = new PhaseProgress('copy', tables, clock, (report) => reports.push(report))
  return { progress, pass, reports, last: () => reports.at(-1) }
}

test('a table is reported when it begins, once a second, and when it ends', () => {
  const { progress, pass, reports } = phase([{ name: 'users', estimatedRows: 100, estimatedBytes: 1000 }])
  const part = progress.begin('users', 100)
  for (let i = 0; i < 100; i++) {
    pass(25)
    part.add(1, 10)
  }
  part.end()
  assert.deepEqual(
    reports.map(({ rows, bytes, elapsedMs, done }) => [rows, bytes, elapsedMs, done]),
    [
      [0, 0, 0, false],
      [40, 400, 1000, false],
      [80, 800, 2000, false],
      [100, 1000, 2500, true],
    ],
  )
})

test('at a steady pace the range holds what is really left, by bytes and not by rows', () => {
  // Few large rows, then many small ones: a forecast by rows would say ten times as long.
  const tables = [
    { name: 'large', estimatedRows: 100, estimatedBytes: 10_000_000 },
    { name: 'small', estimatedRows: 1_000_000, estimatedBytes: 10_000_000 },
  ]
  const { progress, pass, reports } = phase(tables)
  const bytesPerMs = 200
  for (const { name, estimatedRows, estimatedBytes } of tables) {
    const part = progress.begin(name, estimatedRows)
    for (let i = 0; i < 100; i++) {
      pass(estimatedBytes / 100 / bytesPerMs)
      part.add(estimatedRows / 100, estimatedBytes / 100)
    }
    part.end()
  }
  const wholeMs = 20_000_000 / bytesPerMs
  const forecasts = reports.filter(({ remainingMs }) => remainingMs !== null)
  assert.ok(forecasts.length > 90, `${forecasts.length} of ${reports.length}`)
  for (const { elapsedMs, remainingMs } of forecasts) {
    const [least = NaN, most = NaN] = remainingMs ?? []
    const left = wholeMs - elapsedMs
    assert.ok(least <= left && left <= most, `at ${elapsedMs}: ${least} to ${most}, and it is ${left}`)
    assert.ok(most - least <= left * 0.5, `at ${elapsedMs}: ${least} to ${most} says nothing`)
  }
})

test('an estimate that was wrong is put right when its table ends', () => {
  const tables = [
    { name: 'much less', estimatedRows: 1_000_000, estimatedBytes: 1_000_000 },
    { name: 'much more', estimatedRows: 10, estimatedBytes: 1000 },
  ]
  const { progress, pass, last } = phase(tables)
  const first = progress.begin('much less', 1_000_000)
  first.add(10, 10)
  pass(3000)
  first.end()
  assert.equal(last()?.allEstimatedRows, 20)
  const second = progress.begin('much more', 10)
  second.add(500, 50_000)
  pass(1000)
  second.add(500, 50_000)
  assert.equal(last()?.allEstimatedRows, 1010)
})

test('nothing is forecast from the first moments, from a hundredth of the work, or while nothing moves', () => {
  const { progress, pass, last } = phase([{ name: 'users', estimatedRows: 1000, estimatedBytes: 1000 }])
  const part = progress.begin('users', 1000)
  pass(1500)
  part.add(500, 500)
  assert.equal(last()?.remainingMs, null, 'after a second and a half')
  pass(1500)
  part.add(100, 100)
  assert.ok(last()?.remainingMs)
  for (let i = 0; i < 20; i++) {
    pass(1000)
    part.add(0, 0)
  }
  assert.equal(last()?.remainingMs, null, 'nothing has come for twenty seconds')
})

test('a pace that changes widens the range to hold both', () => {
  const { progress, pass, last } = phase([{ name: 'users', estimatedRows: 10_000, estimatedBytes: 10_000 }])
  const part = progress.begin('users', 10_000)
  for (let i = 0; i < 40; i++) {
    pass(1000)
    part.add(100, 100)
  }
  for (let i = 0; i < 20; i++) {
    pass(1000)
    part.add(10, 10)
  }
  const [least = NaN, most = NaN] = last()?.remainingMs ?? []
  const left = 10_000 - 4200
  assert.ok(least <= (left / 70) * 1000, `${least}: as fast as all the time until now`)
  assert.ok(most >= (left / 10) * 1000, `${most}: as slow as now`)
})
