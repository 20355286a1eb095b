import type { PostgresSource } from '../postgres-source.ts'
import { openOthers, type SharedSnapshot } from './shared-snapshot.ts'

/**
 * Lets up to `wanted - 1` further sessions join the snapshot that `first` has begun; needs no right and no lock, and works
 * on a replica too (from version 10 on).
 *
 * Source: PostgreSQL manual, "Snapshot Synchronization Functions", SET TRANSACTION.
 */
export async function sharePostgresSnapshot(first: PostgresSource, wanted: number): Promise<SharedSnapshot> {
  const others = await openOthers(() => first.openAnother(), wanted - 1)
  if (others.length > 0) {
    const name = await first.exportSnapshot()
    for (const other of others) await other.joinSnapshot(name)
  }
  return { sources: [first, ...others], position: first.position, notes: [] }
}
