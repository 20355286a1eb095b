import {
  CreateCacheClusterCommand,
  CreateSnapshotCommand,
  DescribeCacheClustersCommand,
  DescribeSnapshotsCommand,
} from '@aws-sdk/client-elasticache'
import type { CloudCall, CloudCaches, SeedGoal } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { ensure } from './ensure.ts'
import { fault } from './faults.ts'
import { bearsMark, marksOf, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'
import { cacheTags } from './subnet-groups.ts'
import { byState, waitFor } from './wait.ts'

const minuteMs = 60_000

/** See `CloudCaches.ensureSeed`. */
export async function ensureSeed(session: AwsSession, goal: SeedGoal, making: Making, call: CloudCall): Promise<void> {
  const thing = thingAt(session, 'cache', goal.name)
  const look = () => findCache(session, goal.name, call)
  const create = () => {
    const input = {
      CacheClusterId: goal.name,
      Engine: 'redis',
      EngineVersion: goal.engineVersion,
      CacheNodeType: goal.nodeType,
      NumCacheNodes: 1,
      CacheSubnetGroupName: goal.subnetGroup,
      SecurityGroupIds: [...goal.securityGroupIds],
      SnapshotArns: [`${arnPrefixOf(session.place.region)}:s3:::${goal.rdb.bucket}/${goal.rdb.key}`],
      Tags: marksOf(thing, making),
    }
    const codes = { done: ['CacheClusterAlreadyExists', 'CacheClusterAlreadyExistsFault'] }
    return session.change(call, (o) => session.elastiCache.send(new CreateCacheClusterCommand(input), o), codes)
  }
  const isOurs = (cache: FoundCache) => isMarkedCache(session, cache.ARN, making, call)
  await ensure(session, { thing, making, look, create, isOurs, idOf: ({ ARN }) => ARN ?? null }, call)
  const loaded = async () => byState(undefined, (await look())?.CacheClusterStatus, 'available')
  await waitFor(session, thing, { look: loaded, longestMs: 60 * minuteMs }, call)
}

type FoundCache = NonNullable<Awaited<ReturnType<typeof findCache>>>

export async function findCache(session: AwsSession, name: string, call: CloudCall) {
  const ask = new DescribeCacheClustersCommand({ CacheClusterId: name })
  const absent = ['CacheClusterNotFound', 'CacheClusterNotFoundFault']
  const answer = await session.find(call, absent, (o) => session.elastiCache.send(ask, o))
  return answer?.CacheClusters?.[0] ?? null
}

/** See `CloudCaches.ensureSnapshot`. */
export async function ensureCacheSnapshot(
  session: AwsSession,
  name: string,
  of: Parameters<CloudCaches['ensureSnapshot']>[1],
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'cache-snapshot', name)
  const look = () => findCacheSnapshot(session, name, call)
  const source = of.kind === 'cache' ? { CacheClusterId: of.name } : { ReplicationGroupId: of.name }
  const create = () => {
    const input = { SnapshotName: name, ...source, Tags: marksOf(thing, making) }
    const codes = {
      done: ['SnapshotAlreadyExists', 'SnapshotAlreadyExistsFault'],
      settling: ['InvalidCacheClusterState', 'InvalidReplicationGroupState'],
    }
    return session.change(call, (o) => session.elastiCache.send(new CreateSnapshotCommand(input), o), codes)
  }
  const isOurs = (snapshot: FoundSnapshot) => isMarkedCache(session, snapshot.ARN, making, call)
  const snapshot = await ensure(session, { thing, making, look, create, isOurs, idOf: ({ ARN }) => ARN ?? null }, call)
  const has = of.kind === 'cache' ? snapshot.CacheClusterId : snapshot.ReplicationGroupId
  if (has !== of.name) {
    throw fault('CLOUD_DIFFERS', {
      what: `cache-snapshot ${name}`,
      property: of.kind,
      has: has ?? 'none',
      wanted: of.name,
    })
  }
  const whole = async () => byState(undefined, (await look())?.SnapshotStatus, 'available')
  await waitFor(session, thing, { look: whole, longestMs: 60 * minuteMs }, call)
}

type FoundSnapshot = NonNullable<Awaited<ReturnType<typeof findCacheSnapshot>>>

export async function findCacheSnapshot(session: AwsSession, SnapshotName: string, call: CloudCall) {
  const ask = new DescribeSnapshotsCommand({ SnapshotName })
  const absent = ['SnapshotNotFound', 'SnapshotNotFoundFault']
  const answer = await session.find(call, absent, (o) => session.elastiCache.send(ask, o))
  return answer?.Snapshots?.[0] ?? null
}

async function isMarkedCache(
  session: AwsSession,
  arn: string | undefined,
  making: Making,
  call: CloudCall,
): Promise<boolean> {
  return arn !== undefined && bearsMark(await cacheTags(session, arn, call), making.migration)
}

/** AWS has partitions of its own for governments and for China. */
export function arnPrefixOf(region: string): string {
  if (region.startsWith('us-gov-')) return 'arn:aws-us-gov'
  return region.startsWith('cn-') ? 'arn:aws-cn' : 'arn:aws'
}
