import {
  CreateCacheSubnetGroupCommand,
  DescribeCacheSubnetGroupsCommand,
  ListTagsForResourceCommand as ListCacheTagsCommand,
} from '@aws-sdk/client-elasticache'
import {
  CreateDBSubnetGroupCommand,
  DescribeDBSubnetGroupsCommand,
  ListTagsForResourceCommand as ListDatabaseTagsCommand,
} from '@aws-sdk/client-rds'
import type { CloudCall } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { ensure } from './ensure.ts'
import { bearsMark, marksOf, type SeenTag, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'

const described = 'Subnets of a migration'
const subnetsSettle = ['InvalidSubnet', 'InvalidSubnetID.NotFound']

export async function ensureDatabaseSubnetGroup(
  session: AwsSession,
  name: string,
  subnetIds: readonly string[],
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'db-subnet-group', name)
  const create = () => {
    const input = {
      DBSubnetGroupName: name,
      DBSubnetGroupDescription: described,
      SubnetIds: [...subnetIds],
      Tags: marksOf(thing, making),
    }
    const codes = { done: ['DBSubnetGroupAlreadyExists', 'DBSubnetGroupAlreadyExistsFault'], settling: subnetsSettle }
    return session.change(call, (o) => session.rds.send(new CreateDBSubnetGroupCommand(input), o), codes)
  }
  const look = () => databaseSubnetGroupTags(session, name, call)
  await ensure(session, { thing, making, look, create, isOurs: isOursBy(making), idOf: () => name }, call)
}

/** The tags of the group; null: there is none of this name. */
export async function databaseSubnetGroupTags(
  session: AwsSession,
  DBSubnetGroupName: string,
  call: CloudCall,
): Promise<readonly SeenTag[] | null> {
  const ask = new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName })
  const absent = ['DBSubnetGroupNotFoundFault', 'DBSubnetGroupNotFound']
  const answer = await session.find(call, absent, (o) => session.rds.send(ask, o))
  const ResourceName = answer?.DBSubnetGroups?.[0]?.DBSubnetGroupArn
  if (ResourceName === undefined) return null
  const tags = await session.read(call, (o) => session.rds.send(new ListDatabaseTagsCommand({ ResourceName }), o))
  return tags.TagList ?? []
}

export async function ensureCacheSubnetGroup(
  session: AwsSession,
  name: string,
  subnetIds: readonly string[],
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'cache-subnet-group', name)
  const create = () => {
    const input = {
      CacheSubnetGroupName: name,
      CacheSubnetGroupDescription: described,
      SubnetIds: [...subnetIds],
      Tags: marksOf(thing, making),
    }
    const codes = {
      done: ['CacheSubnetGroupAlreadyExists', 'CacheSubnetGroupAlreadyExistsFault'],
      settling: subnetsSettle,
    }
    return session.change(call, (o) => session.elastiCache.send(new CreateCacheSubnetGroupCommand(input), o), codes)
  }
  const look = () => cacheSubnetGroupTags(session, name, call)
  await ensure(session, { thing, making, look, create, isOurs: isOursBy(making), idOf: () => name }, call)
}

/** The tags of the group; null: there is none of this name. */
export async function cacheSubnetGroupTags(
  session: AwsSession,
  CacheSubnetGroupName: string,
  call: CloudCall,
): Promise<readonly SeenTag[] | null> {
  const ask = new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName })
  const absent = ['CacheSubnetGroupNotFoundFault', 'CacheSubnetGroupNotFound']
  const answer = await session.find(call, absent, (o) => session.elastiCache.send(ask, o))
  const arn = answer?.CacheSubnetGroups?.[0]?.ARN
  return arn === undefined ? null : cacheTags(session, arn, call)
}

/** The tags of anything of ElastiCache. It does not list them with the thing itself. */
export async function cacheTags(
  session: AwsSession,
  ResourceName: string,
  call: CloudCall,
): Promise<readonly SeenTag[]> {
  const ask = new ListCacheTagsCommand({ ResourceName })
  return (await session.read(call, (o) => session.elastiCache.send(ask, o))).TagList ?? []
}

function isOursBy(making: Making): (tags: readonly SeenTag[]) => boolean {
  return (tags) => bearsMark(tags, making.migration)
}
