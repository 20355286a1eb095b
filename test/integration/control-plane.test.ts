import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AgentOptions, runAgent } from '../../src/agent/agent.ts'
import { controlClient } from '../../src/agent/control-client.ts'
import type { AgentEvent } from '../../src/agent/events.ts'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { verbRunner } from '../../src/engine/run-verb.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { answerStatement } from '../../src/evidence/answer-statement.ts'
import type { SigningKey } from '../../src/evidence/signing-key.ts'
import type { Digest, Statement } from '../../src/model/evidence.ts'
import type { Party } from '../../src/model/party.ts'
import { approvalsAnswer } from '../../src/server/api.ts'
import { makeKey } from '../support/chains.ts'
import { ask, openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { gateWith, startOf } from '../support/engine-plan.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = [
  { id: 'ours' },
  { id: 'dump', owner: 'customer' as const },
  { id: 'access', owner: 'bu-srep' as const },
  { id: 'last', owner: 'customer' as const },
]

describe('control plane and agents', () => {
  let bench: Awaited<ReturnType<typeof openControlBench>>
  let fake: ReturnType<typeof countingSteps>
  let worldUrl: string
  const keys = { customer: makeKey('customer'), 'bu-srep': makeKey('bu-srep'), 'rhoam-eng': makeKey('rhoam-eng') }

  before(async () => {
    worldUrl = await newDatabase(servers.postgres(), 'world')
    await onDatabase(worldUrl, (client) => client.query(worldSql))
    fake = countingSteps(
      rows.map(({ id }) => id),
      worldUrl,
      { workMs: 0 },
    )
    const url = new Secret(await newDatabase(servers.postgres(), 'engine'))
    bench = await openControlBench(url, fake.steps, { leaseMs: 30_000, serve: true })
  })
  after(async () => {
    await bench.close()
    await fake.close()
  })

  /** An agent that works until `stop` is called; a failure of its own is thrown there. */
  function startAgent(party: Party, token: Secret, options: { readonly key?: SigningKey; readonly ca?: string } = {}) {
    const stopping = new AbortController()
    const events: AgentEvent[] = []
    const client = controlClient({ url: bench.url, token, ca: options.ca ?? bench.certificate, proxy: {} })
    const agentOptions: AgentOptions = {
      client,
      party,
      runner: verbRunner(fake.steps, () => undefined),
      key: async () => options.key ?? keys[party],
      clock: systemClock,
      onEvent: (event) => events.push(event),
      signal: stopping.signal,
    }
    const ended = runAgent(agentOptions).finally(() => client.close())
    const outcome = ended.then(
      () => null,
      (error: unknown) => error,
    )
    return {
      events,
      outcome,
      async stop() {
        stopping.abort(new Stop('operator'))
        const error = await outcome
        if (error !== null) throw error
      },
    }
  }

  test('rows of two parties run on their own agents, and the journal is signed by each', async () => {
    const customer = startAgent('customer', await bench.token('customer', 'agent', 'box-1', ['moved']))
    const srep = startAgent('bu-srep', await bench.token('bu-srep', 'agent', 'box-2'))
    try {
      await bench.engine.start(startOf('moved', rows, { agents: ['customer', 'bu-srep'] }))
      await until(bench.engine, 'moved', ({ state }) => state === 'done')
    } finally {
      await customer.stop()
      await srep.stop()
    }
    const checked = checkChain(await bench.lines('moved'))
    assert.deepEqual(checked.problems, [])
    const signers = (row: string) =>
      new Set(
        checked.records
          .filter(({ statement }) => statement.kind === 'verb-reported' && statement.row === row)
          .map(({ signature, statement }) => `${signature.key} ${statement.actor}`),
      )
    assert.deepEqual(signers('dump'), new Set([`${keys.customer.id} box-1`]))
    assert.deepEqual(signers('access'), new Set([`${keys['bu-srep'].id} box-2`]))
    assert.equal(signers('ours').size, 0)
    const overlaps = await onDatabase(worldUrl, (client) => client.query('SELECT * FROM at_once'))
    assert.deepEqual(overlaps.rows, [])
    assert.deepEqual(
      customer.events.filter(({ kind }) => kind === 'verb-began').map((event) => ('row' in event ? event.row : '')),
      ['dump', 'dump', 'dump', 'last', 'last', 'last'].map((row) => row),
    )
  })

  test('nobody gets in without a token that counts, and a refusal tells nothing of what there is', async () => {
    for (const [method, route] of [
      ['GET', '/v1/status'],
      ['GET', '/v1/tasks'],
      ['GET', '/v1/approvals'],
      ['POST', '/v1/lease'],
      ['POST', '/v1/heartbeat'],
      ['POST', '/v1/complete'],
      ['POST', '/v1/release'],
      ['POST', '/v1/keys'],
      ['POST', '/v1/approvals'],
      ['GET', '/nowhere'],
    ] as const) {
      for (const token of [null, new Secret('tst_000000000000_'.padEnd(60, 'x')), new Secret('x')]) {
        const answer = await ask(bench, token, method, route, method === 'POST' ? {} : undefined)
        assert.deepEqual([answer.status, answer.code], [401, 'CONTROL_TOKEN_REFUSED'], `${method} ${route}`)
      }
    }
  })

  test('a request that is malformed, too large, for nothing or of the wrong role is refused by name', async () => {
    const agent = await bench.token('customer', 'agent', 'box-3')
    const approver = await bench.token('customer', 'approver', 'Carla')
    const outcomes = [
      await ask(bench, agent, 'POST', '/v1/lease', { waitMs: -1 }),
      await ask(bench, agent, 'POST', '/v1/lease', { waitMs: 0, more: 1 }),
      await ask(bench, agent, 'POST', '/v1/lease', '{'),
      await ask(bench, agent, 'POST', '/v1/complete', 'x'.repeat(5 * 1024 * 1024)),
      await ask(bench, agent, 'GET', '/v1/nothing'),
      await ask(bench, agent, 'GET', '/v1/approvals'),
      await ask(bench, agent, 'POST', '/v1/approvals', {}),
      await ask(bench, approver, 'POST', '/v1/lease', { waitMs: 0 }),
    ]
    assert.deepEqual(
      outcomes.map(({ status, code }) => `${status} ${code}`),
      [
        '400 CONTROL_REQUEST_MALFORMED',
        '400 CONTROL_REQUEST_MALFORMED',
        '400 CONTROL_REQUEST_MALFORMED',
        '400 CONTROL_REQUEST_MALFORMED',
        '404 CONTROL_NOT_FOUND',
        '403 CONTROL_TOKEN_ROLE',
        '403 CONTROL_TOKEN_ROLE',
        '403 AGENT_TOKEN_ROLE',
      ],
    )
    assert.equal((await ask(bench, agent, 'POST', '/v1/lease', { waitMs: 0 })).status, 204)
  })

  test('approvals: only of the party’s own questions, of what was shown, and never by who asked alone', async () => {
    const gates = { ours: gateWith({ parties: ['customer'] }) }
    const by = { party: 'customer' as const, name: 'Carla' }
    await bench.engine.start({ ...startOf('asked', [{ id: 'ours' }], { gates }), by })
    await until(bench.engine, 'asked', ({ state }) => state === 'waiting-for-person')
    const carla = await bench.token('customer', 'approver', 'Carla', ['asked'])
    const dora = await bench.token('customer', 'approver', 'Dora', ['asked'])
    const sam = await bench.token('bu-srep', 'approver', 'Sam')
    const other = await bench.token('customer', 'approver', 'Oscar', ['another'])
    const [shown] = approvalsAnswer.parse((await ask(bench, carla, 'GET', '/v1/approvals')).body).approvals
    assert.ok(shown)
    assert.equal(shown.summary, 'puts ours there')
    for (const stranger of [sam, other]) {
      assert.deepEqual((await ask(bench, stranger, 'GET', '/v1/approvals')).body, { approvals: [] })
    }
    const answer = {
      migration: 'asked',
      row: 'ours',
      verdict: 'approved' as const,
      reason: 'looks right',
      digest: shown.digest,
    }
    /** Says `answer`, changed by `part`, as `actor` has signed `answer`, changed by `signed`. */
    const said = async (
      token: Secret,
      actor: string,
      part: object = {},
      signed: { readonly key?: SigningKey; readonly seen?: Statement['seen']; readonly reason?: string } = {},
    ) => {
      const { key = keys.customer, seen = shown.seen, reason = answer.reason } = signed
      const by = { party: 'customer' as const, actor, at: systemClock.now(), seen }
      const statement = answerStatement({ ...answer, reason, generation: shown.generation }, by)
      const body = { ...answer, statement, signature: key.sign('statement', statement), ...part }
      const { status, code } = await ask(bench, token, 'POST', '/v1/approvals', body)
      return `${status} ${code}`
    }
    assert.equal(await said(sam, 'Sam'), '403 ENGINE_NOT_YOURS')
    assert.equal(await said(other, 'Oscar'), '404 CONTROL_NOT_FOUND')
    assert.equal(await said(dora, 'Dora', { digest: '0'.repeat(64) }), '409 ENGINE_SHOWN_CHANGED')
    assert.equal(await said(dora, 'Dora', { reason: '' }), '400 CONTROL_REQUEST_MALFORMED')
    const pretended = { by: { party: 'rhoam-eng', name: 'x' } }
    assert.equal(await said(dora, 'Dora', pretended), '400 CONTROL_REQUEST_MALFORMED')
    assert.equal(await said(dora, 'Dora', { signature: undefined }), '400 CONTROL_REQUEST_MALFORMED')
    // Nobody signs for another, something else, or for what nobody has written.
    assert.equal(await said(dora, 'Carla'), '422 AGENT_STATEMENT_MISMATCH')
    assert.equal(await said(dora, 'Dora', {}, { reason: 'looks wrong' }), '422 AGENT_STATEMENT_MISMATCH')
    const unwritten = { seq: 1, hash: 'f'.repeat(64) as Digest }
    assert.equal(await said(dora, 'Dora', {}, { seen: unwritten }), '422 AGENT_STATEMENT_MISMATCH')
    assert.equal(await said(dora, 'Dora', {}, { key: makeKey('customer') }), '422 EVIDENCE_SIGNATURE_INVALID')
    // A party's people bring its key; another one than its agents have brought is not taken.
    const brought = await ask(bench, dora, 'POST', '/v1/keys', { lineage: keys.customer.lineage })
    const foreign = await ask(bench, dora, 'POST', '/v1/keys', { lineage: makeKey('customer').lineage })
    assert.deepEqual([brought.status, foreign.code], [204, 'EVIDENCE_KEY_FOREIGN'])
    // The requester's own yes is taken down, and does not open the gate.
    assert.equal(await said(carla, 'Carla'), '204 ')
    const [view] = await bench.engine.list({ ids: ['asked'] })
    assert.equal(view?.state, 'waiting-for-person')
    assert.match(view?.gate?.missing.join() ?? '', /somebody other than Carla/)
    assert.equal(await said(dora, 'Dora'), '204 ')
    await until(bench.engine, 'asked', ({ state }) => state === 'done')
    const { records, problems } = checkChain(await bench.lines('asked'))
    assert.deepEqual(problems, [])
    assert.deepEqual(
      records
        .filter(({ statement }) => statement.kind === 'approved')
        .map(({ statement, signature }) => [signature.key, statement.actor, statement.body.reason]),
      [
        [keys.customer.id, 'Carla', 'looks right'],
        [keys.customer.id, 'Dora', 'looks right'],
      ],
    )
  })

  test('status shows a party its own rows of its own migrations, and whose turn it is', async () => {
    await bench.engine.start(startOf('shown', rows, { agents: ['customer', 'bu-srep'] }))
    await until(bench.engine, 'shown', ({ state }) => state === 'waiting-for-agent')
    const mine = await bench.token('customer', 'agent', 'box-5', ['shown'])
    const { body } = await ask(bench, mine, 'GET', '/v1/status')
    const [migration, ...others] = body.migrations as { id: string; baton: { party: string }; rows: { id: string }[] }[]
    assert.equal(migration?.id, 'shown')
    assert.equal(migration?.baton.party, 'customer')
    assert.deepEqual(
      migration?.rows.map(({ id }) => id),
      ['dump', 'last'],
    )
    assert.deepEqual(others, [])
    const stranger = await bench.token('customer', 'agent', 'box-6', ['another'])
    assert.deepEqual((await ask(bench, stranger, 'GET', '/v1/status')).body.migrations, [])
    assert.deepEqual((await ask(bench, stranger, 'GET', '/v1/tasks')).body.tasks, [])
    // Nobody is to find it waiting later on.
    await bench.engine.cancel({
      migration: 'shown',
      by: { party: 'rhoam-eng', name: 'ops' },
      reason: 'end of the test',
    })
  })

  test('an agent that does not trust the server, or is of another party than its token, does not begin', async () => {
    const token = await bench.token('customer', 'agent', 'box-7')
    const outcomeOf = async (agent: ReturnType<typeof startAgent>) => {
      const error = await agent.outcome
      assert.ok(error instanceof Fault)
      return error.code
    }
    const other = (await import('../../src/base/self-made-certificate.ts')).makeCertificate(['localhost'], {
      from: 0,
      until: 2_000_000_000_000,
    })
    assert.equal(await outcomeOf(startAgent('customer', token, { ca: other.certificate })), 'AGENT_SERVER_UNTRUSTED')
    assert.equal(await outcomeOf(startAgent('bu-srep', token)), 'AGENT_WRONG_PARTY')
    assert.equal(await outcomeOf(startAgent('customer', new Secret('x'))), 'CONTROL_TOKEN_REFUSED')
    for (const impossible of ['', 'tst_x\n', 'a token', 'ä']) {
      assert.throws(() => startAgent('customer', new Secret(impossible)), { code: 'AGENT_TOKEN_MALFORMED' })
    }
    for (const url of ['http://localhost:1', 'https://user:pw@localhost:1', 'https://localhost:1/path', 'nonsense']) {
      assert.throws(
        () => controlClient({ url, token, ca: null, proxy: {} }),
        (error) => error instanceof Fault && error.code === 'AGENT_SERVER_ADDRESS' && !error.message.includes('pw'),
      )
    }
  })

  test('no token, no reason and no outcome is in what the server tells of its work', () => {
    const told = JSON.stringify(bench.events)
    assert.ok(bench.events.length > 50)
    // Agents that were stopped above had left in the middle of a lease that waited: nothing to be told of.
    assert.deepEqual(
      bench.events.filter(({ kind }) => kind === 'broke'),
      [],
    )
    for (const secret of ['tst_', 'Bearer', 'looks right', 'put there']) assert.ok(!told.includes(secret), secret)
  })
})
