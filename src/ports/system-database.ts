import type { DatabaseAddress } from '../model/database-address.ts'
import type { Declaration } from '../model/declaration.ts'
import type { Decisions, ValueAction, ValueClass } from '../model/decision.ts'
import type { Release } from '../model/release.ts'

/** One table's progress, sent about once a second and once more when the table ends. */
export interface TableProgress {
  /** `recount` reads again at the source what an earlier run has copied. */
  readonly phase: 'assess' | 'copy' | 'recount' | 'verify'
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
  /** The least and the most milliseconds that the phase is expected to take yet; null while nothing can be said. */
  readonly remainingMs: readonly [number, number] | null
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
  /** How many tables (or parts of large ones) are copied at once, at most. */
  readonly streams: number
  /** How the target compresses long values: `lz4` is several times faster, `pglz` what PostgreSQL does by itself. */
  readonly compression: 'lz4' | 'pglz'
  /** Whether every table is read once more from the target and compared with what was sent. */
  readonly reread: boolean
  /** Milliseconds that both servers may take to answer others during a copy; null: as fast as it goes. */
  readonly maxLatencyMs: number | null
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

/** A part of a large table that any process may copy. */
export interface CopyPart {
  readonly table: string
  readonly range: number
}

/** What is in of a part; `complete` is false when a value needs a decision that is not there, or the copy is over. */
export interface CopiedPart extends CopyPart {
  readonly rows: number
  readonly complete: boolean
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

/** `digest` is over the binary tuples that were sent; `stored` says whether they were read back and were the same. */
export interface CopiedTable extends TableSummary {
  readonly bytes: number
  readonly stored: 'equal' | 'not-read'
  /** From its first row to its last index, whatever else went on beside it. */
  readonly tookMs: number
}

export interface CopyReport {
  readonly verdict: 'copied' | 'stopped'
  readonly source: SourceFacts
  readonly tables: readonly CopiedTable[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** True when an earlier run of the same copy was gone on with. */
  readonly resumed: boolean
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
  /** Digest per tenant, which add up to the table's; the key is the tenant's id, or `none` for rows without one. */
  readonly tenants: readonly {
    readonly tenant: string
    readonly rows: number
    readonly digest: string
    readonly targetRows: number
    readonly targetDigest: string
    readonly equal: boolean
  }[]
}

/** What the target's ledger tells of the copy that filled it. Times are UTC, as ISO 8601. */
export interface CopyAccount {
  readonly source: string
  readonly snapshot: string
  /** Where the source's log stood; null when it did not tell. */
  readonly position: string | null
  /** SHA-256 of everything that decided what was written. */
  readonly plan: string
  readonly startedAt: string
  /** Null: it was cut off. */
  readonly finishedAt: string | null
  readonly tables: readonly {
    readonly name: string
    /** Null for a table that is not whole. */
    readonly rows: number | null
    /** Over the binary tuples that were sent, like `CopiedTable.digest`; `reread`: they were read back and were the same. */
    readonly digest: string | null
    readonly reread: boolean
    /** Entries about cells and rows of it, and the sum of their digests: it tells when somebody edits the ledger. */
    readonly entries: number
    readonly entriesDigest: string
  }[]
  /** Entries by what they are about; the action of a row that was set aside is `quarantine`. */
  readonly changes: readonly {
    readonly table: string
    readonly column: string
    readonly reason: string
    readonly action: string
    readonly entries: number
  }[]
}

/** What differs because a migration declared it. */
export interface DeclaredSums {
  /** Cells that hold renamed hosts, each held against the account and the domains. */
  readonly renamed: number
  /** Other cells that may hold something else. */
  readonly cells: number
  /** Rows that are at the target only, at the source only, or not compared. */
  readonly added: number
  readonly removed: number
}

export interface VerifyRequest extends MoveRequest {
  /** What was changed on purpose since the copy; absent: nothing. */
  readonly declared?: Declaration
}

export interface VerifyReport {
  readonly verdict: 'equal' | 'different'
  readonly source: SourceFacts
  readonly tables: readonly VerifiedTable[]
  readonly differences: readonly Difference[]
  /** True when there were more differences than are listed. */
  readonly truncated: boolean
  /** Null for a target that no copy of ours has filled, or whose ledger was dropped. */
  readonly copy: CopyAccount | null
  /** Cells and rows that differ because a decision said so, each checked against the ledger. */
  readonly declared: { readonly cells: number; readonly rows: number }
  /** What was left out as declared; null without a declaration. */
  readonly declaration: DeclaredSums | null
  readonly notChecked: readonly string[]
  readonly tookMs: number
}

/** Moves a 3scale system database (or any other database of MySQL, MariaDB or PostgreSQL) into PostgreSQL, and proves it. */
export interface SystemDatabaseMover {
  /** Reads the source only. Abort: ends the running statement by closing the connection. */
  assess(request: MoveRequest): Promise<AssessReport>
  /**
   * Abort or a crash, here or of a server: what is committed stays, with an account of it; the same request goes on from
   * there, and begins afresh what the source has changed since.
   */
  copy(request: MoveRequest): Promise<CopyReport>
  /**
   * Divides a copy whose large tables several processes are to fill: makes these tables, and notes their parts in the target's ledger. Gives
   * the parts that are not in yet, none when no table is large; then nothing is changed. Afterwards `copy`, which goes on from what is
   * in: it reads it once more at the source, and copies afresh what is not as it is there.
   */
  divide(request: MoveRequest): Promise<readonly CopyPart[]>
  /**
   * Fills one part, from a snapshot of its own; goes on where an earlier try ended. Whoever fills the same part meanwhile is cut off.
   * Abort or a crash: what is committed stays. Faults also: DB_TARGET_BUSY, when a copy runs.
   */
  copyPart(request: MoveRequest, part: CopyPart): Promise<CopiedPart>
  /** Reads both sides and changes neither. */
  verify(request: VerifyRequest): Promise<VerifyReport>
}
