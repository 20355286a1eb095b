import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import type { Party } from '../../src/model/party.ts'
import { type EngineUnderTest, openTestEngine, until } from '../support/engine.ts'
import { type FakeRow, gateWith, rowsNamed, startOf } from '../support/engine-plan.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(5)
const last: FakeRow = { id: 'last', undo: { kind: 'impossible', why: 'the routes are public' } }
const ops = { party: 'rhoam-eng' as Party, name: 'ops' }
const customer = { party: 'customer' as Party, name: 'Carla' }

const deed = (migration: string) => ({ migration, by: ops, reason: 'a test' })

describe('what people do to a migration', () => {
  let under: EngineUnderTest
  /** A verb that runs until it is told to stop, unless it may end. */
  const slow = { began: Promise.withResolvers<void>(), mayEnd: false }

  before(async () => {
    under = await openTestEngine(servers.postgres(), [...rows.map(({ id }) => id), 'slow', 'nothing', 'last'], {
      overrides: {
        slow: {
          check: async () => ({ kind: 'needed', says: 'not yet' }),
          apply: async ({ signal }) => {
            slow.began.resolve()
            while (!slow.mayEnd) {
              signal.throwIfAborted()
              await wait(10)
            }
            return { says: 'ended', facts: {} }
          },
          confirm: async () => ({
            says: 'so',
            measured: [{ what: 'it', expected: 'so', found: 'so', equal: true }],
            facts: {},
          }),
        },
      },
    })
  })
  after(() => under.close())

  const worldOf = async (migration: string) =>
    (await under.query('SELECT row_id FROM world WHERE migration = $1 ORDER BY 1', [migration])).map(
      ({ row_id }) => row_id,
    )

  test('a paused migration lets the verb end and begins no other, also past an approval, until it is resumed', async () => {
    await under.engine.start(startOf('paused', rows.slice(0, 2), { gates: { 'row-01': gateWith() } }))
    await until(under.engine, 'paused', ({ state }) => state === 'waiting-for-person')
    await under.engine.pause(deed('paused'))
    const paused = await until(under.engine, 'paused', ({ state }) => state === 'paused')
    assert.match(paused.baton.why, /ops paused: a test/)
    const answered = await under.engine.answer({
      migration: 'paused',
      row: 'row-01',
      by: customer,
      reason: 'yes',
      verdict: 'approved',
    })
    assert.equal(answered.state, 'paused')
    assert.deepEqual(await worldOf('paused'), [])
    await under.engine.resume(deed('paused'))
    await until(under.engine, 'paused', ({ state }) => state === 'done')
    assert.deepEqual(await worldOf('paused'), ['row-01', 'row-02'])
  })

  test('a cancellation stops the verb that runs; a resume begins a new run, which goes on', async () => {
    await under.engine.start(startOf('cancelled', [{ id: 'row-01' }, { id: 'slow' }]))
    await slow.began.promise
    await under.engine.cancel(deed('cancelled'))
    await until(under.engine, 'cancelled', ({ state }) => state === 'cancelled')
    slow.mayEnd = true
    await under.engine.resume(deed('cancelled'))
    const done = await until(under.engine, 'cancelled', ({ state }) => state === 'done')
    assert.equal(done.generation, 2)
    const applied = await under.query(
      "SELECT 1 FROM calls WHERE migration = 'cancelled' AND row_id = 'row-01' AND verb = 'apply'",
    )
    assert.equal(applied.length, 1, 'a row that was done is not done again')
    await assert.rejects(under.engine.cancel(deed('cancelled')), { code: 'ENGINE_ENDED' })
  })

  test('a rewind looks at a row and all later ones again, and asks again', async () => {
    await under.engine.start(startOf('rewound', rows.slice(0, 3), { gates: { 'row-02': gateWith() } }))
    await until(under.engine, 'rewound', ({ state }) => state === 'waiting-for-person')
    const approve = () =>
      under.engine.answer({ migration: 'rewound', row: 'row-02', by: customer, reason: 'yes', verdict: 'approved' })
    await approve()
    await until(under.engine, 'rewound', ({ state }) => state === 'done')
    await under.query("DELETE FROM world WHERE migration = 'rewound' AND row_id = 'row-02'")
    await under.engine.rewind({ ...deed('rewound'), row: 'row-02' })
    const asked = await until(under.engine, 'rewound', ({ state }) => state === 'waiting-for-person')
    assert.deepEqual(asked.gate?.answers, [])
    await approve()
    const done = await until(under.engine, 'rewound', ({ state }) => state === 'done')
    assert.deepEqual(
      done.rows.map(({ state }) => state.kind === 'done' && state.how),
      ['applied', 'applied', 'already-so'],
    )
    await assert.rejects(under.engine.rewind({ ...deed('rewound'), row: 'no-row' }), { code: 'ENGINE_ROW_UNKNOWN' })
  })

  test('a rollback undoes what was applied, in reverse, down to a row; the migration can then go forward again', async () => {
    const nothing: FakeRow = { id: 'nothing', undo: { kind: 'nothing', why: 'it only looks' } }
    await under.engine.start(startOf('back', [...rows.slice(0, 3), nothing, ...rows.slice(3, 4)]))
    await until(under.engine, 'back', ({ state }) => state === 'done')
    await under.engine.rollback({ ...deed('back'), row: 'row-02' })
    await until(under.engine, 'back', ({ state }) => state === 'rolled-back')
    assert.deepEqual(await worldOf('back'), ['nothing', 'row-01'])
    const undone = await under.query("SELECT row_id FROM calls WHERE migration = 'back' AND verb = 'undo' ORDER BY id")
    assert.deepEqual(
      undone.map(({ row_id }) => row_id),
      ['row-04', 'row-03', 'row-02'],
    )
    await under.engine.resume(deed('back'))
    await until(under.engine, 'back', ({ state }) => state === 'done')
    assert.deepEqual(await worldOf('back'), ['nothing', 'row-01', 'row-02', 'row-03', 'row-04'])
  })

  test('a rollback stops at a row that cannot be undone and says so; nothing goes back past it', async () => {
    await under.engine.start(startOf('final', [...rows.slice(0, 2), last, ...rows.slice(2, 3)]))
    await until(under.engine, 'final', ({ state }) => state === 'done')
    await assert.rejects(under.engine.rewind({ ...deed('final'), row: 'row-01' }), { code: 'ENGINE_NO_WAY_BACK' })
    await under.engine.rollback({ ...deed('final'), row: 'row-01' })
    const stopped = await until(under.engine, 'final', ({ failure }) => failure !== null)
    assert.equal(stopped.failure?.code, 'ENGINE_UNDO_IMPOSSIBLE')
    assert.match(stopped.failure?.cause ?? '', /last cannot be undone: the routes are public/)
    assert.deepEqual(await worldOf('final'), ['last', 'row-01', 'row-02'])
    await under.engine.rewind({ ...deed('final'), row: 'row-03' })
    await until(under.engine, 'final', ({ state }) => state === 'done')
  })

  test('a gate that nobody answers lapses: the row is looked at and asked for again', async () => {
    await under.engine.start(
      startOf('lapsed', rows.slice(0, 1), {
        gates: { 'row-01': gateWith({ lapseAfterMs: 1, escalateAfterMs: 0, escalation: 'Call Carla.' }) },
      }),
    )
    const first = await until(under.engine, 'lapsed', ({ gate }) => gate !== null)
    assert.match(first.baton.why, /Call Carla\.$/)
    const again = await until(under.engine, 'lapsed', ({ gate }) => (gate?.askedAt ?? 0) > (first.gate?.askedAt ?? 0))
    assert.equal(again.state, 'waiting-for-person')
    await under.engine.cancel(deed('lapsed'))
  })
})
