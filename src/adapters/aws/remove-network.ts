import {
  DeleteRouteCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2'
import type { RemovalCall } from '../../ports/cleanup.ts'
import type { LedgerEntry } from '../../ports/ledger.ts'
import { filterOf } from './marks.ts'
import type { RemovableKinds } from './removable.ts'
import type { AwsSession } from './session.ts'

const inUse = { settling: ['DependencyViolation'] }
const over = new Set(['deleted', 'rejected', 'expired', 'failed'])

/** Only what bears our marks is found at all; so whatever is found is ours, and what is not found is taken for gone. */
export function removeNetwork(session: AwsSession): RemovableKinds {
  return {
    route: {
      look: async ({ details: { table, to, peering } }, call) => {
        const route = await findRoute(session, { table, to }, call)
        // A route bears no marks. One into our peering is ours, also while that is being removed.
        return route === undefined
          ? null
          : { ours: route.VpcPeeringConnectionId === peering, state: route.State ?? 'there' }
      },
      begin: async ({ details: { table, to } }, _seen, call) => {
        const ask = new DeleteRouteCommand({ RouteTableId: table, DestinationCidrBlock: to })
        await session.change(call, (o) => session.ec2.send(ask, o), { done: ['InvalidRoute.NotFound'] })
      },
    },
    peering: {
      look: async (entry, call) => {
        const ask = new DescribeVpcPeeringConnectionsCommand(filters(entry))
        const answer = await session.read(call, (o) => session.ec2.send(ask, o))
        const found = answer.VpcPeeringConnections?.find(({ Status }) => !over.has(Status?.Code ?? ''))
        return ours(found?.VpcPeeringConnectionId, found?.Status?.Code)
      },
      begin: async (_entry, { id, state }, call) => {
        if (state === 'deleting') return
        const ask = new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id })
        await session.change(call, (o) => session.ec2.send(ask, o), {
          done: ['InvalidVpcPeeringConnectionID.NotFound'],
        })
      },
    },
    'security-group': {
      look: async (entry, call) => {
        const ask = new DescribeSecurityGroupsCommand(filters(entry))
        return ours((await session.read(call, (o) => session.ec2.send(ask, o))).SecurityGroups?.[0]?.GroupId)
      },
      begin: async (_entry, { id }, call) => {
        const ask = new DeleteSecurityGroupCommand({ GroupId: id })
        await session.change(call, (o) => session.ec2.send(ask, o), { done: ['InvalidGroup.NotFound'], ...inUse })
      },
    },
    subnet: {
      look: async (entry, call) => {
        const ask = new DescribeSubnetsCommand(filters(entry))
        return ours((await session.read(call, (o) => session.ec2.send(ask, o))).Subnets?.[0]?.SubnetId)
      },
      begin: async (_entry, { id }, call) => {
        const ask = new DeleteSubnetCommand({ SubnetId: id })
        await session.change(call, (o) => session.ec2.send(ask, o), { done: ['InvalidSubnetID.NotFound'], ...inUse })
      },
    },
    vpc: {
      look: async (entry, call) => {
        const ask = new DescribeVpcsCommand(filters(entry))
        return ours((await session.read(call, (o) => session.ec2.send(ask, o))).Vpcs?.[0]?.VpcId)
      },
      begin: async (_entry, { id }, call) => {
        const ask = new DeleteVpcCommand({ VpcId: id })
        await session.change(call, (o) => session.ec2.send(ask, o), { done: ['InvalidVpcID.NotFound'], ...inUse })
      },
    },
  }
}

function filters({ thing, making }: LedgerEntry) {
  return { Filters: filterOf(thing, making.migration) }
}

function ours(id: string | undefined, state = 'there') {
  return id === undefined ? null : { ours: true, state, id }
}

async function findRoute(
  session: AwsSession,
  { table = '', to }: { readonly table: string | undefined; readonly to: string | undefined },
  call: RemovalCall,
) {
  const ask = new DescribeRouteTablesCommand({ RouteTableIds: [table] })
  const absent = ['InvalidRouteTableID.NotFound', 'InvalidRouteTableId.NotFound']
  const answer = await session.find(call, absent, (o) => session.ec2.send(ask, o))
  return answer?.RouteTables?.[0]?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === to)
}
