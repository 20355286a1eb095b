import type { Step } from '../ports/step.ts'
import { renameHosts } from './rename-hosts.ts'
import { stopThreescale } from './scale-down.ts'
import type { Tools } from './tools.ts'

/** Step 11: the copy of 3scale is stopped for good, and all its hosts get their names at the destination. */
export function routesToDestination(tools: Tools): Step {
  const stop = stopThreescale(tools, 'migration')
  const rename = renameHosts(tools, 'migration', 'destination')
  return {
    async check(context) {
      const stopped = await stop.check(context)
      return stopped.kind === 'needed' ? stopped : rename.check(context)
    },

    async explain(context) {
      const [stopping, renaming] = [await stop.explain(context), await rename.explain(context)]
      return { summary: `${stopping.summary} ${renaming.summary}`, diff: [...stopping.diff, ...renaming.diff] }
    },

    async apply(context) {
      const stopped = await stop.apply(context)
      const renamed = await rename.apply(context)
      return { says: `${stopped.says}; ${renamed.says}`, facts: {} }
    },

    async confirm(context) {
      const [stopped, renamed] = [await stop.confirm(context), await rename.confirm(context)]
      return { says: renamed.says, measured: [...stopped.measured, ...renamed.measured], facts: renamed.facts }
    },

    async undo(context) {
      const renamed = await rename.undo(context)
      const started = await stop.undo(context)
      return { says: `${renamed.says}; ${started.says}` }
    },
  }
}
