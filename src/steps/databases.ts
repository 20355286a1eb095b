import { availableParallelism } from 'node:os'
import type { DatabaseAddress } from '../model/database-address.ts'
import type { Migration } from '../model/migration.ts'
import type { StepContext } from '../ports/step.ts'
import type { MoveRequest, TableProgress } from '../ports/system-database.ts'
import type { Tools } from './tools.ts'

/** Reference of the PostgreSQL on the migration cluster in which 3scale is renamed and upgraded. */
export function workingDatabase(migration: Migration): string {
  const { database, postgresql } = migration.migrationCluster
  return migration.source.database.kind === 'postgresql' ? database : postgresql
}

/** A move with everything at its default, between two databases, that shows its progress as the row's. */
export function moveBetween(
  tools: Pick<Tools, 'clock'>,
  { migration, signal, onProgress }: Pick<StepContext, 'migration' | 'signal' | 'onProgress'>,
  source: DatabaseAddress,
  target: DatabaseAddress,
): MoveRequest {
  return {
    source,
    target,
    decisions: migration.decisions,
    schema: 'create',
    emptyTarget: false,
    streams: Math.max(2, availableParallelism()),
    compression: 'lz4',
    reread: true,
    maxLatencyMs: null,
    onProgress: ({ allRows, allEstimatedRows }: TableProgress) =>
      onProgress({ done: allRows, total: allEstimatedRows, unit: 'rows', exact: false, at: tools.clock.now() }),
    signal,
  }
}
