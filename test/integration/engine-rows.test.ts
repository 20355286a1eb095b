import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openEngine } from '../../src/engine/engine.ts'
import { openOutcomeSender } from '../../src/engine/send-outcome.ts'
import type { Party } from '../../src/model/party.ts'
import { faultsOf, kind } from '../../src/base/fault.ts'
import { type EngineUnderTest, onDatabase, openTestEngine, until } from '../support/engine.ts'
import { gateWith, rowsNamed, startOf } from '../support/engine-plan.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(5)
const fault = faultsOf({
  TEST_FLAKY: kind<{ readonly n: number }>({
    exit: 4,
    retry: 'same-input',
    says: (d) => `flaky ${d.n}`,
    remedy: () => 'wait',
  }),
  TEST_BROKEN: kind<{ readonly n: number }>({
    exit: 4,
    retry: 'after-remedy',
    says: (d) => `broken ${d.n}`,
    remedy: () => 'Mend it.',
  }),
  TEST_BY_HAND: kind<{ readonly n: number }>({
    exit: 3,
    retry: 'after-remedy',
    says: (d) => `not done ${d.n}`,
    remedy: () => 'Do it.',
  }),
})
describe('the engine', () => {
  let under: EngineUnderTest
  /** How often a verb of a row with a fault to throw was called. */
  const calls = { flaky: 0, broken: 0, isMended: false, isDone: false }

  before(async () => {
    under = await openTestEngine(
      servers.postgres(),
      [...rows.map(({ id }) => id), 'flaky', 'broken', 'by-hand', 'buggy', 'lying'],
      {
        overrides: {
          flaky: {
            check: async () => {
              calls.flaky += 1
              if (calls.flaky < 2) throw fault('TEST_FLAKY', { n: calls.flaky })
              return { kind: 'done', says: 'so', facts: {} }
            },
          },
          broken: {
            apply: async () => {
              calls.broken += 1
              if (!calls.isMended) throw fault('TEST_BROKEN', { n: calls.broken })
              return { says: 'mended', facts: {} }
            },
            confirm: async () => ({
              says: 'so',
              measured: [{ what: 'it', expected: 'so', found: 'so', equal: true }],
              facts: {},
            }),
          },
          'by-hand': {
            apply: async () => {
              if (!calls.isDone) throw fault('TEST_BY_HAND', { n: 1 })
              return { says: 'it is done', facts: {} }
            },
            confirm: async () => ({
              says: 'so',
              measured: [{ what: 'it', expected: 'so', found: 'so', equal: true }],
              facts: {},
            }),
          },
          buggy: {
            check: () => Promise.reject(new TypeError('secret value in a message')),
          },
          lying: {
            confirm: async () => ({ says: 'trust me', measured: [], facts: {} }),
          },
        },
      },
    )
  })
  after(() => under.close())

  const customer = { party: 'customer' as Party, name: 'Carla' }
  const ops = { party: 'rhoam-eng' as Party, name: 'ops' }

  test('rows run in the plan’s order, each checked, applied once and confirmed, and the journal has every verb', async () => {
    await under.engine.start(startOf('plain', rows))
    const view = await until(under.engine, 'plain', ({ state }) => state === 'done')
    assert.deepEqual(
      view.rows.map(({ state }) => state.kind),
      rows.map(() => 'done'),
    )
    assert.equal(view.baton.party, 'nobody')
    const called = await under.query('SELECT row_id, verb FROM calls WHERE migration = $1 ORDER BY id', ['plain'])
    assert.deepEqual(
      called.map(({ row_id, verb }) => `${String(row_id)} ${String(verb)}`),
      rows.flatMap(({ id }) => [`${id} check`, `${id} apply`, `${id} confirm`]),
    )
    const verbs = under.journal.entries.filter(({ migration, verb }) => migration === 'plain' && verb !== null)
    assert.equal(verbs.length, 2 * 3 * rows.length)
    assert.equal(await under.engine.start(startOf('plain', rows)), 'known')
    await assert.rejects(under.engine.start(startOf('plain', rowsNamed(4))), { code: 'ENGINE_PLAN_CHANGED' })
  })

  test('what only a person can do is waited for, and gone on with when that person says so', async () => {
    await under.engine.start(startOf('manual', [{ id: 'by-hand', owner: 'customer' }]))
    const waiting = await until(under.engine, 'manual', ({ state }) => state === 'waiting-for-person')
    const { party, row, why, unblock } = waiting.baton
    assert.deepEqual([party, row, why], ['customer', 'by-hand', 'not done 1'])
    assert.match(unblock, /^Do it\. Then: threeshift resume manual/)
    assert.equal(waiting.failure?.code, 'TEST_BY_HAND')
    assert.equal(waiting.gate, null)
    calls.isDone = true
    await under.engine.resume({ migration: 'manual', by: customer, reason: 'done' })
    await until(under.engine, 'manual', ({ state }) => state === 'done')
  })

  test('a gate shows what will change, and lets a row pass only when the right people have agreed', async () => {
    const gates = { 'row-02': gateWith({ approvals: 2, parties: ['customer', 'rhoam-eng'], differentParties: 2 }) }
    await under.engine.start(startOf('gated', rows.slice(0, 3), { gates }))
    const held = await until(under.engine, 'gated', ({ state }) => state === 'waiting-for-person')
    assert.equal(held.gate?.explanation.summary, 'puts row-02 there')
    assert.equal(held.baton.party, 'customer')
    assert.equal(held.baton.row, 'row-02')
    const answer = (by: typeof customer, reason: string, more = {}) =>
      under.engine.answer({ migration: 'gated', row: 'row-02', by, reason, verdict: 'approved', ...more })
    await assert.rejects(answer(customer, ' '), { code: 'ENGINE_REASON_MISSING' })
    await assert.rejects(answer({ party: 'bu-srep', name: 'Bo' }, 'why not'), { code: 'ENGINE_NOT_YOURS' })
    await assert.rejects(answer(customer, 'yes', { digest: 'another' }), { code: 'ENGINE_SHOWN_CHANGED' })
    const one = await answer(ops, 'I want it', { digest: held.gate?.digest ?? '' })
    assert.equal(one.state, 'waiting-for-person')
    // The one who asked for the run is not two people, whatever party it says it is of.
    await assert.rejects(answer({ party: 'customer', name: 'OPS' }, 'again'), { code: 'ENGINE_ANSWERED_ALREADY' })
    await answer(customer, 'window is agreed')
    await until(under.engine, 'gated', ({ state }) => state === 'done')
    const approvals = under.journal.entries.filter(
      ({ migration, kind }) => migration === 'gated' && kind === 'approved',
    )
    assert.deepEqual(
      approvals.map(({ actor, party, body }) => [actor, party, body['reason']]),
      [
        ['ops', 'rhoam-eng', 'I want it'],
        ['Carla', 'customer', 'window is agreed'],
      ],
    )
  })

  test('a rejection fails the row safely, and after a resume it is asked for anew', async () => {
    await under.engine.start(startOf('rejected', rows.slice(0, 2), { gates: { 'row-01': gateWith() } }))
    await until(under.engine, 'rejected', ({ state }) => state === 'waiting-for-person')
    const deed = { migration: 'rejected', row: 'row-01', by: customer }
    await under.engine.answer({ ...deed, reason: 'not in the freeze', verdict: 'rejected' })
    const failed = await until(under.engine, 'rejected', ({ state }) => state === 'failed-safe')
    assert.equal(failed.failure?.code, 'ENGINE_GATE_REJECTED')
    assert.match(failed.failure?.cause ?? '', /Carla \(customer\) rejected row-01: not in the freeze/)
    await under.engine.resume({ migration: 'rejected', by: ops, reason: 'the freeze is over' })
    const again = await until(under.engine, 'rejected', ({ state }) => state === 'waiting-for-person')
    assert.deepEqual(again.gate?.answers, [])
    await under.engine.answer({ ...deed, reason: 'now it may', verdict: 'approved' })
    await until(under.engine, 'rejected', ({ state }) => state === 'done')
  })

  test('a fault that may pass is tried again by itself; one that needs a person waits for a resume, with a card', async () => {
    await under.engine.start(startOf('faults', [{ id: 'flaky' }, { id: 'broken' }]))
    const failed = await until(under.engine, 'faults', ({ state }) => state === 'failed-safe')
    assert.equal(calls.flaky, 2)
    assert.equal(calls.broken, 1)
    assert.equal(failed.failure?.code, 'TEST_BROKEN')
    assert.equal(failed.failure?.nextCommand, "Mend it. Then: threeshift resume faults --reason '...'")
    assert.match(failed.failure?.walkAway ?? '', /nothing is lost/)
    assert.equal(failed.baton.party, 'rhoam-eng')
    calls.isMended = true
    await under.engine.resume({ migration: 'faults', by: ops, reason: 'mended' })
    await until(under.engine, 'faults', ({ state }) => state === 'done')
    assert.equal(calls.broken, 2)
    await assert.rejects(under.engine.resume({ migration: 'faults', by: ops, reason: 'once more' }), {
      code: 'ENGINE_NOTHING_TO_RESUME',
    })
  })

  test('an error that nobody foresaw and a confirm that measures nothing are failures, and tell no values', async () => {
    await under.engine.start(startOf('bugs', [{ id: 'buggy' }]))
    const failed = await until(under.engine, 'bugs', ({ state }) => state === 'failed-safe')
    assert.equal(failed.failure?.code, 'ENGINE_STEP_BROKE')
    assert.doesNotMatch(JSON.stringify([failed, under.journal.entries]), /secret value/)
    await under.engine.start(startOf('lies', [{ id: 'lying' }]))
    const unproven = await until(under.engine, 'lies', ({ state }) => state === 'failed-safe')
    assert.equal(unproven.failure?.code, 'ENGINE_NOT_CONFIRMED')
  })

  test('a row of a party with an agent waits for that agent, and goes on with what it sends', async () => {
    const sender = await openOutcomeSender(under.url, () => undefined)
    try {
      await under.engine.start(startOf('agents', [{ id: 'row-01', owner: 'customer' }], { agents: ['customer'] }))
      const waiting = await until(under.engine, 'agents', ({ state }) => state === 'waiting-for-agent')
      assert.equal(waiting.baton.party, 'customer')
      const task = under.tasks.tasks.find(({ migration }) => migration === 'agents')
      assert.ok(task)
      assert.equal(task.verb, 'check')
      await onDatabase(under.url.reveal('test'), (client) =>
        sender.send(client, task, {
          kind: 'ended',
          verb: 'check',
          result: { kind: 'done', says: 'was so', facts: { a: 1 } },
        }),
      )
      const done = await until(under.engine, 'agents', ({ state }) => state === 'done')
      assert.equal(done.rows[0]?.state.kind === 'done' && done.rows[0].state.says, 'was so')
    } finally {
      await sender.close()
    }
  })

  test('many migrations at once all come to their end, and none is taken for one of an older run', async () => {
    const ids = Array.from({ length: 25 }, (_, at) => `many-${at}`)
    for (const id of ids) await under.engine.start(startOf(id, rows))
    for (const id of ids) await until(under.engine, id, ({ state }) => state === 'done', 120_000)
    const applied = await under.query("SELECT 1 FROM effects WHERE migration LIKE 'many-%'")
    assert.equal(applied.length, ids.length * rows.length)
  })

  test('a customer has no more migrations under way than the limit', async () => {
    const few = startOf('one-of-many', rows.slice(0, 1), { customer: 'busy', gates: { 'row-01': gateWith() } })
    const engine = await openEngine({
      url: under.url,
      journal: () => under.journal,
      migrationsPerCustomer: 1,
      worker: null,
      onEvent: () => undefined,
      signal: new AbortController().signal,
    })
    try {
      await engine.start(few)
      const second = startOf('two-of-many', rows.slice(0, 1), { customer: 'busy' })
      await assert.rejects(engine.start(second), { code: 'ENGINE_CUSTOMER_LIMIT' })
      assert.deepEqual(
        (await engine.list({ customer: 'busy' })).map(({ id }) => id),
        ['one-of-many'],
      )
    } finally {
      await engine.close()
    }
  })
})
