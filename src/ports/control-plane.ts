import type { Secret } from '../base/secret.ts'
import type { Answer } from '../model/gate.ts'
import type { Party } from '../model/party.ts'
import type { Plan } from '../model/plan.ts'
import type { MigrationView } from './engine.ts'
import type { PartyTokens } from './party-tokens.ts'

/** What the control plane keeps, for the commands of whoever runs it. Close it. */
export interface ControlPlaneStore {
  readonly tokens: PartyTokens
  /** Declares a party's signing key lost, in every journal that knows it. */
  forgetKey(party: Party, by: string): Promise<void>
  /** A migration's journal, line by line; empty when there is none. */
  journal(migration: string): Promise<readonly string[]>
  /** The plan that a migration runs by; null when it is not there. */
  plan(migration: string): Promise<Plan | null>
  close(): Promise<void>
}

export interface ServeRequest {
  readonly host: string
  readonly port: number
  /** Names and addresses that a self-made certificate is good for, beside `localhost`. */
  readonly names: readonly string[]
  /** Paths of PEM files; null: a self-made certificate, kept in the state folder. */
  readonly tls: { readonly key: string; readonly certificate: string } | null
  /** How long a lease counts without a heartbeat, in milliseconds. */
  readonly leaseMs: number
  /** Called once, when agents can come. `ca`: the path of the certificate that they need; null when it was given. */
  readonly onListening: (at: { readonly port: number; readonly ca: string | null }) => void
  /** A line for people. */
  readonly onNote: (line: string) => void
  /** Abort: requests in progress end, and `serve` returns. */
  readonly signal: AbortSignal
}

export interface AgentRequest {
  readonly party: Party
  readonly server: string
  readonly token: Secret
  /** PEM; null: what the system trusts. */
  readonly ca: string | null
  readonly onNote: (line: string) => void
  /** Abort: the running verb ends its batch, its lease is given back, and `runAgent` returns. */
  readonly signal: AbortSignal
}

/** Where a party's people find the control plane, and how they are known there. */
export interface VisitRequest {
  readonly server: string
  readonly token: Secret
  /** PEM; null: what the system trusts. */
  readonly ca: string | null
  /** Abort: gives a request up. */
  readonly signal: AbortSignal
}

/** A party's person at the control plane. Close it. */
export interface PartyPerson {
  /** Whom the token makes the caller, and what the party may see: whose turn it is, its own rows, what is asked of it. */
  status(): Promise<{
    readonly party: Party
    readonly name: string
    readonly migrations: readonly MigrationView[]
  }>
  /**
   * Answers what a row asks, signed with the party's own key of this machine, which is made when there is none. Whoever asked for the run does
   * not suffice alone. `digest`: of what was shown, to refuse when it has changed. May be called again.
   */
  answer(given: {
    readonly migration: string
    readonly row: string
    readonly verdict: Answer['verdict']
    readonly reason: string
    readonly digest?: string
  }): Promise<void>
  close(): void
}

/** The control plane and the agents, as commands start and use them. */
export interface ControlPlaneAccess {
  /** Opens the store in the engine's database. Abort: throws the reason. */
  open(options: { readonly onNote: (line: string) => void; readonly signal: AbortSignal }): Promise<ControlPlaneStore>
  /** Serves agents and approvers until it is aborted. Faults: CONTROL_*, EVIDENCE_KEY_*, ENGINE_DATABASE_UNREACHABLE. */
  serve(request: ServeRequest): Promise<void>
  /** Works for a party until it is aborted. Faults: AGENT_*, CONTROL_*, EVIDENCE_KEY_*. */
  runAgent(request: AgentRequest): Promise<void>
  /** Comes to a control plane as a party's person. Faults: AGENT_*, CONTROL_*, EVIDENCE_KEY_*, and later ENGINE_*. */
  visit(request: VisitRequest): Promise<PartyPerson>
  /** The folder of this machine's signing keys. */
  keyFolder(): string
}
