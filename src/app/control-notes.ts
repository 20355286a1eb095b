import type { AgentEvent } from '../agent/events.ts'
import { never } from '../base/never.ts'
import type { ControlEvent } from '../server/events.ts'

/** What whoever runs the control plane wants to read; null for what is usual. */
export function controlNote(event: ControlEvent): string | null {
  switch (event.kind) {
    case 'listening':
      return null
    case 'request': {
      if (event.code === null) return null
      const who = event.name === null ? 'somebody unknown' : `${event.name} of ${event.party}`
      return `${event.method} ${event.route} of ${who} was refused: ${event.status} ${event.code}`
    }
    case 'broke': {
      const { error } = event
      return `${event.route}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    }
    default:
      return never(event)
  }
}

/** A line for whoever looks at an agent. */
export function agentNote(event: AgentEvent): string {
  switch (event.kind) {
    case 'ready':
      return `${event.name} works for ${event.party}; it signs with ${event.key.slice(0, 16)}.`
    case 'lost':
      return `The control plane cannot be reached (${event.reason}); trying again.`
    case 'back':
      return 'The control plane is back.'
    case 'verb-began':
      return `${event.migration} ${event.row}: ${event.verb}`
    case 'verb-ended':
    case 'verb-faulted':
      return `${event.migration} ${event.row}: ${event.verb} ${event.kind === 'verb-ended' ? 'has ended' : 'has failed'} after ${event.tookMs} ms`
    case 'lease-lost':
      return `${event.migration} ${event.row}: ${event.verb} is no longer this agent's; what it did is looked at again`
    default:
      return never(event)
  }
}
