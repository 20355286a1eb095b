import { datetime, worldNow } from './calendar.ts'
import type { Application, Outline, Service, Tenant } from './outline.ts'
import { hexOf } from './random.ts'
import type { RedisCommand } from './redis-command.ts'
import { counterCommands } from './redis-counters.ts'
import {
  applicationIdOf,
  applicationKeysOf,
  everyApplication,
  lastAlertIdOf,
  referrersOf,
  userKeyOf,
} from './tables/applications.ts'
import { lastBackendEventIdOf } from './tables/history.ts'
import { limitsOf } from './tables/plans.ts'
import { alertLimitsOf, backendVersionOf, everyService } from './tables/services.ts'

/** Everything in the storage database: credentials and limits as in MySQL, counters, events, and a little rubbish. */
export function* storageCommands(outline: Outline): Generator<RedisCommand> {
  const byService = new Map<number, Application[]>()
  for (const { application } of everyApplication(outline)) {
    const list = byService.get(application.service.id)
    if (list === undefined) byService.set(application.service.id, [application])
    else list.push(application)
  }
  yield* tenantKeys(outline)
  for (const service of everyService(outline)) {
    const applications = byService.get(service.id) ?? []
    yield* serviceKeys(outline, service, applications)
    for (const application of applications) yield* applicationKeys(outline, application)
    yield* counterCommands(outline, service, applications)
  }
  yield* eventKeys(outline)
  yield* leftovers(outline)
}

/** A tenant's provider key is the user key of its own application at the master, and the master has one there too. */
function providerKeyOf(outline: Outline, tenant: Tenant): string {
  const own = outline.master.buyers.find((buyer) => buyer.id === tenant.id)?.applications[0]
  if (own === undefined) throw new Error(`bug: account ${tenant.id} has no application at the master`)
  return userKeyOf(outline, own)
}

function* tenantKeys(outline: Outline): Generator<RedisCommand> {
  const keys: string[] = []
  for (const tenant of outline.everyone) {
    const [first] = tenant.services
    if (first === undefined) continue
    const key = providerKeyOf(outline, tenant)
    keys.push(key)
    yield ['SADD', `service/provider_key:${key}/ids`, ...tenant.services.map((service) => String(service.id))]
    yield ['SET', `service/provider_key:${key}/id`, String(first.id)]
  }
  yield ['SADD', 'provider_keys_set', ...keys]
  yield ['SADD', 'services_set', ...[...everyService(outline)].map((service) => String(service.id))]
}

function* serviceKeys(
  outline: Outline,
  service: Service,
  applications: readonly Application[],
): Generator<RedisCommand> {
  const id = `service/id:${service.id}`
  const of = `service_id:${service.id}`
  yield ['SET', `${id}/state`, service.tenant.suspended ? 'suspended' : 'active']
  yield ['SET', `${id}/referrer_filters_required`, '0']
  yield ['SET', `${id}/backend_version`, backendVersionOf(service)]
  yield ['SET', `${id}/provider_key`, providerKeyOf(outline, service.tenant)]
  yield ['HSET', `service_token/token:${hexOf(outline.seed, 'service-token', service.id, 64)}/${of}`, 'permissions', '']
  yield ['SADD', `alerts/${of}/allowed_set`, ...alertLimitsOf(service).map(String)]
  yield ['SADD', `metrics/${of}/ids`, ...service.metrics.map((metric) => String(metric.id))]
  for (const metric of service.metrics) {
    yield ['SET', `metric/${of}/id:${metric.id}/name`, metric.systemName]
    yield ['SET', `metric/${of}/name:${metric.systemName}/id`, String(metric.id)]
    if (metric.parentId !== null) yield ['SET', `metric/${of}/id:${metric.id}/parent_id`, String(metric.parentId)]
  }
  for (const [i, plan] of service.applicationPlans.entries()) {
    for (const limit of limitsOf(service, i)) {
      yield [
        'SET',
        `usage_limit/${of}/plan_id:${plan.id}/metric_id:${limit.metricId}/${limit.period}`,
        String(limit.value),
      ]
    }
  }
  if (applications.length > 0) {
    yield ['SADD', `${of}/applications`, ...applications.map((application) => applicationIdOf(outline, application))]
  }
}

function* applicationKeys(outline: Outline, application: Application): Generator<RedisCommand> {
  const { service, plan } = application
  const of = `service_id:${service.id}`
  const id = applicationIdOf(outline, application)
  const key = `application/${of}/id:${id}`
  yield ['SET', `${key}/state`, application.live ? 'active' : 'suspended']
  yield ['SET', `${key}/plan_id`, String(plan.id)]
  yield ['SET', `${key}/plan_name`, plan.name]
  if (backendVersionOf(service) === '1') {
    yield ['SET', `application/${of}/key:${userKeyOf(outline, application)}/id`, id]
  }
  yield ['SADD', `${key}/keys`, ...applicationKeysOf(outline, application)]
  const referrers = referrersOf(application)
  if (referrers.length > 0) yield ['SADD', `${key}/referrer_filters`, ...referrers]
}

/** Alerts that 3scale has not fetched yet; they and their events are numbered on from those in MySQL. */
function* eventKeys(outline: Outline): Generator<RedisCommand> {
  let eventId = lastBackendEventIdOf(outline)
  let alertId = lastAlertIdOf(outline)
  const events: string[] = []
  for (const service of [...everyService(outline)].slice(0, 12)) {
    const [utilization] = alertLimitsOf(service)
    const object = { id: ++alertId, service_id: String(service.id), utilization }
    const event = { id: ++eventId, type: 'alert', timestamp: datetime(worldNow), object }
    events.push(String(eventId), JSON.stringify(event))
  }
  yield ['ZADD', 'events/queue', ...events]
  yield ['SET', 'events/id', String(eventId)]
  yield ['SET', 'alerts/current_id', String(alertId)]
  yield ['SET', 'events/ping', '1', 'EX', '60']
  const [service] = outline.tenants[0]?.services ?? []
  if (service === undefined) return
  const problem = {
    code: 'metric_invalid',
    message: 'metric "zápis" is invalid',
    timestamp: `${datetime(worldNow)} UTC`,
  }
  yield [
    'RPUSH',
    `errors/service_id:${service.id}`,
    JSON.stringify(problem),
    JSON.stringify({ ...problem, code: 'application_not_found' }),
  ]
  const usage = { service_id: String(outline.master.services[0]?.id), app_id: '1', usage: { transactions: 3 } }
  yield ['RPUSH', 'notify/aggregator/batch', JSON.stringify(usage), JSON.stringify(usage)]
  yield ['SADD', 'set_with_services_marked_for_deletion', '7000001', '7000002']
}

/** Keys of versions long gone, as old installations still hold them. */
function* leftovers(outline: Outline): Generator<RedisCommand> {
  for (const service of [...everyService(outline)].slice(0, 5)) {
    const hits = service.metrics[0]?.id ?? 0
    yield [
      'RPUSH',
      `transactions/service_id:${service.id}`,
      JSON.stringify({ application_id: 'x', usage: { hits: 1 } }),
    ]
    yield ['SET', `stats/{service:${service.id}}/uinstance:alice+b/c:d/metric:${hits}/eternity`, '12']
    yield ['SET', `stats/{service:${service.id}}/city:Brno/metric:${hits}/eternity`, '3']
    yield ['HSET', `service:${service.id}/user:alice`, 'state', 'active', 'plan_id', '1']
    yield ['SET', `alerts/service_id:${service.id}/app_id:x/current_max`, '80']
  }
  yield ['SADD', '{stats_bucket}:12', 'one', 'two']
  yield ['SADD', 'keys_changed_set', 'one']
}

/** Resque's keys: jobs that wait, jobs that failed, and the workers' own records. */
export function* queueCommands(outline: Outline): Generator<RedisCommand> {
  const [service] = outline.tenants[0]?.services ?? []
  const id = String(service?.id ?? 1)
  const enqueued = worldNow / 1000
  const report = {
    class: 'ThreeScale::Backend::Transactor::ReportJob',
    args: [id, { 0: { app_id: 'x', usage: { hits: 1 } } }, enqueued, {}],
  }
  const notify = {
    class: 'ThreeScale::Backend::Transactor::NotifyJob',
    args: [
      providerKeyOf(outline, outline.tenants[0] ?? outline.master),
      { 'transactions/authorize': 5 },
      datetime(worldNow),
      enqueued,
    ],
  }
  const worker = 'backend-worker-1-x7k2p:1:priority,main,stats'
  yield ['SADD', 'resque:queues', 'priority', 'main', 'stats']
  yield [
    'RPUSH',
    'resque:queue:priority',
    JSON.stringify(report),
    JSON.stringify({ ...report, args: [id, {}, enqueued + 1, {}] }),
  ]
  yield ['RPUSH', 'resque:queue:main', JSON.stringify(notify)]
  yield [
    'RPUSH',
    'resque:failed',
    JSON.stringify({
      failed_at: datetime(worldNow),
      payload: report,
      exception: 'Errno::ECONNRESET',
      error: 'příliš pozdě',
      backtrace: [],
      worker,
      queue: 'priority',
    }),
  ]
  yield ['SADD', 'resque:workers', worker]
  yield ['SET', `resque:worker:${worker}:started`, '2025-04-20 08:00:00 +0000']
  yield ['SET', `resque:stat:processed:${worker}`, '81234']
  yield ['SET', 'resque:stat:processed', '981234']
  yield ['SET', 'resque:stat:failed', '12']
}
