import { sleep } from '../../../base/abort.ts'
import type { Clock } from '../../../base/clock.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceSession } from '../source-session.ts'

const probeEveryMs = 100
const longestPauseMs = 1000

/** Keeps both servers answering others in time. */
export interface Spare {
  /** To be waited for after each message; null: go on. */
  readonly pause: () => Promise<void> | null
  /** Ends the probing, and waits for its end. */
  readonly stop: () => Promise<void>
}

export const spareNobody: Spare = { pause: () => null, stop: async () => undefined }

/**
 * Asks both servers something trivial ten times a second, on sessions of its own. While an answer takes longer than
 * `maxLatencyMs`, every stream pauses after each message: 1 ms at first, twice as long with every slow answer, up to a
 * second; half as long with every answer in time. Who cannot ask any more cannot spare anybody: `onFailure` is told.
 */
export function spareServers(
  source: SourceSession,
  target: PostgresTarget,
  maxLatencyMs: number,
  clock: Clock,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Spare {
  const ended = new AbortController()
  const until = AbortSignal.any([signal, ended.signal])
  let pauseMs = 0
  const probing = (async () => {
    while (!until.aborted) {
      const asked = clock.elapsedMs()
      await Promise.all([source.query('SELECT 1', 'probing'), target.query('SELECT 1', 'probing')])
      const slow = clock.elapsedMs() - asked > maxLatencyMs
      pauseMs = slow ? Math.min(longestPauseMs, Math.max(1, pauseMs * 2)) : Math.floor(pauseMs / 2)
      await sleep(probeEveryMs, until)
    }
  })().catch((error: unknown) => {
    if (!until.aborted) onFailure(error)
  })
  return {
    pause: () => (pauseMs === 0 ? null : sleep(pauseMs, signal)),
    stop: async () => {
      ended.abort()
      await probing
    },
  }
}
