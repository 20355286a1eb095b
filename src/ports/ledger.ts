import type { EpochMs } from '../base/clock.ts'
import type { Party } from '../model/party.ts'
import type { RowId } from '../model/row-id.ts'

/** Why something is made and for how long: it goes into the ledger, and as far as it fits onto the thing itself. */
export interface Making {
  /** The migration's name. What bears another one is never touched. */
  readonly migration: string
  /** Whose it is, and who must see it gone. */
  readonly owner: Party
  /** A few words for whoever finds it. */
  readonly purpose: string
  /** The row of the runbook that needed it. */
  readonly row: RowId
  readonly expiresAtMs: EpochMs
  /**
   * What a cleanup does with it. `remove`: takes it away. `safety`: a copy that a rollback needs; it stays until it has
   * expired or is asked for by name. `keep`: it belongs to the destination from now on, and is never taken away.
   */
  readonly upkeep: 'remove' | 'safety' | 'keep'
}

/** What was made. Together the fields say which thing is meant; no two things agree in all three. */
export interface MadeThing {
  /** Such as `vpc`, `db-instance`, `secret`, `dump`. */
  readonly kind: string
  /** Where: `aws:ACCOUNT:REGION`, `cluster:INFRASTRUCTURE/NAMESPACE`, `host:NAME`. */
  readonly place: string
  /** The name it is asked for by, the same at every try; not the id that a service gives it. */
  readonly name: string
}

export interface LedgerEntry {
  readonly thing: MadeThing
  readonly making: Making
  /**
   * `intended`: written before the call, so the thing may be there or not. `made`: the call came back. `gone`: it was
   * looked for and is not there.
   */
  readonly state: 'intended' | 'made' | 'gone'
  /** The id that the service gave, once it is known. */
  readonly id: string | null
  /** What removal or a second try needs to know; never a secret. */
  readonly details: Readonly<Record<string, string>>
  /** When the state was entered. */
  readonly atMs: EpochMs
}

/**
 * Everything that was made for a migration, so that all of it can be taken away and shown to be gone.
 *
 * Whoever makes something writes `intend` before the call and `confirm` after it: what a crash leaves behind is then
 * always listed. Each write is durable when its promise is kept. Faults: LEDGER_*.
 */
export interface Ledger {
  /** Notes that the thing is about to be made. Changes nothing when it is already intended or made. */
  intend(thing: MadeThing, making: Making, details?: Readonly<Record<string, string>>): Promise<void>
  /** Notes that it is there, with what is now known of it; `details` are added to the earlier ones. */
  confirm(thing: MadeThing, id: string | null, details?: Readonly<Record<string, string>>): Promise<void>
  /** Notes that it was looked for and is gone. */
  markGone(thing: MadeThing): Promise<void>
  /** The latest state of each thing, in the order in which they were first intended. */
  list(): Promise<readonly LedgerEntry[]>
}
