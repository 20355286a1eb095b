import type { Clock } from '../../base/clock.ts'
import type { ObjectStore } from '../../ports/objects.ts'
import type { RedisMover } from '../../ports/redis.ts'
import { copyRedis } from './copy.ts'
import { inspectRdb } from './inspect.ts'
import { takeSnapshot } from './snapshot.ts'
import { verifyRedis } from './verify.ts'

/** The mover that reads real files, servers and the objects of `objects`. */
export function redisMover(clock: Clock, objects: ObjectStore): RedisMover {
  return {
    inspect: async (request) => {
      const snapshot = await takeSnapshot(request.source, { ...request, clock, objects })
      try {
        const { onProgress, signal } = request
        return await inspectRdb(snapshot.read(), { clock, totalBytes: snapshot.bytes, onProgress, signal })
      } finally {
        await snapshot.close()
      }
    },
    copy: (request) => copyRedis(request, clock, objects),
    verify: (request) => verifyRedis(request, clock, objects),
  }
}
