import type { SignedStatement } from '../model/evidence.ts'
import type { JsonObject } from '../model/json.ts'
import type { Party } from '../model/party.ts'
import type { Verb } from './step.ts'

/** Who did something. `name` is a person, an agent or, for the engine's own doing, its executor. */
export interface Actor {
  readonly party: Party
  readonly name: string
}

export const journalKinds = [
  'migration-started',
  'window-changed',
  'verb-started',
  'verb-ended',
  'verb-faulted',
  'task-requested',
  'approval-asked',
  'approved',
  'rejected',
  'paused',
  'resumed',
  'cancelled',
  'rewound',
  'rollback-asked',
  'row-undone',
  'migration-ended',
] as const
export type JournalKind = (typeof journalKinds)[number]

export interface JournalEntry {
  /** Names this entry for good: one with a key that is there already is not added again. */
  readonly key: string
  readonly migration: string
  readonly party: Party
  readonly actor: string
  /** Null for what concerns the whole migration. */
  readonly row: string | null
  readonly verb: Verb | null
  readonly generation: number
  readonly kind: JournalKind
  /** Redacted: no secret, no customer's row. */
  readonly body: JsonObject
}

/** What happened, in order, for good. */
export interface Journal {
  /**
   * Returns once the entry is stored. A failure throws, and stops what was to be recorded. May be called while a
   * transaction of the engine holds the migration's row of `threeshift.migrations`: it must not wait for that.
   */
  append(entry: JournalEntry): Promise<void>
  /**
   * As `append`, with what a party has signed itself: it must have presented its key before.
   * Faults: EVIDENCE_SIGNATURE_INVALID, EVIDENCE_KEY_FOREIGN.
   */
  appendSigned(key: string, signed: SignedStatement): Promise<void>
}
