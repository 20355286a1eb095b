import { type Granularity, periodOf } from '../source-world/compact-time.ts'
import type { Installation } from './installation.ts'

/** What a call uses of one metric, or what its counter is set to. */
export interface MetricUsage {
  readonly id: string
  readonly value: bigint
  readonly sets: boolean
}

export interface Usage {
  readonly metrics: readonly MetricUsage[]
}

interface UsageError {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** The usage of a call by metric id, with what it means for the metrics that others are part of. */
export async function effectsOf(
  { storage }: Installation,
  serviceId: string,
  given: readonly (readonly [string, string])[],
): Promise<Usage | UsageError> {
  const totals = new Map<string, MetricUsage>()
  const of = `metric/service_id:${serviceId}`
  for (const [name, text] of given) {
    const start = await storage.get(`${of}/name:${name}/id`)
    if (start === null) return { status: 404, code: 'metric_invalid', message: `metric "${name}" is invalid` }
    if (!/^#?\d{1,18}$/.test(text)) {
      const message = `usage value "${text}" for metric "${name}" is invalid`
      return { status: 403, code: 'usage_value_invalid', message }
    }
    const sets = text.startsWith('#')
    const value = BigInt(sets ? text.slice(1) : text)
    for (let id: string | null = start; id !== null; id = await storage.get(`${of}/id:${id}/parent_id`)) {
      totals.set(id, { id, value: sets ? value : (totals.get(id)?.value ?? 0n) + value, sets })
    }
  }
  return { metrics: [...totals.values()] }
}

const serviceGranularities: readonly Granularity[] = ['eternity', 'month', 'week', 'day', 'hour']
const applicationGranularities: readonly Granularity[] = [...serviceGranularities, 'year', 'minute']
const minuteSeconds = 180
const dailyTrafficSeconds = 172_800

/** Adds a call's usage to the counters of its service and application, all or none. */
export async function addUsage(
  { storage, clock }: Installation,
  of: { readonly serviceId: string; readonly applicationId: string },
  usage: Usage,
  responseCode: string | undefined,
): Promise<void> {
  if (usage.metrics.length === 0) return
  const now = clock.now()
  const application = of.applicationId.replaceAll(' ', '+')
  const prefix = `stats/{service:${of.serviceId}}`
  const counted = [
    ...usage.metrics.map(({ id, value, sets }) => ({ what: `metric:${id}`, value, sets })),
    ...codesOf(responseCode).map((code) => ({ what: `response_code:${code}`, value: 1n, sets: false })),
  ]
  const transaction = storage.multi()
  for (const { what, value, sets } of counted) {
    const add = (key: string): void => {
      if (sets) transaction.set(key, String(value))
      else transaction.incrby(key, String(value))
    }
    for (const granularity of serviceGranularities) add(`${prefix}/${what}/${periodOf(granularity, now)}`)
    for (const granularity of applicationGranularities) {
      const key = `${prefix}/cinstance:${application}/${what}/${periodOf(granularity, now)}`
      add(key)
      if (granularity === 'minute') transaction.expire(key, minuteSeconds)
    }
  }
  transaction.sadd(`${prefix}/cinstances`, application)
  const today = periodOf('day', now).slice('day:'.length)
  const daily = `daily_traffic/service:${of.serviceId}/cinstance:${application}/${today}`
  transaction.incr(daily)
  transaction.expire(daily, dailyTrafficSeconds)
  for (const [error] of (await transaction.exec()) ?? []) if (error !== null) throw error
}

/** `200` counts as itself and as `2XX`; codes that nobody asks for only as their class. */
function codesOf(code: string | undefined): readonly string[] {
  if (code === undefined || !/^[2-5]\d\d$/.test(code)) return []
  const own = ['200', '403', '404', '500', '503'].includes(code) ? [code] : []
  return [...own, `${code[0]}XX`]
}
