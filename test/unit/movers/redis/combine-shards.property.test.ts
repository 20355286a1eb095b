import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { combineShards } from '../../../../src/movers/redis/combine-shards.ts'
import type { ValueKind } from '../../../../src/wire/rdb/rdb-types.ts'
import * as rdb from '../../../support/rdb-bytes.ts'
import { bodies } from '../../../support/rdb-samples.ts'
import { temporaryFolder } from '../../../support/servers.ts'
import { readAll, shardOf } from '../../../support/shards.ts'

const { signal } = new AbortController()
const typesOf: Readonly<Record<ValueKind, readonly number[]>> = {
  string: [0],
  list: [1, 10, 14, 18],
  set: [2, 11, 20],
  zset: [3, 5, 12, 17],
  hash: [4, 9, 13, 16],
}
/** Few keys, so that shards share some; what a key holds is the same kind everywhere. */
const counters = ['stats/{service:7}/metric:1/eternity', 'events/id', 'daily_traffic/service:7/cinstance:a/20250423']
const keys: readonly (readonly [key: string, kind: ValueKind])[] = [
  ...counters.map((key) => [key, 'string'] as const),
  ...['usage_limit/service_id:7/plan_id:1/metric_id:1/day', 'unknown', ''].map((key) => [key, 'string'] as const),
  ...(['list', 'set', 'zset', 'hash'] as const).flatMap((kind) => [[kind, kind] as const, [`ž${kind}`, kind] as const]),
]

interface Made {
  readonly entry: rdb.RdbEntry
  readonly key: string
  readonly kind: ValueKind
  readonly elements: readonly Buffer[]
}

const counted = fc
  .tuple(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }), fc.constantFrom<rdb.StringForm>('raw', 'integer'))
  .map(([value, form]) => {
    const text = Buffer.from(String(value))
    return { type: 0, elements: [text], body: rdb.stringBody(text, form) }
  })
const made: fc.Arbitrary<Made> = fc.constantFrom(...keys).chain(([key, kind]) =>
  fc
    .record({
      value: counters.includes(key)
        ? counted
        : fc.constantFrom(...typesOf[kind]).chain((type) => bodies[type] ?? fc.constant(assert.fail(`type ${type}`))),
      database: fc.constantFrom(0, 1, 12),
      keyAs: fc.constantFrom<rdb.StringForm>('raw', 'lzf'),
      expiresAtMs: fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: undefined }),
      idleSeconds: fc.option(fc.nat(1000), { nil: undefined }),
    })
    .map(({ value: { type, body, elements }, database, keyAs, expiresAtMs, idleSeconds }) => ({
      key,
      kind,
      elements,
      entry: {
        type,
        body,
        database,
        key,
        keyAs,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        ...(idleSeconds === undefined ? {} : { idleSeconds }),
      },
    })),
)

interface Expected {
  readonly kind: ValueKind
  readonly elements: readonly string[]
  readonly expiresAtMs: number
}
const hex = (buffer: Buffer) => buffer.toString('hex')
const pairs = (words: readonly string[]) => words.flatMap((one, i) => (i % 2 === 0 ? [`${one}=${words[i + 1]}`] : []))

/** What must come out, said as plainly as possible. */
function model(shards: readonly (readonly Made[])[]): ReadonlyMap<string, Expected> {
  const all = new Map<string, Expected>()
  for (const shard of shards) {
    const own = new Map(shard.map((one) => [`${one.entry.database} ${one.key}`, one]))
    for (const [place, { key, kind, elements, entry }] of own) {
      const now: Expected = { kind, elements: elements.map(hex), expiresAtMs: entry.expiresAtMs ?? Infinity }
      const before = all.get(place)
      all.set(place, before === undefined ? now : merged(key, before, now))
    }
  }
  return all
}

const number = ([text = '']: readonly string[]) => BigInt(Buffer.from(text, 'hex').toString())

function merged(key: string, before: Expected, now: Expected): Expected {
  const expiresAtMs = Math.max(before.expiresAtMs, now.expiresAtMs)
  const sum = () => hex(Buffer.from(String(number(before.elements) + number(now.elements))))
  const both = [...before.elements, ...now.elements]
  const elements = {
    string: () => (counters.includes(key) ? [sum()] : before.elements),
    list: () => both,
    set: () => [...new Set(both)],
    zset: () => firstPairs(both),
    hash: () => firstPairs(both),
  }[before.kind]()
  return { kind: before.kind, elements, expiresAtMs }
}

function firstPairs(words: readonly string[]): readonly string[] {
  const first = new Map<string, string>()
  for (const [i, name] of words.entries()) if (i % 2 === 0 && !first.has(name)) first.set(name, words[i + 1] ?? '')
  return [...first].flat()
}

/** Sets have no order; neither have members and fields. */
function comparable({ kind, elements, expiresAtMs }: Expected): unknown {
  const ordered =
    kind === 'set' ? elements.toSorted() : kind === 'zset' || kind === 'hash' ? pairs(elements).toSorted() : elements
  return { kind, ordered, expiresAtMs }
}

test('shards made one hold what a plain model of them holds, in the same bytes each time', async () => {
  const file = join(temporaryFolder(), 'combined.rdb')
  let combined = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(made, { maxLength: 14 }), { minLength: 2, maxLength: 4 }),
      fc.integer({ min: 3, max: 12 }),
      fc.integer({ min: 1, max: 40 }),
      async (shards, version, hashesAtOnce) => {
        const files = shards.map((entries) => rdb.rdbFile({ version, entries: entries.map(({ entry }) => entry) }))
        const run = async () => {
          const result = await combineShards(
            files.map((bytes) => shardOf(bytes)),
            file,
            { signal, hashesAtOnce },
          )
          return { result, bytes: readFileSync(file) }
        }
        const { result, bytes } = await run()
        const expected = model(shards)
        const { entries, reader } = readAll(bytes)
        assert.equal(reader.header.version, Math.max(5, version))
        assert.equal(entries.length, expected.size, 'every key once')
        for (const { database, key, kind, elements, expiresAtMs } of entries) {
          const found = { kind, elements: elements.map(hex), expiresAtMs: expiresAtMs < 0 ? Infinity : expiresAtMs }
          const wanted = expected.get(`${database} ${key.toString()}`) ?? assert.fail('a key that no shard has')
          assert.deepEqual(comparable(found), comparable(wanted))
        }
        const places = shards.map((shard) => new Set(shard.map((one) => `${one.entry.database} ${one.key}`)))
        const shared = [...expected.keys()].filter((key) => places.filter((place) => place.has(key)).length > 1).length
        assert.equal(result.combinedKeys, shared)
        combined += shared
        assert.deepEqual((await run()).bytes, bytes)
      },
    ),
    { numRuns: 100 },
  )
  assert.ok(combined > 100, 'the shards had too little in common')
})
