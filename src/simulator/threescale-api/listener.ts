import { never } from '../../base/never.ts'
import { type Granularity, periodOf } from '../source-world/compact-time.ts'
import { addUsage, effectsOf, type MetricUsage } from './backend-usage.ts'
import type { Installation } from './installation.ts'
import { type Answer, escapeXml } from './reply.ts'
import { type ApiRequest, Params } from './request.ts'

const type = 'application/vnd.3scale-v2.0+xml'
const paths = /^\/transactions\/(?:oauth_)?(authorize|authrep)\.xml$/

/**
 * The backend listener: says whether a call may pass by what is in the backend's Redis alone, and counts it there.
 *
 * The real one counts a little later, through a queue. Referrer filters are not looked at.
 * Source: apisonator `lib/3scale/backend/{listener,transactor,errors,validators}` and `docs/rfcs`.
 */
export async function answerBackend(installation: Installation, request: ApiRequest): Promise<Answer> {
  if (request.path === '/status') {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"status":"ok","version":{}}' }
  }
  const verb = paths.exec(request.path)?.[1]
  if (verb === undefined || request.method !== 'GET')
    return { status: 404, headers: { 'content-type': type }, body: '' }
  const params = new Params(request, {})
  const serviceId = await serviceOf(installation, params)
  if (typeof serviceId !== 'string') return refusal(serviceId)
  const application = await applicationOf(installation, serviceId, params)
  if ('code' in application) return refusal(application)
  const usage = await effectsOf(installation, serviceId, params.children('usage'))
  if ('code' in usage) return refusal(usage)
  const rejected = await rejectionOf(installation, serviceId, application, params)
  const limits = await limitsOf(installation, serviceId, application)
  const reason = rejected ?? (exceeds(limits, usage.metrics) ? limitsExceeded : undefined)
  const counts = verb === 'authrep' && reason === undefined
  if (counts) await addUsage(installation, { serviceId, applicationId: application.id }, usage, params.get('log[code]'))
  const asksWhy = request.headers['3scale-options']?.includes('rejection_reason_header=1') ?? false
  return {
    status: reason === undefined ? 200 : 409,
    headers: {
      'content-type': type,
      ...(reason !== undefined && asksWhy ? { '3scale-rejection-reason': reason.code } : {}),
    },
    body: statusXml(installation, application, reason, limits, counts ? usage.metrics : []),
  }
}

interface BackendError {
  readonly status: number
  readonly code: string
  readonly message: string
}

function refusal({ status, code, message }: BackendError): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><error code="${code}">${escapeXml(message)}</error>`
  return { status, headers: { 'content-type': type }, body }
}

/** The service that the gateway's credentials are for. */
async function serviceOf({ storage }: Installation, params: Params): Promise<string | BackendError> {
  const [token, id, key] = [params.get('service_token'), params.get('service_id'), params.get('provider_key')]
  if (key) {
    const service = id ?? (await storage.get(`service/provider_key:${key}/id`)) ?? ''
    const owner = await storage.get(`service/id:${service}/provider_key`)
    if (owner === key) return service
    return { status: 403, code: 'provider_key_invalid', message: `provider key "${key}" is invalid` }
  }
  if (!token) {
    const message = 'Provider key or service token are required'
    return { status: 403, code: 'provider_key_or_service_token_required', message }
  }
  if (!id) return { status: 422, code: 'service_id_missing', message: 'Service ID is missing' }
  if ((await storage.exists(`service_token/token:${token}/service_id:${id}`)) === 1) return id
  const message = `service token "${token}" or service id "${id}" is invalid`
  return { status: 403, code: 'service_token_invalid', message }
}

interface KnownApplication {
  readonly id: string
  readonly state: string
  readonly planId: string
  readonly planName: string
}

async function applicationOf(
  { storage }: Installation,
  serviceId: string,
  params: Params,
): Promise<KnownApplication | BackendError> {
  const [appId, userKey] = [params.get('app_id'), params.get('user_key')]
  if (appId && userKey) {
    const message = 'either app_id or user_key is allowed, not both'
    return { status: 403, code: 'authentication_error', message }
  }
  const of = `application/service_id:${serviceId}`
  const id = userKey ? await storage.get(`${of}/key:${userKey}/id`) : (appId ?? '')
  if (id === null) return { status: 403, code: 'user_key_invalid', message: `user key "${userKey}" is invalid` }
  const [state, planId, planName] = await storage.mget(
    ...['state', 'plan_id', 'plan_name'].map((name) => `${of}/id:${id}/${name}`),
  )
  if (state === null || state === undefined) {
    return { status: 404, code: 'application_not_found', message: `application with id="${id}" was not found` }
  }
  return { id, state, planId: planId ?? '', planName: planName ?? '' }
}

interface Reason {
  readonly code: string
  readonly message: string
}

const limitsExceeded: Reason = { code: 'limits_exceeded', message: 'usage limits are exceeded' }

/** Why it may not pass apart from limits. */
async function rejectionOf(
  { storage }: Installation,
  serviceId: string,
  application: KnownApplication,
  params: Params,
): Promise<Reason | undefined> {
  if ((await storage.get(`service/id:${serviceId}/state`)) === 'suspended') {
    return { code: 'service_not_active', message: 'service is not active' }
  }
  if (application.state !== 'active') return { code: 'application_not_active', message: 'application is not active' }
  // A user key is the proof itself.
  if (params.get('app_id') === undefined) return undefined
  const keys = await storage.smembers(`application/service_id:${serviceId}/id:${application.id}/keys`)
  const given = params.get('app_key')
  if (keys.length === 0 || (given !== undefined && keys.includes(given))) return undefined
  const message = given ? `application key "${given}" is invalid` : 'application key is missing'
  return { code: 'application_key_invalid', message }
}

const periods = ['eternity', 'year', 'month', 'week', 'day', 'hour', 'minute'] as const

interface Limit {
  readonly metricId: string
  readonly metric: string
  readonly period: Granularity
  readonly max: bigint
  readonly current: bigint
}

/** The limits of the application's plan, and how much of each is used. */
async function limitsOf(
  { storage, clock }: Installation,
  serviceId: string,
  application: KnownApplication,
): Promise<readonly Limit[]> {
  const metricIds = (await storage.smembers(`metrics/service_id:${serviceId}/ids`)).sort(
    (a, b) => Number(a) - Number(b),
  )
  const places = metricIds.flatMap((metricId) => periods.map((period) => ({ metricId, period })))
  if (places.length === 0) return []
  const of = `usage_limit/service_id:${serviceId}/plan_id:${application.planId}`
  const maxima = await storage.mget(places.map(({ metricId, period }) => `${of}/metric_id:${metricId}/${period}`))
  const limited = places.flatMap((place, i) => {
    const max = maxima[i]
    return max === null || max === undefined ? [] : [{ ...place, max: BigInt(max) }]
  })
  if (limited.length === 0) return []
  const counters = `stats/{service:${serviceId}}/cinstance:${application.id.replaceAll(' ', '+')}`
  const now = clock.now()
  const used = await storage.mget(
    limited.map(({ metricId, period }) => `${counters}/metric:${metricId}/${periodOf(period, now)}`),
  )
  const names = await storage.mget(limited.map(({ metricId }) => `metric/service_id:${serviceId}/id:${metricId}/name`))
  return limited.map((limit, i) => ({ ...limit, metric: names[i] ?? '', current: BigInt(used[i] ?? 0) }))
}

/** With usage, only the limits of what is used count; without, any that is exceeded already. */
function exceeds(limits: readonly Limit[], usage: readonly MetricUsage[]): boolean {
  return limits.some(({ metricId, current, max }) => {
    if (usage.length === 0) return current > max
    const used = usage.find((metric) => metric.id === metricId)
    return used !== undefined && (used.sets ? used.value : current + used.value) > max
  })
}

function statusXml(
  { clock }: Installation,
  application: KnownApplication,
  reason: Reason | undefined,
  limits: readonly Limit[],
  counted: readonly MetricUsage[],
): string {
  const verdict =
    reason === undefined ? 'true</authorized>' : `false</authorized><reason>${escapeXml(reason.message)}</reason>`
  const reports = limits.map((limit) => {
    const used = counted.find((metric) => metric.id === limit.metricId)
    const current = used === undefined ? limit.current : used.sets ? used.value : limit.current + used.value
    const exceeded = limit.current > limit.max ? ' exceeded="true"' : ''
    return (
      `<usage_report metric="${escapeXml(limit.metric)}" period="${limit.period}"${exceeded}>` +
      `${periodXml(limit.period, clock.now())}<max_value>${limit.max}</max_value>` +
      `<current_value>${current}</current_value></usage_report>`
    )
  })
  const usage = reports.length === 0 ? '' : `<usage_reports>${reports.join('')}</usage_reports>`
  return (
    `<?xml version="1.0" encoding="UTF-8"?><status><authorized>${verdict}` +
    `<plan>${escapeXml(application.planName)}</plan>${usage}</status>`
  )
}

function periodXml(period: Granularity, now: number): string {
  const [start, end] = boundsOf(period, new Date(now))
  if (start === null) return ''
  return `<period_start>${written(start)}</period_start><period_end>${written(end)}</period_end>`
}

function written(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} +0000`
}

/** When a period began, and when the next one does. */
function boundsOf(period: Granularity, now: Date): readonly [number, number] | readonly [null, null] {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  const monday = day - ((now.getUTCDay() + 6) % 7)
  const [hour, minute] = [now.getUTCHours(), now.getUTCMinutes()]
  switch (period) {
    case 'eternity':
      return [null, null]
    case 'year':
      return [Date.UTC(year), Date.UTC(year + 1)]
    case 'month':
      return [Date.UTC(year, month), Date.UTC(year, month + 1)]
    case 'week':
      return [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)]
    case 'day':
      return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)]
    case 'hour':
      return [Date.UTC(year, month, day, hour), Date.UTC(year, month, day, hour + 1)]
    case 'minute':
      return [Date.UTC(year, month, day, hour, minute), Date.UTC(year, month, day, hour, minute + 1)]
    default:
      return never(period)
  }
}
