/** What somebody loses without a family: data that is nowhere else, what a rewrite rebuilds, what ends by itself, rubbish. */
export type KeyClass = 'carry' | 'rebuilt' | 'transient' | 'legacy' | 'unknown'

export interface KeyFamily {
  /** Its place in `keyFamilies`. */
  readonly index: number
  readonly name: string
  readonly class: KeyClass
  /** By default: copied as it is, appended to the target's list (jobs), or left behind. */
  readonly handling: 'copy' | 'append' | 'skip'
  /** What a value may be; `counter` is a string that holds an integer. Null: several, or nobody knows. */
  readonly kind: 'string' | 'counter' | 'list' | 'set' | 'zset' | 'hash' | null
  /** True when a key itself may hold a credential or a person's name: show its hash, never the key. */
  readonly secret: boolean
}

type Entry = readonly [KeyClass, KeyFamily['handling'], KeyFamily['kind'], 'secret'?]

/**
 * The families, by name. Storage and queues are told apart by key, never by database number: an installation may hold
 * both in one database, or the databases of system and backend in one server.
 *
 * `copy` of a transient family keeps its expiry: without it, the first day brings alerts and events a second time.
 * Source: apisonator `lib/3scale/backend/stats/keys.rb`, `storage_key_helpers.rb`, `alerts.rb`, `event_storage.rb`,
 * `resque` 2.6, and the keys that its history once wrote.
 */
const entries = {
  'service counters': ['carry', 'copy', 'counter'],
  'application counters': ['carry', 'copy', 'counter'],
  'application minute counters': ['transient', 'copy', 'counter'],
  'applications seen': ['carry', 'copy', 'set'],
  'user counters': ['legacy', 'copy', 'counter', 'secret'],
  'counters of old dimensions': ['legacy', 'skip', null],
  'event queue': ['carry', 'copy', 'zset'],
  'event and alert numbers': ['carry', 'copy', 'counter'],
  'integration errors': ['carry', 'copy', 'list'],
  'notification batch': ['carry', 'copy', 'list'],
  'services to delete': ['carry', 'copy', 'set'],
  'alerts sent': ['transient', 'copy', 'string'],
  'daily traffic': ['transient', 'copy', 'counter'],
  'event ping': ['transient', 'skip', 'string'],
  locks: ['transient', 'skip', 'string'],
  services: ['rebuilt', 'skip', 'string'],
  'provider keys': ['rebuilt', 'skip', null, 'secret'],
  'service and provider lists': ['rebuilt', 'skip', 'set'],
  'service tokens': ['rebuilt', 'skip', 'hash', 'secret'],
  'application lists': ['rebuilt', 'skip', 'set'],
  applications: ['rebuilt', 'skip', null],
  'user keys': ['rebuilt', 'skip', 'string', 'secret'],
  metrics: ['rebuilt', 'skip', 'string'],
  'metric lists': ['rebuilt', 'skip', 'set'],
  'usage limits': ['rebuilt', 'skip', 'counter'],
  'alert limits': ['rebuilt', 'skip', 'set'],
  'old alert state': ['legacy', 'skip', null],
  'old transactions': ['legacy', 'skip', null],
  'old tokens and users': ['legacy', 'skip', null, 'secret'],
  'old changed keys': ['legacy', 'skip', null],
  'backend jobs': ['carry', 'append', 'list'],
  'failed backend jobs': ['carry', 'append', 'list'],
  'backend workers': ['transient', 'skip', null],
  'Sidekiq of system': ['transient', 'skip', null],
  unknown: ['unknown', 'copy', null, 'secret'],
} as const satisfies Record<string, Entry>

export type KeyFamilyName = keyof typeof entries

/** Every family; `keyFamilies[family.index] === family`. */
export const keyFamilies: readonly KeyFamily[] = Object.entries<Entry>(entries).map(
  ([name, [keyClass, handling, kind, secret]], index) => ({
    index,
    name,
    class: keyClass,
    handling,
    kind,
    secret: secret === 'secret',
  }),
)

export function keyFamily(name: KeyFamilyName): KeyFamily {
  const family = keyFamilies.find((candidate) => candidate.name === name)
  if (family === undefined) throw new Error(`bug: there is no family ${name}`)
  return family
}

/**
 * Whether the values of one key that two places hold are added. Not so what a rewrite rebuilds: a usage limit is an
 * integer, but two of them are one limit, known twice.
 */
export function addsUp(family: KeyFamily): boolean {
  return family.kind === 'counter' && family.class !== 'rebuilt'
}

const unknown = keyFamily('unknown')
const serviceCounters = keyFamily('service counters')
const applicationCounters = keyFamily('application counters')
const minuteCounters = keyFamily('application minute counters')
const userCounters = keyFamily('user counters')
const oldDimensions = keyFamily('counters of old dimensions')
const applicationsSeen = keyFamily('applications seen')
const locks = keyFamily('locks')

interface Rule {
  readonly family: KeyFamily
  readonly begins: Buffer
  /** Empty: whatever the end, unless `whole`. */
  readonly ends: Buffer
  readonly whole: boolean
}

/** The rules but the one for counters, by the key's first byte; the first that fits decides. */
const rules: readonly (readonly Rule[] | undefined)[] = byFirstByte([
  rule('events/queue', '$', 'event queue'),
  rule('events/id', '$', 'event and alert numbers'),
  rule('events/ping', '$', 'event ping'),
  rule('errors/service_id:', '', 'integration errors'),
  rule('alerts/current_id', '$', 'event and alert numbers'),
  rule('alerts/service_id:', '/already_notified', 'alerts sent'),
  rule('alerts/service_id:', '/allowed_set', 'alert limits'),
  rule('alerts/service_id:', '/current_max', 'old alert state'),
  rule('alerts/service_id:', '/last_time_period', 'old alert state'),
  rule('alerts/service_id:', '/stats_utilization', 'old alert state'),
  rule('notify/aggregator/batch', '$', 'notification batch'),
  rule('set_with_services_marked_for_deletion', '$', 'services to delete'),
  rule('daily_traffic/service:', '', 'daily traffic'),
  rule('service/id:', '/state', 'services'),
  rule('service/id:', '/referrer_filters_required', 'services'),
  rule('service/id:', '/backend_version', 'services'),
  rule('service/id:', '/provider_key', 'services'),
  rule('service/id:', '/user_set', 'old tokens and users'),
  rule('service/provider_key:', '/ids', 'provider keys'),
  rule('service/provider_key:', '/id', 'provider keys'),
  rule('services_set', '$', 'service and provider lists'),
  rule('provider_keys_set', '$', 'service and provider lists'),
  rule('service_token/token:', '', 'service tokens'),
  rule('service_id:', '/applications', 'application lists'),
  rule('application/service_id:', '/state', 'applications'),
  rule('application/service_id:', '/plan_id', 'applications'),
  rule('application/service_id:', '/plan_name', 'applications'),
  rule('application/service_id:', '/redirect_url', 'applications'),
  rule('application/service_id:', '/keys', 'applications'),
  rule('application/service_id:', '/referrer_filters', 'applications'),
  rule('application/service_id:', '/id', 'user keys'),
  rule('metric/service_id:', '', 'metrics'),
  rule('metrics/service_id:', '/ids', 'metric lists'),
  rule('usage_limit/service_id:', '', 'usage limits'),
  rule('transactions/service_id:', '', 'old transactions'),
  rule('oauth_access_tokens/', '', 'old tokens and users'),
  rule('service:', '', 'old tokens and users'),
  rule('{stats_bucket}:', '', 'old changed keys'),
  rule('keys_changed_set', '$', 'old changed keys'),
  rule('keys_changed:', '', 'old changed keys'),
  rule('resque:', ':lock', 'locks'),
  rule('resque:queue:', '', 'backend jobs'),
  rule('resque:failed', '$', 'failed backend jobs'),
  rule('resque:queues', '$', 'backend workers'),
  rule('resque:workers', '$', 'backend workers'),
  rule('resque:worker:', '', 'backend workers'),
  rule('resque:stat:', '', 'backend workers'),
  rule('queue:', '', 'Sidekiq of system'),
  rule('queues', '$', 'Sidekiq of system'),
  rule('schedule', '$', 'Sidekiq of system'),
  rule('retry', '$', 'Sidekiq of system'),
  rule('dead', '$', 'Sidekiq of system'),
  rule('processes', '$', 'Sidekiq of system'),
  rule('stat:', '', 'Sidekiq of system'),
  rule('cron_jobs', '$', 'Sidekiq of system'),
  rule('cron_job:', '', 'Sidekiq of system'),
  rule('BID-', '', 'Sidekiq of system'),
])

function rule(begins: string, ends: string, name: KeyFamilyName): Rule {
  const whole = ends === '$'
  return { family: keyFamily(name), begins: Buffer.from(begins), ends: Buffer.from(whole ? '' : ends), whole }
}

function byFirstByte(all: readonly Rule[]): (readonly Rule[] | undefined)[] {
  const byByte: (readonly Rule[] | undefined)[] = Array.from({ length: 256 }, () => undefined)
  for (const [byte, group] of Map.groupBy(all, ({ begins }) => begins[0] ?? 0)) byByte[byte] = group
  return byByte
}

const statsPrefix = Buffer.from('stats/{service:')
const cinstances = Buffer.from('cinstances')
const cinstance = Buffer.from('cinstance:')
const uinstance = Buffer.from('uinstance:')
const metricPrefix = Buffer.from('metric:')
const codePrefix = Buffer.from('response_code:')
const lockEnd = Buffer.from(':lock')
const slash = 0x2f

/** Granularities of counters, in the order of their numbers in `StatsKey.granularity`. */
export const granularities = ['eternity', 'year', 'month', 'week', 'day', 'hour', 'minute'] as const
const eternity = 0
const minute = 6
const granularityPrefixes = granularities.map((name) => Buffer.from(name === 'eternity' ? name : `${name}:`))

/**
 * The family of the key `bytes[start, end)`.
 *
 * Makes nothing and looks at bytes alone, for it runs once per key: measured on 2 busy cores with Node 24, 6 million
 * counters a second, reading them included. `backend-keys.property.test.ts` holds it equal to plain regular expressions.
 */
export function classify(bytes: Buffer, start: number, end: number): KeyFamily {
  if (begins(bytes, start, end, statsPrefix)) return statsFamily(bytes, start, end)
  const candidates = start < end ? rules[bytes[start] ?? 0] : undefined
  if (candidates !== undefined) {
    for (const candidate of candidates) {
      if (fits(candidate, bytes, start, end)) return candidate.family
    }
  }
  return finishes(bytes, start, end, lockEnd) ? locks : unknown
}

function fits(candidate: Rule, bytes: Buffer, start: number, end: number): boolean {
  const length = candidate.begins.length
  if (candidate.whole ? end - start !== length : end - start < length + candidate.ends.length) return false
  return begins(bytes, start, end, candidate.begins) && finishes(bytes, start + length, end, candidate.ends)
}

function statsFamily(bytes: Buffer, start: number, end: number): KeyFamily {
  const rest = afterService(bytes, start, end)
  if (rest < 0) return unknown
  const last = slashBefore(bytes, rest, end)
  if (last < 0) {
    return end - rest === cinstances.length && begins(bytes, rest, end, cinstances) ? applicationsSeen : unknown
  }
  const granularity = granularityAt(bytes, last + 1, end)
  const what = slashBefore(bytes, rest, last) + 1
  const from = what === 0 ? rest : what
  if (granularity >= 0 && (begins(bytes, from, last, metricPrefix) || begins(bytes, from, last, codePrefix))) {
    if (from === rest) return serviceCounters
    if (begins(bytes, rest, from - 1, cinstance)) return granularity === minute ? minuteCounters : applicationCounters
    if (begins(bytes, rest, from - 1, uinstance)) return userCounters
  }
  return isOldDimension(bytes.toString('latin1', rest, end)) ? oldDimensions : unknown
}

function isOldDimension(rest: string): boolean {
  return /(?:^|\/)(?:city|country):/.test(rest) || rest.endsWith(':N/A')
}

/** The parts of a counter's key, as positions in the bytes that were parsed. Reused for each key. */
export class StatsKey {
  serviceStart = 0
  serviceEnd = 0
  /** -1 both when it is a service's own counter. May hold any byte. */
  applicationStart = -1
  applicationEnd = -1
  isResponseCode = false
  nameStart = 0
  nameEnd = 0
  /** Index into `granularities`. */
  granularity = 0
  /** The digits, without trailing zeros as apisonator trims them; empty for eternity. */
  timeStart = 0
  timeEnd = 0
}

/** Takes a key of one of the families of service and application counters apart; false for any other. */
export function parseStatsKey(bytes: Buffer, start: number, end: number, into: StatsKey): boolean {
  if (!begins(bytes, start, end, statsPrefix)) return false
  const rest = afterService(bytes, start, end)
  if (rest < 0) return false
  const last = slashBefore(bytes, rest, end)
  if (last < 0) return false
  const granularity = granularityAt(bytes, last + 1, end)
  if (granularity < 0) return false
  const what = slashBefore(bytes, rest, last) + 1
  const from = what === 0 ? rest : what
  into.isResponseCode = begins(bytes, from, last, codePrefix)
  if (!into.isResponseCode && !begins(bytes, from, last, metricPrefix)) return false
  const isApplication = from > rest
  if (isApplication && !begins(bytes, rest, from - 1, cinstance)) return false
  into.applicationStart = isApplication ? rest + cinstance.length : -1
  into.applicationEnd = isApplication ? from - 1 : -1
  into.serviceStart = start + statsPrefix.length
  into.serviceEnd = rest - 2
  into.nameStart = from + (into.isResponseCode ? codePrefix : metricPrefix).length
  into.nameEnd = last
  into.granularity = granularity
  into.timeStart = granularity === eternity ? end : last + 1 + (granularityPrefixes[granularity]?.length ?? 0)
  into.timeEnd = end
  return true
}

/**
 * A counter's time as a number of twelve digits, YYYYMMDDhhmm, in UTC: the zeros that apisonator trims are put back, so
 * `202504231` is 202504231000. NaN when it is not 8 to 12 digits. The month is the number divided by a million.
 */
export function compactTime(bytes: Buffer, start: number, end: number): number {
  const digits = end - start
  if (digits < 8 || digits > 12) return Number.NaN
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  for (let missing = 12 - digits; missing > 0; missing--) value *= 10
  return value
}

/** The position behind `{service:S}/`, or -1. */
function afterService(bytes: Buffer, start: number, end: number): number {
  for (let at = start + statsPrefix.length; at < end - 1; at++) {
    if (bytes[at] === 0x7d) return bytes[at + 1] === slash ? at + 2 : -1
  }
  return -1
}

function slashBefore(bytes: Buffer, from: number, before: number): number {
  for (let at = before - 1; at >= from; at--) if (bytes[at] === slash) return at
  return -1
}

function granularityAt(bytes: Buffer, start: number, end: number): number {
  for (let index = 0; index < granularityPrefixes.length; index++) {
    const prefix = granularityPrefixes[index]
    if (prefix === undefined || bytes[start] !== prefix[0] || !begins(bytes, start, end, prefix)) continue
    const digits = start + prefix.length
    if (index === eternity) return digits === end ? index : -1
    for (let at = digits; at < end; at++) if ((bytes[at] ?? 0) < 0x30 || (bytes[at] ?? 0) > 0x39) return -1
    return digits < end ? index : -1
  }
  return -1
}

function begins(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  const length = prefix.length
  if (end - start < length) return false
  for (let at = 0; at < length; at++) if (bytes[start + at] !== prefix[at]) return false
  return true
}

function finishes(bytes: Buffer, start: number, end: number, suffix: Buffer): boolean {
  return end - start >= suffix.length && begins(bytes, end - suffix.length, end, suffix)
}
