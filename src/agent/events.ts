import type { Verb } from '../ports/step.ts'

interface TaskName {
  readonly migration: string
  readonly row: string
  readonly verb: Verb
}

/** What an agent tells of its work. No secret and no outcome is in it. */
export type AgentEvent =
  | { readonly kind: 'ready'; readonly party: string; readonly name: string; readonly key: string }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'back' }
  | ({ readonly kind: 'verb-began'; readonly fence: number } & TaskName)
  | ({ readonly kind: 'verb-ended' | 'verb-faulted'; readonly tookMs: number } & TaskName)
  /** The lease is gone: somebody else goes on, or will. What was done stays and is looked at again. */
  | ({ readonly kind: 'lease-lost' } & TaskName)
