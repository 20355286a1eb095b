import type { Release } from '../../model/release.ts'
import type { QueueLength, SidekiqSample } from '../../ports/queues.ts'
import { inFlightSuffixes, resqueFacts, sidekiqFacts, sidekiqKeys } from '../../threescale/queues.ts'
import type { RedisReader } from './redis-reader.ts'

const scheduledPerPage = 500

export interface SidekiqQuestion {
  readonly release: Release
  readonly namespace?: string
  readonly ignoreScheduled: readonly string[]
}

/**
 * Sidekiq as it stands at this moment, over all its namespaces. Reads only.
 *
 * Faults and abort: those of `redis`. Source: the facts of `src/threescale/queues.ts`.
 */
export async function sampleSidekiq(redis: RedisReader, question: SidekiqQuestion): Promise<SidekiqSample> {
  const samples: SidekiqSample[] = []
  for (const prefix of await prefixesOf(redis, question)) samples.push(await sampleOne(redis, prefix, question))
  return samples.reduce((a, b) => ({
    queues: [...a.queues, ...b.queues],
    queued: a.queued + b.queued,
    busy: a.busy + b.busy,
    inFlight: a.inFlight + b.inFlight,
    scheduled: a.scheduled + b.scheduled,
    scheduledIgnored: a.scheduledIgnored + b.scheduledIgnored,
    retries: a.retries + b.retries,
    dead: a.dead + b.dead,
    liveProcesses: a.liveProcesses + b.liveProcesses,
    staleProcesses: a.staleProcesses + b.staleProcesses,
    processed: String(BigInt(a.processed) + BigInt(b.processed)),
    failed: String(BigInt(a.failed) + BigInt(b.failed)),
  }))
}

/** What stands before every key: nothing, or `<namespace>:`. */
async function prefixesOf(redis: RedisReader, question: SidekiqQuestion): Promise<readonly string[]> {
  if (!sidekiqFacts[question.release].namespaced) return ['']
  if (question.namespace !== undefined) return [question.namespace === '' ? '' : `${question.namespace}:`]
  const prefixes = new Set([''])
  for (const name of [sidekiqKeys.queues, sidekiqKeys.processes]) {
    for (const key of await redis.keysLike(`*:${name}`, 'set')) prefixes.add(key.slice(0, -name.length))
  }
  // The backend's queues have a set of that name too, where both share a database.
  prefixes.delete(resqueFacts.prefix)
  return [...prefixes]
}

async function sampleOne(redis: RedisReader, prefix: string, question: SidekiqQuestion): Promise<SidekiqSample> {
  const key = (name: string) => prefix + name
  const names = new Set(await redis.members(key(sidekiqKeys.queues)))
  // A name is missing from the set before the first job and after somebody has tidied up; its list may be there.
  for (const name of sidekiqFacts[question.release].queues) names.add(name)
  const queues: QueueLength[] = []
  for (const name of [...names].sort()) {
    queues.push({ name: prefix + name, jobs: await redis.count('LLEN', key(sidekiqKeys.queue(name))) })
  }
  const scheduled = await redis.count('ZCARD', key(sidekiqKeys.schedule))
  return {
    queues: prefix === '' ? queues : queues.filter(({ jobs }) => jobs > 0),
    queued: queues.reduce((sum, { jobs }) => sum + jobs, 0),
    scheduled,
    scheduledIgnored: await ignoredOf(redis, key(sidekiqKeys.schedule), question.ignoreScheduled),
    retries: await redis.count('ZCARD', key(sidekiqKeys.retry)),
    dead: await redis.count('ZCARD', key(sidekiqKeys.dead)),
    ...(await sampleProcesses(redis, prefix)),
    processed: wholeText(await redis.text('GET', key(sidekiqKeys.processed))),
    failed: wholeText(await redis.text('GET', key(sidekiqKeys.failed))),
  }
}

async function sampleProcesses(
  redis: RedisReader,
  prefix: string,
): Promise<Pick<SidekiqSample, 'busy' | 'inFlight' | 'liveProcesses' | 'staleProcesses'>> {
  const found = { busy: 0, inFlight: 0, liveProcesses: 0, staleProcesses: 0 }
  for (const process of await redis.members(prefix + sidekiqKeys.processes)) {
    const busy = await redis.text('HGET', prefix + process, 'busy')
    if (busy === null) found.staleProcesses++
    else {
      found.liveProcesses++
      found.busy += Number(wholeText(busy))
    }
    for (const suffix of inFlightSuffixes) found.inFlight += await redis.count('HLEN', prefix + process + suffix)
  }
  return found
}

/** How many scheduled jobs are of the classes that do not count. Pages, for there may be many. */
async function ignoredOf(redis: RedisReader, key: string, classes: readonly string[]): Promise<number> {
  if (classes.length === 0) return 0
  let ignored = 0
  for (let from = 0; ; from += scheduledPerPage) {
    const jobs = await redis.list('ZRANGE', key, String(from), String(from + scheduledPerPage - 1))
    ignored += jobs.filter((job) => classes.includes(classOf(job))).length
    if (jobs.length < scheduledPerPage) return ignored
  }
}

/** A job's class; of an ActiveJob, the class that is wrapped. Empty when it is no job. */
function classOf(json: string): string {
  try {
    const job: unknown = JSON.parse(json)
    if (typeof job !== 'object' || job === null) return ''
    if ('wrapped' in job && typeof job.wrapped === 'string') return job.wrapped
    return 'class' in job && typeof job.class === 'string' ? job.class : ''
  } catch {
    // Not JSON, so not Sidekiq's: it counts.
    return ''
  }
}

function wholeText(text: string | null): string {
  return text !== null && /^\d+$/.test(text) ? text : '0'
}
