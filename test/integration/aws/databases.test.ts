import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, test } from 'node:test'
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds'
import { Secret } from '../../../src/base/secret.ts'
import { Stop } from '../../../src/base/stop.ts'
import type { DatabaseGoal } from '../../../src/ports/cloud.ts'
import type { Making } from '../../../src/ports/ledger.ts'
import { call, codeOf, infrastructure, makeClusterNetwork, making, region, withAws } from '../../support/aws-cloud.ts'

const password = 'a master password that is marked'
const goal: DatabaseGoal = {
  name: 'threeshift-acme-mysql',
  engine: 'mysql',
  version: '5.7',
  instanceClass: 'db.t3.small',
  storageGiB: 20,
  largestStorageGiB: 100,
  subnetGroup: 'threeshift-db',
  securityGroupIds: [],
  database: 'system',
  user: 'admin',
  password: new Secret(password),
}
const safety: Making = { ...making, upkeep: 'safety', purpose: 'before the upgrade', row: 'upgrade-mysql' }

describe('a database', () => {
  const aws = withAws({
    looks: 2,
    refused: ['refused-db'],
    stuck: ['stuck-db'],
    ends: { 'broken-db': 'incompatible-network' },
  })
  const rdsOf = () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new RDSClient({ endpoint: aws.front().endpoint, region, credentials })
  }

  before(async () => {
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
    const network = {
      name: goal.subnetGroup,
      cidr: '10.2.0.0/26',
      clusterInfrastructure: infrastructure,
      alsoTaken: [],
    }
    await aws.open().cloud.networks.ensure(network, making, call)
  })

  test('is made in the newest version of the kind, closed and protected; a second run changes nothing', async () => {
    const { cloud, ledger, ledgerFile } = aws.open()
    const states: string[] = []
    const watching = { ...call, onProgress: ({ state }: { state: string }) => void states.push(state) }
    const made = await cloud.databases.ensure(goal, making, watching)
    assert.deepEqual([made.version, made.status, made.port], ['5.7.44', 'available', 3306])
    assert.ok(states.includes('creating'), 'it was waited for')
    const { DBInstances } = await rdsOf().send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: goal.name }))
    const [instance] = DBInstances ?? []
    assert.equal(instance?.StorageEncrypted, true)
    assert.equal(instance?.PubliclyAccessible, false)
    assert.equal(instance?.DeletionProtection, true)
    const before = aws.front().calls.length
    assert.deepEqual(await cloud.databases.ensure(goal, making, call), made)
    assert.deepEqual(aws.changesSince(before), [])
    assert.deepEqual(
      (await ledger.list()).map(({ state }) => state),
      ['made'],
    )
    assert.ok(!(await readFile(ledgerFile, 'utf8')).includes(password))
  })

  test('is upgraded after a snapshot, and is done only when the new version runs', async () => {
    const { cloud, ledger } = aws.open()
    const seen: string[] = []
    const watching = { ...call, onProgress: ({ state }: { state: string }) => void seen.push(state) }
    const upgrade = { name: goal.name, toVersion: '8.0', safetySnapshot: 'threeshift-acme-before-8' }
    const before = aws.front().calls.length
    const upgraded = await cloud.databases.upgrade(upgrade, safety, watching)
    assert.deepEqual([upgraded.version, upgraded.status, upgraded.pending], ['8.0.40', 'available', []])
    assert.deepEqual(aws.changesSince(before), ['CreateDBSnapshot', 'ModifyDBInstance'], 'the snapshot comes first')
    assert.ok(
      seen.some((state) => /^available, 8\.0\.40 pending$/.test(state)),
      `not taken for done: ${seen.join(' | ')}`,
    )
    assert.ok(seen.includes('upgrading'))
    const again = aws.front().calls.length
    assert.equal((await cloud.databases.upgrade(upgrade, safety, call)).version, '8.0.40')
    assert.deepEqual(aws.changesSince(again), [])
    const [snapshot] = (await ledger.list()).filter(({ thing }) => thing.kind === 'db-snapshot')
    assert.equal(snapshot?.making.upkeep, 'safety')
  })

  test('is not upgraded to where its engine does not go, and nothing is changed', async () => {
    const { cloud } = aws.open()
    const before = aws.front().calls.length
    const upgrade = { name: goal.name, toVersion: '9.1', safetySnapshot: 'never' }
    assert.equal(await codeOf(cloud.databases.upgrade(upgrade, safety, call)), 'CLOUD_NO_UPGRADE')
    assert.deepEqual(aws.changesSince(before), [])
    assert.equal(
      await codeOf(cloud.databases.ensure({ ...goal, name: 'x', version: '4.1' }, making, call)),
      'CLOUD_NO_VERSION',
    )
  })

  test('whose upgrade RDS gives up is told from one that is slow to begin', async () => {
    const { cloud } = aws.open()
    await cloud.databases.ensure({ ...goal, name: 'refused-db' }, making, call)
    const upgrade = { name: 'refused-db', toVersion: '8.0', safetySnapshot: 'before-refused' }
    assert.equal(await codeOf(cloud.databases.upgrade(upgrade, safety, call)), 'CLOUD_UPGRADE_FAILED')
  })

  test('that stays as it is, or ends in a state without a way out, is a fault and not a success', async () => {
    const { cloud } = aws.open({ pace: { lookEveryMs: 2, longestWaitMs: 50 } })
    assert.equal(await codeOf(cloud.databases.ensure({ ...goal, name: 'stuck-db' }, making, call)), 'CLOUD_STUCK')
    assert.equal(
      await codeOf(cloud.databases.ensure({ ...goal, name: 'broken-db' }, making, call)),
      'CLOUD_FAILED_STATE',
    )
  })

  test('whose upgrade was aborted is waited for by the next call, and not asked again', async () => {
    const { cloud } = aws.open()
    const name = 'aborted-db'
    await cloud.databases.ensure({ ...goal, name }, making, call)
    const controller = new AbortController()
    const stopping = {
      signal: controller.signal,
      onProgress: ({ state }: { state: string }) => {
        if (state.includes('pending')) controller.abort(new Stop('operator'))
      },
    }
    const upgrade = { name, toVersion: '8.0', safetySnapshot: 'before-aborted' }
    await assert.rejects(cloud.databases.upgrade(upgrade, safety, stopping), new Stop('operator'))
    const before = aws.front().calls.length
    assert.equal((await cloud.databases.upgrade(upgrade, safety, call)).version, '8.0.40')
    assert.deepEqual(aws.changesSince(before), [])
  })

  test('of another migration is not taken over', async () => {
    const { cloud } = aws.open()
    const other = { ...making, migration: 'somebody-else' }
    const before = aws.front().calls.length
    assert.equal(await codeOf(cloud.databases.ensure(goal, other, call)), 'CLOUD_NAME_TAKEN')
    const upgrade = { name: goal.name, toVersion: '8.4', safetySnapshot: 'none' }
    assert.equal(await codeOf(cloud.databases.upgrade(upgrade, other, call)), 'CLOUD_NAME_TAKEN')
    assert.deepEqual(aws.changesSince(before), [])
  })
})
