import type { EpochMs } from '../base/clock.ts'
import type { Migration } from '../model/migration.ts'
import type { LedgerEntry, Making } from '../ports/ledger.ts'
import type { StepContext } from '../ports/step.ts'
import { fault } from './faults.ts'
import type { CloudPlace, Tools } from './tools.ts'

const dayMs = 86_400_000
/** What a migration makes may be taken away so long after it was made. */
const lifetimeMs = 30 * dayMs

/** What goes into the ledger of something that a row makes. */
export function makingOf(tools: Tools, context: StepContext, purpose: string, upkeep: Making['upkeep']): Making {
  const { migration, row } = context
  return {
    migration: migration.name,
    owner: row.owner,
    purpose,
    row: row.id,
    expiresAtMs: (tools.clock.now() + lifetimeMs) as EpochMs,
    upkeep,
  }
}

/** The bucket that the parties exchange through. */
export function exchangeBucketOf(migration: Migration): string {
  return migration.exchange.bucket ?? `threeshift-${migration.name}`
}

/** Takes away what this row made in the cloud, as the ledger lists it. Faults: STEP_NOT_OURS, AWS_*, CLOUD_*. */
export async function removeMade(tools: Tools, { row, signal }: StepContext, place: CloudPlace): Promise<number> {
  const made = (await tools.ledger.list()).filter(({ making, state }) => making.row === row.id && state !== 'gone')
  if (made.length === 0) return 0
  const { removal } = await tools.cloud(place, signal)
  const rank = ({ thing }: LedgerEntry) => removal.order.indexOf(thing.kind)
  // Of one kind, what was made last goes first.
  for (const entry of made.toReversed().toSorted((one, other) => rank(one) - rank(other))) {
    const { kind } = await removal.remove(entry, { signal })
    if (kind === 'refused') throw fault('STEP_NOT_OURS', { kind: entry.thing.kind, name: entry.thing.name })
    await tools.ledger.markGone(entry.thing)
  }
  return made.length
}
