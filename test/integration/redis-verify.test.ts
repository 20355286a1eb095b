import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fillEveryType, redisUrl, runRedis, startTestRedis, type TestRedis } from '../support/redis.ts'

describe('a target that differs in one thing', () => {
  let source: TestRedis
  let target: TestRedis
  let snapshot: string
  const run = (verb: string) =>
    runRedis([verb, '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all'], {
      TARGET: redisUrl(target.server),
    })

  before(async () => {
    source = await startTestRedis()
    target = await startTestRedis()
    await fillEveryType(source.client)
    await source.client.hset('service_token/token:s3cr3t/service_id:7', 'permissions', '')
    snapshot = await source.save()
    const copied = await run('copy')
    assert.equal(copied.code, 0, copied.stderr)
  })
  after(() => Promise.all([source.stop(), target.stop()]))

  test('an untouched copy is equal, with sums per service, metric and period', async () => {
    const { code, result, stderr } = await run('verify')
    assert.equal(code, 0, stderr)
    assert.equal(result['verdict'], 'equal')
    assert.equal(result['keys'], 3220)
    assert.deepEqual(result['differences'], [])
    const stats = result['stats'] as readonly Record<string, unknown>[]
    const eternity = { service: '7', metric: '1', period: 'eternity', keys: 1 }
    const sum = '9007199254740993'
    assert.deepEqual(
      stats.find((one) => one['period'] === 'eternity'),
      { ...eternity, sum, targetSum: sum },
    )
  })

  const redis = () => target.client
  const cases: readonly [string, kind: string, key: string, () => Promise<unknown>, undo: () => Promise<unknown>][] = [
    [
      'one INCR',
      'changed',
      'stats/{service:7}/metric:1/eternity',
      () => redis().incr('stats/{service:7}/metric:1/eternity'),
      () => redis().decr('stats/{service:7}/metric:1/eternity'),
    ],
    [
      'one lost set member',
      'changed',
      'stats/{service:7}/cinstances',
      () => redis().srem('stats/{service:7}/cinstances', 'app1'),
      () => redis().sadd('stats/{service:7}/cinstances', 'app1'),
    ],
    [
      'one member exchanged for another',
      'changed',
      'hashtable set',
      () => redis().multi().srem('hashtable set', 'member9').sadd('hashtable set', 'other').exec(),
      () => redis().multi().srem('hashtable set', 'other').sadd('hashtable set', 'member9').exec(),
    ],
    [
      'one TTL off by a minute',
      'expiry',
      'daily_traffic/service:7/cinstance:a3/20250423',
      async () => {
        const key = 'daily_traffic/service:7/cinstance:a3/20250423'
        await redis().pexpireat(key, (await redis().pexpiretime(key)) + 60_000)
      },
      async () => {
        const key = 'daily_traffic/service:7/cinstance:a3/20250423'
        await redis().pexpireat(key, (await redis().pexpiretime(key)) - 60_000)
      },
    ],
    [
      'a TTL where none should be',
      'expiry',
      'empty',
      () => redis().expire('empty', 1000),
      () => redis().persist('empty'),
    ],
    ['a key too many', 'extra', 'surplus', () => redis().set('surplus', '1'), () => redis().del('surplus')],
    [
      'a key of another type',
      'type',
      'empty',
      () => redis().multi().del('empty').sadd('empty', '1').exec(),
      () => redis().set('empty', ''),
    ],
    ['a lost key', 'missing', 'binary', () => redis().rename('binary', 'x'), () => redis().rename('x', 'binary')],
    [
      'one score',
      'changed',
      'skiplist',
      () => redis().zincrby('skiplist', 0.5, 'm7'),
      () => redis().zadd('skiplist', String(7 * 1.1), 'm7'),
    ],
    [
      'two list elements exchanged',
      'changed',
      'short list',
      () => redis().multi().lset('short list', 0, '-300').lset('short list', 1, '1').exec(),
      () => redis().multi().lset('short list', 0, '1').lset('short list', 1, '-300').exec(),
    ],
  ]
  for (const [name, kind, key, change, undo] of cases) {
    test(`${name}: exits 2 and names the key`, async () => {
      await change()
      const { code, result, stderr } = await run('verify')
      await undo()
      assert.equal(code, 2, stderr)
      assert.equal(result['verdict'], 'different')
      const differences = result['differences'] as readonly Record<string, unknown>[]
      assert.ok(
        differences.some((one) => one['key'] === key && one['kind'] === kind),
        JSON.stringify(differences),
      )
      assert.ok(!stderr.includes(key), 'keys are part of the result, not of messages')
    })
  }

  test('a key that holds a credential is named by its hash', async () => {
    await target.client.del('service_token/token:s3cr3t/service_id:7')
    const { code, stdout } = await run('verify')
    assert.equal(code, 2)
    assert.ok(!stdout.includes('s3cr3t'))
    assert.match(stdout, /sha256:[0-9a-f]{12}/)
  })

  test('the sums say by how much a counter differs', async () => {
    await target.client.incrby('stats/{service:7}/metric:1/eternity', 41)
    const { result } = await run('verify')
    const stats = result['stats'] as readonly Record<string, unknown>[]
    assert.equal(stats.find((one) => one['period'] === 'eternity')?.['targetSum'], '9007199254741034')
  })
})
