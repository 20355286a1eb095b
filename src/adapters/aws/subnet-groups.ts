import {
  CreateCacheSubnetGroupCommand,
  DeleteCacheSubnetGroupCommand,
  DescribeCacheSubnetGroupsCommand,
  ListTagsForResourceCommand as ListCacheTagsCommand,
} from '@aws-sdk/client-elasticache'
import {
  CreateDBSubnetGroupCommand,
  DeleteDBSubnetGroupCommand,
  DescribeDBSubnetGroupsCommand,
  ListTagsForResourceCommand as ListDatabaseTagsCommand,
} from '@aws-sdk/client-rds'
import type { CloudCall } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { ensure } from './ensure.ts'
import { bearsMark, marksOf, type SeenTag, type Tag, thingAt } from './marks.ts'
import { deletion, type RemovableKind, seenByTags } from './removable.ts'
import type { AwsSession, SendOptions } from './session.ts'

/** What the two services that have subnet groups of their own call alike, and code each in its way. */
interface Service {
  readonly kind: 'db-subnet-group' | 'cache-subnet-group'
  readonly taken: readonly string[]
  readonly absent: readonly string[]
  readonly inUse: readonly string[]
  readonly create: (
    session: AwsSession,
    group: { readonly name: string; readonly SubnetIds: string[]; readonly Tags: Tag[] },
    options: SendOptions,
  ) => Promise<unknown>
  /** Its ARN. */
  readonly find: (session: AwsSession, name: string, options: SendOptions) => Promise<string | undefined>
  readonly tags: (session: AwsSession, arn: string, call: CloudCall) => Promise<readonly SeenTag[]>
  readonly remove: (session: AwsSession, name: string, options: SendOptions) => Promise<unknown>
}

const described = 'Subnets of a migration'
const subnetsSettle = ['InvalidSubnet', 'InvalidSubnetID.NotFound']

const databases: Service = {
  kind: 'db-subnet-group',
  taken: ['DBSubnetGroupAlreadyExists', 'DBSubnetGroupAlreadyExistsFault'],
  absent: ['DBSubnetGroupNotFoundFault', 'DBSubnetGroupNotFound'],
  inUse: ['InvalidDBSubnetGroupStateFault', 'InvalidDBSubnetGroupState'],
  create: (session, { name, ...rest }, options) => {
    const input = { DBSubnetGroupName: name, DBSubnetGroupDescription: described, ...rest }
    return session.rds.send(new CreateDBSubnetGroupCommand(input), options)
  },
  find: async (session, DBSubnetGroupName, options) => {
    const answer = await session.rds.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName }), options)
    return answer.DBSubnetGroups?.[0]?.DBSubnetGroupArn
  },
  tags: async (session, ResourceName, call) => {
    const ask = new ListDatabaseTagsCommand({ ResourceName })
    return (await session.read(call, (o) => session.rds.send(ask, o))).TagList ?? []
  },
  remove: (session, DBSubnetGroupName, options) =>
    session.rds.send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName }), options),
}

const caches: Service = {
  kind: 'cache-subnet-group',
  taken: ['CacheSubnetGroupAlreadyExists', 'CacheSubnetGroupAlreadyExistsFault'],
  absent: ['CacheSubnetGroupNotFoundFault', 'CacheSubnetGroupNotFound'],
  inUse: ['CacheSubnetGroupInUse', 'CacheSubnetGroupInUseFault'],
  create: (session, { name, ...rest }, options) => {
    const input = { CacheSubnetGroupName: name, CacheSubnetGroupDescription: described, ...rest }
    return session.elastiCache.send(new CreateCacheSubnetGroupCommand(input), options)
  },
  find: async (session, CacheSubnetGroupName, options) => {
    const ask = new DescribeCacheSubnetGroupsCommand({ CacheSubnetGroupName })
    return (await session.elastiCache.send(ask, options)).CacheSubnetGroups?.[0]?.ARN
  },
  tags: cacheTags,
  remove: (session, CacheSubnetGroupName, options) =>
    session.elastiCache.send(new DeleteCacheSubnetGroupCommand({ CacheSubnetGroupName }), options),
}

/** One group of this name for databases, and one for caches. */
export async function ensureSubnetGroups(
  session: AwsSession,
  name: string,
  subnetIds: readonly string[],
  making: Making,
  call: CloudCall,
): Promise<void> {
  for (const service of [databases, caches]) {
    const thing = thingAt(session, service.kind, name)
    const group = { name, SubnetIds: [...subnetIds], Tags: marksOf(thing, making) }
    const codes = { done: service.taken, settling: subnetsSettle }
    const create = () => session.change(call, (o) => service.create(session, group, o), codes)
    const look = () => tagsOf(session, service, name, call)
    const isOurs = (tags: readonly SeenTag[]) => bearsMark(tags, making.migration)
    await ensure(session, { thing, making, look, create, isOurs, idOf: () => name }, call)
  }
}

/** How the groups are taken away, by the kind of each. */
export function removeSubnetGroups(session: AwsSession): Readonly<Record<Service['kind'], RemovableKind>> {
  const removable = (service: Service): RemovableKind => ({
    look: async (entry, call) => {
      const tags = await tagsOf(session, service, entry.thing.name, call)
      return tags === null ? null : seenByTags(tags, entry, undefined)
    },
    begin: deletion(session, (name, o) => service.remove(session, name, o), {
      done: service.absent,
      settling: service.inUse,
    }),
  })
  return { 'db-subnet-group': removable(databases), 'cache-subnet-group': removable(caches) }
}

/** Null: there is none of this name. */
async function tagsOf(
  session: AwsSession,
  service: Service,
  name: string,
  call: CloudCall,
): Promise<readonly SeenTag[] | null> {
  const arn = await session.find(call, service.absent, (o) => service.find(session, name, o))
  return arn === null || arn === undefined ? null : service.tags(session, arn, call)
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
