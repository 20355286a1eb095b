import type { Clock } from '../../base/clock.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RestoreSnapshotRequest } from '../../ports/redis.ts'
import { copyRedis } from './copy.ts'
import { demand, openRedis, selectDatabase } from './target.ts'

/** See `RedisSnapshots.restore`. Database by database, for a server may hold others that are not ours. */
export async function restoreSnapshot(
  { file, target, databases, ...rest }: RestoreSnapshotRequest,
  clock: Clock,
  objects: ObjectStore,
): Promise<void> {
  const pipe = await openRedis(target, 'target', rest.signal)
  try {
    for (const database of databases) {
      await selectDatabase(pipe, target, 'target', database)
      await demand(pipe, target, 'target', 'FLUSHDB')
    }
  } finally {
    pipe.close()
  }
  const whole = { carry: 'all', mode: 'overwrite', databases: new Map<number, number>(), ontoExisting: true } as const
  const source = { kind: 'file', file } as const
  const request = { ...rest, ...whole, source, target, followQuietMs: null, maxLatencyMs: null }
  await copyRedis({ ...request, onSpoolKept: () => undefined }, clock, objects)
}
