import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { CloudCall } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { ensure } from './ensure.ts'
import { filterOf, isMarked, taggedAs, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'

/** A security group in the network that lets in whatever comes from the cluster, and nothing else. Out: its id. */
export async function ensureSecurityGroup(
  session: AwsSession,
  name: string,
  vpcId: string,
  clusterCidrs: readonly string[],
  making: Making,
  call: CloudCall,
): Promise<string> {
  const thing = thingAt(session, 'security-group', name)
  const Filters = [...filterOf(thing, making.migration), { Name: 'vpc-id', Values: [vpcId] }]
  const look = async () => {
    const answer = await session.read(call, (o) => session.ec2.send(new DescribeSecurityGroupsCommand({ Filters }), o))
    return answer.SecurityGroups?.[0] ?? null
  }
  const create = () => {
    const input = {
      GroupName: name,
      Description: 'Databases of a migration, for the cluster',
      VpcId: vpcId,
      ...taggedAs('security-group', thing, making),
    }
    const codes = { done: ['InvalidGroup.Duplicate'], settling: ['InvalidVpcID.NotFound'] }
    return session.change(call, (o) => session.ec2.send(new CreateSecurityGroupCommand(input), o), codes)
  }
  const group = await ensure(session, { thing, making, look, create, isOurs: isMarked(making), idOf }, call)
  const open = new Set(
    (group.IpPermissions ?? [])
      .filter(({ IpProtocol }) => IpProtocol === '-1')
      .flatMap(({ IpRanges }) => (IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? [])),
  )
  const missing = clusterCidrs.filter((cidr) => !open.has(cidr))
  if (missing.length > 0) {
    const IpRanges = missing.map((CidrIp) => ({ CidrIp, Description: 'the cluster' }))
    const input = { GroupId: idOf(group), IpPermissions: [{ IpProtocol: '-1', IpRanges }] }
    const codes = { done: ['InvalidPermission.Duplicate'], settling: ['InvalidGroup.NotFound'] }
    await session.change(call, (o) => session.ec2.send(new AuthorizeSecurityGroupIngressCommand(input), o), codes)
  }
  return idOf(group)
}

function idOf({ GroupId }: SecurityGroup): string {
  return GroupId ?? ''
}
