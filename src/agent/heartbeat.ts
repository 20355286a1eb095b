import { rest } from '../base/abort.ts'
import { Fault } from '../base/fault.ts'
import { Stop } from '../base/stop.ts'
import type { Progress } from '../model/progress.ts'
import { heartbeatAnswer } from '../server/api.ts'
import { type ControlClient, Unreachable } from './control-client.ts'

/** A lease that is kept alive. */
export interface Heartbeat {
  /** Aborted when the lease may not count any longer: whoever works under it must stop. */
  readonly lost: AbortSignal
  /** What the next beat says. */
  note(progress: Progress): void
  /** Ends the beats, and waits for the one under way. */
  stop(): Promise<void>
}

/** Beats per lease, so that a few may be lost on the way. */
const beatsPerLease = 4

/**
 * Keeps a lease alive from when it was asked for (`sinceMs`, by `elapsedMs`).
 *
 * It is lost when the control plane says so, and also when nobody could be reached for as long as it counts: by then the
 * task may be somebody else's.
 */
export function keepAlive(options: {
  readonly client: ControlClient
  readonly id: string
  readonly lease: string
  readonly leaseMs: number
  readonly sinceMs: number
  readonly elapsedMs: () => number
}): Heartbeat {
  const { client, id, lease, leaseMs, elapsedMs } = options
  const lost = new AbortController()
  const stopped = new AbortController()
  let progress: Progress | null = null
  let untilMs = options.sinceMs + leaseMs
  // Looks at the clock by itself: a beat may hang for longer than the lease counts.
  const deadline = setInterval(
    () => {
      if (elapsedMs() >= untilMs) lost.abort(new Stop('deadline'))
    },
    Math.max(10, leaseMs / 20),
  )

  const beat = async () => {
    const askedMs = elapsedMs()
    const said = progress
    progress = null
    try {
      const signal = AbortSignal.any([lost.signal, stopped.signal])
      await client.call('POST', '/v1/heartbeat', {
        body: { id, lease, progress: said },
        answer: heartbeatAnswer,
        signal,
      })
      untilMs = askedMs + leaseMs
    } catch (error) {
      if (stopped.signal.aborted || lost.signal.aborted) return
      progress ??= said
      if (error instanceof Unreachable) return
      // Anything that is said for good ends the lease for us.
      lost.abort(error instanceof Fault ? new Stop('sibling-failed') : error)
    }
  }
  const beating = (async () => {
    while (!lost.signal.aborted && !stopped.signal.aborted) {
      await rest(leaseMs / beatsPerLease, stopped.signal)
      if (!stopped.signal.aborted) await beat()
    }
  })()

  return {
    lost: lost.signal,
    note: (record) => {
      progress = record
    },
    stop: async () => {
      stopped.abort()
      clearInterval(deadline)
      await beating
    },
  }
}
