import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Fault } from '../../../../src/base/fault.ts'
import { type CombineOptions, combineShards, type Shard } from '../../../../src/movers/redis/combine-shards.ts'
import * as rdb from '../../../support/rdb-bytes.ts'
import { temporaryFolder } from '../../../support/servers.ts'
import { readAll, shardOf } from '../../../support/shards.ts'

const counter = 'stats/{service:7}/metric:1/eternity'
const file = join(temporaryFolder(), 'combined.rdb')
const { signal } = new AbortController()

const string = (key: string, text: string) => ({ key, type: 0, body: rdb.stringBody(text) })
const list = (key: string, ...texts: readonly string[]) => ({
  key,
  type: 1,
  body: rdb.stringsBody(texts.map((text) => Buffer.from(text))),
})
const shard = (...entries: readonly rdb.RdbEntry[]) => shardOf(rdb.rdbFile({ version: 9, entries }))
const withAux = (aux: Readonly<Record<string, string>>, ...entries: readonly rdb.RdbEntry[]) =>
  shardOf(rdb.rdbFile({ version: 9, aux, entries }))

const manyKeys = (from: number) => Array.from({ length: 20_000 }, (_, i) => string(`key ${from + i}`, 'v'))

async function faultOf(shards: readonly Shard[], options: Partial<CombineOptions> = {}): Promise<Fault> {
  const error: unknown = await combineShards(shards, file, { signal, ...options }).catch((error: unknown) => error)
  if (!(error instanceof Fault)) throw new Error('a fault was expected', { cause: error })
  assert.ok(!error.message.includes('stats/'), 'no key is named')
  return error
}

describe('what the file says of itself', () => {
  test('the newest version, the oldest moment, all the memory', async () => {
    const shards = [
      shardOf(rdb.rdbFile({ version: 9, aux: { ctime: '1700000100', 'used-mem': '1000' }, entries: [] })),
      shardOf(rdb.rdbFile({ version: 11, aux: { ctime: '1700000040', 'used-mem': '500' }, entries: [] })),
    ]
    const { notes, exact } = await combineShards(shards, file, { signal })
    const { reader } = readAll(readFileSync(file))
    assert.equal(reader.header.version, 11)
    assert.deepEqual(Object.fromEntries(reader.header.aux), { ctime: '1700000040', 'used-mem': '1500' })
    assert.deepEqual(notes, ['2 shards were made one (taken within 60 s); 0 keys were on more than one'])
    assert.equal(exact, true)
  })

  test('nothing of which one shard says nothing', async () => {
    const shards = [withAux({ ctime: '1700000100' }), withAux({ 'used-mem': '1' })]
    const { notes } = await combineShards(shards, file, { signal })
    assert.equal(readAll(readFileSync(file)).reader.header.aux.size, 0)
    assert.match(notes[0] ?? '', /not all of them say/)
  })

  test('notes tell what was kept, left behind and not of one moment', async () => {
    const first = shardOf(rdb.rdbFile({ version: 10, functions: ['#!lua name=f'], entries: [string('a', '1')] }))
    const second = shard(string('a', '2'))
    const shards = [first, { ...second, exact: false, notes: ['was scanned'] }]
    const { notes, exact, combinedKeys } = await combineShards(shards, file, { signal })
    assert.equal(exact, false)
    assert.equal(combinedKeys, 1)
    assert.equal(notes[0], 'shard 2: was scanned')
    assert.match(notes[1] ?? '', /1 keys were on more than one/)
    assert.match(notes[2] ?? '', /of 1 of these, .* the first one's was kept/)
    assert.equal(notes[3], '1 function libraries were left behind')
  })
})

describe('what several shards hold under one key', () => {
  test('large counters are added as integers', async () => {
    const shards = [shard(string(counter, '9007199254740993')), shard(string(counter, '9007199254740993'))]
    await combineShards(shards, file, { signal })
    assert.equal(readAll(readFileSync(file)).entries[0]?.elements.toString(), '18014398509481986')
  })

  test('a usage limit is no counter: two of them are one limit', async () => {
    const limit = 'usage_limit/service_id:7/plan_id:1/metric_id:1/day'
    await combineShards([shard(string(limit, '100')), shard(string(limit, '100'))], file, { signal })
    assert.equal(readAll(readFileSync(file)).entries[0]?.elements.toString(), '100')
  })

  test('a sum that no Redis can hold is refused, with every place', async () => {
    const most = String(2n ** 63n - 1n)
    const fault = await faultOf([shard(string(counter, most)), shard(string(counter, '1'))])
    assert.equal(fault.code, 'REDIS_SHARDS_OVERFLOW')
    assert.match(fault.message, /service counters, database 0, shard 1 at byte \d+, shard 2 at byte \d+$/)
  })

  test('values of different kinds are refused, with both places', async () => {
    const fault = await faultOf([shard(string('a', '1'), string(counter, '1')), shard(list(counter, '1'))])
    assert.equal(fault.code, 'REDIS_SHARDS_CONTRADICT')
    assert.match(fault.message, /^a key is a string in shard 1 at byte \d+ and a list in shard 2 at byte \d+/)
    assert.match(fault.message, /family service counters, database 0$/)
  })

  for (const text of ['', 'x', '1.5', '01', '-0', '99999999999999999999']) {
    test(`a counter that is ${JSON.stringify(text)} is refused`, async () => {
      const fault = await faultOf([shard(string(counter, '1')), shard(string(counter, text))])
      assert.equal(fault.code, 'REDIS_SHARD_NOT_A_COUNTER')
      assert.match(fault.message, /in shard 2: family service counters, database 0, at byte \d+/)
    })
  }

  test('one database of a shard is not another of the next', async () => {
    const { combinedKeys } = await combineShards(
      [shard({ ...string(counter, '1'), database: 0 }), shard({ ...string(counter, '2'), database: 1 })],
      file,
      { signal },
    )
    assert.equal(combinedKeys, 0)
    const { entries } = readAll(readFileSync(file))
    assert.deepEqual(
      entries.map(({ database, elements }) => [database, String(elements)]),
      [
        [0, '1'],
        [1, '2'],
      ],
    )
  })
})

describe('what stops it', () => {
  test('one snapshot, or two of one server, as two shards', async () => {
    const one = shard(string(counter, '1'))
    assert.equal((await faultOf([shard(), one, one])).message.slice(0, 36), 'sources 2 and 3 are the same Redis: ')
    const history = { 'repl-id': 'a'.repeat(40) }
    const replica = withAux({ ...history, ctime: '5' }, string(counter, '2'))
    assert.equal((await faultOf([withAux(history, string(counter, '1')), replica])).code, 'REDIS_SHARD_GIVEN_TWICE')
  })

  test('empty shards are the same, and harmless', async () => {
    const empty = shard()
    assert.equal((await combineShards([empty, empty], file, { signal })).combinedKeys, 0)
  })

  test('more in common than fits into memory', async () => {
    const large = 'x'.repeat(5000)
    const shards = [shard(string('a', large)), shard(string('a', large))]
    assert.equal((await faultOf(shards, { commonBytes: 10_000 })).code, 'REDIS_SHARDS_TOO_MUCH_IN_COMMON')
    const many = Array.from({ length: 50 }, (_, i) => string(`key ${i}`, ''))
    const few = { commonBytes: 10_000 }
    assert.equal((await faultOf([shard(...many), shard(...many)], few)).code, 'REDIS_SHARDS_TOO_MUCH_IN_COMMON')
  })

  test('a damaged shard, before anything is written', async () => {
    const bytes = rdb.rdbFile({ version: 9, entries: [string(counter, '1')], checksum: 'wrong' })
    const target = join(temporaryFolder(), 'none.rdb')
    const combining = combineShards([shard(), shardOf(bytes)], target, { signal })
    await assert.rejects(combining, { code: 'RDB_BAD_CHECKSUM' })
    assert.throws(() => readFileSync(target), { code: 'ENOENT' })
  })

  test('a folder that cannot be written to', async () => {
    const shards = [shard(), shard()]
    const into = join(temporaryFolder(), 'nowhere', 'combined.rdb')
    await assert.rejects(combineShards(shards, into, { signal }), { code: 'REDIS_SPOOL_FAILED' })
  })

  test('an abort, at once and in the middle of each pass; no file is whole then', async () => {
    const shards = [shard(...manyKeys(0)), shard(...manyKeys(20_000))]
    // Each shard is opened once in each of three passes.
    for (const opening of [0, 1, 2, 3, 4, 5, 6]) {
      const stop = new AbortController()
      let opened = 0
      const watched = shards.map((one) => ({
        ...one,
        read: () => {
          if (++opened === opening) stop.abort(new Error('stopped'))
          return one.read()
        },
      }))
      if (opening === 0) stop.abort(new Error('stopped'))
      await assert.rejects(combineShards(watched, file, { signal: stop.signal }), /stopped/)
      if (opening > 4) assert.throws(() => readAll(readFileSync(file)), Fault)
    }
  })
})
