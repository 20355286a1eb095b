import type { AccessLevel, Party, Place } from '../model/party.ts'
import type { RowText, Undo } from '../model/plan.ts'
import type { RowId } from '../model/row-id.ts'
import type { When } from './when.ts'

/** One row of the runbook, as it stands before anybody's migration is known. */
export interface RunbookRow extends RowText {
  readonly id: RowId
  /** `P1` to `P14` for prerequisites, `1` to `25` for steps; with a `+` what the document by hand does not have. */
  readonly number: string
  readonly title: string
  readonly owner: Readonly<Record<AccessLevel, Party>>
  readonly place: Place
  /** Rows that must be done first because this one uses what they leave behind. */
  readonly dependsOn: readonly RowId[]
  /** Stops or restores the customer's traffic. */
  readonly serviceAffecting: boolean
  readonly undo: Undo
  /** All must hold, or the row is dropped from the plan; none: the row always applies. */
  readonly when: readonly When[]
  /** Said in the plan when its condition holds. */
  readonly notes?: readonly { readonly when: When; readonly says: string }[]
}

/** The same owner whatever the access level. */
export function everywhere(owner: Party): RunbookRow['owner'] {
  return { limited: owner, 'extended-limits': owner, 'no-access': owner }
}

/** The vendor's row, which becomes the customer's when the vendor has no access. */
export const customerWithoutAccess: RunbookRow['owner'] = {
  limited: 'rhoam-eng',
  'extended-limits': 'rhoam-eng',
  'no-access': 'customer',
}
