import type { SignedStatement } from '../model/evidence.ts'
import type { Forecast } from '../model/forecast.ts'
import type { Gate, Answer } from '../model/gate.ts'
import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'
import type { Plan, PlanRow } from '../model/plan.ts'
import type { Progress } from '../model/progress.ts'
import type { RowState } from '../model/row-state.ts'
import type { Chunks } from './chunks.ts'
import type { Actor } from './journal.ts'
import type { Explanation } from './step.ts'

export interface StartRequest {
  /** The migration's name is its id. */
  readonly settings: Migration
  readonly plan: Plan
  /** By row id. */
  readonly gates: Readonly<Record<string, Gate>>
  /** Whose migration it is, for filters and limits. */
  readonly customer: string
  /** Parties whose rows run on agents of their own. */
  readonly agents: readonly Party[]
  readonly by: Actor
  /** How long the outage is forecast to be; absent or null leaves an earlier one as it is. */
  readonly forecast?: Forecast | null
}

/**
 * Where a migration as a whole stands.
 *
 * - `running`: a process works on it. `no-worker`: it could go on, and no process of the engine is there to do it.
 * - `waiting-for-person`: a gate is open, or a row needs what only a person can do or decide. `waiting-for-agent`: a party's agent has work of it.
 * - `failed-safe`: a verb failed; both sides are as they should be. `needs-rollback`: it failed, and going on or staying is worse.
 * - `paused`, `cancelled`: by a person; both can be resumed. `rolled-back`, `done`: at its end.
 */
export const migrationStates = [
  'running',
  'no-worker',
  'waiting-for-person',
  'waiting-for-agent',
  'paused',
  'failed-safe',
  'needs-rollback',
  'cancelled',
  'rolled-back',
  'done',
] as const
export type MigrationStateKind = (typeof migrationStates)[number]

/** Who has to act now. `party` is `nobody` when nobody has to: at the end, and while a process of the engine works. */
export interface Baton {
  readonly party: Party | 'nobody'
  readonly row: string | null
  /** Milliseconds since 1970. */
  readonly since: number
  readonly why: string
  /** What the party does, often a command; empty when nobody has to act. */
  readonly unblock: string
}

/** What a person needs who is called because something failed. */
export interface FailureCard {
  readonly row: string
  readonly code: string
  readonly cause: string
  readonly evidence: readonly string[]
  readonly safeNow: string
  readonly nextCommand: string
  readonly walkAway: string
}

export interface OpenGate {
  readonly gate: Gate
  readonly explanation: Explanation
  /** Hex SHA-256 of what was shown; an answer is to this and nothing else. */
  readonly digest: string
  readonly askedAt: number
  readonly answers: readonly Answer[]
  readonly missing: readonly string[]
}

export interface RowView {
  readonly id: string
  readonly number: string
  readonly title: string
  readonly owner: Party
  readonly undo: PlanRow['undo']['kind']
  readonly state: RowState
  readonly progress: Progress | null
}

export interface MigrationView {
  readonly id: string
  readonly customer: string
  readonly state: MigrationStateKind
  readonly generation: number
  readonly direction: 'forward' | 'back'
  readonly startedAt: number
  readonly requestedBy: Actor
  readonly baton: Baton
  readonly gate: OpenGate | null
  readonly failure: FailureCard | null
  readonly rows: readonly RowView[]
}

export interface MigrationFilter {
  readonly ids?: readonly string[]
  readonly customer?: string
  readonly states?: readonly MigrationStateKind[]
  /** The party that has to act. */
  readonly baton?: Party
}

/** Whether a migration is one of those that a filter asks for. */
export function isAsked(view: MigrationView, { ids, customer, states, baton }: MigrationFilter): boolean {
  return (
    (ids === undefined || ids.includes(view.id)) &&
    (customer === undefined || view.customer === customer) &&
    (states === undefined || states.includes(view.state)) &&
    (baton === undefined || view.baton.party === baton)
  )
}

/** What a person did, and why; the reason is required and kept. */
export interface Deed {
  readonly migration: string
  readonly by: Actor
  readonly reason: string
}

/**
 * Runs migrations so that they survive anything. What has returned is stored.
 *
 * Faults: ENGINE_*. Calls may be repeated: what is already so stays so, or is refused with a fault that says how it stands.
 */
export interface Engine {
  /**
   * Begins a migration, or finds the one of that name with the same plan. Its window may have been agreed on meanwhile, and its
   * forecast made: the traffic is not stopped when the one does not fit into the other.
   */
  start(request: StartRequest): Promise<'started' | 'known'>
  list(filter?: MigrationFilter): Promise<readonly MigrationView[]>
  /**
   * Answers the open gate of a row, as it was last shown. `digest`, when given, must be that of what was shown. `signed`: the
   * answer as the person's own party has signed it; else the journal has it on the control plane's word.
   */
  answer(
    deed: Deed & {
      readonly row: string
      readonly verdict: Answer['verdict']
      readonly digest?: string
      readonly signed?: SignedStatement
    },
  ): Promise<MigrationView>
  /** Lets the running verb end, and begins no other. */
  pause(deed: Deed): Promise<void>
  /** Goes on after a pause, a failure, a cancellation or a rollback. */
  resume(deed: Deed): Promise<void>
  /** Stops the running verb, and ends the run. What is done stays done. */
  cancel(deed: Deed): Promise<void>
  /** Begins again at a row: its and all later rows are looked at anew; nothing is undone. */
  rewind(deed: Deed & { readonly row: string }): Promise<void>
  /** Undoes the rows from the last to `row`, it included; stops at one that cannot be undone. */
  rollback(deed: Deed & { readonly row: string }): Promise<void>
  /** Takes in a progress record of a row that runs on an agent. */
  progress(
    at: { readonly migration: string; readonly row: string; readonly generation: number },
    progress: Progress,
  ): Promise<void>
  /** Long work, spread over all workers. */
  readonly chunks: Chunks
  /**
   * Stops: verbs in flight are told to stop and waited for; what they leave is gone on with by the next worker. May be
   * called again.
   */
  close(): Promise<void>
}

/** How a command gets at the engine. */
export interface EngineAccess {
  /**
   * Opens the engine: on the database of THREESHIFT_DATABASE_URL, else on a private one of the state folder. With
   * `worker` it begins at once to work on what is there. Faults: ENGINE_DATABASE_UNREACHABLE, and those of starting a
   * private PostgreSQL. Abort while it opens: throws the reason.
   */
  open(options: {
    readonly worker: boolean
    /** Lines of commentary, for a person. */
    readonly onNote: (line: string) => void
    readonly signal: AbortSignal
  }): Promise<Engine>
}
