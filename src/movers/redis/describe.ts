import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisStanding } from '../../ports/redis.ts'
import { ReplyError } from '../../wire/resp/reply-parser.ts'
import { fault } from './queue-faults.ts'
import { ask, infoOf, openRedis } from './target.ts'

/** See `RedisSight.describe`: by INFO, TIME and DBSIZE. */
export async function describeRedis(
  endpoint: RedisEndpoint,
  { signal }: { readonly signal: AbortSignal },
): Promise<RedisStanding> {
  const pipe = await openRedis(endpoint, 'source', signal)
  try {
    const told = async (command: string) => {
      const reply = await ask(pipe, endpoint, 'source', command)
      if (reply instanceof ReplyError) {
        throw fault('QUEUES_WRONG_KEY', { address: describeEndpoint(endpoint), command })
      }
      return reply
    }
    const [time, keys] = [await told('TIME'), await told('DBSIZE')]
    const [seconds, micros] = Array.isArray(time) ? time.map((part) => Number(String(part))) : []
    const known = infoOf(await told('INFO'))
    const usedAt = Number(known.get('used_memory_dataset') ?? known.get('used_memory') ?? 0)
    return {
      version: known.get('redis_version') ?? 'unknown',
      role: known.get('role') ?? 'unknown',
      keys: Number(keys),
      usedBytes: usedAt,
      maxBytes: Number(known.get('maxmemory') ?? 0),
      clockMs: Math.round((seconds ?? 0) * 1000 + (micros ?? 0) / 1000),
    }
  } finally {
    pipe.close()
  }
}
