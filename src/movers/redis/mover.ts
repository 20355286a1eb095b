import type { Clock } from '../../base/clock.ts'
import type { RedisMover } from '../../ports/redis.ts'
import { copyRedis } from './copy.ts'
import { inspectRdb } from './inspect.ts'
import { takeSnapshot } from './snapshot.ts'
import { verifyRedis } from './verify.ts'

/** The mover that reads real files and servers. */
export function redisMover(clock: Clock): RedisMover {
  return {
    inspect: async (request) => {
      const snapshot = await takeSnapshot(request.source, { ...request, clock })
      try {
        const { onProgress, signal } = request
        return await inspectRdb(snapshot.read(), { clock, totalBytes: snapshot.bytes, onProgress, signal })
      } finally {
        await snapshot.close()
      }
    },
    copy: (request) => copyRedis(request, clock),
    verify: (request) => verifyRedis(request, clock),
  }
}
