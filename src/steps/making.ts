import type { EpochMs } from '../base/clock.ts'
import type { Migration } from '../model/migration.ts'
import type { Making } from '../ports/ledger.ts'
import type { StepContext } from '../ports/step.ts'
import type { Tools } from './tools.ts'

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
