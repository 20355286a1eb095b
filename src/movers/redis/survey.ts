import { setImmediate } from 'node:timers/promises'
import { RdbReader } from '../../wire/rdb/rdb-reader.ts'
import type { CarryPolicy } from './carry.ts'
import type { Snapshot } from './snapshot.ts'

/** What a first pass over the snapshot has found; with it, every byte is known to be as it was written. */
export interface Survey {
  readonly keys: number
  /** Of the source, with the keys that each holds. */
  readonly databases: ReadonlyMap<number, number>
  /** Memory that the carried keys will take in the target, about; 0 when it was not asked for. */
  readonly memoryBytes: number
  readonly functions: number
}

/** [measured] A 3scale's keys take this many times their size in the snapshot. */
const memoryPerSnapshotByte = 1.7
const yieldEveryKeys = 50_000

/**
 * Reads the whole snapshot once, checksum included, so that nothing is written from one that is damaged.
 *
 * With `forecast` the memory is forecast as well, for which each key is looked at.
 * Faults: RDB_*. Abort: throws the reason within some ten thousand keys.
 */
export async function surveySnapshot(
  snapshot: Snapshot,
  policy: CarryPolicy,
  forecast: boolean,
  signal: AbortSignal,
): Promise<Survey> {
  const reader = new RdbReader(snapshot.read())
  const databases = new Map<number, number>()
  let database = -1
  let inDatabase = 0
  let keys = 0
  let carriedBytes = 0
  const note = () => {
    if (inDatabase > 0) databases.set(database, (databases.get(database) ?? 0) + inDatabase)
  }
  while (reader.next()) {
    if (reader.db !== database) {
      note()
      database = reader.db
      inDatabase = 0
    }
    inDatabase++
    if (forecast && policy.carriesEntry(reader, policy.familyOf(reader))) {
      carriedBytes += reader.keyEnd - reader.keyStart + reader.valueEnd - reader.valueStart
    }
    if (++keys % yieldEveryKeys === 0) {
      await setImmediate()
      signal.throwIfAborted()
    }
  }
  note()
  policy.refuseCollisions(databases.keys())
  return {
    keys,
    databases,
    memoryBytes: Math.round(carriedBytes * memoryPerSnapshotByte),
    functions: reader.functions.length,
  }
}
