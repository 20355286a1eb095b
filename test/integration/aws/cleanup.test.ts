import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2'
import { systemClock } from '../../../src/base/clock.ts'
import { Secret } from '../../../src/base/secret.ts'
import { ledgerCleanup } from '../../../src/ledger/cleanup.ts'
import type { CleanupRequest } from '../../../src/ports/cleanup.ts'
import {
  call,
  ec2At,
  infrastructure,
  makeClusterNetwork,
  making,
  place,
  type TestCloud,
  withAws,
} from '../../support/aws-cloud.ts'
import { temporaryFolder } from '../../support/servers.ts'

const thing = (kind: string, name: string) => ({ kind, place, name })

/** One run of cleanup over the cloud's ledger. */
function clean({ cloud, ledgerFile }: TestCloud, changes: Partial<CleanupRequest> = {}) {
  const cleanup = ledgerCleanup(systemClock, async () => cloud.removal)
  const { signal } = new AbortController()
  return cleanup.run({
    ledger: ledgerFile,
    dryRun: false,
    safetyCopiesToo: false,
    onProgress: () => undefined,
    signal,
    ...changes,
  })
}

describe('cleanup', () => {
  const aws = withAws({ looks: 1 })
  const dir = temporaryFolder()
  after(() => rm(dir, { recursive: true, force: true }))
  before(async () => {
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
  })

  const safety = { ...making, upkeep: 'safety' } as const
  const network = {
    name: 'threeshift-clean',
    cidr: '10.2.0.0/26',
    clusterInfrastructure: infrastructure,
    alsoTaken: [],
  }

  /** One of every kind that can be made. */
  async function makeEverything({ cloud }: TestCloud): Promise<void> {
    const { securityGroupId } = await cloud.networks.ensure(network, making, call)
    const inNetwork = { subnetGroup: network.name, securityGroupIds: [securityGroupId] }
    const database = {
      name: 'threeshift-clean-db',
      engine: 'postgres',
      version: '13',
      instanceClass: 'db.t3.small',
      storageGiB: 20,
      largestStorageGiB: 100,
      database: 'system',
      user: 'postgres',
      password: new Secret('marked master password'),
      ...inNetwork,
    } as const
    await cloud.databases.ensure(database, making, call)
    await cloud.databases.ensureSnapshot('threeshift-clean-snap', database.name, safety, call)
    await cloud.buckets.ensure({ name: 'threeshift-clean', readableByCaches: true }, making, call)
    const file = join(dir, 'dump.rdb')
    await writeFile(file, 'REDIS0011')
    const rdb = { bucket: 'threeshift-clean', key: 'dump.rdb' }
    await cloud.buckets.ensureObject(rdb, file, call)
    const seed = { name: 'threeshift-clean-seed', rdb, engineVersion: '7.1', nodeType: 'cache.t3.medium', ...inNetwork }
    await cloud.caches.ensureSeed(seed, making, call)
    await cloud.caches.ensureSnapshot('threeshift-clean-cs', { kind: 'cache', name: seed.name }, making, call)
    const user = { name: 'threeshift-clean-user', rights: [{ kind: 'bucket', bucket: 'threeshift-clean' }] } as const
    await cloud.users.ensure(user, making, call)
    await cloud.users.issueKey(user.name, making, call)
  }

  test('leaves nothing of what was made, and nothing else is touched', async () => {
    const test = aws.open()
    await makeEverything(test)
    const before = aws.front().calls.length
    const planned = await clean(test, { dryRun: true })
    assert.equal(planned.verdict, 'left')
    assert.deepEqual(aws.changesSince(before), [])

    const first = await clean(test)
    assert.equal(first.verdict, 'clean', JSON.stringify(first.entries.filter(({ kind }) => kind === 'failed')))
    const kinds = new Map(first.entries.map(({ entry, kind }) => [`${entry.thing.kind} ${entry.thing.name}`, kind]))
    assert.equal(kinds.get('db-snapshot threeshift-clean-snap'), 'safety-copy')
    assert.equal([...kinds.values()].filter((kind) => kind === 'removed').length, kinds.size - 1)

    const last = await clean(test, { safetyCopiesToo: true })
    assert.deepEqual(
      last.entries.map(({ entry, kind }) => [entry.thing.kind, kind]),
      [['db-snapshot', 'removed']],
    )
    assert.ok((await test.ledger.list()).every(({ state }) => state === 'gone'))
    const again = aws.front().calls.length
    assert.deepEqual((await clean(test)).entries, [])
    assert.deepEqual(aws.changesSince(again), [])
    const { Vpcs } = await ec2At(aws.front().endpoint).send(new DescribeVpcsCommand({}))
    assert.ok(Vpcs?.some(({ Tags }) => Tags?.some(({ Key }) => Key === `kubernetes.io/cluster/${infrastructure}`)))
    assert.ok(Vpcs?.every(({ Tags }) => Tags?.every(({ Key }) => Key !== 'threeshift:migration') ?? true))
  })

  test('refuses what bears the name and not the mark, keeps what was handed over, and reports each failure', async () => {
    const owner = aws.open()
    const goal = { name: 'threeshift-not-ours', readableByCaches: false }
    await owner.cloud.buckets.ensure(goal, { ...making, migration: 'somebody-else' }, call)
    const test = aws.open()
    await test.ledger.intend(thing('bucket', goal.name), making)
    await test.ledger.confirm(thing('bucket', goal.name), goal.name)
    await test.ledger.intend(thing('cache-group', 'dest'), { ...making, upkeep: 'keep' })
    await test.ledger.intend(thing('teapot', 'short'), making)
    await test.ledger.intend(thing('user', 'never-made'), making)
    const before = aws.front().calls.length
    const report = await clean(test)
    assert.equal(report.verdict, 'failed')
    const outcome = Object.fromEntries(
      report.entries.map((each) => [each.entry.thing.kind, each.kind === 'failed' ? each.code : each.kind]),
    )
    assert.deepEqual(outcome, {
      'cache-group': 'kept',
      teapot: 'LEDGER_UNKNOWN_KIND',
      user: 'was-gone',
      bucket: 'refused',
    })
    assert.deepEqual(aws.changesSince(before), [])
    assert.match(await readFile(test.ledgerFile, 'utf8'), /"gone".*never-made/)
  })

  test('goes on after it was refused half-way', async () => {
    const test = aws.open()
    await test.cloud.networks.ensure({ ...network, name: 'threeshift-half', cidr: '10.3.0.0/26' }, making, call)
    aws.front().fate = ({ action }) =>
      action === 'DeleteSecurityGroup'
        ? { kind: 'refuse', status: 403, code: 'UnauthorizedOperation' }
        : { kind: 'pass' }
    const half = await clean(test)
    aws.front().fate = () => ({ kind: 'pass' })
    assert.equal(half.verdict, 'failed')
    const whole = await clean(test)
    assert.equal(whole.verdict, 'clean')
    assert.ok((await test.ledger.list()).every(({ state }) => state === 'gone'))
  })
})
