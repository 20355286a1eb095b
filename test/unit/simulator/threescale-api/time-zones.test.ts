import assert from 'node:assert/strict'
import { test } from 'node:test'
import { intervalsOf, zonedTime } from '../../../../src/simulator/threescale-api/time-zones.ts'

test('a date is an instant of its zone, in summer as in winter, unless it brings a zone of its own', () => {
  assert.equal(zonedTime('2025-04-23', 'UTC'), Date.UTC(2025, 3, 23))
  assert.equal(zonedTime('2025-04-23 17:40:00', 'Europe/Zagreb'), Date.UTC(2025, 3, 23, 15, 40))
  assert.equal(zonedTime('2025-01-23 17:40', 'Europe/Zagreb'), Date.UTC(2025, 0, 23, 16, 40))
  assert.equal(zonedTime('2025-04-23T17:40:00Z', 'Europe/Zagreb'), Date.UTC(2025, 3, 23, 17, 40))
  assert.throws(() => zonedTime('yesterday', 'UTC'), RangeError)
  assert.throws(() => zonedTime('2025-04-23', 'Nowhere/Land'), RangeError)
})

test('in UTC a day or month is one counter', () => {
  const range = { since: Date.UTC(2025, 0, 31, 5), until: Date.UTC(2025, 1, 1, 1), zone: 'UTC' }
  assert.deepEqual(intervalsOf({ ...range, granularity: 'day' }), [
    { periods: ['day:20250131'] },
    { periods: ['day:20250201'] },
  ])
  assert.deepEqual(intervalsOf({ ...range, granularity: 'month' }), [
    { periods: ['month:20250101'] },
    { periods: ['month:20250201'] },
  ])
})

test('elsewhere a day is its hours, 23 of them when the clocks go forward', () => {
  const [day, next] = intervalsOf({
    since: zonedTime('2025-03-30', 'Europe/Zagreb'),
    until: zonedTime('2025-03-31', 'Europe/Zagreb'),
    zone: 'Europe/Zagreb',
    granularity: 'day',
  })
  assert.equal(day?.periods.length, 23)
  assert.equal(day?.periods[0], 'hour:2025032923')
  assert.equal(next?.periods.length, 24)
})
