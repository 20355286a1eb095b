import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { checkpointKey } from '../../src/movers/redis/checkpoint.ts'
import { faultOf, fillEveryType, redisUrl, runRedis, startTestRedis, type TestRedis } from '../support/redis.ts'

let source: TestRedis
let snapshot: string
let digest: unknown
let target: TestRedis

before(async () => {
  source = await startTestRedis({ 'repl-diskless-sync-delay': '0' })
  await fillEveryType(source.client)
  snapshot = await source.save()
  digest = await source.digest()
})
after(() => source.stop())

const sourceUnlessIn = (args: readonly string[]) => (args.includes('--source') ? [] : ['--source', `file:${snapshot}`])

const copy = (...more: readonly string[]) =>
  runRedis(['copy', ...sourceUnlessIn(more), '--target', 'env:TARGET', '--carry', 'all', ...more], {
    TARGET: redisUrl(target.server),
    SOURCE: redisUrl(source.server),
  })

describe('into an empty target', () => {
  beforeEach(async () => {
    target = await startTestRedis()
  })
  afterEach(() => target.stop())

  test('a copy of everything has the same DEBUG DIGEST, and leaves nothing of its own', async () => {
    const { code, result, stderr } = await copy()
    assert.equal(code, 0, stderr)
    assert.equal(result['verdict'], 'copied')
    assert.equal(result['keys'], 3219)
    assert.equal(await target.digest(), digest)
    assert.equal(await target.client.exists(checkpointKey), 0)
  })

  test('a packed snapshot is copied like the snapshot itself', async () => {
    const packed = join(target.folder, 'dump.rdb.gz')
    await writeFile(packed, gzipSync(await readFile(snapshot)))
    const { code, stderr } = await copy('--source', `file:${packed}`)
    assert.equal(code, 0, stderr)
    assert.equal(await target.digest(), digest)
  })

  test('by default what is rebuilt or passing is left behind, and databases are mapped', async () => {
    const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--map', '1=5']
    const { code, result, stderr } = await runRedis(args, { TARGET: redisUrl(target.server, 3) })
    assert.equal(code, 0, stderr)
    assert.deepEqual(result['skipped'], [{ name: 'backend workers', keys: 1 }])
    await target.client.select(3)
    assert.equal(await target.client.get('stats/{service:7}/metric:1/eternity'), '9007199254740993')
    await target.client.select(5)
    assert.deepEqual(await target.client.keys('*'), ['resque:queue:priority'])
  })

  test('two databases never become one by accident', async () => {
    const { code, ...run } = await copy('--map', '1=0')
    assert.equal(code, 64)
    assert.equal(faultOf(run as never), 'REDIS_MAP_COLLISION')
  })

  test('a target that holds other keys is refused, unless it is said that they may be written over', async () => {
    await target.client.set('somebody', 'else')
    const refused = await copy()
    assert.equal(refused.code, 4)
    assert.equal(faultOf(refused), 'REDIS_TARGET_NOT_EMPTY')
    assert.equal(await target.client.dbsize(), 1)
    assert.equal((await copy('--onto-existing')).code, 0)
    assert.equal(await target.client.get('somebody'), 'else')
  })

  test('a live server is a source: as a replica, or by scanning where that is refused', async () => {
    const before = await source.digest()
    const spooled = await copy('--source', 'env:SOURCE')
    assert.equal(spooled.code, 0, spooled.stderr)
    assert.equal(await target.digest(), before)
    await target.client.flushall()
    await source.client.call('ACL', 'SETUSER', 'scanner', 'on', '>scanner', '~*', '+@all', '-psync', '-replconf')
    const url = redisUrl(source.server, 0, { user: 'scanner', password: 'scanner' })
    const args = ['copy', '--source', 'env:SCANNED', '--target', 'env:TARGET', '--carry', 'all']
    const scanned = await runRedis(args, { SCANNED: url, TARGET: redisUrl(target.server) })
    assert.equal(scanned.code, 0, scanned.stderr)
    assert.equal(await target.digest(), before)
    assert.match(JSON.stringify(scanned.result['notes']), /not one moment/)
  })
})

describe('merging and requeueing', () => {
  beforeEach(async () => {
    target = await startTestRedis()
  })
  afterEach(() => target.stop())

  test('counters are added, sets united, lists appended, other strings kept as the target has them', async () => {
    await target.client.set('stats/{service:7}/metric:1/eternity', '7')
    await target.client.sadd('stats/{service:7}/cinstances', 'new')
    await target.client.set('empty', 'kept')
    await target.client.select(1)
    await target.client.rpush('resque:queue:priority', 'first')
    const run = await copy('--mode', 'merge')
    assert.equal(run.code, 0, run.stderr)
    assert.deepEqual(await target.client.lrange('resque:queue:priority', 0, 0), ['first'])
    assert.equal(await target.client.llen('resque:queue:priority'), 3)
    await target.client.select(0)
    assert.equal(await target.client.get('stats/{service:7}/metric:1/eternity'), '9007199254741000')
    assert.equal(await target.client.scard('stats/{service:7}/cinstances'), 4)
    assert.equal(await target.client.get('empty'), 'kept')
  })

  test('a key that cannot be merged stops the merge for good, and is not passed over by the next run', async () => {
    await target.client.rpush('stats/{service:7}/metric:1/eternity', 'not a counter')
    for (const attempt of [1, 2]) {
      const run = await copy('--mode', 'merge')
      assert.equal(run.code, 4, `attempt ${attempt}`)
      assert.equal(faultOf(run), 'REDIS_MERGE_STUCK', `attempt ${attempt}`)
    }
  })

  test('requeue appends the job lists and touches nothing else', async () => {
    const run = await copy('--mode', 'requeue')
    assert.equal(run.code, 0, run.stderr)
    assert.deepEqual(await target.client.keys('*'), [checkpointKey])
    await target.client.select(1)
    assert.equal(await target.client.llen('resque:queue:priority'), 2)
  })
})

/** Copies a changed snapshot; the code that it ends with. */
const damaged = async (name: string, change: (bytes: Buffer) => Buffer) => {
  const file = join(target.folder, name)
  await writeFile(file, change(await readFile(snapshot)))
  const run = await copy('--source', `file:${file}`)
  assert.equal(run.code, 4, run.stderr)
  assert.equal(await target.client.dbsize(), 0, 'nothing is written from a damaged snapshot')
  return faultOf(run)
}

describe('what stops a copy', () => {
  before(async () => {
    const pipeline = source.client.pipeline()
    for (let i = 0; i < 150_000; i++) pipeline.set(`stats/{service:8}/cinstance:${i}/metric:1/eternity`, String(i))
    await pipeline.exec()
    snapshot = await source.save()
    digest = await source.digest()
  })
  beforeEach(async () => {
    target = await startTestRedis()
  })
  afterEach(() => target.stop())

  test('a damaged snapshot writes nothing', async () => {
    assert.equal(await damaged('cut.rdb', (bytes) => bytes.subarray(0, bytes.length - 5000)), 'RDB_TRUNCATED')
    assert.equal(
      await damaged('magic.rdb', (bytes) => Buffer.concat([Buffer.from('RADIS'), bytes.subarray(5)])),
      'RDB_WRONG_MAGIC',
    )
    assert.equal(
      await damaged('aof.rdb', (bytes) => Buffer.concat([bytes, Buffer.from('*1\r\n$4\r\nPING\r\n')])),
      'RDB_IS_AOF',
    )
    const flipped = await damaged('crc.rdb', (bytes) => {
      const at = bytes.indexOf('a key that is an integer')
      bytes[at] = 0x41
      return bytes
    })
    assert.equal(flipped, 'RDB_BAD_CHECKSUM')
  })

  test('a target without enough memory is refused before anything is written', async () => {
    await target.client.config('SET', 'maxmemory', '3mb')
    const run = await copy()
    assert.equal(faultOf(run), 'REDIS_MEMORY_FORECAST')
    assert.equal(await target.client.dbsize(), 0)
  })

  test('a target that runs out of memory stops the copy, which goes on when it has more', async () => {
    await target.client.config('SET', 'maxmemory', '8mb')
    await target.client.call('ACL', 'SETUSER', 'blind', 'on', '>blind', '~*', '+@all', '-info')
    const url = redisUrl(target.server, 0, { user: 'blind', password: 'blind' })
    const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all']
    const run = await runRedis(args, { TARGET: url })
    assert.equal(run.code, 4)
    assert.equal(faultOf(run), 'REDIS_OUT_OF_MEMORY')
    await target.client.config('SET', 'maxmemory', '0')
    const again = await copy()
    assert.equal(again.code, 0, again.stderr)
    assert.equal(again.result['resumed'], true)
    assert.equal(await target.digest(), await source.digest())
  })

  test('missing rights, a replica, a wrong password, a server that is away: a fault each', async () => {
    await target.client.call('ACL', 'SETUSER', 'weak', 'on', '>weak', '~*', '+@all', '-restore')
    const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all']
    const weak = await runRedis(args, { TARGET: redisUrl(target.server, 0, { user: 'weak', password: 'weak' }) })
    assert.equal(faultOf(weak), 'REDIS_FORBIDDEN')
    const wrong = await runRedis(args, { TARGET: redisUrl(target.server, 0, { user: 'weak', password: 'no' }) })
    assert.equal(faultOf(wrong), 'REDIS_LOGIN_REFUSED')
    const noDatabase = await runRedis(args, { TARGET: redisUrl(target.server, 99) })
    assert.equal(faultOf(noDatabase), 'REDIS_NO_DATABASE')
    const mapped = await copy('--map', '1=99')
    assert.equal(faultOf(mapped), 'REDIS_NO_DATABASE')
    assert.equal(await target.client.dbsize(), 0)
    const away = await runRedis(args, { TARGET: 'redis://127.0.0.1:1/0' })
    assert.equal(faultOf(away), 'REDIS_UNREACHABLE')
    await target.client.replicaof('127.0.0.1', 1)
    assert.equal(faultOf(await copy()), 'REDIS_READ_ONLY')
  })

  test('a target in cluster mode is refused', async () => {
    const cluster = await startTestRedis({ 'cluster-enabled': 'yes' })
    try {
      const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET']
      const run = await runRedis(args, { TARGET: redisUrl(cluster.server) })
      assert.equal(run.code, 4)
      assert.equal(faultOf(run), 'REDIS_CLUSTER_MODE')
    } finally {
      await cluster.stop()
    }
  })

  test('a target that dies in the middle stops the copy', async () => {
    const running = copy('--max-latency', '1')
    while ((await target.client.dbsize()) < 2) await target.client.ping()
    process.kill(target.server.pid, 'SIGKILL')
    const run = await running
    assert.equal(run.code, 4)
    assert.equal(faultOf(run), 'REDIS_CONNECTION_LOST')
  })
})

describe('a snapshot of a newer server', () => {
  before(async () => {
    target = await startTestRedis()
  })
  after(() => target.stop())

  test('a type that the target does not know is built up by commands, with its expiry', async () => {
    const file = join(target.folder, 'newer.rdb')
    const expiresAtMs = Date.now() + 3_600_000
    await writeFile(file, setOfRedis72('stats/{service:9}/cinstances', ['a1', 'b2', 'c3'], expiresAtMs))
    const args = ['--source', `file:${file}`, '--target', 'env:TARGET']
    const env = { TARGET: redisUrl(target.server) }
    const copied = await runRedis(['copy', ...args], env)
    assert.equal(copied.code, 0, copied.stderr)
    const members = await target.client.smembers('stats/{service:9}/cinstances')
    assert.deepEqual(members.toSorted(), ['a1', 'b2', 'c3'])
    assert.equal(await target.client.pexpiretime('stats/{service:9}/cinstances'), expiresAtMs)
    const verified = await runRedis(['verify', ...args], env)
    assert.equal(verified.code, 0, verified.stderr)
    await target.client.srem('stats/{service:9}/cinstances', 'b2')
    assert.equal((await runRedis(['verify', ...args], env)).code, 2)
  })
})

/** An RDB of version 11 with one set as a listpack (type 20), which Redis 7.2 writes and 7.0 does not know. */
function setOfRedis72(key: string, members: readonly string[], expiresAtMs: number): Buffer {
  const entries = members.flatMap((one) => [0x80 | one.length, ...Buffer.from(one), one.length + 1])
  const listpack = Buffer.from([0, 0, 0, 0, members.length, 0, ...entries, 0xff])
  listpack.writeUInt32LE(listpack.length, 0)
  const expiry = Buffer.alloc(9, 252)
  expiry.writeBigInt64LE(BigInt(expiresAtMs), 1)
  const name = Buffer.from([key.length, ...Buffer.from(key)])
  const noChecksum = Buffer.alloc(8)
  return Buffer.concat([
    Buffer.from('REDIS0011'),
    Buffer.from([254, 0]),
    expiry,
    Buffer.from([20]),
    name,
    Buffer.from([listpack.length]),
    listpack,
    Buffer.from([255]),
    noChecksum,
  ])
}

describe('the way to the target', () => {
  before(async () => {
    target = await startTestRedis()
  })
  after(() => target.stop())

  test('TLS is verified: against the CA that the URL names, and not without it', async (t) => {
    const [key, cert] = [join(target.folder, 'key.pem'), join(target.folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    try {
      const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert]
      execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
    } catch {
      t.skip('no openssl')
      return
    }
    const port = target.server.port + 1000 > 65_535 ? target.server.port - 1000 : target.server.port + 1000
    await target.client.config(
      'SET',
      'tls-cert-file',
      cert,
      'tls-key-file',
      key,
      'tls-auth-clients',
      'no',
      'tls-ca-cert-file',
      cert,
      'tls-port',
      String(port),
    )
    const password = target.server.password.reveal('reach a test Redis over TLS')
    const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all']
    const url = `rediss://:${password}@localhost:${port}/0`
    assert.equal(faultOf(await runRedis(args, { TARGET: url })), 'REDIS_TLS_FAILED')
    const run = await runRedis(args, { TARGET: `${url}?sslrootcert=${encodeURIComponent(cert)}` })
    assert.equal(run.code, 0, run.stderr)
    assert.equal(await target.digest(), digest)
  })

  test('a Sentinel is asked for the master by name', async () => {
    await target.client.flushall()
    const { host, port, password } = target.server
    // A Sentinel of our own would fail the test server over; its one answer is all that is asked.
    const sentinel = createServer((socket) => {
      socket.on('data', (piece) => {
        const known = piece.includes('get-master-addr-by-name') && piece.includes('backend')
        const place = `*2\r\n$${host.length}\r\n${host}\r\n$${String(port).length}\r\n${port}\r\n`
        socket.write(known ? place : piece.includes('get-master') ? '*-1\r\n' : '+OK\r\n')
      })
    })
    await new Promise<void>((resolve) => sentinel.listen(0, '127.0.0.1', resolve))
    try {
      const address = sentinel.address()
      const at = typeof address === 'object' && address !== null ? address.port : 0
      const url = `redis+sentinel://:${password.reveal('reach a test Redis')}@127.0.0.1:${at}/0`
      const args = ['copy', '--source', `file:${snapshot}`, '--target', 'env:TARGET', '--carry', 'all']
      assert.equal(faultOf(await runRedis(args, { TARGET: `${url}?master=other` })), 'REDIS_SENTINEL_UNKNOWING')
      const run = await runRedis(args, { TARGET: `${url}?master=backend` })
      assert.equal(run.code, 0, run.stderr)
      assert.equal(await target.digest(), digest)
    } finally {
      sentinel.close()
    }
  })
})
