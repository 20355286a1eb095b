import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { restoreOverheadBytes, restorePayload } from '../../src/wire/rdb/crc64.ts'
import { RdbReader } from '../../src/wire/rdb/rdb-reader.ts'
import { kindOfType, rdbTypes } from '../../src/wire/rdb/rdb-types.ts'
import { decodeElements, decodeString, StringSlice } from '../../src/wire/rdb/rdb-value.ts'
import { bytesFrom } from '../support/byte-source.ts'
import { rdbFile } from '../support/rdb-bytes.ts'
import { bodies, type Sample, samplesOf } from '../support/rdb-samples.ts'
import { withServers } from '../support/servers.ts'

// The server is the oracle: what it loads and answers is right, and so is what it writes.
const servers = withServers({ redis: true })
let redis: Redis
let dumpFile: string

async function configOf(name: string): Promise<readonly string[]> {
  const reply: unknown = await redis.config('GET', name)
  return Array.isArray(reply) ? reply.map(String) : []
}

/** Elements as they can be compared: sets and hashes in order of their bytes, scores as numbers. */
function comparable(kind: string, flat: readonly Buffer[]): readonly string[] {
  const texts = flat.map((element) => element.toString('hex'))
  if (kind === 'string' || kind === 'list') return texts
  if (kind === 'set') return texts.sort()
  const pairs: string[] = []
  for (let n = 0; n < flat.length; n += 2) {
    const second = flat[n + 1]?.toString('latin1') ?? ''
    const score = second === 'inf' ? Infinity : second === '-inf' ? -Infinity : Number(second)
    // -0 and 0 are one score.
    pairs.push(`${texts[n]} ${kind === 'zset' ? String(score + 0) : texts[n + 1]}`)
  }
  return pairs.sort()
}

interface Found {
  readonly database: number
  readonly key: string
  readonly kind: string
  readonly elements: readonly string[]
  readonly expiresAtMs: number
}
const inOrder = (all: readonly Found[]) =>
  [...all].sort((a, b) => (`${a.database} ${a.key}` < `${b.database} ${b.key}` ? -1 : 1))

/** Everything that the server holds, as it answers. */
async function answered(): Promise<readonly Found[]> {
  const all: Found[] = []
  for (let database = 0; database < 4; database++) {
    await redis.select(database)
    for (const key of await redis.keysBuffer('*')) {
      const kind = await redis.type(key)
      const expiresAtMs = Number(await redis.call('PEXPIRETIME', key))
      const elements = comparable(kind, await elementsOf(kind, key))
      all.push({ database, key: key.toString('hex'), kind, elements, expiresAtMs })
    }
  }
  return inOrder(all)
}

async function elementsOf(kind: string, key: Buffer): Promise<readonly Buffer[]> {
  switch (kind) {
    case 'string':
      return [(await redis.getBuffer(key)) ?? Buffer.alloc(0)]
    case 'list':
      return redis.lrangeBuffer(key, 0, -1)
    case 'set':
      return redis.smembersBuffer(key)
    case 'zset':
      return redis.zrangeBuffer(key, '0', '-1', 'WITHSCORES')
    default: {
      const reply: unknown = await redis.callBuffer('HGETALL', key)
      return Array.isArray(reply) ? reply.filter((part) => Buffer.isBuffer(part)) : []
    }
  }
}

/** Everything that a file holds, as we read it. */
function parsed(bytes: Buffer): readonly Found[] {
  const reader = new RdbReader(bytesFrom(bytes, [5000]), { bufferBytes: 4096 })
  const all: Found[] = []
  while (reader.next()) {
    const kind = kindOfType(reader.type)
    const { valueBytes, valueStart, valueEnd } = reader
    const flat: Buffer[] = []
    if (kind === 'string') {
      const slice = new StringSlice()
      decodeString(valueBytes, valueStart, valueEnd, slice)
      flat.push(slice.bytes.subarray(slice.start, slice.end))
    } else flat.push(...decodeElements(reader.type, valueBytes, valueStart, valueEnd))
    all.push({
      database: reader.db,
      key: reader.keyBytes.toString('hex', reader.keyStart, reader.keyEnd),
      kind,
      elements: comparable(kind, flat),
      expiresAtMs: reader.expiresAtMs,
    })
  }
  return inOrder(all)
}

/** Lets the server load a file in place of what it holds. */
async function load(bytes: Buffer): Promise<void> {
  writeFileSync(dumpFile, bytes)
  await redis.call('DEBUG', 'RELOAD', 'NOSAVE')
}

const loadable = [...rdbTypes].filter(([, { version }]) => version <= 10).map(([type]) => type)

async function fill(samples: readonly Sample[]): Promise<void> {
  await redis.flushall()
  for (const { entry, kind, elements } of samples) {
    await redis.select(entry.database ?? 0)
    const key = Buffer.from(entry.key)
    if (kind === 'string') await redis.set(key, elements[0] ?? '')
    if (kind === 'list') await redis.rpush(key, ...elements)
    if (kind === 'set') await redis.sadd(key, ...elements)
    if (kind === 'hash') await redis.hset(key, ...elements)
    if (kind === 'zset') {
      const words = elements.flatMap((_, n) => (n % 2 === 0 ? [elements[n + 1] ?? '', elements[n] ?? ''] : []))
      await redis.zadd(key, ...words)
    }
    if (entry.expiresAtMs !== undefined) await redis.pexpireat(key, entry.expiresAtMs)
  }
}

describe('with a real server', () => {
  before(async () => {
    const { host, port, password } = servers.redis()
    redis = new Redis({ host, port, password: password.reveal('reach the test Redis') })
    const [, dir = ''] = await configOf('dir')
    const [, name = ''] = await configOf('dbfilename')
    dumpFile = join(dir, name)
  })
  after(async () => {
    await redis.quit()
  })

  test('a file that the server has written parses to exactly what the server answers', async () => {
    await fc.assert(
      fc.asyncProperty(samplesOf(loadable), async (samples) => {
        await fill(samples)
        await redis.save()
        assert.deepEqual(parsed(readFileSync(dumpFile)), await answered())
      }),
      { numRuns: 25 },
    )
  })

  test('large collections, as the server splits and encodes them, parse to what it answers', async () => {
    await redis.flushall()
    await redis.select(1)
    const many = Array.from({ length: 3000 }, (_, n) =>
      n % 3 === 0 ? String(n * 7919) : `member-${n}-${'x'.repeat(n % 90)}`,
    )
    await redis.rpush('list', ...many, 'y'.repeat(70_000), 'tail')
    await redis.sadd('set', ...many)
    await redis.sadd('integers', ...many.filter((_, n) => n % 3 === 0))
    await redis.hset('hash', ...many.flatMap((field, n) => [field, String(n)]))
    await redis.zadd('zset', ...many.flatMap((member, n) => [String(n / 7 - 100), member]))
    await redis.set('large', 'z'.repeat(300_000))
    await redis.set('beyond 32 bits', '9007199254740993')
    await redis.function('LOAD', "#!lua name=ours\nredis.register_function('f', function() return 1 end)")
    await redis.save()
    const bytes = readFileSync(dumpFile)
    assert.deepEqual(parsed(bytes), await answered())
    const reader = new RdbReader(bytesFrom(bytes))
    while (reader.next());
    assert.match(String(reader.functions[0]), /name=ours/)
    assert.match(reader.header.aux.get('redis-ver') ?? '', /^\d+\./)
    assert.match(reader.header.aux.get('ctime') ?? '', /^\d{10}$/)
    await redis.function('FLUSH')
  })

  test('a file that was built, in every encoding that the server loads, means to us what it means to the server', async () => {
    await fc.assert(
      fc.asyncProperty(samplesOf(loadable), async (samples) => {
        const bytes = rdbFile({ version: 10, entries: samples.map(({ entry }) => entry) })
        await load(bytes)
        assert.deepEqual(parsed(bytes), await answered())
      }),
      { numRuns: 60 },
    )
  })

  for (const type of loadable) {
    test(`the server restores values of type ${type} (${rdbTypes.get(type)?.name}) from their payloads`, async () => {
      await redis.flushall()
      await redis.select(0)
      const arbitrary = bodies[type]
      assert.ok(arbitrary)
      for (const made of fc.sample(arbitrary, { numRuns: 20, seed: type })) {
        const payload = Buffer.alloc(made.body.length + restoreOverheadBytes)
        assert.equal(restorePayload(type, made.body, 0, made.body.length, payload, 0), payload.length)
        await redis.restore('key', 0, payload, 'REPLACE')
        assert.equal(await redis.type('key'), made.kind)
        assert.deepEqual(
          comparable(made.kind, await elementsOf(made.kind, Buffer.from('key'))),
          comparable(made.kind, made.elements),
        )
      }
    })
  }
})
