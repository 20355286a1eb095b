import { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../../model/redis-endpoint.ts'

/** Empties all databases of a Redis of the world. Abort: cuts the connection; what was begun may happen. */
export async function flushRedis({ host, port, user, password }: RedisEndpoint, signal: AbortSignal): Promise<void> {
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password: password.reveal('empty a Redis of the world') }),
  })
  // Each failure also rejects the call under way.
  client.on('error', () => undefined)
  const cut = () => client.disconnect()
  signal.addEventListener('abort', cut, { once: true })
  try {
    await client.connect()
    await client.flushall()
  } finally {
    signal.removeEventListener('abort', cut)
    client.disconnect()
  }
}
