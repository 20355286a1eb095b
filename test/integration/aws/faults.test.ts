import assert from 'node:assert/strict'
import { afterEach, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import { Secret } from '../../../src/base/secret.ts'
import { ledgerCleanup } from '../../../src/ledger/cleanup.ts'
import type { Cloud, DatabaseGoal } from '../../../src/ports/cloud.ts'
import {
  call,
  codeOf,
  infrastructure,
  makeClusterNetwork,
  making,
  type TestCloud,
  withAws,
} from '../../support/aws-cloud.ts'
import { type AwsCall, type AwsFate, isLook } from '../../support/aws-front.ts'

const marked = 'marked-master-password'
const seed = {
  name: 'threeshift-f-seed',
  rdb: { bucket: 'threeshift-f', key: 'dump.rdb' },
  engineVersion: '7.1',
  nodeType: 'cache.t3.medium',
  subnetGroup: 'threeshift-f',
  securityGroupIds: [],
}
const network = { name: 'threeshift-f', cidr: '10.2.0.0/26', clusterInfrastructure: infrastructure, alsoTaken: [] }
const database: DatabaseGoal = {
  name: 'threeshift-f-db',
  engine: 'mysql',
  version: '5.7',
  instanceClass: 'db.t3.small',
  storageGiB: 20,
  largestStorageGiB: 100,
  subnetGroup: network.name,
  securityGroupIds: [],
  database: 'system',
  user: 'admin',
  password: new Secret(marked),
}
const user = { name: 'threeshift-f-user', rights: [{ kind: 'bucket', bucket: 'threeshift-f' }] } as const

/** Every kind of change, in an order in which each finds what it stands on. */
const verbs: Readonly<Record<string, (cloud: Cloud) => Promise<unknown>>> = {
  network: (cloud) => cloud.networks.ensure(network, making, call),
  database: (cloud) => cloud.databases.ensure(database, making, call),
  'database snapshot': (cloud) => cloud.databases.ensureSnapshot('threeshift-f-s', database.name, making, call),
  upgrade: (cloud) =>
    cloud.databases.upgrade({ name: database.name, toVersion: '8.0', safetySnapshot: 'threeshift-f-u' }, making, call),
  bucket: (cloud) => cloud.buckets.ensure({ name: 'threeshift-f', readableByCaches: true }, making, call),
  seed: (cloud) => cloud.caches.ensureSeed(seed, making, call),
  'cache snapshot': (cloud) =>
    cloud.caches.ensureSnapshot('threeshift-f-c', { kind: 'cache', name: seed.name }, making, call),
  user: (cloud) => cloud.users.ensure(user, making, call),
  key: (cloud) => cloud.users.issueKey(user.name, making, call),
}

async function takeAway({ cloud, ledger, ledgerFile }: TestCloud): Promise<void> {
  const request = { ledger: ledgerFile, dryRun: false, safetyCopiesToo: true, onProgress: () => undefined, ...call }
  const report = await ledgerCleanup(systemClock, async () => cloud.removal).run(request)
  assert.equal(report.verdict, 'clean', inspect(report.entries.filter(({ kind }) => kind === 'failed')))
  assert.ok((await ledger.list()).every(({ state }) => state === 'gone'))
}

/** Lets the first call of each action fail in one way. */
function firstOfEach(fate: AwsFate, concerns: (call: AwsCall) => boolean): (call: AwsCall) => AwsFate {
  const met = new Set<string>()
  return (call) => {
    if (!concerns(call) || met.has(call.action)) return { kind: 'pass' }
    met.add(call.action)
    return fate
  }
}

const creates = ({ action }: AwsCall) => /^Create(?!AccessKey)/.test(action) || action === 'PUT bucket'

describe('faults of AWS', () => {
  const aws = withAws({ looks: 1 })
  before(async () => {
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
  })

  afterEach(() => {
    aws.front().fate = () => ({ kind: 'pass' })
    aws.front().hold = () => Promise.resolve()
  })

  /** Runs all verbs with a fate for each call; then takes everything away without one. */
  async function throughAll(fate: (call: AwsCall) => AwsFate): Promise<TestCloud> {
    const opened = aws.open()
    aws.front().fate = fate
    try {
      for (const [name, verb] of Object.entries(verbs)) {
        await verb(opened.cloud).catch((error: unknown) => {
          throw new Error(`${name}: ${inspect(error)}`)
        })
      }
    } finally {
      aws.front().fate = () => ({ kind: 'pass' })
    }
    return opened
  }

  test('throttling and failures of the service are survived by every look and every change', async () => {
    const throttled: AwsFate = { kind: 'refuse', status: 400, code: 'Throttling' }
    await takeAway(await throughAll(firstOfEach(throttled, () => true)))
    const unavailable: AwsFate = { kind: 'refuse', status: 503, code: 'ServiceUnavailable' }
    await takeAway(await throughAll(firstOfEach(unavailable, isLook)))
  })

  test('an answer that is lost after the thing was made leads to no second one', async () => {
    const begun = aws.front().calls.length
    const opened = await throughAll(firstOfEach({ kind: 'lose-answer' }, creates))
    const made = aws
      .front()
      .calls.slice(begun)
      .filter(({ action }) => action === 'CreateVpc')
    assert.equal(made.length, 1, 'it was seen to be there, and not asked for again')
    const things = (await opened.ledger.list()).map(({ thing, state }) => `${state} ${thing.kind}`)
    assert.ok(
      things.every((text) => text.startsWith('made ')),
      things.join(),
    )
    await takeAway(opened)
  })

  test('two runs at the same moment make everything once, and both come to its end', async () => {
    const one = aws.open()
    const other = aws.open({}, one.ledgerFile)
    const begun = aws.front().calls.length
    // What has no name of its own in AWS (networks, subnets, peerings) is made by one run at a time.
    await verbs['network']?.(one.cloud)
    for (const name of ['database', 'database snapshot', 'bucket', 'seed', 'cache snapshot', 'user']) {
      // Both look before either makes: the second to make is told that it is there.
      let waiting: (() => void)[] = []
      const both = new Promise<void>((resolve) => waiting.push(resolve))
      let makers = 0
      aws.front().hold = ({ action }) => {
        if (!/^Create|^PUT bucket$/.test(action)) return Promise.resolve()
        makers += 1
        if (makers === 2) for (const go of waiting) go()
        return makers <= 2 ? both : Promise.resolve()
      }
      await Promise.all([verbs[name]?.(one.cloud), verbs[name]?.(other.cloud)])
      assert.ok(makers >= 2, name)
      waiting = []
    }
    aws.front().hold = () => Promise.resolve()
    const databases = aws
      .front()
      .calls.slice(begun)
      .filter(({ action }) => action === 'CreateDBInstance')
    assert.equal(databases.length, 2, 'both asked, one was told that it exists')
    await takeAway(one)
  })

  test('expired, refused and foreign credentials are told apart, and nothing is changed with them', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['ExpiredToken', 'AWS_CREDENTIALS_EXPIRED'],
      ['InvalidClientTokenId', 'AWS_CREDENTIALS_REFUSED'],
      ['AccessDenied', 'AWS_REFUSED'],
    ]
    for (const [said, code] of cases) {
      const { cloud, ledger } = aws.open()
      aws.front().fate = () => ({ kind: 'refuse', status: 403, code: said })
      const begun = aws.front().calls.length
      for (const [name, verb] of Object.entries(verbs)) assert.equal(await codeOf(verb(cloud)), code, name)
      assert.deepEqual(aws.changesSince(begun), [])
      assert.deepEqual(await ledger.list(), [])
    }
    aws.front().fate = () => ({ kind: 'pass' })
    const elsewhere = aws.open({ place: { account: '999999999999', region: 'eu-west-1' } })
    for (const name of ['network', 'bucket', 'seed', 'user']) {
      assert.equal(await codeOf(verbs[name]?.(elsewhere.cloud) ?? Promise.resolve()), 'CLOUD_OTHER_ACCOUNT', name)
    }
  })

  test('credentials that expire while something is waited for end the wait with what to do, and the next call goes on', async () => {
    const { cloud } = aws.open()
    await verbs['network']?.(cloud)
    const begun = aws.front().calls.length
    let looks = 0
    aws.front().fate = ({ action }) => {
      if (action === 'DescribeDBInstances') looks += 1
      return looks >= 3 ? { kind: 'refuse', status: 403, code: 'ExpiredToken' } : { kind: 'pass' }
    }
    assert.equal(await codeOf(cloud.databases.ensure(database, making, call)), 'AWS_CREDENTIALS_EXPIRED')
    aws.front().fate = () => ({ kind: 'pass' })
    assert.equal((await cloud.databases.ensure(database, making, call)).status, 'available')
    assert.deepEqual(aws.changesSince(begun), ['CreateDBInstance'])
  })

  test('no fault shows a credential or what was sent', async () => {
    const { cloud } = aws.open()
    aws.front().fate = ({ action }) =>
      action === 'CreateDBInstance' ? { kind: 'refuse', status: 400, code: 'InvalidParameterValue' } : { kind: 'pass' }
    const error = await cloud.databases
      .ensure({ ...database, name: 'threeshift-f-2' }, making, call)
      .catch((error: unknown) => error)
    aws.front().fate = () => ({ kind: 'pass' })
    assert.ok(error instanceof Fault)
    const printed = inspect(error, { depth: 20, showHidden: true })
    for (const hidden of [marked, 'the-secret-key-of-tests', 'Signature=', 'AKIAIOSFODNN7EXAMPLE'])
      assert.ok(!printed.includes(hidden), hidden)
  })
})
