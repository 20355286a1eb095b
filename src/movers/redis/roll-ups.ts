import type { RollUpWarning } from '../../ports/redis.ts'
import { granularities } from '../../threescale/backend-keys.ts'
import type { CounterTally, IntegerSum, MetricTally } from './counter-tally.ts'

const mostWarnings = 100

export interface RollUps {
  readonly checked: number
  readonly broken: number
  readonly warnings: readonly RollUpWarning[]
}

/**
 * Whether the counters add up: what the applications used is what the service used, a month is its days.
 *
 * Only sums that have keys on both sides are compared. Warnings, never more: a value set by `#`, a purged hour or an old
 * timestamp breaks them rightly; half a snapshot breaks them too.
 */
export function checkRollUps(tally: CounterTally): RollUps {
  const warnings: RollUpWarning[] = []
  let checked = 0
  let broken = 0
  const compare = (left: IntegerSum, right: IntegerSum, warning: Omit<RollUpWarning, 'left' | 'right'>) => {
    if (left.keys === 0 || right.keys === 0) return
    checked++
    if (left.value === right.value) return
    broken++
    if (warnings.length < mostWarnings) warnings.push({ ...warning, left: `${left.value}`, right: `${right.value}` })
  }
  for (const [id, { metrics }] of tally.services.entries()) {
    const service = tally.serviceNames.nameOf(id)
    for (const metric of metrics.values()) {
      const about = { service, metric: tally.metricNames.nameOf(metric.nameId) }
      for (const { rule, left, right } of rulesFor(metric)) compare(left, right, { rule, ...about })
      for (const [month, { counter, days }] of metric.months) {
        compare(counter, days, { rule: 'months = days', ...about, month: String(month) })
      }
    }
  }
  return { checked, broken, warnings }
}

function rulesFor(metric: MetricTally): readonly {
  readonly rule: RollUpWarning['rule']
  readonly left: IntegerSum
  readonly right: IntegerSum
}[] {
  const own = sumOf(metric.service)
  const all = sumOf(metric.applications)
  return [
    { rule: 'eternity = applications', left: own('eternity'), right: all('eternity') },
    { rule: 'weeks = days', left: own('week'), right: own('day') },
    { rule: 'application years = months', left: all('year'), right: all('month') },
    { rule: 'application months = days', left: all('month'), right: all('day') },
    { rule: 'application weeks = days', left: all('week'), right: all('day') },
  ]
}

function sumOf(sums: readonly IntegerSum[]): (granularity: (typeof granularities)[number]) => IntegerSum {
  return (granularity) => {
    const sum = sums[granularities.indexOf(granularity)]
    if (sum === undefined) throw new Error(`bug: no sum for ${granularity}`)
    return sum
  }
}
