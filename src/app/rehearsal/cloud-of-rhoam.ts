import { join } from 'node:path'
import {
  fetchFile,
  makeBucket,
  makeCacheGroup,
  originOf,
  type RehearsedAccount,
} from '../../adapters/aws/rehearsal-rhoam.ts'
import type { Clock } from '../../base/clock.ts'
import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { redisMover } from '../../movers/redis/mover.ts'
import { redisSnapshots } from '../../movers/redis/save-snapshot.ts'
import { flushRedis } from '../../simulator/controllers/database/flush-redis.ts'
import type { Cloud } from '../../simulator/controllers/ports.ts'
import { cloudResources } from '../../simulator/controllers/rhoam/names.ts'
import { LocalCloud, type LocalServers } from '../../simulator/controllers/world/local-cloud.ts'
import { objectsOnDemand } from '../objects-on-demand.ts'

export interface CloudOfRhoamOptions {
  readonly servers: LocalServers
  readonly account: RehearsedAccount
  /** The server that stands for the group of the backend's Redis. */
  readonly backendRedis: RedisEndpoint
  /** Where whoever restores it puts snapshot files. */
  readonly exchangeBucket: string
  readonly dir: string
  readonly clock: Clock
}

/**
 * The cloud behind RHOAM: servers of this machine, and beside them the bucket and the cache group in the emulator of AWS, which
 * holds no data. What a real cache service does and the emulator does not is done here: a group that was made anew of a snapshot
 * file holds what is in the file, and one that was made of a group's own snapshot what that group held.
 */
export function cloudOfRhoam(options: CloudOfRhoamOptions): Cloud {
  const { servers, account } = options
  const local = new LocalCloud(servers)
  let loaded: string | null = null
  return {
    provision: async (kind, name, identifier) => {
      if (name === cloudResources.bucket) await makeBucket(account, identifier)
      if (name === cloudResources.backendRedis) await makeCacheGroup(account, identifier)
      return local.provision(kind, name, identifier)
    },
    find: async (kind, name, identifier, signal) => {
      if (name === cloudResources.backendRedis) {
        const origin = await originOf(account, identifier)
        if (origin === null) return null
        if (origin.snapshot !== null && origin.snapshot !== loaded) {
          await load(options, origin.isOfGroup ? 'group' : 'file', signal)
          loaded = origin.snapshot
        }
      }
      return local.find(kind, name, identifier)
    },
  }
}

async function load(options: CloudOfRhoamOptions, from: 'file' | 'group', signal: AbortSignal): Promise<void> {
  const { account, backendRedis, exchangeBucket, dir, clock } = options
  const before = join(dir, 'group-before.rdb')
  const file = join(dir, 'group-loaded.rdb')
  const objects = objectsOnDemand(() => undefined)
  const quiet = { spoolFolder: dir, onProgress: () => undefined, signal }
  if (from === 'file') {
    if (!(await fetchFile(account, exchangeBucket, '.rdb', file))) throw new Error('the snapshot file is not there')
    const source = { kind: 'server', endpoint: backendRedis } as const
    await redisSnapshots(clock, objects).save({ source, carry: 'all', file: before, ...quiet })
  }
  await flushRedis(backendRedis, signal)
  await redisMover(clock, objects).copy({
    source: { kind: 'file', file: from === 'file' ? file : before },
    target: backendRedis,
    carry: 'all',
    mode: 'overwrite',
    databases: new Map(),
    ontoExisting: false,
    followQuietMs: null,
    onSpoolKept: () => undefined,
    maxLatencyMs: null,
    ...quiet,
  })
}
