import {
  type CacheCluster,
  type CreateReplicationGroupCommandInput,
  DescribeReplicationGroupsCommand,
  type ReplicationGroup,
} from '@aws-sdk/client-elasticache'
import type { CacheGroupState, CloudCall } from '../../ports/cloud.ts'
import { findCache } from './caches.ts'
import { fault } from './faults.ts'
import type { SeenTag } from './marks.ts'
import type { AwsSession } from './session.ts'
import { cacheTags } from './subnet-groups.ts'

/** What a group is given when it is made, but for its id and what it holds. Plain JSON. */
export type GroupAttributes = Omit<CreateReplicationGroupCommandInput, 'ReplicationGroupId' | 'SnapshotName'>

export interface DescribedGroup {
  readonly group: ReplicationGroup
  readonly tags: readonly SeenTag[]
}

export async function findGroup(session: AwsSession, name: string, call: CloudCall): Promise<DescribedGroup | null> {
  const ask = new DescribeReplicationGroupsCommand({ ReplicationGroupId: name })
  const absent = ['ReplicationGroupNotFound', 'ReplicationGroupNotFoundFault']
  const answer = await session.find(call, absent, (o) => session.elastiCache.send(ask, o))
  const group = answer?.ReplicationGroups?.[0]
  if (group === undefined) return null
  return { group, tags: group.ARN === undefined ? [] : await cacheTags(session, group.ARN, call) }
}

/** See `CloudCaches.describeGroup`. */
export async function describeGroup(
  session: AwsSession,
  name: string,
  call: CloudCall,
): Promise<CacheGroupState | null> {
  const found = await findGroup(session, name, call)
  if (found === null) return null
  const isWhole = found.group.Status === 'available'
  const attributes = isWhole ? { ...(await readAttributes(session, found, call)) } : {}
  return { ...groupStateOf(found.group), attributes }
}

export function groupStateOf(group: ReplicationGroup): Omit<CacheGroupState, 'attributes'> {
  const endpoint = group.NodeGroups?.[0]?.PrimaryEndpoint
  return {
    group: group.ReplicationGroupId ?? '',
    status: group.Status ?? '',
    primaryHost: endpoint?.Address ?? '',
    port: endpoint?.Port ?? 0,
  }
}

/**
 * Everything that a group needs to be made again as it is. Half of it stands with the group, half with its members.
 *
 * Faults: CLOUD_GROUP_UNSUPPORTED for what cannot be read back: a password, and the slots of a group in cluster mode.
 */
export async function readAttributes(
  session: AwsSession,
  { group, tags }: DescribedGroup,
  call: CloudCall,
): Promise<GroupAttributes> {
  const name = group.ReplicationGroupId ?? ''
  const unsupported = (why: string) => fault('CLOUD_GROUP_UNSUPPORTED', { group: name, why })
  if (group.AuthTokenEnabled === true) throw unsupported('it has a password, which AWS tells nobody')
  if (group.ClusterEnabled === true) throw unsupported('it is in cluster mode, which 3scale does not use')
  if (group.GlobalReplicationGroupInfo?.GlobalReplicationGroupId) throw unsupported('it belongs to a global datastore')
  const members = group.MemberClusters ?? []
  const member = members[0] === undefined ? null : await findCache(session, members[0], call)
  if (member === null) throw unsupported('its first member is not there')
  const zones = (group.NodeGroups?.[0]?.NodeGroupMembers ?? []).flatMap(
    ({ PreferredAvailabilityZone: zone }) => zone ?? [],
  )
  return present<GroupAttributes>({
    ReplicationGroupDescription: group.Description ?? 'A Redis replication group',
    NumCacheClusters: members.length,
    AutomaticFailoverEnabled: isOn(group.AutomaticFailover),
    MultiAZEnabled: isOn(group.MultiAZ),
    PreferredCacheClusterAZs: zones.length === members.length ? zones : undefined,
    CacheNodeType: group.CacheNodeType ?? member.CacheNodeType,
    Engine: group.Engine ?? member.Engine,
    EngineVersion: versionToAskFor(member.EngineVersion),
    Port: group.NodeGroups?.[0]?.PrimaryEndpoint?.Port,
    CacheParameterGroupName: member.CacheParameterGroup?.CacheParameterGroupName,
    CacheSubnetGroupName: member.CacheSubnetGroupName,
    SecurityGroupIds: securityGroupsOf(member),
    PreferredMaintenanceWindow: member.PreferredMaintenanceWindow,
    NotificationTopicArn: member.NotificationConfiguration?.TopicArn,
    AutoMinorVersionUpgrade: group.AutoMinorVersionUpgrade ?? member.AutoMinorVersionUpgrade,
    SnapshotRetentionLimit: group.SnapshotRetentionLimit,
    SnapshotWindow: group.SnapshotWindow,
    AtRestEncryptionEnabled: group.AtRestEncryptionEnabled,
    KmsKeyId: group.KmsKeyId,
    TransitEncryptionEnabled: group.TransitEncryptionEnabled,
    TransitEncryptionMode: group.TransitEncryptionMode,
    UserGroupIds: filled(group.UserGroupIds),
    LogDeliveryConfigurations: filled(
      group.LogDeliveryConfigurations?.map(({ LogType, DestinationType, DestinationDetails, LogFormat }) =>
        present({ LogType, DestinationType, DestinationDetails, LogFormat, Enabled: true }),
      ),
    ),
    DataTieringEnabled: isOn(group.DataTiering) ? true : undefined,
    NetworkType: group.NetworkType,
    IpDiscovery: group.IpDiscovery,
    ClusterMode: group.ClusterMode,
    Tags: tags.filter(({ Key = '' }) => !Key.startsWith('aws:')).map(({ Key = '', Value = '' }) => ({ Key, Value })),
  })
}

/** From 6 on ElastiCache describes `7.1.0` and takes `7.1` only; before that it takes the whole number. */
function versionToAskFor(version: string | undefined): string | undefined {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return Number(major) >= 6 ? `${major}.${minor}` : version
}

function securityGroupsOf(member: CacheCluster): string[] | undefined {
  return filled(member.SecurityGroups?.flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []))
}

function isOn(state: string | undefined): boolean {
  return state === 'enabled' || state === 'enabling'
}

function filled<Item>(list: Item[] | undefined): Item[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list
}

/** Without what is undefined: the ledger keeps JSON, and the service takes no empty parameters. */
function present<Shape extends object>(values: { [Key in keyof Shape]: Shape[Key] | undefined }): Shape {
  // Only the optional keys of the shape can be undefined in it.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Shape
}
