import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { DescribeVpcAttributeCommand } from '@aws-sdk/client-ec2'
import type { NetworkGoal } from '../../../src/ports/cloud.ts'
import { call, codeOf, ec2At, infrastructure, makeClusterNetwork, making, withAws } from '../../support/aws-cloud.ts'

const goal: NetworkGoal = {
  name: 'threeshift-acme',
  cidr: '10.2.0.0/26',
  clusterInfrastructure: infrastructure,
  alsoTaken: ['10.128.0.0/14', '172.30.0.0/16'],
}

describe('a network of its own', () => {
  const aws = withAws({ looks: 1 })
  before(async () => {
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
  })

  test('is made with every part, and a second run changes nothing', async () => {
    const { cloud, ledger } = aws.open()
    const made = await cloud.networks.ensure(goal, making, call)
    assert.deepEqual(
      made.subnets.map(({ cidr, zone }) => [cidr, zone]),
      [
        ['10.2.0.0/27', 'eu-west-1a'],
        ['10.2.0.32/27', 'eu-west-1b'],
      ],
    )
    assert.deepEqual(made.clusterCidrs, ['10.0.0.0/16'])
    assert.equal(made.routeTables.length, 2, 'the main table of either side')
    for (const Attribute of ['enableDnsSupport', 'enableDnsHostnames'] as const) {
      const ask = new DescribeVpcAttributeCommand({ VpcId: made.networkId, Attribute })
      const { EnableDnsSupport, EnableDnsHostnames } = await ec2At(aws.front().endpoint).send(ask)
      assert.equal((EnableDnsSupport ?? EnableDnsHostnames)?.Value, true, Attribute)
    }
    const entries = await ledger.list()
    assert.deepEqual(
      entries.map(({ thing, state }) => `${state} ${thing.kind}`),
      [
        'made vpc',
        'made subnet',
        'made subnet',
        'made security-group',
        'made peering',
        'made route',
        'made route',
        'made db-subnet-group',
        'made cache-subnet-group',
      ],
    )

    const before = aws.front().calls.length
    assert.deepEqual(await cloud.networks.ensure(goal, making, call), made)
    assert.deepEqual(aws.changesSince(before), [])
    assert.ok(aws.front().calls.length > before)
  })

  test('is gone on with by a run that has another ledger, and enters what it finds', async () => {
    const { cloud, ledger } = aws.open()
    const before = aws.front().calls.length
    await cloud.networks.ensure(goal, making, call)
    assert.deepEqual(aws.changesSince(before), [])
    assert.equal((await ledger.list()).length, 9)
  })

  test('is not made over a range that is taken', async () => {
    const { cloud, ledger } = aws.open()
    for (const cidr of ['10.0.7.0/26', '10.130.0.0/26', '172.30.0.64/26', '10.2.0.0/24']) {
      const other = { ...making, migration: 'another' }
      assert.equal(
        await codeOf(cloud.networks.ensure({ ...goal, name: 'other', cidr }, other, call)),
        'CLOUD_RANGE_TAKEN',
      )
    }
    for (const cidr of ['10.2.0.1/26', '10.2.0.0/28', 'ten', '10.2.0.0/8']) {
      assert.equal(await codeOf(cloud.networks.ensure({ ...goal, cidr }, making, call)), 'CLOUD_RANGE_UNREADABLE')
    }
    assert.deepEqual(await ledger.list(), [])
  })

  test('needs exactly one network that belongs to the cluster', async () => {
    const { cloud } = aws.open()
    const none = { ...goal, name: 'n2', clusterInfrastructure: 'nobody' }
    assert.equal(await codeOf(cloud.networks.ensure(none, making, call)), 'CLOUD_CLUSTER_NETWORK')
    const second = await makeClusterNetwork(aws.front().endpoint, infrastructure, '10.9.0.0/16')
    assert.equal(await codeOf(cloud.networks.ensure(goal, making, call)), 'CLOUD_CLUSTER_NETWORK')
    await second.remove()
  })

  test('is never made in another account', async () => {
    const { cloud, ledger } = aws.open({ place: { account: '999999999999', region: 'eu-west-1' } })
    const before = aws.front().calls.length
    const elsewhere = { ...making, migration: 'elsewhere' }
    const other = { ...goal, name: 'elsewhere', cidr: '10.77.0.0/26' }
    assert.equal(await codeOf(cloud.networks.ensure(other, elsewhere, call)), 'CLOUD_OTHER_ACCOUNT')
    assert.deepEqual(aws.changesSince(before), [])
    assert.deepEqual(await ledger.list(), [])
  })
})
