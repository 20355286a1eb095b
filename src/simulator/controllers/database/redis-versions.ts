import { Redis } from 'ioredis'
import type { RedisVersions } from '../ports.ts'

/** Asks the real Redis. A URL that cannot be read is one that does not answer. */
export const liveRedisVersions: RedisVersions = {
  versionOf: async (url, signal) => {
    signal.throwIfAborted()
    const text = url.reveal('ask a Redis for its version')
    if (!URL.canParse(text)) return null
    const client = new Redis(text, {
      lazyConnect: true,
      connectTimeout: 5000,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
    })
    // Each failure also rejects the call under way.
    client.on('error', () => undefined)
    const cut = () => client.disconnect()
    signal.addEventListener('abort', cut, { once: true })
    try {
      await client.connect()
      return /redis_version:([\d.]+)/.exec(await client.info('server'))?.[1] ?? null
    } catch {
      signal.throwIfAborted()
      return null
    } finally {
      signal.removeEventListener('abort', cut)
      client.disconnect()
    }
  },
}
