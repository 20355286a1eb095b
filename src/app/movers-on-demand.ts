import type { Clock } from '../base/clock.ts'
import type { QueueWatch } from '../ports/queues.ts'
import type { RedisMover } from '../ports/redis.ts'
import type { SourceWorld } from '../ports/source-world.ts'
import type { SystemDatabaseMover } from '../ports/system-database.ts'
import { objectsOnDemand } from './objects-on-demand.ts'

/** What moves a system database; its drivers are loaded with the first call. */
export function databaseMoverOnDemand(clock: Clock): SystemDatabaseMover {
  const loaded = async () => (await import('../movers/system-database/mover.ts')).systemDatabaseMover(clock)
  return {
    assess: async (request) => (await loaded()).assess(request),
    copy: async (request) => (await loaded()).copy(request),
    divide: async (request) => (await loaded()).divide(request),
    copyPart: async (request, part) => (await loaded()).copyPart(request, part),
    verify: async (request) => (await loaded()).verify(request),
  }
}

/** What moves a Redis; its drivers are loaded with the first call. */
export function redisMoverOnDemand(clock: Clock, env: (name: string) => string | undefined): RedisMover {
  const loaded = async () => (await import('../movers/redis/mover.ts')).redisMover(clock, objectsOnDemand(env))
  return {
    inspect: async (request) => (await loaded()).inspect(request),
    copy: async (request) => (await loaded()).copy(request),
    verify: async (request) => (await loaded()).verify(request),
  }
}

/** Who watches job queues; loaded with the first call. */
export function queueWatchOnDemand(clock: Clock): QueueWatch {
  return {
    watch: async (request) => (await import('../movers/redis/queue-state.ts')).redisQueueWatch(clock).watch(request),
  }
}

/** What makes a source to practise on; loaded with the first call. */
export function sourceWorldOnDemand(clock: Clock): SourceWorld {
  return {
    generate: async (request) =>
      (await import('../simulator/source-world/generate.ts')).mysqlSourceWorld(clock).generate(request),
  }
}
