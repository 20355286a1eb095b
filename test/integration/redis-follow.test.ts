import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { objectsOnDemand } from '../../src/app/objects-on-demand.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { parseRedisUrl } from '../../src/model/parse-redis-url.ts'
import { checkpointKey } from '../../src/movers/redis/checkpoint.ts'
import { redisMover } from '../../src/movers/redis/mover.ts'
import { openRedis } from '../../src/movers/redis/target.ts'
import { waitForReplicas } from '../../src/movers/redis/wait-for-replicas.ts'
import type { KeptSpool } from '../../src/ports/redis.ts'
import {
  faultOf,
  fillEveryType,
  redisUrl,
  type RedisRun,
  runRedis,
  startTestRedis,
  type TestRedis,
} from '../support/redis.ts'

const liveSettings = { 'repl-diskless-sync-delay': '0', 'repl-ping-replica-period': '1', 'repl-backlog-size': '64mb' }

let source: TestRedis
let target: TestRedis
let spool: string

/** Runs `copy` from the live source. */
function copy(args: readonly string[], untilKilled?: Promise<void>, to = target): Promise<RedisRun> {
  const all = ['copy', '--source', 'env:LIVE', '--target', 'env:T', '--carry', 'all', '--spool', spool, ...args]
  return runRedis(all, { LIVE: redisUrl(source.server), T: redisUrl(to.server) }, untilKilled)
}

const endpointOf = (redis: TestRedis) => parseRedisUrl(new Secret(redisUrl(redis.server)), 'TEST')

async function infoOf(redis: TestRedis, field: string): Promise<string> {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(await redis.client.info())?.[1] ?? ''
}

/** How far the target has followed; empty before it has begun. */
async function followedOffset(to = target): Promise<string> {
  const text = await to.client.get(checkpointKey)
  const value: { followed?: { offset: string } } = text === null ? {} : JSON.parse(text)
  return value.followed?.offset ?? ''
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await isSo()); await sleep(2)) {
    assert.ok(Date.now() < deadline, 'what was waited for did not come')
  }
}

/** Until the target has carried out something more of the stream. */
async function untilFollowed(): Promise<void> {
  const before = await followedOffset()
  await until(async () => ![before, ''].includes(await followedOffset()))
}

/** When the target has grown by some keys. */
async function grown(by: number): Promise<void> {
  const enough = (await target.client.dbsize()) + 1 + Math.floor(Math.random() * by)
  await until(async () => (await target.client.dbsize()) >= enough || (await followedOffset()) !== '')
}

/** Writes every kind of thing without pause, into two databases, until it is stopped. */
function writeTo(redis: TestRedis): { stop(): Promise<void> } {
  const writing = new AbortController()
  const client = redis.client.duplicate()
  const running = (async () => {
    const later = Date.now() + 86_400_000
    for (let n = 0; !writing.signal.aborted; n++) {
      const pipeline = client.pipeline()
      for (let i = 0; i < 5; i++) {
        const some = Math.floor(Math.random() * 300)
        pipeline.incrby(`stats/{service:7}/metric:${some}/eternity`, 3)
        pipeline.incr(`stats/{service:8}/cinstance:${some}/metric:1/eternity`)
        pipeline.sadd('stats/{service:7}/cinstances', `app${n % 500}`)
        pipeline.rpush('a list', `${n} ${i}`)
        pipeline.setex(`alerts/service_id:7/app_id:${some}/80/already_notified`, 86_400, '1')
        pipeline.pexpireat(`stats/{service:7}/metric:${some}/eternity`, later + some)
        pipeline.del(`stats/{service:7}/metric:${(some * 7) % 300}/eternity`, `none ${i}`)
        pipeline.zadd('events/queue', n, `{"id":${some}}`)
        pipeline.hincrby('a hash', `field ${some}`, 2)
        pipeline.call('MULTI').incr('in a transaction').select(2).incr('in another database').select(0).call('EXEC')
        pipeline.eval(
          'redis.call("INCR", KEYS[1]) return redis.call("LPUSH", KEYS[2], ARGV[1])',
          2,
          'scripted',
          'pushed',
          `${n}`,
        )
        pipeline.lmove('pushed', 'moved', 'RIGHT', 'LEFT')
        pipeline.call('SORT', 'a list', 'LIMIT', '0', '3', 'ALPHA', 'STORE', 'sorted')
      }
      await pipeline.exec()
      await sleep(10)
    }
  })()
  return {
    async stop() {
      writing.abort()
      await running
      client.disconnect()
    },
  }
}

function spoolIsEmpty(): void {
  assert.deepEqual(readdirSync(spool), [])
}

async function fillMany(redis: TestRedis, keys: number): Promise<void> {
  await redis.client.call('DEBUG', 'POPULATE', String(keys), 'stats/{service:9}/cinstance')
}

beforeEach(async () => {
  target = await startTestRedis()
  spool = join(target.folder, 'spool')
  mkdirSync(spool)
})
afterEach(() => target.stop())

describe('a source that is followed', () => {
  before(async () => {
    source = await startTestRedis(liveSettings)
    await fillEveryType(source.client)
  })
  after(() => source.stop())

  test('is equal to the target when its writers have stopped, to the last command', async () => {
    const writers = writeTo(source)
    const running = copy(['--follow', '1'])
    await untilFollowed()
    await untilFollowed()
    await source.client.multi().select(5).set('first of its database', '1').select(0).exec()
    await untilFollowed()
    await writers.stop()
    const run = await running
    assert.equal(run.code, 0, run.stderr)
    assert.equal(await target.digest(), await source.digest())
    const followed = run.result['followed'] as { commands: number; offset: string }
    assert.ok(followed.commands > 100, JSON.stringify(followed))
    spoolIsEmpty()
    const verified = await runRedis(['verify', '--source', 'env:LIVE', '--target', 'env:T', '--carry', 'all'], {
      LIVE: redisUrl(source.server),
      T: redisUrl(target.server),
    })
    assert.equal(verified.code, 0, verified.stdout)
  })

  test('is followed on when its connection is cut', async () => {
    const writers = writeTo(source)
    const running = copy(['--follow', '1'])
    for (let n = 0; n < 3; n++) {
      await untilFollowed()
      const before = Number(await infoOf(source, 'sync_partial_ok'))
      await source.client.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await until(async () => Number(await infoOf(source, 'sync_partial_ok')) > before)
    }
    await untilFollowed()
    await writers.stop()
    const run = await running
    assert.equal(run.code, 0, run.stderr)
    assert.equal(await target.digest(), await source.digest())
  })

  test('leaves out what is not carried, and says which command cannot be followed', async () => {
    const all = ['copy', '--source', 'env:LIVE', '--target', 'env:T', '--spool', spool, '--follow', '1', '--map', '2=7']
    const running = runRedis(all, { LIVE: redisUrl(source.server), T: redisUrl(target.server) })
    await until(async () => (await followedOffset()) !== '')
    await source.client.mset('provider_keys_set', 'left', 'stats/{service:7}/metric:1/year:20250101', '12')
    await source.client.publish('a channel', 'news')
    await source.client.set('resque:worker:1', 'busy')
    await source.client.multi().select(2).incr('mapped').select(0).exec()
    await until(async () => (await target.client.get('stats/{service:7}/metric:1/year:20250101')) === '12')
    assert.equal(await target.client.exists('provider_keys_set', 'resque:worker:1'), 0)
    await source.client.multi().incr('before').swapdb(8, 9).exec()
    await source.client.swapdb(8, 9)
    const run = await running
    assert.equal(faultOf(run), 'REDIS_FOLLOW_NOT_POSSIBLE')
    assert.match(run.stderr, /SWAPDB/)
    assert.match(run.stderr, /The spool stays in /)
    await target.client.select(7)
    assert.ok(Number(await target.client.get('mapped')) >= 1)
  })

  test('stops the copy for good when a command fails in the target', async () => {
    const running = copy(['--follow', '60'])
    await until(async () => (await followedOffset()) !== '')
    await target.client.set('a set', 'none')
    await source.client.sadd('a set', 'member')
    const run = await running
    assert.equal(faultOf(run), 'REDIS_FOLLOW_STUCK')
    assert.match(run.stderr, /SADD, family unknown, database 0, offset \d+/)
    assert.doesNotMatch(run.stderr + run.stdout, /a set|member/)
    assert.equal(faultOf(await copy(['--follow', '1'])), 'REDIS_FOLLOW_STUCK')
  })

  test('takes one copy to one target at a time, and an end that is asked for leaves what the next run goes on from', async () => {
    const stopping = new AbortController()
    const kept: KeptSpool[] = []
    const [from, to] = [endpointOf(source), endpointOf(target)]
    const running = redisMover(
      systemClock,
      objectsOnDemand(() => undefined),
    ).copy({
      source: { kind: 'server', endpoint: from },
      target: to,
      carry: 'all',
      mode: 'overwrite',
      databases: new Map(),
      ontoExisting: false,
      maxLatencyMs: null,
      followQuietMs: 60_000,
      spoolFolder: spool,
      onSpoolKept: (one) => kept.push(one),
      onProgress: () => undefined,
      signal: stopping.signal,
    })
    const ended = assert.rejects(running, Stop)
    await until(async () => (await followedOffset()) !== '')
    assert.equal(faultOf(await copy(['--follow', '1'])), 'REDIS_SPOOL_IN_USE')
    await source.client.incr('before the stop')
    stopping.abort(new Stop('operator'))
    await ended
    assert.equal(kept[0]?.folder, join(spool, readdirSync(spool)[0] ?? ''))
    assert.equal(faultOf(await copy([])), 'REDIS_FOLLOW_UNFINISHED')
    await source.client.incr('after the stop')
    // As after a restart of the machine: only what the target has of the stream is sure to be on disk.
    const manifest = join(kept[0]?.folder ?? '', 'manifest.json')
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), boot: 'another' }))
    const run = await copy(['--follow', '1'])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(run.result['resumed'], true)
    assert.equal(await target.digest(), await source.digest())
    spoolIsEmpty()
  })

  test('has only its checkpoints removed when it was killed at its very end', async () => {
    const other = target.client.duplicate({ db: 4 })
    const filled = until(async () => (await other.get('first of database 4')) === '1')
    const running = copy(['--follow', '60'], filled)
    await until(async () => (await followedOffset()) !== '')
    await source.client.multi().select(4).set('first of database 4', '1').select(0).exec()
    assert.equal((await running).signal, 'SIGKILL')
    // As the end leaves them: all are done, and one database has lost its own already.
    const checkpoint = JSON.parse((await target.client.get(checkpointKey)) ?? '')
    assert.deepEqual(checkpoint.followed.databases, [4])
    await target.client.set(checkpointKey, JSON.stringify({ ...checkpoint, state: 'done' }))
    await other.del(checkpointKey)
    await source.client.incr('after the end')
    const run = await copy(['--follow', '60'])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(run.result['followed'], null)
    assert.deepEqual(await Promise.all([target.client.exists(checkpointKey), other.exists(checkpointKey)]), [0, 0])
    assert.equal(await target.client.exists('after the end'), 0)
    spoolIsEmpty()
    other.disconnect()
  })

  test('needs the right to replicate, and an empty target', async () => {
    await source.client.call('ACL', 'SETUSER', 'scanner', 'on', '>scanner', '~*', '+@all', '-psync', '-replconf')
    const LIVE = redisUrl(source.server, 0, { user: 'scanner', password: 'scanner' })
    const T = redisUrl(target.server)
    const args = ['copy', '--source', 'env:LIVE', '--target', 'env:T', '--spool', spool, '--follow', '1']
    assert.equal(faultOf(await runRedis(args, { LIVE, T })), 'REDIS_FOLLOW_NEEDS_PSYNC')
    spoolIsEmpty()
    await target.client.set('somebody', 'else')
    assert.equal(faultOf(await copy(['--follow', '1'])), 'REDIS_TARGET_NOT_EMPTY')
    spoolIsEmpty()
  })

  test('that has forgotten what was missed is never gone on with', async () => {
    await source.client.config('SET', 'repl-backlog-size', '16kb')
    const stopped = copy(['--follow', '60'], untilFollowed())
    await until(async () => (await followedOffset()) !== '')
    await source.client.incr('followed')
    assert.equal((await stopped).signal, 'SIGKILL')
    for (let n = 0; n < 20; n++) await source.client.set('long', 'x'.repeat(50_000))
    assert.equal(faultOf(await copy(['--follow', '1'])), 'REDIS_STREAM_GONE')
  })
})

describe('a source that fails over', () => {
  let replica: TestRedis
  beforeEach(async () => {
    source = await startTestRedis(liveSettings)
    replica = await startTestRedis(liveSettings)
    await fillEveryType(source.client)
    const password = source.server.password.reveal('replicate a test Redis')
    await replica.client.config('SET', 'masterauth', password, 'requirepass', password)
    await replica.client.replicaof('127.0.0.1', source.server.port)
    await until(async () => (await infoOf(replica, 'master_link_status')) === 'up')
  })
  afterEach(async () => {
    await replica.stop()
    await source.stop()
  })

  test('is followed in its new primary, under the new name of its replication, also after a kill', async () => {
    let primary = source
    const sentinel = createServer((socket) => {
      const port = String(primary.server.port)
      const place = `*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n`
      socket.on('data', (piece) => socket.write(piece.includes('get-master') ? place : '+OK\r\n'))
    })
    await new Promise<void>((resolve) => sentinel.listen(0, '127.0.0.1', resolve))
    const address = sentinel.address()
    const at = typeof address === 'object' && address !== null ? address.port : 0
    const password = source.server.password.reveal('reach a test Redis')
    const LIVE = `redis+sentinel://:${password}@127.0.0.1:${at}/0?master=backend`
    const args = [
      'copy',
      '--source',
      'env:LIVE',
      '--target',
      'env:T',
      '--carry',
      'all',
      '--spool',
      spool,
      '--follow',
      '1',
    ]
    const failed = (async () => {
      await untilFollowed()
      await until(
        async () => (await infoOf(replica, 'slave_repl_offset')) === (await infoOf(source, 'master_repl_offset')),
      )
      await replica.client.replicaof('NO', 'ONE')
      primary = replica
      await replica.client.incr('after the fail-over')
      await source.client.call('CLIENT', 'KILL', 'TYPE', 'replica')
      await until(async () => (await target.client.get('after the fail-over')) === '1')
    })()
    try {
      const running = runRedis(args, { LIVE, T: redisUrl(target.server) }, failed)
      await until(async () => (await followedOffset()) !== '')
      await source.client.incr('before the fail-over')
      assert.equal((await running).signal, 'SIGKILL')
      await replica.client.incr('after the kill')
      const run = await runRedis(args, { LIVE, T: redisUrl(target.server) })
      assert.equal(run.code, 0, run.stderr)
      assert.equal(await target.digest(), await replica.digest())
      assert.equal(await infoOf(replica, 'sync_full'), '0')
    } finally {
      sentinel.close()
    }
  })
})

describe('a copy from a live source that is killed', () => {
  beforeEach(async () => {
    source = await startTestRedis(liveSettings)
    await fillMany(source, 100_000)
  })
  afterEach(() => source.stop())

  test('while it follows, at ten moments, does every command once', async () => {
    const writers = writeTo(source)
    for (let killed = 0; killed < 10; killed++) {
      const moment = killed < 4 ? grown(8000) : untilFollowed().then(() => sleep(Math.random() * 150))
      const run = await copy(['--follow', '60'], moment)
      assert.equal(run.signal, 'SIGKILL', run.stderr)
    }
    await writers.stop()
    const run = await copy(['--follow', '1'])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(run.result['resumed'], true)
    assert.equal(await target.digest(), await source.digest())
    assert.equal(await infoOf(source, 'sync_full'), '1', 'the snapshot was spooled once')
    spoolIsEmpty()
  })

  test('goes on from its spool: the source gives its snapshot once', async () => {
    const begun = () => until(async () => (await target.client.exists(checkpointKey)) === 1)
    for (const moment of [begun, () => grown(5000)]) {
      assert.equal((await copy([], moment())).signal, 'SIGKILL')
    }
    const digest = await source.digest()
    await source.client.incr('after the snapshot')
    const run = await copy([])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(run.result['resumed'], true)
    assert.equal(await target.digest(), digest)
    assert.equal(await infoOf(source, 'sync_full'), '1')
    spoolIsEmpty()
  })

  test('by a fail-over of the target goes on in the new primary', async () => {
    const replica = await startTestRedis()
    try {
      for (const one of [target, replica]) {
        const other = one === target ? replica : target
        await one.client.config('SET', 'masterauth', other.server.password.reveal('replicate a test Redis'))
        await one.client.config('SET', 'repl-diskless-sync-delay', '0')
      }
      await replica.client.replicaof('127.0.0.1', target.server.port)
      await until(async () => (await infoOf(replica, 'master_link_status')) === 'up')
      const args = ['--follow', '1']
      const running = copy([...args, '--max-latency', '1'])
      await grown(20_000)
      await replica.client.replicaof('NO', 'ONE')
      await target.client.replicaof('127.0.0.1', replica.server.port)
      const run = await running
      assert.ok(['REDIS_READ_ONLY', 'REDIS_CONNECTION_LOST'].includes(String(faultOf(run))), run.stderr)
      await source.client.incr('meanwhile')
      const again = await copy(args, undefined, replica)
      assert.equal(again.code, 0, again.stderr)
      assert.equal(again.result['resumed'], true)
      assert.deepEqual(again.result['notes'], [])
      assert.equal(await replica.digest(), await source.digest())
      assert.equal(await infoOf(source, 'sync_full'), '1')
      await until(async () => (await infoOf(target, 'master_link_status')) === 'up')
      process.kill(target.server.pid, 'SIGSTOP')
      const pipe = await openRedis(endpointOf(replica), 'target', new AbortController().signal)
      await pipe.call('SET', 'one more', '1')
      const [note = ''] = await waitForReplicas(pipe, 100)
      process.kill(target.server.pid, 'SIGCONT')
      pipe.close()
      assert.match(note, /^0 of the target's 1 replicas have everything/)
    } finally {
      await replica.stop()
    }
  })
})
