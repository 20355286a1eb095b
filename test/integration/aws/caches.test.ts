import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  CreateReplicationGroupCommand,
  DescribeCacheClustersCommand,
  ElastiCacheClient,
} from '@aws-sdk/client-elasticache'
import { Stop } from '../../../src/base/stop.ts'
import type { Making } from '../../../src/ports/ledger.ts'
import { call, codeOf, making, region, withAws } from '../../support/aws-cloud.ts'

const safety: Making = { ...making, upkeep: 'safety', purpose: 'the group before its restore', row: 'restore-redis' }

/** What RHOAM's cloud resource operator gives a group, with everything that the old way forgot. */
const groupOfRhoam = {
  ReplicationGroupDescription: 'A Redis replication group',
  NumCacheClusters: 2,
  AutomaticFailoverEnabled: true,
  MultiAZEnabled: true,
  CacheNodeType: 'cache.m5.xlarge',
  Engine: 'redis',
  EngineVersion: '7.1',
  CacheParameterGroupName: 'default.redis7',
  CacheSubnetGroupName: 'default',
  SecurityGroupIds: ['sg-0a1', 'sg-0b2'],
  PreferredMaintenanceWindow: 'thu:02:00-thu:03:00',
  SnapshotRetentionLimit: 31,
  SnapshotWindow: '04:00-05:00',
  AtRestEncryptionEnabled: true,
  TransitEncryptionEnabled: false,
  KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/abc',
  NotificationTopicArn: 'arn:aws:sns:eu-west-1:123456789012:alerts',
  AutoMinorVersionUpgrade: true,
  Tags: [
    { Key: 'integreatly.org/clusterID', Value: 'dest-1' },
    { Key: 'integreatly.org/product-name', Value: '3scale' },
    { Key: 'red-hat-managed', Value: 'true' },
  ],
}

describe('a cache group', () => {
  const aws = withAws({ looks: 1, ends: { 'too-small': 'restore-failed', 'never-made': 'create-failed' } })
  const client = () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new ElastiCacheClient({ endpoint: aws.front().endpoint, region, credentials })
  }
  const makeGroup = (ReplicationGroupId: string) =>
    client().send(new CreateReplicationGroupCommand({ ...groupOfRhoam, ReplicationGroupId }))
  const seed = {
    name: 'threeshift-seed',
    rdb: { bucket: 'threeshift-acme', key: 'dump.rdb' },
    engineVersion: '7.1',
    nodeType: 'cache.t3.medium',
    subnetGroup: 'default',
    securityGroupIds: ['sg-0a1'],
  }
  const restore = { group: 'dest-3scale-backend', fromSnapshot: 'threeshift-seed', safetySnapshot: 'threeshift-before' }

  before(async () => {
    await makeGroup(restore.group)
  })

  test('is made again from a snapshot with every attribute that it had', async () => {
    const { cloud, ledger } = aws.open()
    await cloud.caches.ensureSeed(seed, making, call)
    const { CacheClusters } = await client().send(new DescribeCacheClustersCommand({ CacheClusterId: seed.name }))
    assert.equal(CacheClusters?.[0]?.CacheClusterStatus, 'available')
    await cloud.caches.ensureSnapshot(restore.fromSnapshot, { kind: 'cache', name: seed.name }, making, call)
    const had = await cloud.caches.describeGroup(restore.group, call).then(async (state) => {
      // It is still being made at the first look.
      return state?.status === 'available' ? state : cloud.caches.describeGroup(restore.group, call)
    })
    assert.ok(had !== null)
    const { Tags: tagsBefore, ...attributesBefore } = had.attributes
    for (const [name, value] of Object.entries(groupOfRhoam)) {
      if (name !== 'Tags') assert.deepEqual(attributesBefore[name], value, name)
    }

    const changesBefore = aws.front().calls.length
    const restored = await cloud.caches.restoreGroup(restore, safety, call)
    assert.deepEqual(aws.changesSince(changesBefore), [
      'CreateSnapshot',
      'DeleteReplicationGroup',
      'CreateReplicationGroup',
    ])
    assert.equal(restored.status, 'available')
    assert.equal(restored.hostBefore, had.primaryHost)
    const now = await cloud.caches.describeGroup(restore.group, call)
    const { Tags: tagsAfter, ...attributesAfter } = now?.attributes ?? {}
    assert.deepEqual(attributesAfter, attributesBefore)
    assert.ok(Array.isArray(tagsBefore) && Array.isArray(tagsAfter))
    for (const tag of tagsBefore)
      assert.ok(tagsAfter.some((other) => other.Key === tag.Key && other.Value === tag.Value))
    assert.ok(
      tagsAfter.every(({ Key }) => Key !== 'threeshift:migration'),
      'it is the destination’s, not ours',
    )

    const again = aws.front().calls.length
    const same = await cloud.caches.restoreGroup(restore, safety, call)
    assert.deepEqual(aws.changesSince(again), [])
    assert.equal(same.primaryHost, restored.primaryHost)
    const upkeep = Object.fromEntries(
      (await ledger.list()).map(({ thing, making }) => [`${thing.kind} ${thing.name}`, making.upkeep]),
    )
    assert.deepEqual(upkeep, {
      'cache threeshift-seed': 'remove',
      'cache-snapshot threeshift-seed': 'remove',
      'cache-group dest-3scale-backend': 'keep',
      'cache-snapshot threeshift-before': 'safety',
    })
  })

  test('whose restore was killed after the deletion is made again from what the ledger says', async () => {
    const group = 'dest-killed'
    await makeGroup(group)
    const { cloud, ledgerFile } = aws.open()
    const controller = new AbortController()
    const stopping = {
      signal: controller.signal,
      onProgress: ({ state }: { state: string }) => {
        if (state === 'deleting') controller.abort(new Stop('shutdown'))
      },
    }
    const killed = { ...restore, group, safetySnapshot: 'threeshift-before-killed' }
    // A group that is still being made cannot be snapshot; that is waited for.
    await cloud.caches.describeGroup(group, call)
    await cloud.caches.describeGroup(group, call)
    await assert.rejects(cloud.caches.restoreGroup(killed, safety, stopping), new Stop('shutdown'))

    const nobody = aws.open()
    const later = aws.open({}, ledgerFile)
    const restored = await later.cloud.caches.restoreGroup(killed, safety, call)
    assert.equal(restored.attributes['CacheNodeType'], 'cache.m5.xlarge')
    assert.equal(restored.attributes['AtRestEncryptionEnabled'], true)
    const unknown = { ...killed, group: 'dest-unknown' }
    assert.equal(await codeOf(nobody.cloud.caches.restoreGroup(unknown, safety, call)), 'CLOUD_GROUP_GONE')
  })

  test('is asked for again while AWS still holds the id of the deleted one', async () => {
    const group = 'dest-raced'
    await makeGroup(group)
    const { cloud } = aws.open()
    await cloud.caches.describeGroup(group, call)
    await cloud.caches.describeGroup(group, call)
    let refusals = 0
    aws.front().fate = ({ action, form }) => {
      if (action !== 'CreateReplicationGroup' || form.get('ReplicationGroupId') !== group || refusals >= 3)
        return { kind: 'pass' }
      refusals += 1
      return { kind: 'refuse', status: 400, code: 'ReplicationGroupAlreadyExists' }
    }
    const raced = { ...restore, group, safetySnapshot: 'threeshift-before-raced' }
    const restored = await cloud.caches.restoreGroup(raced, safety, call)
    aws.front().fate = () => ({ kind: 'pass' })
    assert.equal(refusals, 3)
    assert.equal(restored.status, 'available')
  })

  test('that cannot hold what it is restored from is a fault, and nothing is deleted without a snapshot to restore', async () => {
    const { cloud } = aws.open()
    const small = { ...seed, name: 'too-small' }
    assert.equal(await codeOf(cloud.caches.ensureSeed(small, making, call)), 'CLOUD_FAILED_STATE')
    const before = aws.front().calls.length
    const missing = { ...restore, fromSnapshot: 'threeshift-missing', safetySnapshot: 'x' }
    assert.equal(await codeOf(cloud.caches.restoreGroup(missing, safety, call)), 'CLOUD_FAILED_STATE')
    assert.deepEqual(aws.changesSince(before), [])
  })

  test('with a password is left alone: it could not be made again as it was', async () => {
    const group = 'dest-with-password'
    const input = {
      ...groupOfRhoam,
      ReplicationGroupId: group,
      AuthToken: 'sixteen-letters-at-least',
      TransitEncryptionEnabled: true,
    }
    await client().send(new CreateReplicationGroupCommand(input))
    const { cloud } = aws.open()
    await codeOf(cloud.caches.describeGroup(group, call).then(() => cloud.caches.describeGroup(group, call)))
    const before = aws.front().calls.length
    const unsafe = { ...restore, group, safetySnapshot: 'y' }
    assert.equal(await codeOf(cloud.caches.restoreGroup(unsafe, safety, call)), 'CLOUD_GROUP_UNSUPPORTED')
    assert.deepEqual(aws.changesSince(before), [])
  })
})
