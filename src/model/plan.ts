import type { ValueAction } from './decision.ts'
import type { DatabaseKind, Migration } from './migration.ts'
import type { AccessLevel, Party, Place } from './party.ts'
import type { OperatorBuild, Release } from './release.ts'
import type { RowId } from './row-id.ts'

/** How a row is taken back. `nothing`: it changes nothing. `impossible`: once done, the only way is forward. */
export type Undo =
  | { readonly kind: 'undo'; readonly how: string }
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'impossible'; readonly why: string }

/** What a row is for, written for the person who is on call while it runs. */
export interface RowText {
  readonly goal: string
  readonly why: string
  readonly what: string
  readonly doneWhen: string
  readonly risks: readonly string[]
}

export interface PlanRow extends RowText {
  readonly id: RowId
  /** `P1` to `P14` for prerequisites, `1` to `25` for steps, `14+` for what comes after 14 beyond the document; kept when other rows are dropped. */
  readonly number: string
  readonly title: string
  readonly owner: Party
  readonly place: Place
  /** True when the row itself stops or restores the customer's traffic. */
  readonly serviceAffecting: boolean
  /** True for every row between the one that stops the traffic and the one that restores it, both included. */
  readonly inOutage: boolean
  readonly undo: Undo
  /** Rows of this plan that must be done first, in the plan's order. */
  readonly dependsOn: readonly RowId[]
  /** What is special about this row in this migration. */
  readonly notes: readonly string[]
}

/** A row of the runbook that this migration does not need, and why. */
export interface DroppedRow {
  readonly id: RowId
  readonly number: string
  readonly title: string
  readonly reasons: readonly string[]
}

/** The runbook, compiled for one migration. */
export interface Plan {
  readonly migration: string
  readonly accessLevel: AccessLevel
  readonly source: {
    readonly release: Release
    readonly databaseKind: DatabaseKind
    readonly databaseVersion: string
    readonly wildcardDomain: string
  }
  readonly destination: {
    readonly release: Release
    readonly rhoamVersion: string
    /** The custom domain when there is one, else the wildcard domain. */
    readonly domain: string
  }
  readonly window: Migration['window']
  readonly rows: readonly PlanRow[]
  readonly dropped: readonly DroppedRow[]
  /** The builds to upgrade to, one after the other; empty when source and destination run the same. */
  readonly hops: readonly OperatorBuild[]
  /** First and last row of the service window; null when no row touches the service. */
  readonly outage: { readonly from: RowId; readonly to: RowId; readonly rows: number } | null
  /** The first row that cannot be undone. */
  readonly pointOfNoReturn: RowId | null
  readonly decisions: Readonly<Record<string, ValueAction>>
  readonly contacts: Readonly<Partial<Record<Party, string>>>
}
