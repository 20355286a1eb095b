import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { EpochMs } from '../../../../src/base/clock.ts'
import { Stop } from '../../../../src/base/stop.ts'
import { IntegerSum } from '../../../../src/movers/redis/counter-tally.ts'
import { inspectRdb } from '../../../../src/movers/redis/inspect.ts'
import { NameTable } from '../../../../src/movers/redis/name-table.ts'
import type { InspectReport, RedisProgress } from '../../../../src/ports/redis.ts'
import { bytesFrom } from '../../../support/byte-source.ts'
import {
  blobBody,
  listpack,
  type RdbEntry,
  type RdbFile,
  rdbFile,
  stringBody,
  stringsBody,
} from '../../../support/rdb-bytes.ts'

// The instant at which the clock of these tests stands.
const now = Date.UTC(2026, 10, 23) as EpochMs
const clock = { now: () => now, elapsedMs: () => 0 }

function inspect(
  entries: readonly RdbEntry[],
  changes: Partial<RdbFile> & { readonly onProgress?: (progress: RedisProgress) => void } = {},
): Promise<InspectReport> {
  const { onProgress = () => undefined, ...file } = changes
  const bytes = rdbFile({ version: 10, entries, aux: { ctime: String(now / 1000 - 60) }, ...file })
  return inspectRdb(bytesFrom(bytes), {
    clock,
    totalBytes: bytes.length,
    onProgress,
    signal: new AbortController().signal,
  })
}

const counter = (key: string, value: string | number): RdbEntry => ({
  key,
  type: 0,
  body: stringBody(String(value), 'integer'),
})
const own = (what: string, value: string | number) => counter(`stats/{service:7}/${what}`, value)
const used = (application: string, what: string, value: string | number) =>
  counter(`stats/{service:7}/cinstance:${application}/${what}`, value)
const set = (key: string, ...members: readonly string[]): RdbEntry => ({
  key,
  type: 2,
  body: stringsBody(members.map((member) => Buffer.from(member))),
})

test('counters are summed per service, metric, granularity and month, however large', async () => {
  const report = await inspect([
    own('metric:12/eternity', '9007199254740993'),
    used('a', 'metric:12/eternity', '9007199254740000'),
    used('b', 'metric:12/eternity', 993),
    own('metric:12/month:20250401', 30),
    own('metric:12/day:20250401', 10),
    own('metric:12/day:20250430', 20),
    own('metric:12/day:20250501', 5),
    own('response_code:2XX/eternity', 4),
    counter('stats/{service:10}/metric:1/eternity', 1),
    set('stats/{service:7}/cinstances', 'a', 'b'),
  ])
  assert.deepEqual(report.services, [
    {
      service: '7',
      keys: 8,
      expiring: 0,
      applications: 2,
      metrics: [
        {
          kind: 'metric',
          name: '12',
          keys: 7,
          service: { eternity: '9007199254740993', month: '30', day: '35' },
          applications: { eternity: '9007199254740993' },
          months: [
            { month: '202504', counter: '30', days: '30' },
            { month: '202505', counter: '0', days: '5' },
          ],
        },
        { kind: 'response_code', name: '2XX', keys: 1, service: { eternity: '4' }, applications: {}, months: [] },
      ],
    },
    {
      service: '10',
      keys: 1,
      expiring: 0,
      applications: 0,
      metrics: [{ kind: 'metric', name: '1', keys: 1, service: { eternity: '1' }, applications: {}, months: [] }],
    },
  ])
  assert.deepEqual(report.rollUps, { checked: 2, broken: 0, warnings: [] })
  assert.equal(report.verdict, 'clean')
  assert.equal(report.keys, 10)
  assert.equal(JSON.parse(JSON.stringify(report)).keys, 10, 'the report can be printed as JSON')
})

test('sums that do not add up are warnings, each with its rule', async () => {
  const report = await inspect([
    own('metric:12/eternity', 10),
    used('a', 'metric:12/eternity', 9),
    own('metric:12/month:20250401', 30),
    own('metric:12/day:20250401', 10),
    own('metric:12/week:20250331', 11),
    used('a', 'metric:12/year:20250101', 5),
    used('a', 'metric:12/month:20250401', 4),
    used('a', 'metric:12/week:20250331', 2),
    used('a', 'metric:12/day:20250401', 3),
  ])
  assert.equal(report.verdict, 'warned')
  assert.equal(report.rollUps.broken, 6)
  const about = { service: '7', metric: '12' }
  assert.deepEqual(report.rollUps.warnings, [
    { rule: 'eternity = applications', ...about, left: '10', right: '9' },
    { rule: 'weeks = days', ...about, left: '11', right: '10' },
    { rule: 'application years = months', ...about, left: '5', right: '4' },
    { rule: 'application months = days', ...about, left: '4', right: '3' },
    { rule: 'application weeks = days', ...about, left: '2', right: '3' },
    { rule: 'months = days', ...about, month: '202504', left: '30', right: '10' },
  ])
})

test('families say what is carried, how much it is and how much of it expires', async () => {
  const report = await inspect([
    own('metric:12/eternity', 1),
    { ...used('a', 'metric:12/minute:20250423174', 1), expiresAtMs: now + 60_000 },
    { ...used('a', 'metric:12/minute:20250423173', 1), expiresAtMs: now - 60_000, database: 2 },
    set('services_set', '7'),
  ])
  assert.deepEqual(
    report.families.map(({ name, class: keyClass, handling, keys, expiring }) => [
      name,
      keyClass,
      handling,
      keys,
      expiring,
    ]),
    [
      ['service counters', 'carry', 'copy', 1, 0],
      ['application minute counters', 'transient', 'copy', 2, 2],
      ['service and provider lists', 'rebuilt', 'skip', 1, 0],
    ],
  )
  assert.deepEqual([report.keys, report.expiring, report.expired], [4, 2, 1])
  assert.equal(report.databases.find(({ database }) => database === 2)?.keys, 1)
  assert.ok(report.memory.carriedBytes < report.memory.allBytes)
})

test('unknown keys are counted and shown by shape and hash, never by name', async () => {
  const report = await inspect([counter('session:tok3n/živý', 1), counter('x', 2)])
  assert.equal(report.unknown.keys, 2)
  assert.equal(report.unknown.samples[1]?.shape, 'a')
  assert.match(report.unknown.samples[0]?.shape ?? '', /^a:a9a\/a?[?a]+$/)
  assert.match(report.unknown.samples[0]?.hash ?? '', /^[0-9a-f]{12}$/)
  assert.doesNotMatch(JSON.stringify(report), /tok3n/)
  assert.match(report.warnings.join(), /no known family, carried all the same: 2/)
})

test('a value that is not what its family holds is a warning', async () => {
  const report = await inspect([
    own('metric:12/eternity', 'twelve'),
    set('events/id', 'x'),
    own('metric:12/hour:20250401', '007'),
  ])
  assert.equal(
    report.families.reduce((sum, { wrongType }) => sum + wrongType, 0),
    3,
  )
  assert.equal(report.verdict, 'warned')
})

test('what the snapshot says of itself becomes age, memory and warnings', async () => {
  const aux = { ctime: String(now / 1000 - 3600), 'used-mem': '1000000', 'aof-base': '1' }
  const report = await inspect([own('metric:1/eternity', 1)], { aux, functions: ['#!lua name=x'] })
  assert.equal(report.ageMs, 3_600_000)
  assert.deepEqual(report.memory, { from: 'used-mem', allBytes: 1_000_000, carriedBytes: 1_000_000 })
  assert.match(report.warnings.join('\n'), /60 minutes old[^]*append-only[^]*not carried: 1/)
  const silent = await inspect([own('metric:1/eternity', 1)], { aux: {} })
  assert.equal(silent.ageMs, null)
  assert.equal(silent.memory.from, 'snapshot-size')
})

test('types say which version of a target takes them, and the largest value is known', async () => {
  const seen = [Buffer.from('a'), Buffer.from('b'.repeat(100))]
  const entries = [
    { key: 'stats/{service:7}/cinstances', type: 20, body: blobBody(listpack(seen)) },
    own('metric:1/eternity', 1),
  ]
  const report = await inspect(entries, { version: 11 })
  assert.deepEqual(report.types, [
    { name: 'string', keys: 1, needsRdbVersion: 6 },
    { name: 'set listpack', keys: 1, needsRdbVersion: 11 },
  ])
  assert.deepEqual(report.largest?.family, 'applications seen')
  assert.equal(report.services[0]?.applications, 2)
})

test('progress ends at the whole file, and an abort ends the pass with its reason', async () => {
  const seen: RedisProgress[] = []
  await inspect([own('metric:1/eternity', 1)], { onProgress: (progress) => seen.push(progress) })
  assert.equal(seen.at(-1)?.done, true)
  assert.equal(seen.at(-1)?.bytes, seen.at(-1)?.totalBytes)
  const stopped = AbortSignal.abort(new Stop('operator'))
  const source = bytesFrom(rdbFile({ version: 10, entries: [] }))
  await assert.rejects(inspectRdb(source, { clock, totalBytes: 0, onProgress: () => undefined, signal: stopped }), Stop)
})

test('a sum is exact beyond the integers of doubles', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })), (values) => {
      const sum = new IntegerSum()
      for (const value of values) sum.add(value)
      sum.addLarge(2n ** 63n)
      assert.equal(
        sum.value,
        values.reduce((all, value) => all + BigInt(value), 2n ** 63n),
      )
    }),
  )
})

test('a name keeps its number, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 2000 }), (names) => {
      const table = new NameTable()
      const ids = new Map<string, number>()
      for (const name of names) {
        const bytes = Buffer.from(`-${name}-`)
        const id = table.idOf(bytes, 1, bytes.length - 1)
        assert.equal(id, ids.get(name) ?? ids.size)
        ids.set(name, id)
      }
      for (const [name, id] of ids) assert.equal(table.nameOf(id), Buffer.from(name).toString())
    }),
    { numRuns: 50 },
  )
})
