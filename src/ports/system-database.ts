import type { DatabaseAddress } from '../model/database-address.ts'
import type { Decisions, ValueAction, ValueClass } from '../model/decision.ts'
import type { Release } from '../model/release.ts'

/** One table's progress, sent about once a second and once more when the table ends. */
export interface TableProgress {
  readonly phase: 'assess' | 'copy' | 'index' | 'verify'
  readonly table: string
  readonly tableNumber: number
  readonly tableCount: number
  readonly rows: number
  /** The source's own estimate for this table; 0 when it has none. */
  readonly estimatedRows: number
  readonly bytes: number
  readonly allRows: number
  readonly allEstimatedRows: number
  readonly allBytes: number
  readonly elapsedMs: number
  readonly done: boolean
}

export interface MoveRequest {
  readonly source: DatabaseAddress
  readonly target: DatabaseAddress
  readonly decisions: Decisions
  /** `create` plans the target's schema from the source's; `adopt` fills tables that 3scale itself has made. */
  readonly schema: 'create' | 'adopt'
  /** Lets the copy empty tables that it did not fill itself. */
  readonly emptyTarget: boolean
  readonly onProgress: (progress: TableProgress) => void
  readonly signal: AbortSignal
}

/** Values of one class in one column. `examples` are row keys (never values), at most a handful. */
export interface Finding {
  readonly class: ValueClass
  readonly table: string
  readonly column: string
  readonly count: number
  readonly examples: readonly string[]
  readonly allowed: readonly ValueAction[]
  readonly decided: ValueAction
}

export interface TableSummary {
  readonly name: string
  readonly rows: number
  /** 32 hex digits: the order-independent sum of the row digests, modulo 2^128. */
  readonly digest: string
}

/** What the mover took the source to be. `release` is null for a database that is not 3scale's. */
export interface SourceFacts {
  readonly product: 'mysql' | 'mariadb' | 'postgresql'
  readonly version: string
  readonly release: Release | null
  readonly tables: number
  readonly snapshot: string
}

export interface AssessReport {
  readonly verdict: 'clean' | 'decided' | 'undecided'
  readonly source: SourceFacts
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  readonly findings: readonly Finding[]
  /** What will be different in the target's schema, a sentence each. */
  readonly notes: readonly string[]
}

export interface CopyReport {
  readonly verdict: 'copied' | 'stopped'
  readonly source: SourceFacts
  readonly tables: readonly (TableSummary & { readonly bytes: number; readonly tookMs: number })[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** Cells changed and rows set aside, as the target's ledger counts them. */
  readonly changed: number
  readonly setAside: number
  readonly tookMs: number
}

export type Difference =
  | { readonly kind: 'missing-table'; readonly table: string; readonly side: 'source' | 'target' }
  | { readonly kind: 'missing-row' | 'extra-row'; readonly table: string; readonly key: string }
  | { readonly kind: 'changed-row'; readonly table: string; readonly key: string; readonly columns: readonly string[] }
  | {
      readonly kind: 'ledger'
      readonly table: string
      readonly key: string
      readonly column: string
      readonly says: string
    }
  | { readonly kind: 'schema'; readonly table: string; readonly says: string }

export interface VerifiedTable extends TableSummary {
  readonly equal: boolean
  readonly targetRows: number
  readonly targetDigest: string
  /** Digest per tenant; the key is the tenant's id, or `none` for rows without one. */
  readonly tenants: readonly {
    readonly tenant: string
    readonly rows: number
    readonly digest: string
    readonly equal: boolean
  }[]
}

export interface VerifyReport {
  readonly verdict: 'equal' | 'different'
  readonly source: SourceFacts
  readonly tables: readonly VerifiedTable[]
  readonly differences: readonly Difference[]
  /** True when there were more differences than are listed. */
  readonly truncated: boolean
  /** Cells and rows that differ because a decision said so, each checked against the ledger. */
  readonly declared: { readonly cells: number; readonly rows: number }
  readonly notChecked: readonly string[]
  readonly tookMs: number
}

/** Moves a 3scale system database (or any other MySQL database) into PostgreSQL, and proves it. */
export interface SystemDatabaseMover {
  /** Reads the source only. Abort: ends the running statement by closing the connection. */
  assess(request: MoveRequest): Promise<AssessReport>
  /** Abort: closes both connections; the table in flight is rolled back, a second run begins afresh. */
  copy(request: MoveRequest): Promise<CopyReport>
  /** Reads both sides and changes neither. */
  verify(request: MoveRequest): Promise<VerifyReport>
}
