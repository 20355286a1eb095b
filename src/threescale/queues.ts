import type { Release } from '../model/release.ts'

export interface SidekiqFacts {
  readonly version: string
  /** Suffix of the hash `<process><suffix>` that holds the jobs a process is working on. */
  readonly inFlightSuffix: ':workers' | ':work'
  /** How often a process says what it works on; a job just fetched is nowhere else for so long. */
  readonly heartbeatMs: number
  /** Whether key NAMESPACE of secret system-redis, when not empty, stands as `<namespace>:` before every key. */
  readonly namespaced: boolean
  /** What system-sidekiq works on; the set `queues` in Redis is the truth. */
  readonly queues: readonly string[]
}

const queuesAtFirst = [
  'backend_sync',
  'billing',
  'critical',
  'default',
  'deletion',
  'events',
  'low',
  'priority',
  'web_hooks',
  'zync',
] as const
const queuesWithMailers = [...queuesAtFirst, 'mailers'] as const

/**
 * Sidekiq in porta, per release.
 *
 * Source: porta `Gemfile.lock` and its Sidekiq configuration at each release; sidekiq `lib/sidekiq/launcher.rb` at
 * tags v5.2.9, v6.4.2 and v7.3.2 for the key names.
 */
export const sidekiqFacts = {
  '2.11': {
    version: '5.2.9',
    inFlightSuffix: ':workers',
    heartbeatMs: 5_000,
    namespaced: true,
    queues: queuesAtFirst,
  },
  '2.12': {
    version: '5.2.9',
    inFlightSuffix: ':workers',
    heartbeatMs: 5_000,
    namespaced: true,
    queues: queuesWithMailers,
  },
  '2.13': {
    version: '5.2.9',
    inFlightSuffix: ':workers',
    heartbeatMs: 5_000,
    namespaced: true,
    queues: queuesWithMailers,
  },
  '2.14': {
    version: '6.4.2',
    inFlightSuffix: ':work',
    heartbeatMs: 5_000,
    namespaced: false,
    queues: queuesWithMailers,
  },
  '2.15': {
    version: '6.4.2',
    inFlightSuffix: ':work',
    heartbeatMs: 5_000,
    namespaced: false,
    queues: queuesWithMailers,
  },
  '2.16': {
    version: '7.3.2',
    inFlightSuffix: ':work',
    heartbeatMs: 10_000,
    namespaced: false,
    queues: queuesWithMailers,
  },
} as const satisfies Record<Release, SidekiqFacts>

/** Both suffixes, for a reader that does not want to trust the release: 6.4.1 still wrote the old one. */
export const inFlightSuffixes = [':work', ':workers'] as const

/**
 * Sidekiq's keys in the system Redis (database 1 unless the URL says otherwise), without a namespace. Other things live
 * in the same database, so its size says nothing.
 */
export const sidekiqKeys = {
  /** Set of queue names ever used. */
  queues: 'queues',
  /** List of a queue's jobs, oldest last. */
  queue: (name: string) => `queue:${name}`,
  /** Sorted sets by epoch seconds: to be run later, to be tried again, given up. */
  schedule: 'schedule',
  retry: 'retry',
  dead: 'dead',
  /** Set of process identities; each is also a hash with fields `info`, `busy`, `beat`, `quiet`, gone after 60 s. */
  processes: 'processes',
  /** Strings that only grow. */
  processed: 'stat:processed',
  failed: 'stat:failed',
} as const

/**
 * When the queues are drained: these are zero, and the processed counter does not grow, in `samples` looks in a row.
 *
 * `dead` is reported and does not count. A process whose hash has expired is gone, not busy. Some schedule entries are
 * cron's and come back for ever; the caller names them.
 */
export const drained = {
  zero: ['queue lengths', 'retry', 'schedule', 'busy of every live process', 'in-flight jobs'],
  samples: 3,
  samplesApartMs: 15_000,
  processExpiresMs: 60_000,
} as const

/**
 * When cron fills the queues again: keep a drain clear of these. Times are UTC.
 *
 * Source: porta's sidekiq-cron configuration, whose monthly and hourly jobs are off.
 */
export const cronRefills = [
  { job: 'weekly', at: '00:00', day: 'Monday' },
  { job: 'daily', at: '08:00', day: 'every' },
  { job: 'billing', at: '08:00', day: 'every' },
] as const

/**
 * The backend's own queues, in the database of REDIS_QUEUES_URL; jobs that are carried are appended, never replaced.
 *
 * Source: apisonator `lib/3scale/backend/worker.rb` and resque 2.6.
 */
export const resqueFacts = {
  prefix: 'resque:',
  queues: ['priority', 'main', 'stats'],
  /** Lists worth carrying after a drain that left something. */
  carry: ['queue:priority', 'queue:main', 'queue:stats', 'failed'],
  /** Patterns that describe processes of the old installation. */
  never: ['workers', 'worker:*', 'stat:*', '*:lock'],
} as const
