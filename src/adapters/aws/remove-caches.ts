import {
  DeleteCacheClusterCommand,
  DeleteCacheSubnetGroupCommand,
  DeleteSnapshotCommand,
} from '@aws-sdk/client-elasticache'
import type { RemovalCall } from '../../ports/cleanup.ts'
import { findCache, findCacheSnapshot } from './caches.ts'
import { type RemovableKinds, seenByTags } from './removable.ts'
import type { AwsSession } from './session.ts'
import { cacheSubnetGroupTags, cacheTags } from './subnet-groups.ts'

export function removeCaches(session: AwsSession): RemovableKinds {
  const tagsOf = (arn: string | undefined, call: RemovalCall) =>
    arn === undefined ? Promise.resolve([]) : cacheTags(session, arn, call)
  return {
    cache: {
      look: async (entry, call) => {
        const found = await findCache(session, entry.thing.name, call)
        if (found === null) return null
        return seenByTags(await tagsOf(found.ARN, call), entry, found.CacheClusterStatus)
      },
      begin: async ({ thing }, { state }, call) => {
        if (state === 'deleting') return
        const ask = new DeleteCacheClusterCommand({ CacheClusterId: thing.name })
        const codes = {
          done: ['CacheClusterNotFound', 'CacheClusterNotFoundFault'],
          settling: ['InvalidCacheClusterState', 'InvalidCacheClusterStateFault'],
        }
        await session.change(call, (o) => session.elastiCache.send(ask, o), codes)
      },
    },
    'cache-snapshot': {
      look: async (entry, call) => {
        const found = await findCacheSnapshot(session, entry.thing.name, call)
        return found === null ? null : seenByTags(await tagsOf(found.ARN, call), entry, found.SnapshotStatus)
      },
      begin: async ({ thing }, { state }, call) => {
        if (state === 'deleting') return
        const ask = new DeleteSnapshotCommand({ SnapshotName: thing.name })
        const codes = {
          done: ['SnapshotNotFound', 'SnapshotNotFoundFault'],
          settling: ['InvalidSnapshotState', 'InvalidSnapshotStateFault'],
        }
        await session.change(call, (o) => session.elastiCache.send(ask, o), codes)
      },
    },
    'cache-subnet-group': {
      look: async (entry, call) => {
        const tags = await cacheSubnetGroupTags(session, entry.thing.name, call)
        return tags === null ? null : seenByTags(tags, entry, undefined)
      },
      begin: async ({ thing }, _seen, call) => {
        const ask = new DeleteCacheSubnetGroupCommand({ CacheSubnetGroupName: thing.name })
        const codes = {
          done: ['CacheSubnetGroupNotFoundFault', 'CacheSubnetGroupNotFound'],
          settling: ['CacheSubnetGroupInUse', 'CacheSubnetGroupInUseFault'],
        }
        await session.change(call, (o) => session.elastiCache.send(ask, o), codes)
      },
    },
  }
}
