import { sleep } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import type {
  QueuesReport,
  QueuesRequest,
  QueuesSample,
  QueueWatch,
  ResqueSample,
  SidekiqSample,
} from '../../ports/queues.ts'
import { resqueFacts, sidekiqFacts } from '../../threescale/queues.ts'
import { RedisReader } from './redis-reader.ts'
import { sampleSidekiq } from './sidekiq-state.ts'

/** Waits; rejects with the signal's reason when that comes first. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

/**
 * Looks at the queues of system (Sidekiq) and backend (resque) until they were clean `samples` times in a row, or once
 * were not.
 *
 * Clean: nothing queued, busy, in flight, scheduled or to be retried; the counter of done jobs did not move since the look
 * before. One look proves nothing: a job that was just fetched is in no list until the process' next heartbeat.
 */
export function redisQueueWatch(clock: Clock, wait: Sleep = sleep): QueueWatch {
  return { watch: (request) => watch(request, clock, wait) }
}

async function watch(request: QueuesRequest, clock: Clock, wait: Sleep): Promise<QueuesReport> {
  const { release, signal } = request
  const opened: RedisReader[] = []
  const open = async (endpoint: QueuesRequest['system']): Promise<RedisReader | null> => {
    if (endpoint === undefined) return null
    const reader = await RedisReader.open(endpoint, signal)
    opened.push(reader)
    return reader
  }
  try {
    const system = await open(request.system)
    const backend = await open(request.backend)
    const samples: QueuesSample[] = []
    for (let number = 1; number <= request.samples; number++) {
      if (number > 1) await wait(request.everyMs, signal)
      const sidekiq = system === null ? null : await sampleSidekiq(system, request)
      const resque = backend === null ? null : await sampleResque(backend)
      const busyBecause = reasonsOf(sidekiq, resque, samples.at(-1))
      const sample: QueuesSample = { number, at: clock.now(), sidekiq, resque, busyBecause }
      samples.push(sample)
      request.onSample(sample)
      if (busyBecause.length > 0) break
    }
    const isDrained = samples.length > 0 && samples.every(({ busyBecause }) => busyBecause.length === 0)
    return { verdict: isDrained ? 'drained' : 'not-drained', release, samples, notes: notesOf(request, samples) }
  } finally {
    for (const reader of opened) reader.close()
  }
}

/** The backend's queues. Its workers note nothing about the job that they work on, and count none. */
async function sampleResque(redis: RedisReader): Promise<ResqueSample> {
  const { prefix } = resqueFacts
  const names = new Set<string>([...(await redis.members(`${prefix}queues`)), ...resqueFacts.queues])
  const queues: { readonly name: string; readonly jobs: number }[] = []
  for (const name of names) queues.push({ name, jobs: await redis.count('LLEN', `${prefix}queue:${name}`) })
  return {
    queues: queues.sort((a, b) => a.name.localeCompare(b.name, 'en')),
    queued: queues.reduce((sum, { jobs }) => sum + jobs, 0),
    failed: await redis.count('LLEN', `${prefix}failed`),
    workers: await redis.count('SCARD', `${prefix}workers`),
  }
}

function reasonsOf(
  sidekiq: SidekiqSample | null,
  resque: ResqueSample | null,
  before: QueuesSample | undefined,
): readonly string[] {
  const reasons: string[] = []
  const say = (count: number, what: string) => {
    if (count > 0) reasons.push(`${what}: ${count}`)
  }
  if (sidekiq !== null) {
    say(sidekiq.queued, 'jobs of system that are queued')
    say(sidekiq.busy, 'jobs of system that are worked on')
    if (sidekiq.busy === 0) say(sidekiq.inFlight, 'jobs of system in the lists of what processes work on')
    say(sidekiq.scheduled - sidekiq.scheduledIgnored, 'jobs of system that are scheduled')
    say(sidekiq.retries, 'jobs of system to be tried again')
    const earlier = before?.sidekiq
    if (earlier !== undefined && earlier !== null && earlier.processed !== sidekiq.processed) {
      reasons.push('system has worked on jobs since the look before')
    }
  }
  if (resque !== null) {
    say(resque.queued, 'jobs of the backend that are queued')
    say(resque.failed, 'failed jobs of the backend to be tried again')
  }
  return reasons
}

function notesOf(request: QueuesRequest, samples: readonly QueuesSample[]): readonly string[] {
  const last = samples.at(-1)
  const notes: string[] = []
  if (request.system === undefined) notes.push('The queues of system were not looked at.')
  if (request.backend === undefined) notes.push('The queues of the backend were not looked at.')
  const { heartbeatMs } = sidekiqFacts[request.release]
  if (request.system !== undefined && request.samples < 2) {
    notes.push('One look alone misses a job that was just fetched; take two or more.')
  } else if (request.system !== undefined && request.everyMs < heartbeatMs) {
    notes.push(
      `The looks are closer than Sidekiq’s heartbeat of ${heartbeatMs / 1000} s: a job just fetched may be missed.`,
    )
  }
  const dead = last?.sidekiq?.dead ?? 0
  if (dead > 0) notes.push(`Jobs of system that were given up (dead), which do not count and travel nowhere: ${dead}.`)
  const stale = last?.sidekiq?.staleProcesses ?? 0
  if (stale > 0) notes.push(`Sidekiq processes gone without having said so, which do not count: ${stale}.`)
  const workers = last?.resque?.workers ?? 0
  if (workers > 0) {
    notes.push(
      `Workers of the backend that are registered: ${workers}. What one works on stands nowhere in Redis: scale backend-worker to 0.`,
    )
  }
  return notes
}
