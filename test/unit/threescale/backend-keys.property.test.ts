import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { classify, granularities, parseStatsKey, StatsKey } from '../../../src/threescale/backend-keys.ts'

const statsPattern =
  /^stats\/\{service:([^}]*)\}\/(?:(c|u)instance:(.*)\/)?(metric|response_code):([^/]*)\/(eternity|(?:year|month|week|day|hour|minute):\d+)$/s

/** What `classify` does, plainly: the first pattern that fits. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/^stats\/\{service:[^}]*\}\/cinstances$/s, 'applications seen'],
  [/^stats\/\{service:[^}]*\}\/(?=.*\/)(?:(?:.*\/)?(?:city|country):.*|.*:N\/A)$/s, 'counters of old dimensions'],
  [/^stats\/\{service:/, 'unknown'],
  [/^events\/queue$/, 'event queue'],
  [/^(?:events\/id|alerts\/current_id)$/, 'event and alert numbers'],
  [/^events\/ping$/, 'event ping'],
  [/^errors\/service_id:/, 'integration errors'],
  [/^notify\/aggregator\/batch$/, 'notification batch'],
  [/^set_with_services_marked_for_deletion$/, 'services to delete'],
  [/^alerts\/service_id:.*\/already_notified$/s, 'alerts sent'],
  [/^alerts\/service_id:.*\/allowed_set$/s, 'alert limits'],
  [/^alerts\/service_id:.*\/(?:current_max|last_time_period|stats_utilization)$/s, 'old alert state'],
  [/^daily_traffic\/service:/, 'daily traffic'],
  [/^service\/id:.*\/(?:state|referrer_filters_required|backend_version|provider_key)$/s, 'services'],
  [/^service\/provider_key:.*\/ids?$/s, 'provider keys'],
  [/^(?:services_set|provider_keys_set)$/, 'service and provider lists'],
  [/^service_token\/token:/, 'service tokens'],
  [/^service_id:.*\/applications$/s, 'application lists'],
  [/^application\/service_id:.*\/(?:state|plan_id|plan_name|redirect_url|keys|referrer_filters)$/s, 'applications'],
  [/^application\/service_id:.*\/id$/s, 'user keys'],
  [/^metric\/service_id:/, 'metrics'],
  [/^metrics\/service_id:.*\/ids$/s, 'metric lists'],
  [/^usage_limit\/service_id:/, 'usage limits'],
  [/^transactions\/service_id:/, 'old transactions'],
  [/^(?:oauth_access_tokens\/|service:|service\/id:.*\/user_set$)/s, 'old tokens and users'],
  [/^(?:\{stats_bucket\}:|keys_changed_set$|keys_changed:)/, 'old changed keys'],
  [/^resque:.*:lock$/s, 'locks'],
  [/^resque:queue:/, 'backend jobs'],
  [/^resque:failed$/, 'failed backend jobs'],
  [/^resque:(?:queues$|workers$|worker:|stat:)/, 'backend workers'],
  [/^(?:queue:|queues$|schedule$|retry$|dead$|processes$|stat:|cron_jobs$|cron_job:|BID-)/, 'Sidekiq of system'],
  [/:lock$/, 'locks'],
]

function plain(key: string): string {
  const counter = statsPattern.exec(key)
  if (counter !== null) {
    if (counter[2] === undefined) return 'service counters'
    if (counter[2] === 'u') return 'user counters'
    return counter[6]?.startsWith('minute') === true ? 'application minute counters' : 'application counters'
  }
  return patterns.find(([pattern]) => pattern.test(key))?.[1] ?? 'unknown'
}

const pieces = [
  '\n',
  ...[
    'stats/ {service: } / : 7 20250423 abc eternity year: month: day: hour: minute: week: cinstance:',
    'uinstance: cinstances metric: response_code: city: country: events/ queue id ping alerts/',
    'service_id: current_id already_notified allowed_set application/ state keys service/ id:',
    'provider_key: ids resque: queue: failed :lock service: queues stat: workers stats/{service:7}/',
    '/metric:12/ N/A :N/A stats/{service:',
  ].flatMap((line) => line.split(' ')),
]
const key = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((all) => all.join('')),
  fc
    .tuple(
      fc.constantFrom('', 'cinstance:', 'uinstance:', 'city:'),
      fc.array(fc.constantFrom(...pieces), { maxLength: 4 }),
    )
    .chain(([owner, middle]) =>
      fc
        .tuple(
          fc.constantFrom('metric:', 'response_code:', 'x:'),
          fc.constantFrom(...granularities),
          fc.stringMatching(/^\d{0,12}$/),
        )
        .map(([what, period, time]) => {
          const of = owner === '' ? '' : `${owner}${middle.join('')}/`
          return `stats/{service:7}/${of}${what}12/${period === 'eternity' ? period : `${period}:${time}`}`
        }),
    ),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('looking at bytes finds what the plain patterns find', () => {
  fc.assert(
    fc.property(key, (text) => {
      const bytes = Buffer.from(`/${text}/metric:1/eternity`, 'latin1')
      assert.equal(classify(bytes, 1, 1 + text.length).name, plain(text))
    }),
    { numRuns: 20_000 },
  )
})

test('taking a key apart finds the parts that the plain pattern finds', () => {
  const into = new StatsKey()
  fc.assert(
    fc.property(key, (text) => {
      const bytes = Buffer.from(text, 'latin1')
      const found = parseStatsKey(bytes, 0, bytes.length, into)
      const [, service, owner, application, what, name, period = ''] = statsPattern.exec(text) ?? []
      assert.equal(found, service !== undefined && owner !== 'u')
      if (!found) return
      const part = (start: number, end: number) => bytes.toString('latin1', start, end)
      assert.equal(part(into.serviceStart, into.serviceEnd), service)
      assert.equal(
        into.applicationStart < 0 ? undefined : part(into.applicationStart, into.applicationEnd),
        application,
      )
      assert.equal(into.isResponseCode, what === 'response_code')
      assert.equal(part(into.nameStart, into.nameEnd), name)
      const [granularity = '', time = ''] = period.split(':')
      assert.equal(granularities[into.granularity], granularity)
      assert.equal(part(into.timeStart, into.timeEnd), time)
    }),
    { numRuns: 10_000 },
  )
})
