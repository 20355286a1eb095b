import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectedMs, fitOf, type Size, type Timings } from '../../../src/model/forecast.ts'
import { stepIds } from '../../../src/model/row-id.ts'
import { compile } from '../../../src/runbook/compile.ts'
import { forecastOf } from '../../../src/runbook/forecast.ts'
import { rowCosts } from '../../../src/runbook/row-costs.ts'
import { runbook } from '../../../src/runbook/rows.ts'
import { migrationWith } from '../../support/migrations.ts'

const plan = compile(runbook, migrationWith())
const small: Size = { rows: 1000, bytes: 1_000_000, keys: 1000, redisBytes: 1_000_000, tenants: 3 }
const large: Size = { rows: 100_000, bytes: 100_000_000, keys: 100_000, redisBytes: 100_000_000, tenants: 3 }
const at = '2026-11-27T12:00:00Z'

/** A rehearsal of this size in which a row took a second, and a second more for each 1,000 rows. */
function rehearsal(size: Size, traits: Partial<Timings> = {}): Timings {
  return {
    version: 1,
    at,
    source: { release: '2.13', database: 'mariadb' },
    machine: { cores: 2, memoryBytes: 8e9 },
    clusters: 'simulated',
    size,
    rows: stepIds.map((id) => ({ id, workMs: { apply: 600 + size.rows, confirm: 400 } })),
    ...traits,
  }
}

function measuredOf(timings: readonly Timings[], size: Size, row = 'convert-to-postgres') {
  const found = forecastOf(plan, timings, size, at).rows.find(({ id }) => id === row)
  assert.ok(found)
  return found
}

test('every row of an outage has its cost, and the outage is their sum', () => {
  assert.deepEqual(Object.keys(rowCosts), [...stepIds])
  const forecast = forecastOf(plan, [rehearsal(small)], large, at)
  assert.deepEqual(
    forecast.rows.map(({ id }) => id),
    plan.rows.filter(({ inOutage }) => inOutage).map(({ id }) => id),
  )
  for (const end of [0, 1] as const) {
    const sum = forecast.rows.reduce((total, { measuredMs, usualMs }) => total + measuredMs[end] + usualMs[end], 0)
    assert.equal(forecast.downtimeMs[end], sum)
  }
})

test('one rehearsal leaves open what grows; two of different sizes tell it apart', () => {
  assert.deepEqual(measuredOf([rehearsal(small)], large).measuredMs, [2000, 200_000], 'not at all, or in proportion')
  const both = [rehearsal(small), rehearsal({ ...small, rows: 11_000 })]
  // 1 s and 100 times 1 s.
  assert.deepEqual(measuredOf(both, large).measuredMs, [0.75 * 101_000, 1.5 * 101_000])
  assert.deepEqual(measuredOf(both, large).measuredMs, measuredOf(both.toReversed(), large).measuredMs)
})

test('a row that does not grow is as it was measured; a rehearsal of the very size says it exactly', () => {
  assert.deepEqual(measuredOf([rehearsal(small)], large, 'enterprise-plan').measuredMs, [2000, 2000])
  assert.deepEqual(measuredOf([rehearsal(large)], large).measuredMs, [101_000, 101_000])
})

test('what clusters and people need is added, once per hop, and not where real clusters were rehearsed on', () => {
  const upgrade = measuredOf([rehearsal(small)], small, 'upgrade-3scale')
  const [least, most] = rowCosts['upgrade-3scale'].usualMinutes
  assert.ok(plan.hops.length > 1)
  assert.deepEqual(upgrade.usualMs, [least * 60_000 * plan.hops.length, most * 60_000 * plan.hops.length])
  assert.deepEqual(measuredOf([rehearsal(small, { clusters: 'real' })], small, 'upgrade-3scale').usualMs, [0, 0])
  const without = forecastOf(plan, [], small, at)
  assert.ok(without.rows.every(({ measuredMs }) => measuredMs[1] === 0) && without.downtimeMs[0] > 0)
})

test('an outage is held against its limit by what is expected, and is tight when its longest does not fit', () => {
  const forecast = { downtimeMs: [60, 180] as [number, number] }
  assert.equal(expectedMs(forecast), 120)
  assert.deepEqual(
    [180, 179, 120, 119].map((limitMs) => fitOf(forecast, limitMs)),
    ['fits', 'tight', 'tight', 'too-long'],
  )
})
