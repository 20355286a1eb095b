import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { CreateReplicationGroupCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { ledgerCleanup } from '../../src/ledger/cleanup.ts'
import type { Cloud } from '../../src/ports/cloud.ts'
import {
  call,
  infrastructure,
  makeClusterNetwork,
  making,
  region,
  type TestCloud,
  withAws,
} from '../support/aws-cloud.ts'
import { type AwsCall, type AwsFate, isLook } from '../support/aws-front.ts'
import { temporaryFolder } from '../support/servers.ts'

const marked = 'the-canary-of-the-matrix'
const file = join(temporaryFolder(), 'dump.rdb')
writeFileSync(file, Buffer.alloc(200_000, 'REDIS0011'))

const refuse = (status: number, code: string): AwsFate => ({ kind: 'refuse', status, code })
/** What goes wrong, and the fault with which a call ends that does not survive it. */
const effects = {
  '401': { fate: refuse(401, 'AuthFailure'), code: 'AWS_CREDENTIALS_REFUSED' },
  '403': { fate: refuse(403, 'AccessDenied'), code: 'AWS_REFUSED' },
  'expired token': { fate: refuse(403, 'ExpiredToken'), code: 'AWS_CREDENTIALS_EXPIRED' },
  '409': { fate: refuse(409, 'OperationAborted'), code: 'AWS_REFUSED' },
  '410': { fate: refuse(410, 'Gone'), code: 'AWS_REFUSED' },
  throttled: { fate: refuse(400, 'Throttling'), code: 'AWS_THROTTLED' },
  '429': { fate: refuse(429, 'TooManyRequestsException'), code: 'AWS_THROTTLED' },
  '500': { fate: refuse(500, 'InternalFailure'), code: 'AWS_UNAVAILABLE' },
  '503': { fate: refuse(503, 'ServiceUnavailable'), code: 'AWS_UNAVAILABLE' },
  slow: { fate: { kind: 'slow', ms: 5 }, code: null },
  'lost before': { fate: { kind: 'lose' }, code: 'AWS_UNREACHABLE' },
  'lost after': { fate: { kind: 'lose-answer' }, code: 'AWS_UNREACHABLE' },
  cut: { fate: { kind: 'cut', bytes: 20 }, code: 'AWS_UNREACHABLE' },
} as const satisfies Readonly<Record<string, { readonly fate: AwsFate; readonly code: string | null }>>
type Effect = keyof typeof effects
const effectNames = Object.keys(effects) as Effect[]

/** Survived wherever it happens for a moment, for nothing was done or nothing was lost. */
const passing: ReadonlySet<Effect> = new Set(['throttled', '429', 'slow'])
/** Survived where it only keeps a look from being answered. */
const passingForLooks: ReadonlySet<Effect> = new Set([...passing, '500', '503', 'lost before', 'lost after', 'cut'])

const runs: string[] = []

/** Ranges too are a run's own: what one leaves behind when it fails is in no other's way. */
function rangeOf(run: string): string {
  if (!runs.includes(run)) runs.push(run)
  return `10.2.${runs.indexOf(run)}.0/26`
}

const names = (run: string) => ({
  network: { name: `m-${run}`, cidr: rangeOf(run), clusterInfrastructure: infrastructure, alsoTaken: [] },
  database: `m-${run}-db`,
  bucket: `m-${run}`,
  seed: `m-${run}-seed`,
  group: `m-${run}-group`,
  user: `m-${run}-user`,
})

/**
 * Every verb of the port, in an order in which each finds what it stands on. A run makes things under names of its own.
 * `repeats`: it changes something each time, as its doc says.
 */
const verbs: readonly {
  readonly verb: string
  readonly call: (cloud: Cloud, run: string) => Promise<unknown>
  readonly repeats?: true
}[] = [
  { verb: 'identity', call: (cloud) => cloud.identity(call) },
  { verb: 'networks.ensure', call: (cloud, run) => cloud.networks.ensure(names(run).network, making, call) },
  {
    verb: 'databases.ensure',
    call: (cloud, run) =>
      cloud.databases.ensure(
        {
          name: names(run).database,
          engine: 'mysql',
          version: '5.7',
          instanceClass: 'db.t3.small',
          storageGiB: 20,
          largestStorageGiB: 100,
          subnetGroup: names(run).network.name,
          securityGroupIds: [],
          database: 'system',
          user: 'admin',
          password: new Secret(marked),
        },
        making,
        call,
      ),
  },
  {
    verb: 'databases.describe',
    call: async (cloud, run) => assert.ok((await cloud.databases.describe(names(run).database, call)) !== null),
  },
  {
    verb: 'databases.ensureSnapshot',
    call: (cloud, run) => cloud.databases.ensureSnapshot(`m-${run}-s`, names(run).database, making, call),
  },
  {
    verb: 'databases.upgrade',
    call: async (cloud, run) => {
      const upgrade = { name: names(run).database, toVersion: '8.0', safetySnapshot: `m-${run}-u` }
      assert.match((await cloud.databases.upgrade(upgrade, making, call)).version, /^8\.0\./)
    },
  },
  {
    verb: 'buckets.ensure',
    call: (cloud, run) => cloud.buckets.ensure({ name: names(run).bucket, readableByCaches: true }, making, call),
  },
  {
    verb: 'buckets.ensureObject',
    call: async (cloud, run) => {
      const at = { bucket: names(run).bucket, key: 'dump.rdb' }
      assert.equal((await cloud.buckets.ensureObject(at, file, call)).bytes, 200_000)
    },
  },
  {
    verb: 'caches.ensureSeed',
    call: (cloud, run) =>
      cloud.caches.ensureSeed(
        {
          name: names(run).seed,
          rdb: { bucket: names(run).bucket, key: 'dump.rdb' },
          engineVersion: '7.1',
          nodeType: 'cache.t3.medium',
          subnetGroup: names(run).network.name,
          securityGroupIds: [],
        },
        making,
        call,
      ),
  },
  {
    verb: 'caches.ensureSnapshot',
    call: (cloud, run) =>
      cloud.caches.ensureSnapshot(`m-${run}-c`, { kind: 'cache', name: names(run).seed }, making, call),
  },
  {
    verb: 'caches.describeGroup',
    call: async (cloud, run) => assert.ok((await cloud.caches.describeGroup(names(run).group, call)) !== null),
  },
  {
    verb: 'caches.restoreGroup',
    call: async (cloud, run) => {
      const restore = { group: names(run).group, fromSnapshot: `m-${run}-c`, safetySnapshot: `m-${run}-before` }
      const restored = await cloud.caches.restoreGroup(restore, { ...making, upkeep: 'safety' }, call)
      assert.equal(restored.status, 'available')
    },
  },
  {
    verb: 'users.ensure',
    call: (cloud, run) => {
      const rights = [{ kind: 'bucket', bucket: names(run).bucket }] as const
      return cloud.users.ensure({ name: names(run).user, rights }, making, call)
    },
  },
  { verb: 'users.issueKey', call: (cloud, run) => cloud.users.issueKey(names(run).user, making, call), repeats: true },
]

/**
 * Answers of S3 to HEAD have a status and no code, so that what is said of buckets may be less than what is known; and a
 * refusal that is cut has lost its code as well.
 */
function isSaid(verb: string, end: string, code: string | null): boolean {
  const hasLostCode = verb.startsWith('buckets.') || (code === 'AWS_UNREACHABLE' && end === 'AWS_REFUSED')
  return end !== 'ok' && (end === code || hasLostCode)
}

/** The first call of each action, or every call, of those that `concerns`. */
function fateFor(fate: AwsFate, times: 'once' | 'always', concerns: (call: AwsCall) => boolean) {
  const met = new Set<string>()
  return (asked: AwsCall): AwsFate => {
    if (!concerns(asked) || (times === 'once' && met.has(asked.action))) return { kind: 'pass' }
    met.add(asked.action)
    // S3 has a code of its own for it, and its answers to HEAD have none at all.
    const isThrottled = fate.kind === 'refuse' && fate.code === 'Throttling'
    return isThrottled && asked.service === 's3' ? refuse(503, 'SlowDown') : fate
  }
}

async function takeAway({ cloud, ledgerFile }: TestCloud): Promise<void> {
  const request = { ledger: ledgerFile, dryRun: false, safetyCopiesToo: true, onProgress: () => undefined, ...call }
  const report = await ledgerCleanup(systemClock, async () => cloud.removal).run(request)
  assert.equal(report.verdict, 'clean', inspect(report.entries.filter(({ kind }) => kind === 'failed')))
}

describe('an AWS on which things go wrong', () => {
  const aws = withAws({ looks: 1 })
  before(async () => {
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
  })
  afterEach(() => {
    aws.front().fate = () => ({ kind: 'pass' })
  })

  const makeGroup = async (run: string) => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const client = new ElastiCacheClient({ endpoint: aws.front().endpoint, region, credentials })
    const input = {
      ReplicationGroupId: names(run).group,
      ReplicationGroupDescription: 'of RHOAM',
      NumCacheClusters: 2,
      AutomaticFailoverEnabled: true,
      CacheNodeType: 'cache.m5.large',
      Engine: 'redis',
      EngineVersion: '7.1',
      CacheSubnetGroupName: 'default',
    }
    await client.send(new CreateReplicationGroupCommand(input))
  }

  /** How the work ends: `ok`, or the code of a fault with a remedy that shows no secret. */
  async function endOf(work: () => Promise<unknown>, fate: (asked: AwsCall) => AwsFate): Promise<string> {
    aws.front().fate = fate
    try {
      await work()
      return 'ok'
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      assert.match(error.code, /^(?:AWS|CLOUD|S3)_/)
      assert.notEqual(error.remedy, '')
      const printed = `${error.message} ${error.remedy} ${inspect(error, { depth: 20, showHidden: true })}`
      for (const hidden of [marked, 'the-secret-key-of-tests', 'Signature=']) assert.ok(!printed.includes(hidden))
      return error.code
    } finally {
      aws.front().fate = () => ({ kind: 'pass' })
    }
  }

  /** What was called a success needs nothing more; what failed is gone on with, to the same end. */
  async function settle(opened: TestCloud, run: string, { verb, call, repeats }: (typeof verbs)[number], end: string) {
    if (end !== 'ok') await call(opened.cloud, run)
    if (repeats === true) return
    const begun = aws.front().calls.length
    await call(opened.cloud, run)
    assert.deepEqual(aws.changesSince(begun), [], `${verb}: not done, though it ended with ${end}`)
  }

  // A change that was not done, and one that was done all the same; what never passes is met by every verb below.
  for (const effect of ['503', 'lost after'] as const) {
    const { fate, code } = effects[effect]

    test(`${effect}: in changes and in looks, for a moment, it is survived or said; and what goes on from there is whole`, async () => {
      const run = `e${effectNames.indexOf(effect)}`
      const opened = aws.open()
      await makeGroup(run)
      for (const row of verbs) {
        const inChanges = await endOf(
          () => row.call(opened.cloud, run),
          fateFor(fate, 'once', (asked) => !isLook(asked)),
        )
        if (passing.has(effect)) assert.equal(inChanges, 'ok', `${row.verb}: a change`)
        else assert.ok(inChanges === 'ok' || isSaid(row.verb, inChanges, code), `${row.verb}: ${inChanges}`)
        await settle(opened, run, row, inChanges)
        const inLooks = await endOf(
          () => row.call(opened.cloud, run),
          fateFor(fate, 'once', (asked) => isLook(asked)),
        )
        if (passingForLooks.has(effect)) assert.equal(inLooks, 'ok', `${row.verb}: a look`)
        else assert.ok(inLooks === 'ok' || isSaid(row.verb, inLooks, code), `${row.verb}: ${inLooks}`)
      }
      await takeAway(opened)
    })
  }

  test('what never passes is said by every verb, and nothing is changed', async () => {
    const opened = aws.open()
    await makeGroup('never')
    for (const effect of effectNames) {
      const { fate, code } = effects[effect]
      if (code === null) continue
      for (const { verb, call } of verbs) {
        const begun = aws.front().calls.length
        const end = await endOf(
          () => call(opened.cloud, 'never'),
          fateFor(fate, 'always', () => true),
        )
        assert.ok(isSaid(verb, end, code), `${verb}: ${effect}: ${end}`)
        assert.deepEqual(aws.changesSince(begun), [], `${verb}: ${effect}`)
      }
    }
    assert.deepEqual(await opened.ledger.list(), [])
  })

  test('a removal is never called done while it meets them, and ends well after them', async () => {
    const opened = aws.open()
    await makeGroup('gone')
    for (const { call } of verbs) await call(opened.cloud, 'gone')
    const request = {
      ledger: opened.ledgerFile,
      dryRun: false,
      safetyCopiesToo: true,
      onProgress: () => undefined,
      ...call,
    }
    for (const effect of effectNames) {
      const { fate, code } = effects[effect]
      if (code === null) continue
      aws.front().fate = fateFor(fate, 'always', () => true)
      const report = await ledgerCleanup(systemClock, async () => opened.cloud.removal)
        .run(request)
        .catch((error: unknown) => error)
      aws.front().fate = () => ({ kind: 'pass' })
      if (report instanceof Fault) assert.notEqual(report.remedy, '')
      else assert.notEqual((report as { verdict: string }).verdict, 'clean', effect)
    }
    assert.ok((await opened.ledger.list()).some(({ state }) => state === 'made'))
    await takeAway(opened)
  })
})
