import { periodOf } from '../source-world/compact-time.ts'
import { serviceOf } from './product-routes.ts'
import * as represent from './represent.ts'
import { Digits, type Fields, type Reply } from './reply.ts'
import { type Asked, notFound, type Route } from './route.ts'
import type { Row } from './system-database.ts'
import { type Granularity, granularities, intervalsOf, zonedTime } from './time-zones.ts'

const scope = 'stats'

/** Traffic, from the counters in the backend's Redis. The same under `/stats/api`. */
export const statisticsRoutes: readonly Route[] = ['/stats', '/stats/api'].flatMap((prefix): readonly Route[] => [
  { method: 'GET', path: `${prefix}/services/:service_id/usage`, scope, answer: serviceUsage('metric') },
  { method: 'GET', path: `${prefix}/services/:service_id/usage_response_code`, scope, answer: serviceUsage('code') },
  { method: 'GET', path: `${prefix}/services/:service_id/top_applications`, scope, answer: topApplications },
  { method: 'GET', path: `${prefix}/applications/:id/usage`, scope, answer: applicationUsage('metric') },
  { method: 'GET', path: `${prefix}/applications/:id/usage_response_code`, scope, answer: applicationUsage('code') },
])

function badRequest(message: string): Reply {
  return { kind: 'error', status: 400, message }
}

function serviceUsage(counted: 'metric' | 'code'): Route['answer'] {
  return async (asked) => {
    const service = await serviceOf(asked)
    if (service === undefined) return notFound
    return usage(asked, counted, service, `stats/{service:${String(service['id'])}}`, {
      service: { id: represent.id(service['id']) },
    })
  }
}

function applicationUsage(counted: 'metric' | 'code'): Route['answer'] {
  return async (asked) => {
    const id = asked.params.get('id') ?? ''
    if (!/^\d{1,19}$/.test(id)) return notFound
    const [application] = await asked.installation.database.rows(
      `SELECT c.*, p.name AS plan_name, a.org_name FROM cinstances c JOIN services s ON s.id = c.service_id
       JOIN plans p ON p.id = c.plan_id JOIN accounts a ON a.id = c.user_account_id
       WHERE s.account_id = ? AND c.type = 'Cinstance' AND c.id = ${id}`,
      [asked.caller.account['id'] ?? null],
    )
    if (application === undefined) return notFound
    const service = { id: application['service_id'] ?? null }
    const key = `stats/{service:${service.id}}/cinstance:${encodeKey(String(application['application_id']))}`
    return usage(asked, counted, service, key, { application: applicationFields(application) })
  }
}

function applicationFields(row: Row): Fields {
  return {
    id: represent.id(row['id']),
    name: row['name'] ?? null,
    state: row['state'] ?? null,
    description: row['description'] ?? null,
    plan: { id: represent.id(row['plan_id']), name: row['plan_name'] ?? null },
    account: { id: represent.id(row['user_account_id']), name: row['org_name'] ?? null },
    service: { id: represent.id(row['service_id']) },
  }
}

/** The backend writes a space of a name as `+`. */
function encodeKey(text: string): string {
  return text.replaceAll(' ', '+')
}

async function metricOf(asked: Asked, service: Row): Promise<Row | undefined> {
  const [metric] = await asked.installation.database.rows(
    'SELECT * FROM metrics WHERE service_id = ? AND system_name = ?',
    [service['id'] ?? null, asked.params.get('metric_name') ?? null],
  )
  return metric
}

async function usage(
  asked: Asked,
  counted: 'metric' | 'code',
  service: Row,
  prefix: string,
  source: Fields,
): Promise<Reply> {
  const { params } = asked
  const asksFor = counted === 'metric' ? 'metric_name' : 'response_code'
  if (params.get(asksFor) === undefined) return badRequest(`param is missing or the value is empty: ${asksFor}`)
  const metric = counted === 'metric' ? await metricOf(asked, service) : undefined
  if (counted === 'metric' && metric === undefined) return badRequest(`metric ${params.get('metric_name')} not found`)
  const range = rangeOf(asked)
  if ('message' in range) return badRequest(range.message)
  const what = metric === undefined ? `response_code:${params.get('response_code')}` : `metric:${metric['id']}`
  const values = await valuesOf(asked, `${prefix}/${what}`, range)
  return {
    kind: 'bare',
    fields: {
      ...(metric === undefined
        ? { response_code: { code: params.get('response_code') ?? null } }
        : {
            metric: {
              id: represent.id(metric['id']),
              name: metric['friendly_name'] ?? null,
              system_name: metric['system_name'] ?? null,
              unit: metric['unit'] ?? null,
            },
          }),
      period: {
        name: params.get('period') ?? null,
        since: new Date(range.since).toISOString().replace('.000', ''),
        until: new Date(range.until).toISOString().replace('.000', ''),
        timezone: range.zone,
        granularity: range.granularity,
      },
      total: values.reduce((sum, value) => sum + value, 0n),
      values,
      ...source,
    },
  }
}

interface Range {
  readonly since: number
  readonly until: number
  readonly zone: string
  readonly granularity: Granularity
}

const dayMs = 86_400_000
const longest: Readonly<Record<Granularity, { readonly ms: number; readonly says: string }>> = {
  month: { ms: 3653 * dayMs, says: '10 years' },
  day: { ms: 366 * dayMs, says: '1 year' },
  hour: { ms: 90 * dayMs, says: '90 days' },
}
const granularityOf: Readonly<Record<string, Granularity>> = { year: 'month', month: 'day', week: 'hour', day: 'hour' }
const daysOf: Readonly<Record<string, number>> = { year: 365, month: 30, week: 7, day: 1 }

/** What `since`, `until` or `period`, `granularity` and `timezone` ask for; without a timezone, the account's own. */
function rangeOf({ params, caller, installation }: Asked): Range | { readonly message: string } {
  const zone = params.get('timezone') ?? (String(caller.account['timezone'] ?? '') || 'UTC')
  const period = params.get('period')
  const granularity = granularities.find((name) => name === (params.get('granularity') ?? granularityOf[period ?? '']))
  if (granularity === undefined) {
    return { message: `Granularity must be one of [:month, :day, :hour], not ${params.get('granularity')}` }
  }
  const given = params.get('since')
  const length = (daysOf[period ?? ''] ?? 0) * dayMs
  try {
    const since = given === undefined ? installation.clock.now() - length : zonedTime(given, zone)
    const end = params.get('until')
    if (period === undefined && (given === undefined || end === undefined)) {
      return { message: "You need to specify either 'range' or 'since' and 'until'" }
    }
    const until = period === undefined ? zonedTime(end ?? '', zone) : since + length - 1000
    if (until - since > longest[granularity].ms) {
      return { message: `Time range for the granularity must be less than ${longest[granularity].says}` }
    }
    return { since, until, zone, granularity }
  } catch {
    return { message: 'invalid date or timezone' }
  }
}

const keysPerRead = 1000

/** The counters of a prefix such as `stats/{service:7}/metric:12`, one sum per interval. */
async function valuesOf({ installation }: Asked, prefix: string, range: Range): Promise<readonly bigint[]> {
  const intervals = intervalsOf(range)
  const keys = intervals.flatMap(({ periods }) => periods.map((period) => `${prefix}/${period}`))
  const counts: bigint[] = []
  for (let from = 0; from < keys.length; from += keysPerRead) {
    const texts = await installation.storage.mget(keys.slice(from, from + keysPerRead))
    for (const text of texts) counts.push(BigInt(text ?? 0))
  }
  let at = 0
  return intervals.map(({ periods }) => {
    const sum = counts.slice(at, at + periods.length).reduce((total, count) => total + count, 0n)
    at += periods.length
    return sum
  })
}

/** The ten applications with the most usage; from the set that the backend keeps of those it has seen. */
async function topApplications(asked: Asked): Promise<Reply> {
  const service = await serviceOf(asked)
  if (service === undefined) return notFound
  const metric = await metricOf(asked, service)
  if (metric === undefined) return badRequest(`metric ${asked.params.get('metric_name')} not found`)
  const period = asked.params.get('period') ?? 'month'
  if (period !== 'day' && period !== 'week' && period !== 'month' && period !== 'year') {
    return badRequest('Period must be one of ["year", "month", "week", "day"]')
  }
  const { installation } = asked
  const since = zonedTime(asked.params.get('since') ?? new Date(installation.clock.now()).toISOString(), 'UTC')
  const prefix = `stats/{service:${String(service['id'])}}`
  const counter = `${prefix}/cinstance:*/metric:${String(metric['id'])}/${periodOf(period, since)}`
  const found = await installation.storage.sort(
    `${prefix}/cinstances`,
    'BY',
    counter,
    'LIMIT',
    0,
    10,
    'GET',
    '#',
    'GET',
    counter,
    'DESC',
  )
  const rows: Fields[] = []
  // The answer is flat: an application, its counter, the next one.
  const flat = (Array.isArray(found) ? found : []).map((text) => (typeof text === 'string' ? text : ''))
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [application] = await installation.database.rows(
      `SELECT c.*, p.name AS plan_name, a.org_name FROM cinstances c JOIN plans p ON p.id = c.plan_id
       JOIN accounts a ON a.id = c.user_account_id WHERE c.service_id = ? AND c.application_id = ?`,
      [service['id'] ?? null, flat[at] ?? ''],
    )
    const count = flat[at + 1]
    if (application !== undefined && count) {
      rows.push({ ...applicationFields(application), value: new Digits(count) })
    }
  }
  return { kind: 'bare', fields: { applications: rows } }
}
