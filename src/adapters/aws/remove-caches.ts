import { DeleteCacheClusterCommand, DeleteSnapshotCommand } from '@aws-sdk/client-elasticache'
import type { RemovalCall } from '../../ports/cleanup.ts'
import { findCache, findCacheSnapshot } from './caches.ts'
import { deletion, type RemovableKinds, seenByTags } from './removable.ts'
import type { AwsSession } from './session.ts'
import { cacheTags } from './subnet-groups.ts'

export function removeCaches(session: AwsSession): RemovableKinds {
  const { elastiCache } = session
  const tagsOf = (arn: string | undefined, call: RemovalCall) =>
    arn === undefined ? Promise.resolve([]) : cacheTags(session, arn, call)
  return {
    cache: {
      look: async (entry, call) => {
        const found = await findCache(session, entry.thing.name, call)
        return found === null ? null : seenByTags(await tagsOf(found.ARN, call), entry, found.CacheClusterStatus)
      },
      begin: deletion(
        session,
        (CacheClusterId, o) => elastiCache.send(new DeleteCacheClusterCommand({ CacheClusterId }), o),
        {
          done: ['CacheClusterNotFound', 'CacheClusterNotFoundFault'],
          settling: ['InvalidCacheClusterState', 'InvalidCacheClusterStateFault'],
        },
      ),
    },
    'cache-snapshot': {
      look: async (entry, call) => {
        const found = await findCacheSnapshot(session, entry.thing.name, call)
        return found === null ? null : seenByTags(await tagsOf(found.ARN, call), entry, found.SnapshotStatus)
      },
      begin: deletion(session, (SnapshotName, o) => elastiCache.send(new DeleteSnapshotCommand({ SnapshotName }), o), {
        done: ['SnapshotNotFound', 'SnapshotNotFoundFault'],
        settling: ['InvalidSnapshotState', 'InvalidSnapshotStateFault'],
      }),
    },
  }
}
