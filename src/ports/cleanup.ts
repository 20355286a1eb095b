import type { LedgerEntry, MadeThing } from './ledger.ts'

export type RemovalOutcome =
  | { readonly kind: 'removed' }
  | { readonly kind: 'was-gone' }
  /** It is there, and does not bear the mark of this migration. It was not touched. */
  | { readonly kind: 'refused' }

export interface RemovalCall {
  readonly signal: AbortSignal
  /** Called at every look while its end is waited for. */
  readonly onProgress?: (progress: RemovalProgress) => void
}

export interface RemovalProgress {
  readonly thing: MadeThing
  /** The service's own word. */
  readonly state: string
  readonly waitedMs: number
}

/** Takes away what a ledger lists, in one place. Abort: ends the wait; what is being removed may still go. */
export interface Removal {
  /** The kinds that it knows, in the order in which they can go: what stands on others comes first. */
  readonly order: readonly string[]
  /** Whether the thing is there and bears the mark of the entry's migration. Changes nothing. */
  look(entry: LedgerEntry, call: RemovalCall): Promise<'gone' | 'ours' | 'not-ours'>
  /** Removes it if it is ours, and waits until a look shows it gone. Does not write the ledger. */
  remove(entry: LedgerEntry, call: RemovalCall): Promise<RemovalOutcome>
}

export type CleanedEntry = { readonly entry: LedgerEntry } & (
  | RemovalOutcome
  /** It belongs to the destination. */
  | { readonly kind: 'kept' }
  /** A rollback may need it. */
  | { readonly kind: 'safety-copy' }
  /** What a cleanup would do, when it is only asked that. */
  | { readonly kind: 'would-remove' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly remedy: string }
)

export interface CleanupRequest {
  /** Path of the ledger. */
  readonly ledger: string
  /** Look only; the ledger is not written either. */
  readonly dryRun: boolean
  /** Takes away safety copies that have not expired as well. */
  readonly safetyCopiesToo: boolean
  readonly onProgress: (progress: RemovalProgress) => void
  readonly signal: AbortSignal
}

export interface CleanupReport {
  /** `clean`: all that is to go is gone. `left`: something was refused, or would be removed. `failed`: see the entries. */
  readonly verdict: 'clean' | 'left' | 'failed'
  readonly entries: readonly CleanedEntry[]
}

/** Tears down what a ledger lists, in the order of dependency, and notes what is shown to be gone. */
export interface Cleanup {
  /** One thing's failure does not keep the others; the same call goes on. Abort: between two things, or in a wait. */
  run(request: CleanupRequest): Promise<CleanupReport>
}
