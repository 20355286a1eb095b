import { Redis } from 'ioredis'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { resqueFacts } from '../../threescale/queues.ts'
import { worldFault } from './faults.ts'

/** Workers of a made-up backend: they take every job there is, also those that failed before, and count nothing. */
export class JobTakers {
  readonly #redis: Redis
  readonly #place: string

  private constructor(redis: Redis, place: string) {
    this.#redis = redis
    this.#place = place
  }

  /** `queues`: the database of the backend's queues. */
  static open(queues: RedisEndpoint): JobTakers {
    const { host, port, user, password, db } = queues
    const redis = new Redis({
      host,
      port,
      db,
      lazyConnect: true,
      ...(user === undefined ? {} : { username: user }),
      ...(password === undefined ? {} : { password: password.reveal('take the jobs of a made-up backend') }),
    })
    // Each failure also rejects the call under way.
    redis.on('error', () => undefined)
    return new JobTakers(redis, describeEndpoint(queues))
  }

  /** Faults: WORLD_REDIS_UNREACHABLE. */
  async takeAll(): Promise<void> {
    const { prefix, queues } = resqueFacts
    try {
      await this.#redis.del(`${prefix}failed`, ...queues.map((name) => `${prefix}queue:${name}`))
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown'
      throw worldFault('WORLD_REDIS_UNREACHABLE', { place: this.#place, reason }, error)
    }
  }

  close(): void {
    this.#redis.disconnect()
  }
}
