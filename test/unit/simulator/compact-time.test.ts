import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { periodOf } from '../../../src/simulator/source-world/compact-time.ts'

const at = (text: string): number => Date.parse(`${text}Z`)

describe('the names of counting periods', () => {
  const cases = [
    ['hour', '2025-04-23T00:59:00', 'hour:20250423'],
    ['hour', '2025-04-23T01:00:00', 'hour:2025042301'],
    ['hour', '2025-04-23T10:00:00', 'hour:202504231'],
    ['hour', '2025-04-23T20:10:00', 'hour:202504232'],
    ['hour', '2025-04-20T00:00:00', 'hour:20250420'],
    ['hour', '2000-10-10T00:00:00', 'hour:20001010'],
    ['minute', '2025-04-23T17:40:59', 'minute:20250423174'],
    ['minute', '2025-04-23T17:00:00', 'minute:2025042317'],
    ['minute', '2025-04-23T17:05:00', 'minute:202504231705'],
    ['minute', '2025-04-23T20:00:00', 'minute:202504232'],
    ['minute', '2025-04-23T00:00:00', 'minute:20250423'],
    ['day', '2025-04-20T23:00:00', 'day:20250420'],
    ['week', '2025-04-23T10:00:00', 'week:20250421'],
    ['week', '2025-04-21T00:00:00', 'week:20250421'],
    ['week', '2025-04-20T23:59:59', 'week:20250414'],
    ['month', '2025-10-31T10:00:00', 'month:20251001'],
    ['year', '2025-10-31T10:00:00', 'year:20250101'],
    ['eternity', '2025-10-31T10:00:00', 'eternity'],
  ] as const
  for (const [granularity, instant, name] of cases) {
    test(`${instant} counts under ${name}`, () => assert.equal(periodOf(granularity, at(instant)), name))
  }

  test('two instants share an hour or minute name only when they share the hour or minute', () => {
    const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, instants, (one, other) => {
        for (const [granularity, digits] of [
          ['hour', 13],
          ['minute', 16],
        ] as const) {
          const same = one.toISOString().slice(0, digits) === other.toISOString().slice(0, digits)
          assert.equal(periodOf(granularity, one.getTime()) === periodOf(granularity, other.getTime()), same)
        }
      }),
    )
  })

  test('a name padded with zeros to its full length is the instant again', () => {
    const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, (instant) => {
        const digits = instant.toISOString().replaceAll(/\D/g, '')
        assert.equal(padded(periodOf('hour', instant.getTime())), `${digits.slice(0, 10)}0000`)
        assert.equal(padded(periodOf('minute', instant.getTime())), `${digits.slice(0, 12)}00`)
      }),
    )
  })
})

function padded(name: string): string {
  return name.replace(/^\w+:/, '').padEnd(14, '0')
}
