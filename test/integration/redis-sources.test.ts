import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { withMoto } from '../support/moto.ts'
import { faultOf, fillEveryType, redisUrl, runRedis, startTestRedis, type TestRedis } from '../support/redis.ts'

/*
 * Where a snapshot may come from, as the command line takes it: an object of S3, and several sources as shards.
 */
const moto = withMoto()
let first: TestRedis
let second: TestRedis
let target: TestRedis
let env: Readonly<Record<string, string>>

const from = (verb: 'copy' | 'verify', ...sources: readonly string[]) =>
  runRedis([verb, ...sources.flatMap((one) => ['--source', one]), '--target', 'env:TARGET', '--carry', 'all'], env)

describe('a source of redis', () => {
  before(async () => {
    ;[first, second, target] = await Promise.all([startTestRedis(), startTestRedis(), startTestRedis()])
    await fillEveryType(first.client)
    await second.client.set('stats/{service:7}/metric:1/eternity', '7')
    await second.client.set('stats/{service:8}/metric:1/eternity', '8')
    env = {
      TARGET: redisUrl(target.server),
      LIVE: redisUrl(second.server),
      AWS_ENDPOINT_URL: moto().endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    }
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const s3 = new S3Client({ endpoint: moto().endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
    const snapshot = await readFile(await first.save())
    await s3.send(new CreateBucketCommand({ Bucket: 'snapshots' }))
    await s3.send(new PutObjectCommand({ Bucket: 'snapshots', Key: 'dump.rdb', Body: snapshot }))
    await s3.send(new PutObjectCommand({ Bucket: 'snapshots', Key: 'dump.rdb.gz', Body: gzipSync(snapshot) }))
    s3.destroy()
  })
  after(() => Promise.all([first, second, target].map((redis) => redis.stop())))
  beforeEach(() => target.client.flushall())

  for (const object of ['s3://snapshots/dump.rdb', 's3://snapshots/dump.rdb.gz']) {
    test(`${object} is inspected, copied and verified like the file that it is`, async () => {
      const inspected = await runRedis(['inspect', '--source', object], env)
      assert.equal(inspected.code, 0, inspected.stderr)
      const copied = await from('copy', object)
      assert.equal(copied.code, 0, copied.stderr)
      assert.equal(copied.result['keys'], inspected.result['keys'])
      assert.equal(await target.digest(), await first.digest())
      assert.equal((await from('verify', object)).code, 0)
    })
  }

  test('an object that is not there is a fault, and the target stays as it is', async () => {
    const run = await from('copy', 's3://snapshots/other.rdb')
    assert.equal(run.code, 4, run.stderr)
    assert.equal(faultOf(run), 'S3_NO_OBJECT')
    assert.equal(await target.client.dbsize(), 0)
  })

  test('several sources are the shards of one: packed, from S3 and live; their counters are added', async () => {
    const packed = join(target.folder, 'packed.rdb.gz')
    await writeFile(packed, gzipSync(await readFile(await second.save())))
    for (const other of [`file:${packed}`, 'env:LIVE']) {
      await target.client.flushall()
      const copied = await from('copy', 's3://snapshots/dump.rdb', other)
      assert.equal(copied.code, 0, copied.stderr)
      assert.match(JSON.stringify(copied.result['notes']), /2 shards were made one/)
      assert.equal(await target.client.get('stats/{service:7}/metric:1/eternity'), '9007199254741000')
      assert.equal(await target.client.get('stats/{service:8}/metric:1/eternity'), '8')
      const verified = await from('verify', 's3://snapshots/dump.rdb', other)
      assert.equal(verified.code, 0, verified.stdout)
    }
  })

  test('a merge that the target refuses half-way leaves no gap behind its checkpoint', async () => {
    const pipeline = first.client.pipeline()
    for (let i = 0; i < 20_000; i++) pipeline.set(`stats/{service:9}/cinstance:${i}/metric:1/eternity`, String(i))
    await pipeline.exec()
    const snapshot = `file:${await first.save()}`
    const merge = (url: string) =>
      runRedis(['copy', '--source', snapshot, '--target', 'env:TARGET', '--carry', 'all', '--mode', 'merge'], {
        TARGET: url,
      })
    await target.client.config('SET', 'maxmemory', '4mb')
    await target.client.call('ACL', 'SETUSER', 'blind', 'on', '>blind', '~*', '+@all', '-info')
    const refused = await merge(redisUrl(target.server, 0, { user: 'blind', password: 'blind' }))
    assert.equal(faultOf(refused), 'REDIS_OUT_OF_MEMORY')
    await target.client.config('SET', 'maxmemory', '0')
    const merged = await merge(redisUrl(target.server))
    assert.equal(merged.code, 0, merged.stderr)
    assert.equal(merged.result['resumed'], true)
    for (const database of [0, 1]) {
      await target.client.select(database)
      await target.client.del('threeshift:redis-copy')
    }
    await target.client.select(0)
    assert.equal(await target.digest(), await first.digest())
  })
})
