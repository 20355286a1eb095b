import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { parseRecordLine } from '../../src/evidence/record.ts'
import type { SigningKey } from '../../src/evidence/signing-key.ts'
import type { Caller, LeasedTask } from '../../src/ports/agent-desk.ts'
import { completionOf, type DeskBench, launchWaiters, openDeskBench, taskOf } from '../support/agent-desk.ts'
import { makeKey } from '../support/chains.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const now = { waitMs: 0, signal: new AbortController().signal }
let bench: DeskBench
let waiters: Awaited<ReturnType<typeof launchWaiters>>
let agent: Caller
const key: SigningKey = makeKey('customer')

async function leased(caller = agent): Promise<LeasedTask> {
  const task = await bench.desk.lease(caller, now)
  assert.ok(task, 'there is a task to lease')
  return task
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof Fault && error.code === code
}

describe('the desk that agents come to', () => {
  before(async () => {
    bench = await openDeskBench(servers)
    waiters = await launchWaiters(bench.url)
    agent = await bench.caller('customer')
    await bench.desk.presentKeys(agent, key.lineage)
  })
  after(async () => {
    await waiters.shutDown()
    await bench.close()
  })

  let tasks = 0
  /** A task that a workflow waits for, in a migration of its own. */
  async function requested(part: Parameters<typeof taskOf>[0] = {}) {
    const number = ++tasks
    const task = taskOf({ id: `t${number}`, workflow: `w${number}`, migration: `m${number}`, ...part })
    const waiting = await waiters.start(task.workflow, task.id)
    await bench.tasks.request(task)
    return { task, waiting }
  }

  test('a completed task wakes its workflow with the outcome, and stands in the journal signed by the party', async () => {
    const { task, waiting } = await requested()
    const mine = await leased()
    assert.equal(mine.id, task.id)
    const completion = completionOf(mine, task, agent, key)
    await bench.desk.complete(agent, completion)
    assert.deepEqual(await waiting.result(), completion.outcome)
    const lines = await bench.lines(task.migration)
    assert.deepEqual(checkChain(lines).problems, [])
    const last = parseRecordLine(lines.at(-1) ?? '')
    assert.equal(last?.statement.kind, 'verb-reported')
    assert.equal(last?.signature.key, key.id)
  })

  test('a task that is requested twice is one task', async () => {
    const { task } = await requested()
    await bench.tasks.request(task)
    const mine = await leased()
    assert.equal(await bench.desk.lease(agent, now), null)
    await bench.desk.complete(agent, completionOf(mine, task, agent, key))
    await bench.tasks.request(task)
    assert.equal(await bench.desk.lease(agent, now), null)
  })

  test('the same completion again changes nothing; another outcome for it is refused', async () => {
    const { task, waiting } = await requested()
    const mine = await leased()
    const completion = completionOf(mine, task, agent, key)
    await bench.desk.complete(agent, completion)
    await bench.desk.complete(agent, completion)
    const records = (await bench.lines(task.migration)).length
    const other = completionOf(mine, task, agent, key, {
      ...completion.outcome,
      result: { says: 'other', facts: {} },
    } as never)
    await assert.rejects(bench.desk.complete(agent, other), failsWith('AGENT_LEASE_LOST'))
    assert.equal((await bench.lines(task.migration)).length, records)
    assert.deepEqual(await waiting.result(), completion.outcome)
  })

  test('when the message cannot be sent, nothing is stored: the task stays leased and is completed later', async () => {
    const number = ++tasks
    // No workflow of this name is there.
    const task = taskOf({ id: `t${number}`, workflow: `nobody${number}`, migration: `m${number}` })
    await bench.tasks.request(task)
    const mine = await leased()
    const completion = completionOf(mine, task, agent, key)
    await assert.rejects(bench.desk.complete(agent, completion))
    assert.deepEqual(await bench.lines(task.migration), [])
    const waiting = await waiters.start(task.workflow, task.id)
    await bench.desk.complete(agent, completion)
    assert.deepEqual(await waiting.result(), completion.outcome)
  })

  test('a party leases only its own tasks, and sees only these', async () => {
    const { task } = await requested({ party: 'bu-srep' })
    assert.equal(await bench.desk.lease(agent, now), null)
    assert.ok(!(await bench.desk.tasks(agent)).some(({ id }) => id === task.id))
    const theirs = await bench.caller('bu-srep')
    const mine = await leased(theirs)
    assert.deepEqual(
      (await bench.desk.tasks(theirs)).map(({ id, state }) => [id, state]),
      [[task.id, 'leased']],
    )
    const theirKey = makeKey('bu-srep')
    await bench.desk.presentKeys(theirs, theirKey.lineage)
    // With the very lease, the other party's token does not get in.
    const beat = { id: task.id, lease: mine.lease, progress: null }
    await assert.rejects(bench.desk.heartbeat(agent, beat), failsWith('AGENT_LEASE_LOST'))
    await assert.rejects(
      bench.desk.complete(agent, completionOf(mine, task, agent, key)),
      failsWith('AGENT_LEASE_LOST'),
    )
    await bench.desk.complete(theirs, completionOf(mine, task, theirs, theirKey))
  })

  test('one customer’s token is good for this customer’s migrations only, and so is its key', async () => {
    const { task } = await requested({ migration: 'ours' })
    const [theirs, ours] = [
      await bench.caller('customer', 'agent', ['theirs']),
      await bench.caller('customer', 'agent', ['ours']),
    ]
    assert.equal(await bench.desk.lease(theirs, now), null)
    const mine = await leased(ours)
    assert.equal(mine.id, task.id)
    const beat = { id: task.id, lease: mine.lease, progress: null }
    await assert.rejects(bench.desk.heartbeat(theirs, beat), failsWith('AGENT_LEASE_LOST'))
    assert.deepEqual(await bench.desk.tasks(theirs), [])
    // Each customer has a key of its own, though both are the party `customer`.
    const [theirKey, ourKey] = [makeKey('customer'), makeKey('customer')]
    await bench.desk.presentKeys(theirs, theirKey.lineage)
    await bench.desk.presentKeys(ours, ourKey.lineage)
    const forged = completionOf(mine, task, ours, theirKey)
    await assert.rejects(bench.desk.complete(ours, forged), failsWith('EVIDENCE_SIGNATURE_INVALID'))
    await bench.desk.complete(ours, completionOf(mine, task, ours, ourKey))
    assert.deepEqual(checkChain(await bench.lines('ours')).problems, [])
  })

  test('of a migration only one task is leased at a time, however many agents ask at once', async () => {
    const { task } = await requested()
    const second = await requested({ migration: task.migration, row: 'quiesce' })
    const found = await Promise.all(Array.from({ length: 8 }, () => bench.desk.lease(agent, now)))
    const mine = found.filter((lease) => lease !== null)
    assert.deepEqual(
      mine.map(({ id }) => id),
      [task.id],
    )
    const [first] = mine
    assert.ok(first)
    await bench.desk.complete(agent, completionOf(first, task, agent, key))
    const next = await leased()
    assert.equal(next.id, second.task.id)
    await bench.desk.complete(agent, completionOf(next, second.task, agent, key))
  })

  test('a lease that ran out counts no longer, for a heartbeat and for a completion; the next one has a higher fence', async () => {
    const hasty = await openDeskBench(servers, { leaseMs: 1, sendOutcome: async () => undefined })
    try {
      const caller = await hasty.caller('customer')
      await hasty.desk.presentKeys(caller, key.lineage)
      const task = taskOf()
      await hasty.tasks.request(task)
      const late = await hasty.desk.lease(caller, now)
      assert.ok(late)
      const again = await hasty.desk.lease(caller, { ...now, waitMs: 60_000 })
      assert.ok(again)
      assert.ok(again.task.fence > late.task.fence, `${again.task.fence} after ${late.task.fence}`)
      const beat = { id: task.id, lease: late.lease, progress: null }
      await assert.rejects(hasty.desk.heartbeat(caller, beat), failsWith('AGENT_LEASE_LOST'))
      await assert.rejects(
        hasty.desk.complete(caller, completionOf(late, task, caller, key)),
        failsWith('AGENT_LEASE_LOST'),
      )
      assert.deepEqual(await hasty.lines(task.migration), [])
    } finally {
      await hasty.close()
    }
  })

  test('a heartbeat lengthens the lease and hands progress on', async () => {
    const { task } = await requested()
    const mine = await leased()
    const progress = { done: 5, total: 10, unit: 'rows', exact: true, at: 1 }
    const until = async () =>
      (await bench.pool.query('SELECT leased_until FROM threeshift.agent_task WHERE id = $1', [task.id])).rows[0] as {
        leased_until: Date
      }
    const first = await until()
    await bench.desk.heartbeat(agent, { id: task.id, lease: mine.lease, progress })
    assert.ok((await until()).leased_until > first.leased_until)
    assert.deepEqual(bench.progress.at(-1), progress)
    assert.deepEqual((await bench.desk.tasks(agent)).find(({ id }) => id === task.id)?.progress, progress)
    await bench.desk.complete(agent, completionOf(mine, task, agent, key))
  })

  test('a task that was withdrawn is not leased again, and a late completion of it is refused', async () => {
    const { task } = await requested()
    const mine = await leased()
    await bench.tasks.withdraw(task.migration, 1)
    await bench.desk.heartbeat(agent, { id: task.id, lease: mine.lease, progress: null })
    await bench.tasks.withdraw(task.migration, 2)
    await assert.rejects(
      bench.desk.complete(agent, completionOf(mine, task, agent, key)),
      failsWith('AGENT_LEASE_LOST'),
    )
    assert.equal(await bench.desk.lease(agent, now), null)
  })

  test('a statement that is not about this outcome, by nobody or by another key is refused, and nothing is stored', async () => {
    const { task, waiting } = await requested()
    const mine = await leased()
    const good = completionOf(mine, task, agent, key)
    const resigned = (statement: typeof good.statement) => ({
      ...good,
      statement,
      signature: key.sign('statement', statement),
    })
    const body = { ...good.statement.body, outcome: { kind: 'ended', password: 'in clear' } }
    for (const wrong of [
      resigned({ ...good.statement, row: 'quiesce' }),
      resigned({ ...good.statement, party: 'rhoam-eng' }),
      resigned({ ...good.statement, actor: 'somebody else' }),
      resigned({ ...good.statement, migration: 'other' }),
      resigned({ ...good.statement, body }),
      resigned({ ...good.statement, seen: { seq: 7, hash: key.id } }),
      { ...good, outcome: { kind: 'ended', verb: 'undo', result: { says: 'undone' } } as const },
    ]) {
      await assert.rejects(bench.desk.complete(agent, wrong), failsWith('AGENT_STATEMENT_MISMATCH'))
    }
    const signature = makeKey('customer').sign('statement', good.statement)
    await assert.rejects(bench.desk.complete(agent, { ...good, signature }), failsWith('EVIDENCE_SIGNATURE_INVALID'))
    assert.deepEqual(await bench.lines(task.migration), [])
    await bench.desk.complete(agent, good)
    assert.deepEqual(await waiting.result(), good.outcome)
  })

  test('an approver’s token leases nothing, and a wrong, rotated or revoked token is nobody’s', async () => {
    const approver = await bench.caller('customer', 'approver')
    await assert.rejects(bench.desk.lease(approver, now), failsWith('AGENT_TOKEN_ROLE'))
    // The party's people sign with the same key, and may come before its agents do.
    await bench.desk.presentKeys(approver, key.lineage)
    await assert.rejects(
      bench.desk.presentKeys(approver, makeKey('customer').lineage),
      failsWith('EVIDENCE_KEY_FOREIGN'),
    )
    const { id, token } = await bench.tokens.create({
      party: 'customer',
      role: 'agent',
      name: 'second',
      migrations: null,
    })
    assert.equal((await bench.desk.authenticate(token))?.name, 'second')
    const text = token.reveal('a test')
    assert.equal(
      await bench.desk.authenticate(new Secret(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`)),
      null,
    )
    assert.equal(await bench.desk.authenticate(new Secret('')), null)
    const rotated = await bench.tokens.rotate(id)
    assert.equal(await bench.desk.authenticate(token), null)
    assert.equal((await bench.desk.authenticate(rotated.token))?.token, id)
    await bench.tokens.revoke(id)
    assert.equal(await bench.desk.authenticate(rotated.token), null)
    await assert.rejects(bench.tokens.rotate(id), failsWith('PARTY_TOKEN_UNKNOWN'))
    const { rows } = await bench.pool.query('SELECT * FROM threeshift.party_token')
    assert.ok(!JSON.stringify(rows).includes(text.split('_')[2] ?? text), 'no token is stored')
  })

  test('a revoked token loses what it had leased to others', async () => {
    const { task } = await requested()
    const { id, token } = await bench.tokens.create({
      party: 'customer',
      role: 'agent',
      name: 'third',
      migrations: null,
    })
    const third = await bench.desk.authenticate(token)
    assert.ok(third)
    const lost = await leased(third)
    await bench.tokens.revoke(id)
    await assert.rejects(
      bench.desk.complete(third, completionOf(lost, task, third, key)),
      failsWith('AGENT_LEASE_LOST'),
    )
    const mine = await leased()
    await bench.desk.complete(agent, completionOf(mine, task, agent, key))
  })

  test('a key that nobody endorsed does not replace a party’s key', async () => {
    await assert.rejects(bench.desk.presentKeys(agent, makeKey('customer').lineage), failsWith('EVIDENCE_KEY_FOREIGN'))
    await bench.desk.presentKeys(agent, key.lineage)
  })
})
