import {
  AcceptVpcPeeringConnectionCommand,
  CreateRouteCommand,
  CreateVpcPeeringConnectionCommand,
  DescribeVpcPeeringConnectionsCommand,
  type VpcPeeringConnection,
} from '@aws-sdk/client-ec2'
import type { CloudCall } from '../../ports/cloud.ts'
import type { Making } from '../../ports/ledger.ts'
import { type ClusterNetwork, routeTablesOf } from './cluster-network.ts'
import { ensure } from './ensure.ts'
import { fault } from './faults.ts'
import { filterOf, isMarked, taggedAs, thingAt } from './marks.ts'
import type { AwsSession } from './session.ts'
import { byState, waitFor } from './wait.ts'

const minuteMs = 60_000

/** One of these is over: AWS still shows it for some hours. */
const over = new Set(['deleted', 'deleting', 'rejected', 'expired', 'failed'])

/** The connection of both networks, asked for and accepted, as both are of the same account. Out: its id, active. */
export async function ensurePeering(
  session: AwsSession,
  name: string,
  vpcId: string,
  clusterVpcId: string,
  making: Making,
  call: CloudCall,
): Promise<string> {
  const thing = thingAt(session, 'peering', name)
  const Filters = filterOf(thing, making.migration)
  const look = async () => {
    const ask = new DescribeVpcPeeringConnectionsCommand({ Filters })
    const answer = await session.read(call, (o) => session.ec2.send(ask, o))
    return answer.VpcPeeringConnections?.find(({ Status }) => !over.has(Status?.Code ?? '')) ?? null
  }
  const create = () => {
    const input = { VpcId: vpcId, PeerVpcId: clusterVpcId, ...taggedAs('vpc-peering-connection', thing, making) }
    const settling = ['InvalidVpcID.NotFound']
    return session.change(call, (o) => session.ec2.send(new CreateVpcPeeringConnectionCommand(input), o), { settling })
  }
  const id = idOf(await ensure(session, { thing, making, look, create, isOurs: isMarked(making), idOf }, call))
  const active = async () => {
    const now = await look()
    const state = now?.Status?.Code
    if (state === 'pending-acceptance') {
      const accept = new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id })
      const settling = ['InvalidVpcPeeringConnectionID.NotFound']
      await session.change(call, (o) => session.ec2.send(accept, o), { settling })
    }
    return byState(id, state, 'active')
  }
  return waitFor(session, thing, { look: active, longestMs: 10 * minuteMs }, call)
}

interface Sides {
  readonly networkId: string
  readonly cidr: string
  readonly cluster: ClusterNetwork
  readonly peeringId: string
}

/** A route to the other side in every route table of both. Out: the ids of the tables. */
export async function ensureRoutes(
  session: AwsSession,
  { networkId, cidr, cluster, peeringId }: Sides,
  making: Making,
  call: CloudCall,
): Promise<readonly string[]> {
  const sides = [
    { vpcId: networkId, leadTo: cluster.cidrs },
    { vpcId: cluster.id, leadTo: [cidr] },
  ]
  const tables: string[] = []
  for (const { vpcId, leadTo } of sides) {
    for (const { RouteTableId: table = '' } of await routeTablesOf(session, vpcId, call)) {
      tables.push(table)
      for (const to of leadTo) await ensureRoute(session, { vpcId, table, to, peeringId }, making, call)
    }
  }
  return tables
}

interface RouteGoal {
  readonly vpcId: string
  readonly table: string
  readonly to: string
  readonly peeringId: string
}

/** A route bears no marks: it is ours when it leads into our peering. */
async function ensureRoute(
  session: AwsSession,
  { vpcId, table, to, peeringId }: RouteGoal,
  making: Making,
  call: CloudCall,
): Promise<void> {
  const thing = thingAt(session, 'route', `${table} ${to}`)
  const look = async () => {
    const there = (await routeTablesOf(session, vpcId, call)).find(({ RouteTableId }) => RouteTableId === table)
    const route = there?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === to)
    if (route === undefined) return null
    if (route.VpcPeeringConnectionId === peeringId) return route
    throw fault('CLOUD_RANGE_TAKEN', { range: to, taken: to, by: `a route of ${table} to somewhere else` })
  }
  const create = () => {
    const input = { RouteTableId: table, DestinationCidrBlock: to, VpcPeeringConnectionId: peeringId }
    const codes = { done: ['RouteAlreadyExists'], settling: ['InvalidVpcPeeringConnectionID.NotFound'] }
    return session.change(call, (o) => session.ec2.send(new CreateRouteCommand(input), o), codes)
  }
  const details = { table, to, peering: peeringId }
  await ensure(session, { thing, making, details, look, create, isOurs: () => true, idOf: () => table }, call)
}

function idOf({ VpcPeeringConnectionId }: VpcPeeringConnection): string {
  return VpcPeeringConnectionId ?? ''
}
