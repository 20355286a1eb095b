import { dayMs, hourMs, minuteMs, worldNow } from './calendar.ts'
import { periodOf, type Granularity } from './compact-time.ts'
import type { Application, Outline, Service } from './outline.ts'
import type { RedisCommand } from './redis-command.ts'
import { applicationIdOf } from './tables/applications.ts'
import { alertLimitsOf } from './tables/services.ts'

const serviceGranularities: readonly Granularity[] = ['eternity', 'month', 'week', 'day', 'hour']
const applicationGranularities: readonly Granularity[] = [...serviceGranularities, 'year', 'minute']
const minuteSeconds = 180

/** One service's traffic, as apisonator would have counted it: what an application used, its service has used too. */
export function* counterCommands(
  outline: Outline,
  service: Service,
  applications: readonly Application[],
): Generator<RedisCommand> {
  const random = outline.random(`traffic:${service.id}`)
  const [hits, method] = service.metrics
  const active = applications.filter((application) => application.firstTrafficAt !== null)
  if (hits === undefined || method === undefined || active.length === 0) return
  const counts = new Map<string, number>()
  const instants = [worldNow]
  for (let n = 0; n < 6; n++) instants.push(worldNow - random.below(40) * dayMs - random.below(24) * hourMs)
  for (const application of active) {
    const id = applicationIdOf(outline, application)
    const since = application.firstTrafficAt ?? worldNow
    for (const at of [since + minuteMs, ...instants.filter((instant) => instant - minuteMs > since)]) {
      for (const minute of [at, at - minuteMs]) {
        const used = random.between(1, 900)
        count(counts, service, id, `metric:${hits.id}`, minute, used)
        // A method's usage is part of its metric's.
        if (application.id % 3 === 0) count(counts, service, id, `metric:${method.id}`, minute, Math.ceil(used / 3))
        if (service.id % 4 === 0) {
          count(counts, service, id, 'response_code:200', minute, used)
          count(counts, service, id, 'response_code:2XX', minute, used)
        }
      }
    }
  }
  for (const [key, value] of counts) {
    const command = ['SET', key, String(value)]
    yield key.includes('/minute:') ? [...command, 'EX', String(minuteSeconds)] : command
  }
  yield [
    'SADD',
    `stats/{service:${service.id}}/cinstances`,
    ...active.map((application) => applicationIdOf(outline, application)),
  ]
  yield* shortLived(outline, service, active)
}

function count(
  counts: Map<string, number>,
  service: Service,
  application: string,
  what: string,
  at: number,
  used: number,
): void {
  const prefix = `stats/{service:${service.id}}`
  for (const granularity of serviceGranularities) add(counts, `${prefix}/${what}/${periodOf(granularity, at)}`, used)
  for (const granularity of applicationGranularities) {
    // Minutes live for three minutes, so only the last ones are still there.
    if (granularity === 'minute' && worldNow - at > 2 * minuteMs) continue
    add(counts, `${prefix}/cinstance:${application}/${what}/${periodOf(granularity, at)}`, used)
  }
}

function add(counts: Map<string, number>, key: string, used: number): void {
  counts.set(key, (counts.get(key) ?? 0) + used)
}

function* shortLived(outline: Outline, service: Service, active: readonly Application[]): Generator<RedisCommand> {
  const today = periodOf('day', worldNow).slice('day:'.length)
  for (const application of active) {
    const id = applicationIdOf(outline, application)
    yield ['SET', `daily_traffic/service:${service.id}/cinstance:${id}/${today}`, '1', 'EX', '172800']
    if (application.id % 2 === 0) {
      const [level] = alertLimitsOf(service)
      yield ['SET', `alerts/service_id:${service.id}/app_id:${id}/${level}/already_notified`, '1', 'EX', '86400']
    }
  }
}
