import assert from 'node:assert/strict'
import { copyFileSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { checkpointKey } from '../../src/movers/redis/checkpoint.ts'
import { type CombinedShards, combineShards, type Shard } from '../../src/movers/redis/combine-shards.ts'
import { faultOf, redisUrl, runRedis, startTestRedis, type TestRedis } from '../support/redis.ts'

/*
 * Three shards of a ring that was resized: most keys are on one, some on two or all of them.
 */
let shards: readonly TestRedis[]
let files: readonly string[]
let together: TestRedis
let oneByOne: TestRedis
let combined: string
let result: CombinedShards

before(async () => {
  shards = await Promise.all([0, 1, 2].map(() => startTestRedis()))
  ;[together, oneByOne] = await Promise.all([startTestRedis(), startTestRedis()])
  await Promise.all(shards.map(({ client }, at) => fillShard(client, at)))
  files = await Promise.all(shards.map((shard) => shard.save()))
  combined = join(together.folder, 'combined.rdb')
  result = await combineShards(files.map(fromFile), combined, new AbortController())
})
after(() => Promise.all([...shards, together, oneByOne].map((redis) => redis.stop())))

async function fillShard(client: Redis, shard: number): Promise<void> {
  const later = Date.now() + 86_400_000
  const pipeline = client.pipeline()
  // Services 0 to 5; each is on its own shard, and every third one on the next shard too.
  for (let service = 0; service < 6; service++) {
    if (service % 3 !== shard && !(service % 2 === 0 && (service + 1) % 3 === shard)) continue
    const stats = `stats/{service:${service}}`
    for (let i = 0; i < 2000; i++)
      pipeline.set(`${stats}/cinstance:a${i}/metric:1/day:20250423`, String(i * 10 + shard))
    pipeline.set(`${stats}/metric:1/eternity`, '4503599627370497')
    pipeline.sadd(`${stats}/cinstances`, ...numbered(600 * (shard + 1), (n) => `a${n}`))
    pipeline.sadd(`${stats}/numbers`, ...numbered(20 + shard, String))
    pipeline.rpush(`errors/service_id:${service}`, ...numbered(30, (n) => `${shard}:${n}`))
    pipeline.rpush(`long ${service}`, ...numbered(9, (n) => `${shard}${'x'.repeat(n * 1000)}`))
    pipeline.hset(`hash ${service}`, ...numbered(shard + 2, (n) => `f${n}`).flatMap((field) => [field, `of ${shard}`]))
    pipeline.hset(
      `table ${service}`,
      ...numbered(700, (n) => `f${n * (shard + 1)}`).flatMap((one) => [one, `${shard}`]),
    )
  }
  for (let i = 0; i < 100; i++) {
    pipeline.set(`daily_traffic/service:7/cinstance:a${shard}-${i}/20250423`, '1', 'PXAT', later + i)
  }
  pipeline.zadd('events/queue', ...numbered(40, (n) => n).flatMap((n) => [n + shard / 7, `event ${n * (shard + 1)}`]))
  pipeline.zadd('scores', '+inf', 'a', '-inf', `b${shard}`, '1e300', 'c', -0.1 * shard, 'd')
  pipeline.set('events/id', String(1000 + shard))
  pipeline.set('usage_limit/service_id:1/plan_id:1/metric_id:1/day', '100')
  pipeline.set('kept from the first', `of shard ${shard}`)
  pipeline.set(`large ${shard}`, 'abc'.repeat(200_000))
  pipeline.select(1)
  pipeline.rpush('resque:queue:priority', `{"class":"ReportJob","of":${shard}}`)
  pipeline.sadd('resque:queues', 'priority', `queue${shard}`)
  pipeline.select(0)
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}

function numbered<T>(count: number, name: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => name(n))
}

function fromFile(file: string): Shard {
  const fd = openSync(file, 'r')
  const read = () => {
    let position = 0
    return {
      read: (into: Buffer) => {
        const count = readSync(fd, into, 0, into.length, position)
        position += count
        return count
      },
    }
  }
  return { digest: file, exact: true, notes: [], read }
}

async function dropCheckpoints({ client }: TestRedis): Promise<void> {
  for (const database of [0, 1]) {
    await client.select(database)
    await client.del(checkpointKey)
  }
}

const copy = (verb: 'copy' | 'verify', source: string, target: TestRedis, ...more: readonly string[]) =>
  runRedis([verb, '--source', `file:${source}`, '--target', 'env:TARGET', '--carry', 'all', ...more], {
    TARGET: redisUrl(target.server),
  })

test('a copy of shards made one equals the shards merged one after the other', async () => {
  // Of each of three services 2007 keys are on two shards; seven others, in two databases, are on all three.
  assert.equal(result.combinedKeys, 3 * 2007 + 7)
  assert.match(result.notes.join('\n'), /^3 shards were made one/)
  const copied = await copy('copy', combined, together)
  assert.equal(copied.code, 0, copied.stderr)
  for (const file of files) {
    const merged = await copy('copy', file, oneByOne, '--mode', 'merge')
    assert.equal(merged.code, 0, merged.stderr)
  }
  await dropCheckpoints(oneByOne)
  assert.equal(await together.digest(), await oneByOne.digest())
  assert.equal(await together.client.get('stats/{service:0}/metric:1/eternity'), '9007199254740994')
  const verified = await copy('verify', combined, oneByOne)
  assert.equal(verified.code, 0, verified.stdout)
})

test('a server itself takes the file, and so does a merge of it', async () => {
  const server = await startTestRedis({ dbfilename: 'combined.rdb' })
  try {
    const [, dir] = (await server.client.config('GET', 'dir')) as [string, string]
    copyFileSync(combined, join(dir, 'combined.rdb'))
    await server.client.call('DEBUG', 'RELOAD', 'NOSAVE')
    const digest = await server.digest()
    await server.client.flushall()
    const merged = await copy('copy', combined, server, '--mode', 'merge')
    assert.equal(merged.code, 0, merged.stderr)
    const again = await copy('copy', combined, server, '--mode', 'merge')
    assert.equal(faultOf(again), 'REDIS_ALREADY_MERGED')
    await dropCheckpoints(server)
    assert.equal(await server.digest(), digest)
  } finally {
    await server.stop()
  }
})
