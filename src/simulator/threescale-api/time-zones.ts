import { periodOf } from '../source-world/compact-time.ts'

export const granularities = ['month', 'day', 'hour'] as const
export type Granularity = (typeof granularities)[number]

const hourMs = 3_600_000

/** An instant from `2025-04-23`, `2025-04-23 17:40:00` or an ISO date with its own zone. Throws what is neither. */
export function zonedTime(text: string, zone: string): number {
  const local = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?$/.exec(text.trim())
  const ms = Date.parse(local === null ? text : `${local[1]}T${local[2] ?? '00:00'}Z`)
  if (Number.isNaN(ms)) throw new RangeError('no date')
  return local === null ? ms : ms - offsetMs(zone, ms - offsetMs(zone, ms))
}

/** How far the zone's clocks are ahead of UTC at an instant. Throws for a zone that does not exist. */
function offsetMs(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

/**
 * The hours, days or months of a range, each with the names of the counters that make it up.
 *
 * Counters are by UTC: in another zone a day or month is the sum of its hours.
 */
export function intervalsOf(range: {
  readonly since: number
  readonly until: number
  readonly zone: string
  readonly granularity: Granularity
}): readonly { readonly periods: readonly string[] }[] {
  const { since, until, zone, granularity } = range
  const intervals: { readonly periods: readonly string[] }[] = []
  const inUtc = zone === 'UTC' || zone === 'Etc/UTC'
  let start = startOf(granularity, since, zone)
  while (start <= until) {
    const next = startOfNext(granularity, start, zone)
    intervals.push({ periods: inUtc || granularity === 'hour' ? [periodOf(granularity, start)] : hours(start, next) })
    start = next
  }
  return intervals
}

function hours(from: number, to: number): readonly string[] {
  const names: string[] = []
  for (let at = from; at < to; at += hourMs) names.push(periodOf('hour', at))
  return names
}

function startOf(granularity: Granularity, at: number, zone: string): number {
  if (granularity === 'hour') return at - (at % hourMs)
  const local = new Date(at + offsetMs(zone, at)).toISOString()
  return zonedTime(granularity === 'day' ? local.slice(0, 10) : `${local.slice(0, 7)}-01`, zone)
}

/** A day has 23 to 25 hours and a month 28 to 31 days: well into the next one, and back to its start. */
function startOfNext(granularity: Granularity, start: number, zone: string): number {
  const beyond = { hour: hourMs, day: 36 * hourMs, month: 32 * 24 * hourMs }[granularity]
  return startOf(granularity, start + beyond, zone)
}
