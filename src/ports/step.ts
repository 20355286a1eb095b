import type { JsonObject } from '../model/json.ts'
import type { Migration } from '../model/migration.ts'
import type { PlanRow } from '../model/plan.ts'
import type { Progress } from '../model/progress.ts'

export const verbs = ['check', 'explain', 'apply', 'confirm', 'undo'] as const
export type Verb = (typeof verbs)[number]

/** What rows have left behind for later ones, by row id: addresses, names, digests. Never a secret: a reference to one. */
export type Facts = Readonly<Record<string, JsonObject>>

/** What a verb may know. All of it but `signal` and `onProgress` is JSON: a party's agent gets the same. */
export interface StepContext {
  readonly migration: Migration
  readonly row: PlanRow
  /** Grows with every rewind and rollback of the migration. */
  readonly generation: number
  /**
   * Grows with every execution of a verb of this row, also when the same verb is repeated after a crash. A target that
   * remembers the highest that it has seen can refuse a late one.
   */
  readonly fence: number
  /** Of the rows that are done, and what this row's own verbs gave so far. */
  readonly facts: Facts
  /** Aborted with a `Stop`. A verb ends its batch, leaves what it did so that the same call goes on, and throws the reason. */
  readonly signal: AbortSignal
  /** May be called as often as one likes; about one a second is kept. */
  readonly onProgress: (progress: Progress) => void
}

/** `says` is one sentence for the journal, with names and numbers. `facts` are added to the row's. */
export type CheckResult =
  | { readonly kind: 'done'; readonly says: string; readonly facts: JsonObject }
  | { readonly kind: 'needed'; readonly says: string }

/** What `apply` will do, for whoever approves. `diff` lists what changes, in a stable order; null for what is not there. */
export interface Explanation {
  readonly summary: string
  readonly diff: readonly { readonly what: string; readonly before: string | null; readonly after: string | null }[]
}

export interface ApplyResult {
  readonly says: string
  readonly facts: JsonObject
}

/** Something measured: what, what it should be, what it is. The value of neither is a secret. */
export interface Measurement {
  readonly what: string
  readonly expected: string
  readonly found: string
  readonly equal: boolean
}

/** `confirmed` when all measurements are equal: a row with one that is not has failed. */
export interface ConfirmResult {
  readonly says: string
  readonly measured: readonly Measurement[]
  readonly facts: JsonObject
}

export interface UndoResult {
  readonly says: string
}

/**
 * One row's work, as five verbs. Results and faults cross process borders as JSON.
 *
 * - `check`: is it already so? Changes nothing.
 * - `explain`: what `apply` will do. Changes nothing; the same state of the world gives the same explanation.
 * - `apply`: does it. It may run again after a crash, with the effect of once, and never runs twice at the same time.
 * - `confirm`: measures that it is done. Changes nothing.
 * - `undo`: takes it back; may find it half done or not done at all. Absent when the row's undo is not `undo`.
 *
 * A failure that a person can do something about is a `Fault`; its `retry` decides whether the engine tries again.
 */
export interface Step {
  check(context: StepContext): Promise<CheckResult>
  explain(context: StepContext): Promise<Explanation>
  apply(context: StepContext): Promise<ApplyResult>
  confirm(context: StepContext): Promise<ConfirmResult>
  undo?(context: StepContext): Promise<UndoResult>
}

/** The steps there are, by row id. */
export type Steps = ReadonlyMap<string, Step>
