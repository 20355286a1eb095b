import type { Verb } from '../ports/step.ts'

/** What the engine tells while it works; commentary, for the truth is in the journal. No secret is in it. */
export type EngineEvent =
  | { readonly kind: 'database-lost'; readonly reason: string }
  | { readonly kind: 'database-back' }
  | { readonly kind: 'taken-over'; readonly executor: string }
  | { readonly kind: 'lock-lost'; readonly lock: string }
  | {
      readonly kind: 'verb-began' | 'verb-ended' | 'verb-faulted' | 'verb-stopped' | 'verb-late'
      readonly migration: string
      readonly row: string
      readonly verb: Verb
      readonly fence: number
    }
  /** An error that nobody foresaw, for whoever has to find its cause. */
  | { readonly kind: 'broke'; readonly where: string; readonly error: unknown }
  /** What DBOS itself says: `debug` and `info` are left out. */
  | { readonly kind: 'dbos'; readonly level: 'warn' | 'error'; readonly text: string }

export type OnEvent = (event: EngineEvent) => void
