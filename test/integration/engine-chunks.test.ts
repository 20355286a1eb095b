import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { faultsOf, kind } from '../../src/base/fault.ts'
import { type EngineUnderTest, openTestEngine } from '../support/engine.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const fault = faultsOf({
  TEST_CHUNK: kind<{ readonly n: number }>({
    exit: 4,
    retry: 'after-remedy',
    says: (d) => `chunk ${d.n} does not go in`,
    remedy: () => 'Look at it.',
  }),
})
const signal = new AbortController().signal

const chunksOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: String(n), kind: 'double', input: { n } }))

describe('chunks', () => {
  let under: EngineUnderTest
  const done: number[] = []

  before(async () => {
    under = await openTestEngine(servers.postgres(), [], {
      chunks: new Map([
        [
          'double',
          async ({ n }) => {
            done.push(Number(n))
            return { n: Number(n) * 2 }
          },
        ],
        ['break', async ({ n }) => Promise.reject(fault('TEST_CHUNK', { n: Number(n) }))],
      ]),
    })
  })
  after(() => under.close())

  test('come back in the order in which they were given, each done once, also when the batch is asked for again', async () => {
    const expected = chunksOf(30).map(({ input }) => ({ n: input.n * 2 }))
    assert.deepEqual(await under.engine.chunks.run('copy', chunksOf(30), { signal }), expected)
    assert.deepEqual(await under.engine.chunks.run('copy', chunksOf(30), { signal }), expected)
    assert.equal(done.length, 30)
  })

  test('one that fails fails the batch with its own fault', async () => {
    const chunks = [...chunksOf(2), { id: 'bad', kind: 'break', input: { n: 7 } }]
    await assert.rejects(under.engine.chunks.run('broken', chunks, { signal }), {
      code: 'TEST_CHUNK',
      message: 'chunk 7 does not go in',
      exit: 4,
    })
    const unknown = [{ id: 'x', kind: 'nobody', input: {} }]
    await assert.rejects(under.engine.chunks.run('unknown', unknown, { signal }), { code: 'ENGINE_CHUNK_UNKNOWN' })
  })
})
