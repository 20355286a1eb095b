import type { Clock, EpochMs } from '../../base/clock.ts'
import type { ToolsOptions } from '../tools.ts'

/** Set in the environment of a rehearsal's agents: when it is in their world, in milliseconds since 1970. */
export const worldNowSetting = 'THREESHIFT_REHEARSAL_NOW'

/**
 * How an agent's tools work on a rehearsal's world: often looked and tried, for its clusters and clouds are as much quicker,
 * and at a time that stands still, so that counters and limits are the same at every call. Elsewhere: as real places need it.
 */
export function paceIn(env: (name: string) => string | undefined, clock: Clock): Pick<ToolsOptions, 'clock' | 'pace'> {
  const now = Number(env(worldNowSetting) ?? '')
  if (!(now > 0)) return { clock }
  return {
    // Branding is what the cast is for.
    clock: { now: () => now as EpochMs, elapsedMs: () => clock.elapsedMs() },
    pace: {
      aws: { lookEveryMs: 50, backOffMs: [20, 50, 100, 200, 500], settleMs: 5000, longestWaitMs: 120_000 },
      openshift: {
        waitsMs: [20, 50, 100, 200, 500, 1000],
        silenceMs: 20_000,
        requestMs: 60_000,
        watchSilenceMs: 2000,
        watchMs: 10_000,
        pingMs: 2000,
      },
      drain: { samples: 2, everyMs: 100, deadlineMs: 60_000 },
    },
  }
}
