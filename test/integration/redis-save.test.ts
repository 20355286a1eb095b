import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { redisMover } from '../../src/movers/redis/mover.ts'
import { redisSnapshots } from '../../src/movers/redis/save-snapshot.ts'
import { objectsOnDemand } from '../../src/app/objects-on-demand.ts'
import { Secret } from '../../src/base/secret.ts'
import { parseRedisUrl } from '../../src/model/parse-redis-url.ts'
import { fillEveryType, redisUrl, startTestRedis, type TestRedis } from '../support/redis.ts'
import { temporaryFolder } from '../support/servers.ts'

const objects = objectsOnDemand(() => undefined)
const snapshots = redisSnapshots(systemClock, objects)
const mover = redisMover(systemClock, objects)
const folder = temporaryFolder()
let redis: TestRedis

before(async () => {
  redis = await startTestRedis()
  await fillEveryType(redis.client)
})
after(async () => {
  await redis.stop()
  rmSync(folder, { recursive: true, force: true })
})

const request = (file: string, signal = new AbortController().signal) => ({
  source: { kind: 'server', endpoint: parseRedisUrl(new Secret(redisUrl(redis.server)), 'a test server') } as const,
  carry: 'all' as const,
  file,
  spoolFolder: folder,
  onProgress: () => undefined,
  signal,
})

test('what a live server holds is one whole file, whose digest is told', async () => {
  const file = join(folder, 'dump.rdb')
  writeFileSync(file, 'an older one')
  const saved = await snapshots.save(request(file))
  const bytes = readFileSync(file)
  assert.deepEqual([saved.bytes, saved.exact], [bytes.length, true])
  assert.equal(saved.sha256, createHash('sha256').update(bytes).digest('hex'))
  assert.equal(bytes.subarray(0, 5).toString(), 'REDIS')
})

test('a file that is cut short, or has no place to go, is a fault, and nothing has the name', async () => {
  const whole = join(folder, 'whole.rdb')
  await snapshots.save(request(whole))
  const cut = join(folder, 'cut.rdb')
  writeFileSync(cut, readFileSync(whole).subarray(0, -9))
  const target = join(folder, 'target.rdb')
  const source = { kind: 'file', file: cut } as const
  await assert.rejects(snapshots.save({ ...request(target), source }), (error) => error instanceof Fault)
  assert.ok(!existsSync(target))
  const nowhere = join(folder, 'nowhere', 'target.rdb')
  await assert.rejects(
    snapshots.save(request(nowhere)),
    (error) => error instanceof Fault && error.code === 'REDIS_SPOOL_FAILED',
  )
})

test('a file with what is carried only holds no credentials, and every carried key as it is', async () => {
  const [whole, carried] = [join(folder, 'all.rdb'), join(folder, 'carried.rdb')]
  await redis.client.set('application/service_id:7/key:secret/id', 'a credential in a key')
  await snapshots.save(request(whole))
  const saved = await snapshots.save({ ...request(carried), carry: 'default' })
  const bytes = readFileSync(carried)
  assert.deepEqual([saved.bytes, saved.sha256], [bytes.length, createHash('sha256').update(bytes).digest('hex')])
  const quiet = { spoolFolder: folder, onProgress: () => undefined, signal: new AbortController().signal }
  const inspect = (file: string) => mover.inspect({ source: { kind: 'file', file }, ...quiet })
  const [before, after] = [await inspect(whole), await inspect(carried)]
  const kept = before.families.filter(({ handling }) => handling !== 'skip')
  assert.ok(kept.length > 2 && kept.length < before.families.length, 'some are carried, some are not')
  const counted = ({ name, keys, expiring }: (typeof kept)[number]) => `${name}: ${keys}, ${expiring} with an end`
  assert.deepEqual(after.families.map(counted), kept.map(counted))
  assert.deepEqual([after.rdbVersion, after.services], [before.rdbVersion, before.services])
  assert.ok(!bytes.includes('key:secret'))
})

test('a database is again what it was when it was saved; what others of the server have got since stays', async () => {
  const file = join(folder, 'before.rdb')
  await redis.client.select(0)
  const before = await redis.digest()
  await snapshots.save(request(file))
  const first = await redis.client.randomkey()
  await redis.client.set(first ?? '', 'another value')
  await redis.client.set('made since', '1')
  await redis.client.select(3)
  await redis.client.set('of somebody else', '1')
  const { source, ...rest } = request(file)
  for (let time = 0; time < 2; time++) await snapshots.restore({ ...rest, target: source.endpoint, databases: [0] })
  assert.equal(await redis.client.get('of somebody else'), '1')
  await redis.client.del('of somebody else')
  assert.equal(await redis.digest(), before)
})
