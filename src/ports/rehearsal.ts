import type { DatabaseKind } from '../model/migration.ts'
import type { AccessLevel, Party } from '../model/party.ts'
import type { Plan } from '../model/plan.ts'
import type { MigrationView } from './engine.ts'
import type { SourceWorldRequest } from './source-world.ts'

/** The world that a migration is rehearsed on. MariaDB stands in for MySQL. */
export interface RehearsalWorldRequest
  extends Pick<SourceWorldRequest, 'release' | 'tenants' | 'scale' | 'seed' | 'edgeRows'> {
  readonly accessLevel: AccessLevel
  readonly database: Exclude<DatabaseKind, 'oracle'>
  /** A minor version, such as 1.45. */
  readonly rhoamVersion: string
}

export type RehearsalEvent =
  /** Where the world is that will be kept. */
  | { readonly kind: 'kept'; readonly dir: string }
  | { readonly kind: 'stage-began'; readonly says: string }
  | { readonly kind: 'stage-ended'; readonly says: string; readonly tookMs: number }
  /** The migration that begins now. */
  | { readonly kind: 'planned'; readonly plan: Plan }
  /** How it stands; several times a second. */
  | { readonly kind: 'looked'; readonly view: MigrationView }
  /** A person was asked, and the rehearsal has played that person. */
  | { readonly kind: 'played'; readonly party: Party; readonly row: string; readonly says: string }

/** What an evidence pack is made of. */
export interface RehearsalEvidence {
  readonly view: MigrationView
  readonly plan: Plan
  /** The journal, line by line. */
  readonly journal: readonly string[]
  /** Of the control plane, which signs packs. */
  readonly keyFolder: string
  /** Files for the pack, by their names: the parties' ledgers, and what every process said. */
  readonly files: ReadonlyMap<string, Buffer>
}

export interface RehearsalRequest {
  readonly world: RehearsalWorldRequest
  /** Leaves the world's folder where it is, with the servers' logs; else nothing of it remains. */
  readonly keep: boolean
  readonly onEvent: (event: RehearsalEvent) => void
  /** Called once, when the migration has come to its end or cannot go on; what it reads is gone afterwards. */
  readonly onEvidence: (evidence: RehearsalEvidence) => Promise<void>
  readonly signal: AbortSignal
}

/** Runs a whole migration on a made-up world of this machine: each party in a process of its own, by the commands of a real one. */
export interface Rehearsal {
  /**
   * Out: how the migration stands at its end; a row that failed is no fault here. Faults: REHEARSAL_*, and those of servers.
   * Abort: ends all processes and servers and throws the reason.
   */
  run(request: RehearsalRequest): Promise<MigrationView>
}
