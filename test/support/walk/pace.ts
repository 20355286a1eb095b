import type { ToolsPace } from '../../../src/app/tools.ts'
import { quickTiming } from '../clusters.ts'

/** How often is looked and tried where everything is on this machine. */
export const paceOfTests: ToolsPace = {
  aws: { lookEveryMs: 2, backOffMs: [2, 4, 8, 16], settleMs: 2000, longestWaitMs: 60_000 },
  openshift: quickTiming,
  drain: { samples: 2, everyMs: 20, deadlineMs: 60_000 },
}
