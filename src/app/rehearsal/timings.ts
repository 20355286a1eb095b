import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Clock, EpochMs } from '../../base/clock.ts'
import { rowTimes } from '../../evidence/row-times.ts'
import type { JournalRecord } from '../../model/evidence.ts'
import { type Size, type Timings, timingsSchema } from '../../model/forecast.ts'
import type { Migration } from '../../model/migration.ts'
import { rowIds } from '../../model/row-id.ts'
import { doctor } from '../../steps/doctor/doctor.ts'
import { openTools } from '../tools.ts'
import type { RehearsalWorld } from './world.ts'

/** How much the world's source holds, as its owner's doctor measures it. */
export function measureSource(
  world: RehearsalWorld,
  options: { readonly dir: string; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Size> {
  const { migration, settings } = world
  const { dir, clock, signal } = options
  const context = { env: (name: string) => settings.customer.get(name), cwd: dir, signal }
  const open = () => openTools({ party: 'customer', migration, context, stateFolder: join(dir, 'doctor'), clock })
  return doctor(open, clock).measureSource({ migration, party: 'customer', signal })
}

const verbs = ['check', 'explain', 'apply', 'confirm'] as const

/** What a rehearsal measured, for a forecast of the real window. */
export function timingsOf(
  records: readonly JournalRecord[],
  rehearsed: { readonly migration: Migration; readonly size: Size; readonly begunAt: EpochMs },
): Timings {
  const { migration, size, begunAt } = rehearsed
  const times = rowTimes(records)
  return timingsSchema.parse({
    version: 1,
    at: new Date(begunAt).toISOString(),
    source: { release: migration.source.release, database: migration.source.database.kind },
    machine: { cores: availableParallelism(), memoryBytes: totalmem() },
    clusters: 'simulated',
    size,
    rows: rowIds.flatMap((id) => {
      const took = times.get(id)
      if (took === undefined) return []
      const workMs = verbs.flatMap((verb) => (took[verb] === undefined ? [] : [[verb, took[verb]]]))
      return [{ id, workMs: Object.fromEntries(workMs) }]
    }),
  })
}
