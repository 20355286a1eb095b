import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { StatsSums } from '../../../../src/movers/redis/stats-sums.ts'
import { RdbReader } from '../../../../src/wire/rdb/rdb-reader.ts'

const word = (text: string) => Buffer.concat([Buffer.from([0x40, Buffer.byteLength(text)]), Buffer.from(text)])

/** An RDB without checksum, of strings. */
function snapshotOf(pairs: readonly (readonly [string, string])[]): Buffer {
  const entries = pairs.flatMap(([key, value]) => [Buffer.from([0]), word(key), word(value)])
  return Buffer.concat([
    Buffer.from('REDIS0009'),
    Buffer.from([254, 0]),
    ...entries,
    Buffer.from([255]),
    Buffer.alloc(8),
  ])
}

const counter = fc.record({
  service: fc.constantFrom('1', '2', 'ü'),
  application: fc.constantFrom('', 'a', 'b/c'),
  metric: fc.constantFrom('metric:1', 'metric:12', 'response_code:1'),
  period: fc.constantFrom('eternity', 'day:20250423', 'day:20250424', 'month:20250401'),
  value: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
})

test('sums are those of plain big integers, per service, metric and period, on both sides', () => {
  fc.assert(
    fc.property(fc.array(counter, { maxLength: 60 }), (counters) => {
      const keyOf = (one: (typeof counters)[number]) =>
        `stats/{service:${one.service}}/${one.application === '' ? '' : `cinstance:${one.application}/`}${one.metric}/${one.period}`
      const bytes = snapshotOf(counters.map((one) => [keyOf(one), String(one.value)]))
      let position = 0
      const reader = new RdbReader({
        read: (into) => {
          const count = bytes.copy(into, 0, position)
          position += count
          return count
        },
      })
      const sums = new StatsSums()
      while (reader.next()) sums.add(reader)
      const expected = new Map<string, { keys: number; sum: bigint }>()
      for (const one of counters) {
        const metric = one.metric.replace('metric:', '').replace('response_code:', 'response code ')
        const period = `${one.application === '' ? '' : 'applications '}${one.period.replace(/:.*/, '')}`
        const name = JSON.stringify([one.service, metric, period])
        const before = expected.get(name) ?? { keys: 0, sum: 0n }
        expected.set(name, { keys: before.keys + 1, sum: before.sum + one.value })
      }
      const [first] = counters
      if (first !== undefined) sums.differs(Buffer.from(keyOf(first)), Buffer.from('5'), Buffer.from('7'))
      const found = sums.list()
      const surplus = found.reduce((sum, one) => sum + BigInt(one.targetSum) - BigInt(one.sum), 0n)
      assert.equal(surplus, first === undefined ? 0n : 2n)
      assert.deepEqual(
        new Map(
          found.map(({ service, metric, period, keys, sum }) => [
            JSON.stringify([service, metric, period]),
            { keys, sum: BigInt(sum) },
          ]),
        ),
        new Map([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      )
    }),
  )
})
