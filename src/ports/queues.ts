import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import type { Release } from '../model/release.ts'

export interface QueuesRequest {
  readonly release: Release
  /** Redis of the system (Sidekiq), database as `REDIS_URL` names it; absent: not looked at. */
  readonly system?: RedisEndpoint
  /** Redis of the backend's queues (resque), database as `REDIS_QUEUES_URL` names it; absent: not looked at. */
  readonly backend?: RedisEndpoint
  /** Sidekiq's namespace, where the release has one. Absent: every namespace that is found, and none. */
  readonly namespace?: string
  /** Classes of scheduled jobs that come back for ever and do not count. */
  readonly ignoreScheduled: readonly string[]
  /** Clean looks in a row that mean drained, at least 1, and the milliseconds between them. */
  readonly samples: number
  readonly everyMs: number
  readonly onSample: (sample: QueuesSample) => void
  readonly signal: AbortSignal
}

export interface QueueLength {
  readonly name: string
  readonly jobs: number
}

/** Sidekiq at one moment. A count is of jobs unless it says otherwise. */
export interface SidekiqSample {
  /** Those with jobs, and those that the release works on. With a namespace, `namespace:queue`. */
  readonly queues: readonly QueueLength[]
  readonly queued: number
  /** As the live processes say. */
  readonly busy: number
  /** In the processes' own lists of what they work on, under both names that releases have used. */
  readonly inFlight: number
  readonly scheduled: number
  /** Of `scheduled`, those of the ignored classes. */
  readonly scheduledIgnored: number
  readonly retries: number
  readonly dead: number
  readonly liveProcesses: number
  /** Gone without saying so, within the last minute. */
  readonly staleProcesses: number
  /** Jobs ever done and failed, decimal text. */
  readonly processed: string
  readonly failed: string
}

/** The backend's resque at one moment. A job that is being worked on stands nowhere in Redis. */
export interface ResqueSample {
  readonly queues: readonly QueueLength[]
  readonly queued: number
  /** Waiting to be tried again: cron puts them back into their queues every five minutes. */
  readonly failed: number
  /** Registered; one that was killed stays registered. */
  readonly workers: number
}

export interface QueuesSample {
  readonly number: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly sidekiq: SidekiqSample | null
  readonly resque: ResqueSample | null
  /** What is not clean, a sentence each; empty: clean. */
  readonly busyBecause: readonly string[]
}

export interface QueuesReport {
  readonly verdict: 'drained' | 'not-drained'
  readonly release: Release
  /** All that were taken; the first that is not clean is the last. */
  readonly samples: readonly QueuesSample[]
  /** A sentence each: what is reported and does not count, and what nobody can see. */
  readonly notes: readonly string[]
}

/** Says whether anything is still to be worked on. */
export interface QueueWatch {
  /** Reads only. Abort: ends the connections and throws the signal's reason. */
  watch(request: QueuesRequest): Promise<QueuesReport>
}
