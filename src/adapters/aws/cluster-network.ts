import {
  DescribeRouteTablesCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  type RouteTable,
} from '@aws-sdk/client-ec2'
import type { CloudCall, NetworkGoal } from '../../ports/cloud.ts'
import { fault } from './faults.ts'
import { type IpRange, overlap, readRange } from './ip-range.ts'
import type { AwsSession } from './session.ts'

export interface ClusterNetwork {
  readonly id: string
  readonly cidrs: readonly string[]
}

/**
 * The one network that belongs to the cluster.
 *
 * Found by the tag that the installer gives it, not by `red-hat-managed`, which other networks of RHOAM bear as well.
 * Faults: CLOUD_CLUSTER_NETWORK unless there is exactly one.
 */
export async function findClusterNetwork(
  session: AwsSession,
  infrastructure: string,
  call: CloudCall,
): Promise<ClusterNetwork> {
  const filter = { Name: `tag:kubernetes.io/cluster/${infrastructure}`, Values: ['owned', 'shared'] }
  const vpcs = await allPages((NextToken) =>
    session.read(call, (o) => session.ec2.send(new DescribeVpcsCommand({ Filters: [filter], NextToken }), o)),
  ).then((pages) => pages.flatMap((page) => page.Vpcs ?? []))
  const [vpc] = vpcs
  if (vpc?.VpcId === undefined || vpcs.length > 1) {
    throw fault('CLOUD_CLUSTER_NETWORK', { infrastructure, found: vpcs.map(({ VpcId }) => VpcId ?? 'without id') })
  }
  const cidrs = (vpc.CidrBlockAssociationSet ?? [])
    .filter(({ CidrBlockState }) => CidrBlockState?.State === 'associated')
    .flatMap(({ CidrBlock }) => CidrBlock ?? [])
  return { id: vpc.VpcId, cidrs }
}

export async function routeTablesOf(session: AwsSession, vpcId: string, call: CloudCall): Promise<RouteTable[]> {
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }]
  const pages = await allPages((NextToken) =>
    session.read(call, (o) => session.ec2.send(new DescribeRouteTablesCommand({ Filters, NextToken }), o)),
  )
  return pages.flatMap(({ RouteTables }) => RouteTables ?? [])
}

/**
 * Refuses a range that the cluster reaches or uses already: its own network, pods and services, its other peers, and what
 * its routes lead to. Faults: CLOUD_RANGE_TAKEN.
 */
export async function refuseTakenRange(
  session: AwsSession,
  goal: NetworkGoal,
  range: IpRange,
  cluster: ClusterNetwork,
  call: CloudCall,
): Promise<void> {
  const refuse = (texts: readonly string[], by: string) => {
    for (const taken of texts) {
      const other = readRange(taken)
      if (other !== null && overlap(range, other)) throw fault('CLOUD_RANGE_TAKEN', { range: range.text, taken, by })
    }
  }
  refuse(cluster.cidrs, `the cluster's network ${cluster.id}`)
  refuse(goal.alsoTaken, "the cluster's pods or services")
  for (const side of ['requester', 'accepter'] as const) {
    const Filters = [{ Name: `${side}-vpc-info.vpc-id`, Values: [cluster.id] }]
    const pages = await allPages((NextToken) =>
      session.read(call, (o) => session.ec2.send(new DescribeVpcPeeringConnectionsCommand({ Filters, NextToken }), o)),
    )
    for (const peering of pages.flatMap((page) => page.VpcPeeringConnections ?? [])) {
      if (!['active', 'provisioning', 'pending-acceptance'].includes(peering.Status?.Code ?? '')) continue
      const peer = side === 'requester' ? peering.AccepterVpcInfo : peering.RequesterVpcInfo
      const cidrs = (peer?.CidrBlockSet ?? []).flatMap(({ CidrBlock }) => CidrBlock ?? [])
      refuse(peer?.CidrBlock === undefined ? cidrs : [...cidrs, peer.CidrBlock], `its peer ${peer?.VpcId ?? 'unknown'}`)
    }
  }
  for (const table of await routeTablesOf(session, cluster.id, call)) {
    // The way out covers everything, and a narrower route goes before it.
    const leads = (table.Routes ?? []).flatMap(({ DestinationCidrBlock: to }) =>
      to === undefined || to === '0.0.0.0/0' ? [] : to,
    )
    refuse(leads, `a route of ${table.RouteTableId ?? 'a table'}`)
  }
}

/** Follows the pages of a list to its end. */
export async function allPages<Page extends { readonly NextToken?: string | undefined }>(
  ask: (token: string | undefined) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  let token: string | undefined
  do {
    const page = await ask(token)
    pages.push(page)
    token = page.NextToken === '' ? undefined : page.NextToken
  } while (token !== undefined)
  return pages
}
