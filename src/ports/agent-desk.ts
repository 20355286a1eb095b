import type { Secret } from '../base/secret.ts'
import type { Lineage, Signature, Statement } from '../model/evidence.ts'
import type { Party } from '../model/party.ts'
import type { Progress } from '../model/progress.ts'
import type { Verb } from './step.ts'
import type { VerbOutcome, VerbTask } from './verb-runner.ts'

/** What a token lets its bearer do: run the party's verbs, or answer for the party. */
export const tokenRoles = ['agent', 'approver'] as const
export type TokenRole = (typeof tokenRoles)[number]

/** Whom a token belongs to. `name`: the agent, or the person who approves. */
export interface Caller {
  readonly token: string
  readonly party: Party
  readonly role: TokenRole
  readonly name: string
  /** The migrations that the token is good for; null: all. A customer's token is good for this customer's only. */
  readonly migrations: readonly string[] | null
}

/** A verb that the caller may run, and nobody else, for `leaseMs` milliseconds from when it asked. */
export interface LeasedTask {
  readonly id: string
  /** Shown with every heartbeat and with the completion. */
  readonly lease: Secret
  readonly leaseMs: number
  readonly task: VerbTask
  /** Where the migration's journal ends; the statement about the outcome says that it was seen. */
  readonly seen: Statement['seen']
}

/** What an agent has to say at the end. The statement is about the outcome, signed with the party's key. */
export interface Completion {
  readonly id: string
  readonly lease: Secret
  readonly outcome: VerbOutcome
  readonly statement: Statement
  readonly signature: Signature
}

/** A task as its own party may see it. */
export interface TaskView {
  readonly id: string
  readonly migration: string
  readonly row: string
  readonly verb: Verb
  readonly state: 'waiting' | 'leased' | 'complete' | 'withdrawn'
  /** Milliseconds since 1970. */
  readonly requestedAt: number
  readonly leases: number
  readonly progress: Progress | null
}

/**
 * Where parties' agents get their work and leave their results. Every call counts for the caller's own party and migrations only: what
 * is another's looks as if it did not exist.
 *
 * Faults: AGENT_LEASE_LOST when a lease is not the one that counts; AGENT_TOKEN_ROLE when the token is not an agent's.
 */
export interface AgentDesk {
  /** Who bears this token; null when nobody does, or no longer. */
  authenticate(token: Secret): Promise<Caller | null>
  /** The next task, waited for up to `waitMs`; null when there is none. Abort: stops waiting, leases nothing. */
  lease(caller: Caller, options: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<LeasedTask | null>
  /** Lengthens the lease to `leaseMs` from now. */
  heartbeat(
    caller: Caller,
    beat: { readonly id: string; readonly lease: Secret; readonly progress: Progress | null },
  ): Promise<{ readonly leaseMs: number }>
  /**
   * Stores the outcome, the party's statement and the message to whoever waits, all or nothing. The same completion again
   * changes nothing and is no failure. Faults also: AGENT_STATEMENT_MISMATCH, EVIDENCE_SIGNATURE_INVALID, EVIDENCE_KEY_FOREIGN.
   */
  complete(caller: Caller, completion: Completion): Promise<void>
  /** Gives a lease back, so that another may go on at once; one that counts no longer needs none of it. */
  release(caller: Caller, held: { readonly id: string; readonly lease: Secret }): Promise<void>
  /** Takes the party's public keys, from its agents and from its people. Faults: EVIDENCE_KEY_FOREIGN. */
  presentKeys(caller: Caller, lineage: Lineage): Promise<void>
  /** Where a migration's journal ends, for the caller's next statement to say; null for none, and for another's. */
  seen(caller: Caller, migration: string): Promise<Statement['seen']>
  /** The party's tasks, newest first, at most 200. */
  tasks(caller: Caller): Promise<readonly TaskView[]>
}
