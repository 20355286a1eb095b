import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import type { RedisStanding } from '../../ports/redis.ts'
import { ReplyError } from '../../wire/resp/reply-parser.ts'
import { fault } from './queue-faults.ts'
import { ask, openRedis } from './target.ts'

/** See `RedisSight.describe`: by INFO, TIME and DBSIZE. */
export async function describeRedis(
  endpoint: RedisEndpoint,
  { signal }: { readonly signal: AbortSignal },
): Promise<RedisStanding> {
  const pipe = await openRedis(endpoint, 'source', signal)
  try {
    const told = async (...words: readonly [string, ...string[]]) => {
      const reply = await ask(pipe, endpoint, 'source', ...words)
      if (reply instanceof ReplyError) {
        throw fault('QUEUES_WRONG_KEY', { address: describeEndpoint(endpoint), command: words[0] })
      }
      return reply
    }
    const info = new Map(
      String(await told('INFO'))
        .split('\r\n')
        .flatMap((line) => {
          const at = line.indexOf(':')
          return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
        }),
    )
    const time = await told('TIME')
    const [seconds, micros] = Array.isArray(time) ? time.map((part) => Number(String(part))) : []
    const usedAt = Number(info.get('used_memory_dataset') ?? info.get('used_memory') ?? 0)
    return {
      version: info.get('redis_version') ?? 'unknown',
      role: info.get('role') ?? 'unknown',
      keys: Number(String(await told('DBSIZE'))),
      usedBytes: usedAt,
      maxBytes: Number(info.get('maxmemory') ?? 0),
      clockMs: Math.round((seconds ?? 0) * 1000 + (micros ?? 0) / 1000),
    }
  } finally {
    pipe.close()
  }
}
