import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addsUp,
  classify,
  compactTime,
  granularities,
  keyFamilies,
  parseStatsKey,
  StatsKey,
} from '../../../src/threescale/backend-keys.ts'

const familyOf = (key: string) => classify(Buffer.from(key), 0, Buffer.byteLength(key)).name

const examples: Readonly<Record<string, readonly string[]>> = {
  'service counters': [
    'stats/{service:7}/metric:12/eternity',
    'stats/{service:7}/metric:12/hour:202504231',
    'stats/{service:7}/response_code:2XX/month:20250401',
  ],
  'application counters': [
    'stats/{service:7}/cinstance:ab12/metric:12/year:20250101',
    'stats/{service:7}/cinstance:with/slash:and}more/metric:12/day:20250423',
    'stats/{service:7}/cinstance:/response_code:404/week:20250421',
    'stats/{service:7}/cinstance:x/metric:1/eternity/metric:12/eternity',
  ],
  'application minute counters': ['stats/{service:7}/cinstance:ab12/metric:12/minute:20250423174'],
  'user counters': ['stats/{service:7}/uinstance:alice+b/c:d/metric:12/eternity'],
  'applications seen': ['stats/{service:7}/cinstances'],
  'counters of old dimensions': ['stats/{service:7}/city:Brno/metric:12/eternity', 'stats/{service:7}/metric:N/A'],
  'event queue': ['events/queue'],
  'event and alert numbers': ['events/id', 'alerts/current_id'],
  'event ping': ['events/ping'],
  'integration errors': ['errors/service_id:7'],
  'notification batch': ['notify/aggregator/batch'],
  'services to delete': ['set_with_services_marked_for_deletion'],
  'alerts sent': ['alerts/service_id:7/app_id:ab12/90/already_notified'],
  'alert limits': ['alerts/service_id:7/allowed_set'],
  'daily traffic': ['daily_traffic/service:7/cinstance:ab12/20250423'],
  services: ['service/id:7/state', 'service/id:7/backend_version', 'service/id:7/provider_key'],
  'provider keys': ['service/provider_key:abc/ids', 'service/provider_key:abc/id'],
  'service and provider lists': ['services_set', 'provider_keys_set'],
  'service tokens': ['service_token/token:abc/service_id:7'],
  'application lists': ['service_id:7/applications'],
  applications: ['application/service_id:7/id:ab12/state', 'application/service_id:7/id:ab12/keys'],
  'user keys': ['application/service_id:7/key:abc/id'],
  metrics: ['metric/service_id:7/id:12/name', 'metric/service_id:7/name:hits/id'],
  'metric lists': ['metrics/service_id:7/ids'],
  'usage limits': ['usage_limit/service_id:7/plan_id:3/metric_id:12/day'],
  locks: ['resque:threescale::backend::failedjobsscheduler:lock', 'something:lock'],
  'backend jobs': ['resque:queue:priority', 'resque:queue:main'],
  'failed backend jobs': ['resque:failed'],
  'backend workers': ['resque:workers', 'resque:worker:host:1:priority', 'resque:stat:processed', 'resque:queues'],
  'Sidekiq of system': ['queue:default', 'queues', 'schedule', 'BID-abc-jids', 'cron_job:weekly'],
  'old transactions': ['transactions/service_id:7'],
  'old tokens and users': ['oauth_access_tokens/service:7/x', 'service:7/user:alice', 'service/id:7/user_set'],
  'old alert state': ['alerts/service_id:7/app_id:x/current_max', 'alerts/service_id:7/stats_utilization'],
  'old changed keys': ['{stats_bucket}:12', 'keys_changed_set', 'keys_changed:1'],
  unknown: [
    '',
    's',
    'stats/',
    'stats/{service:7',
    'stats/{service:7}',
    'stats/{service:7}/',
    'stats/{service:7}/metric:12',
    'stats/{service:7}/metric:12/decade:20200101',
    'stats/{service:7}/metric:12/day:',
    'stats/{service:7}/metric:12/eternity2',
    'service/id:7/something',
    'events/queue2',
    'session:abc',
  ],
}

test('every family has examples, and they are classified as such', () => {
  assert.deepEqual(Object.keys(examples).sort(), keyFamilies.map(({ name }) => name).sort())
  for (const [name, keys] of Object.entries(examples)) for (const key of keys) assert.equal(familyOf(key), name, key)
})

test('a family is found by its index', () => {
  for (const [index, family] of keyFamilies.entries()) assert.equal(family.index, index)
})

test('what is only in Redis is carried, what is unknown too, and nothing that a rewrite rebuilds', () => {
  for (const { name, class: keyClass, handling } of keyFamilies) {
    if (keyClass === 'carry') assert.notEqual(handling, 'skip', name)
    if (keyClass === 'unknown') assert.equal(handling, 'copy', name)
    if (keyClass === 'rebuilt') assert.equal(handling, 'skip', name)
  }
})

test('two values of a counter are added, of a limit they are not', () => {
  const added = keyFamilies.filter(addsUp).map(({ name }) => name)
  assert.deepEqual(added, [
    'service counters',
    'application counters',
    'application minute counters',
    'user counters',
    'event and alert numbers',
    'daily traffic',
  ])
})

function partsOf(key: string) {
  const bytes = Buffer.from(`>${key}<`)
  const into = new StatsKey()
  if (!parseStatsKey(bytes, 1, bytes.length - 1, into)) return null
  const text = (start: number, end: number) => bytes.toString('utf8', start, end)
  return {
    service: text(into.serviceStart, into.serviceEnd),
    application: into.applicationStart < 0 ? null : text(into.applicationStart, into.applicationEnd),
    isResponseCode: into.isResponseCode,
    name: text(into.nameStart, into.nameEnd),
    granularity: granularities[into.granularity],
    time: text(into.timeStart, into.timeEnd),
  }
}

test('a counter’s key is taken apart from both ends', () => {
  assert.deepEqual(partsOf('stats/{service:7}/cinstance:a/metric:9/b:c/metric:12/hour:202504231'), {
    service: '7',
    application: 'a/metric:9/b:c',
    isResponseCode: false,
    name: '12',
    granularity: 'hour',
    time: '202504231',
  })
  assert.deepEqual(partsOf('stats/{service:7}/response_code:2XX/eternity'), {
    service: '7',
    application: null,
    isResponseCode: true,
    name: '2XX',
    granularity: 'eternity',
    time: '',
  })
  assert.equal(partsOf('stats/{service:7}/uinstance:a/metric:12/eternity'), null)
  assert.equal(partsOf('stats/{service:7}/cinstances'), null)
})

const time = (text: string) => compactTime(Buffer.from(text), 0, text.length)

test('trimmed zeros are put back', () => {
  assert.equal(time('20250423'), 202504230000)
  assert.equal(time('202504231'), 202504231000)
  assert.equal(time('2025042301'), 202504230100)
  assert.equal(time('20250423174'), 202504231740)
  assert.equal(time('202504231745'), 202504231745)
  for (const wrong of ['', '2025', '2025042x', '2025042317450']) assert.ok(Number.isNaN(time(wrong)), wrong)
})
