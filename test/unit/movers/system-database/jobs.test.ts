import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { type Job, runJobs } from '../../../../src/movers/system-database/copy/jobs.ts'

const unfailing = (error: unknown) => assert.fail(`a job failed: ${String(error)}`)

test('every job is done once, after those it comes after, and never beside one that holds its lock', async () => {
  const jobShape = fc.record({
    weight: fc.nat({ max: 9 }),
    after: fc.array(fc.nat({ max: 19 }), { maxLength: 3 }),
    locks: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
    turns: fc.nat({ max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(jobShape, { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), async (shapes, workers) => {
      const done: number[] = []
      const held: string[] = []
      let running = 0
      const jobs: Job<number>[] = []
      for (const [i, { weight, after, locks, turns }] of shapes.entries()) {
        const before = after.filter((other) => other < i)
        jobs.push({
          weight,
          after: jobs.filter((_, other) => before.includes(other)),
          locks,
          run: async () => {
            running++
            assert.ok(running <= workers)
            assert.ok(before.every((other) => done.includes(other)))
            for (const lock of locks) assert.ok(!held.includes(lock), `${lock} is held`)
            held.push(...locks)
            for (let turn = 0; turn < turns; turn++) await setImmediate()
            for (const lock of locks) held.splice(held.indexOf(lock), 1)
            running--
            done.push(i)
          },
        })
      }
      await runJobs(
        jobs,
        Array.from({ length: workers }, (_, i) => i),
        unfailing,
      )
      assert.deepEqual(
        done.toSorted((a, b) => a - b),
        [...jobs.keys()],
      )
    }),
  )
})

test('among those that may begin the heaviest does', async () => {
  const order: number[] = []
  const job = (weight: number, after: readonly Job<null>[] = []): Job<null> => ({
    weight,
    after,
    locks: [],
    run: async () => void order.push(weight),
  })
  const light = job(1)
  await runJobs([job(3), light, job(9, [light]), job(7)], [null], unfailing)
  assert.deepEqual(order, [7, 3, 1, 9])
})

test('when one fails no other is begun, the running ones are waited for, and the first failure is thrown', async () => {
  const told: unknown[] = []
  const ended: string[] = []
  const second = Promise.withResolvers<void>()
  const jobs: Job<null>[] = [
    { weight: 9, after: [], locks: [], run: () => Promise.reject(new Error('first')) },
    {
      weight: 8,
      after: [],
      locks: [],
      run: async () => {
        await second.promise
        ended.push('running')
        throw new Error('second')
      },
    },
    { weight: 1, after: [], locks: [], run: async () => void ended.push('never begun') },
  ]
  const onFailure = (error: unknown) => {
    told.push(error)
    second.resolve()
  }
  await assert.rejects(runJobs(jobs, [null, null], onFailure), /first/)
  assert.deepEqual(ended, ['running'])
  assert.deepEqual(told.map(String), ['Error: first'])
})

test('jobs that wait for each other in a circle are a bug', async () => {
  const circle: { -readonly [Key in keyof Job<null>]: Job<null>[Key] } = {
    weight: 1,
    after: [],
    locks: [],
    run: () => assert.fail('it was begun'),
  }
  circle.after = [circle]
  await assert.rejects(
    runJobs([circle], [null], () => undefined),
    /bug: jobs wait for each other/,
  )
})
