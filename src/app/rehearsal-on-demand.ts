import type { Clock } from '../base/clock.ts'
import type { Rehearsal } from '../ports/rehearsal.ts'

/** A rehearsal whose parts, which are nearly all there are, are loaded when one is run. */
export function rehearsalOnDemand(clock: Clock, env: (name: string) => string | undefined): Rehearsal {
  return {
    run: async (request) => (await import('./rehearsal/rehearsal.ts')).localRehearsal({ clock, env }).run(request),
  }
}
