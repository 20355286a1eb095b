import type { Forecast, Size, Timings } from '../model/forecast.ts'
import type { Plan } from '../model/plan.ts'
import type { RowId } from '../model/row-id.ts'
import { rowCosts } from './row-costs.ts'

type Range = readonly [number, number]

const minuteMs = 60_000
/** What a line through two rehearsals is trusted to, below and above. */
const trust: Range = [0.75, 1.5]

/**
 * Forecasts the outage of a plan: what rehearsals measured, scaled to the real size, and what clusters, clouds and people need
 * beside it. Pure.
 *
 * With rehearsals of two sizes, what a row takes in any case and what it takes for each unit are known apart. With one, they
 * are not: the truth lies between a row that does not grow at all and one that grows in proportion. Without any, only what is
 * usual is counted. A rehearsal on real clusters has measured what is usual.
 */
export function forecastOf(plan: Plan, timings: readonly Timings[], size: Size, madeAt: string): Forecast {
  const rows = plan.rows
    .filter(({ inOutage }) => inOutage)
    .flatMap(({ id }) => {
      const cost = costOf(id)
      if (cost === null) return []
      const times = id === 'upgrade-3scale' ? Math.max(1, plan.hops.length) : 1
      const isMeasured = timings.some(({ clusters, rows }) => clusters === 'real' && rows.some((row) => row.id === id))
      const usual = cost.usualMinutes.map((minutes) => (isMeasured ? 0 : minutes * minuteMs * times))
      return [
        {
          id,
          measuredMs: rounded(measured(id, cost.grows, timings, size)),
          usualMs: rounded([usual[0] ?? 0, usual[1] ?? 0]),
        },
      ]
    })
  const sum = (end: 0 | 1) => rows.reduce((total, { measuredMs, usualMs }) => total + measuredMs[end] + usualMs[end], 0)
  return {
    version: 1,
    migration: plan.migration,
    madeAt,
    size,
    rehearsals: timings.map(({ at, clusters, size }) => ({ at, clusters, size })),
    rows,
    downtimeMs: [sum(0), sum(1)],
  }
}

function costOf(id: RowId) {
  return Object.entries(rowCosts).find(([row]) => row === id)?.[1] ?? null
}

function measured(id: RowId, grows: keyof Size | null, timings: readonly Timings[], size: Size): Range {
  const points = timings
    .flatMap(({ rows, size: moved }) => {
      const row = rows.find((one) => one.id === id)
      if (row === undefined) return []
      const tookMs = Object.values(row.workMs).reduce((total, ms) => total + (ms ?? 0), 0)
      return [{ tookMs, moved: grows === null ? 0 : moved[grows] }]
    })
    .toSorted((a, b) => a.moved - b.moved)
  const [small, large] = [points[0], points.at(-1)]
  if (small === undefined || large === undefined) return [0, 0]
  const longest = Math.max(...points.map(({ tookMs }) => tookMs))
  const shortest = Math.min(...points.map(({ tookMs }) => tookMs))
  if (grows === null) return [shortest, longest]
  if (large.moved > small.moved) {
    const perUnit = Math.max(0, (large.tookMs - small.tookMs) / (large.moved - small.moved))
    const expected = Math.max(0, small.tookMs - perUnit * small.moved) + perUnit * size[grows]
    return [expected * trust[0], expected * trust[1]]
  }
  const factor = large.moved === 0 ? 1 : size[grows] / large.moved
  return [shortest * Math.min(1, factor), longest * Math.max(1, factor)]
}

function rounded([least, most]: Range): [number, number] {
  return [Math.round(least), Math.round(most)]
}
