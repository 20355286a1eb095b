import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeAvailabilityZonesCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  ModifyVpcAttributeCommand,
  type Subnet,
  type Vpc,
} from '@aws-sdk/client-ec2'
import type { CloudCall, NetworkGoal, NetworkState } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { findClusterNetwork, refuseTakenRange } from './cluster-network.ts'
import { ensure } from './ensure.ts'
import { fault } from './faults.ts'
import { halvesOf, networkRange } from './ip-range.ts'
import { filterOf, isMarked, taggedAs, thingAt } from './marks.ts'
import { ensurePeering, ensureRoutes } from './peering.ts'
import { ensureSecurityGroup } from './security-group.ts'
import type { AwsSession } from './session.ts'
import { ensureSubnetGroups } from './subnet-groups.ts'
import { byState, waitFor } from './wait.ts'

const minuteMs = 60_000

/** See `CloudNetworks.ensure`. Each part is looked for first, so what an earlier run has left is gone on with. */
export async function ensureNetwork(
  session: AwsSession,
  goal: NetworkGoal,
  making: Making,
  call: CloudCall,
): Promise<NetworkState> {
  const range = networkRange(goal.cidr)
  const cluster = await findClusterNetwork(session, goal.clusterInfrastructure, call)
  const there = await findVpc(session, goal.name, making, call)
  // Once it is there, its own routes and peering are among what the cluster reaches.
  if (there === null) await refuseTakenRange(session, goal, range, cluster, call)
  else if (there.CidrBlock !== goal.cidr) {
    const differs = { property: 'range', has: there.CidrBlock ?? 'none', wanted: goal.cidr }
    throw fault('CLOUD_DIFFERS', { what: `vpc ${goal.name}`, ...differs })
  }
  const networkId = await ensureVpc(session, goal, making, call)
  const subnets = await ensureSubnets(session, goal.name, networkId, halvesOf(range), making, call)
  const securityGroupId = await ensureSecurityGroup(session, goal.name, networkId, cluster.cidrs, making, call)
  const peeringId = await ensurePeering(session, goal.name, networkId, cluster.id, making, call)
  const routeTables = await ensureRoutes(session, { networkId, cidr: goal.cidr, cluster, peeringId }, making, call)
  const subnetIds = subnets.map(({ id }) => id)
  await ensureSubnetGroups(session, goal.name, subnetIds, making, call)
  return {
    networkId,
    cidr: goal.cidr,
    subnets,
    securityGroupId,
    clusterNetworkId: cluster.id,
    clusterCidrs: cluster.cidrs,
    peeringId,
    routeTables,
    databaseSubnetGroup: goal.name,
    cacheSubnetGroup: goal.name,
  }
}

async function findVpc(session: AwsSession, name: string, making: Making, call: CloudCall): Promise<Vpc | null> {
  const Filters = filterOf(thingAt(session, 'vpc', name), making.migration)
  const answer = await session.read(call, (o) => session.ec2.send(new DescribeVpcsCommand({ Filters }), o))
  return answer.Vpcs?.[0] ?? null
}

async function ensureVpc(session: AwsSession, goal: NetworkGoal, making: Making, call: CloudCall): Promise<string> {
  const thing = thingAt(session, 'vpc', goal.name)
  const look = () => findVpc(session, goal.name, making, call)
  const create = () =>
    session.change(call, (o) => {
      const input = { CidrBlock: goal.cidr, ...taggedAs('vpc', thing, making) }
      return session.ec2.send(new CreateVpcCommand(input), o)
    })
  const vpc = await ensure(session, { thing, making, look, create, isOurs: isMarked(making), idOf: vpcIdOf }, call)
  const id = vpcIdOf(vpc)
  const available = async () => {
    const now = await look()
    return byState(now, now?.State, 'available')
  }
  await waitFor(session, thing, { look: available, longestMs: 5 * minuteMs }, call)
  await ensureDnsAttribute(session, id, 'enableDnsSupport', 'EnableDnsSupport', call)
  await ensureDnsAttribute(session, id, 'enableDnsHostnames', 'EnableDnsHostnames', call)
  return id
}

/** AWS takes one of the attributes a call. */
async function ensureDnsAttribute(
  session: AwsSession,
  VpcId: string,
  Attribute: 'enableDnsSupport' | 'enableDnsHostnames',
  field: 'EnableDnsSupport' | 'EnableDnsHostnames',
  call: CloudCall,
): Promise<void> {
  const ask = new DescribeVpcAttributeCommand({ VpcId, Attribute })
  const now = await session.read(call, (o) => session.ec2.send(ask, o))
  if (now[field]?.Value === true) return
  const change = new ModifyVpcAttributeCommand({ VpcId, [field]: { Value: true } })
  await session.change(call, (o) => session.ec2.send(change, o), { settling: ['InvalidVpcID.NotFound'] })
}

async function ensureSubnets(
  session: AwsSession,
  name: string,
  vpcId: string,
  halves: readonly [string, string],
  making: Making,
  call: CloudCall,
): Promise<NetworkState['subnets']> {
  const subnets: { id: string; cidr: string; zone: string }[] = []
  const zones = await usableZones(session, call)
  for (const [at, cidr] of halves.entries()) {
    const thing = thingAt(session, 'subnet', `${name}-${at + 1}`)
    const Filters = [...filterOf(thing, making.migration), { Name: 'vpc-id', Values: [vpcId] }]
    const look = async () => {
      const answer = await session.read(call, (o) => session.ec2.send(new DescribeSubnetsCommand({ Filters }), o))
      return answer.Subnets?.[0] ?? null
    }
    const create = () => {
      const input = { VpcId: vpcId, CidrBlock: cidr, AvailabilityZone: zones[at], ...taggedAs('subnet', thing, making) }
      const settling = ['InvalidVpcID.NotFound']
      return session.change(call, (o) => session.ec2.send(new CreateSubnetCommand(input), o), { settling })
    }
    const subnet = await ensure(
      session,
      { thing, making, look, create, isOurs: isMarked(making), idOf: subnetIdOf },
      call,
    )
    subnets.push({ id: subnetIdOf(subnet), cidr: subnet.CidrBlock ?? cidr, zone: subnet.AvailabilityZone ?? '' })
  }
  return subnets
}

/** The first two zones in order of name that are open to the account; local and wavelength zones take no databases. */
async function usableZones(session: AwsSession, call: CloudCall): Promise<readonly string[]> {
  const Filters = [
    { Name: 'state', Values: ['available'] },
    { Name: 'zone-type', Values: ['availability-zone'] },
  ]
  const ask = new DescribeAvailabilityZonesCommand({ Filters })
  const answer = await session.read(call, (o) => session.ec2.send(ask, o))
  const names = (answer.AvailabilityZones ?? []).flatMap(({ ZoneName }) => ZoneName ?? []).toSorted()
  if (names.length < 2) throw fault('CLOUD_ZONES', { region: session.place.region, found: names.length })
  return names.slice(0, 2)
}

function subnetIdOf(subnet: Subnet): string {
  return subnet.SubnetId ?? ''
}

function vpcIdOf(vpc: Vpc): string {
  return vpc.VpcId ?? ''
}
