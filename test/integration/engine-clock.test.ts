import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Pool } from 'pg'
import { runAgent } from '../../src/agent/agent.ts'
import { controlClient } from '../../src/agent/control-client.ts'
import { type Clock, type EpochMs, systemClock } from '../../src/base/clock.ts'
import { faultsOf, kind } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import { verbRunner } from '../../src/engine/run-verb.ts'
import { checkChain } from '../../src/evidence/check-chain.ts'
import { makeKey } from '../support/chains.ts'
import { openControlBench } from '../support/control-plane.ts'
import { newDatabase, onDatabase, until } from '../support/engine.ts'
import { gateWith, startOf } from '../support/engine-plan.ts'
import { countingSteps, worldSql } from '../support/engine-steps.ts'
import { assertExact } from '../support/kill-checks.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const dayMs = 24 * 3600_000
const rows = [{ id: 'asked' }, { id: 'theirs', owner: 'customer' as const }, { id: 'flaky' }, { id: 'last' }]
const fault = faultsOf({
  TEST_PASSES: kind<object>({
    exit: 4,
    retry: 'same-input',
    says: () => 'not yet',
    remedy: () => 'Wait.',
  }),
})

/*
 * The clock of this process: also that of DBOS, which knows no other. That of the database is set by `stepTo`, in whose
 * search path a `clock_timestamp` of ours stands before PostgreSQL's.
 */
const RealDate = Date
let offsetMs = 0
class SteppedDate extends RealDate {
  static override now = () => RealDate.now() + offsetMs
  constructor(...given: readonly unknown[]) {
    // All forms of Date's constructor, of which TypeScript takes one at a time.
    super(...((given.length === 0 ? [SteppedDate.now()] : given) as [number]))
  }
}
const clock: Clock = { now: () => SteppedDate.now() as EpochMs, elapsedMs: () => systemClock.elapsedMs() }
const steppedSql = (database: string) => `
  CREATE SCHEMA stepped;
  CREATE TABLE stepped.by (ms float8);
  INSERT INTO stepped.by VALUES (0);
  CREATE FUNCTION stepped.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + ms * interval ''1 ms'' FROM stepped.by';
  ALTER DATABASE ${database} SET search_path = stepped, pg_catalog, public`

before(() => {
  globalThis.Date = SteppedDate as DateConstructor
})
after(() => {
  globalThis.Date = RealDate
})

test('a clock that is set by days, either way, loses nothing, does nothing twice, and keeps nobody waiting', async () => {
  const world = await newDatabase(servers.postgres(), 'world')
  await onDatabase(world, (client) => client.query(worldSql))
  const url = await newDatabase(servers.postgres(), 'engine')
  await onDatabase(url, (client) => client.query(steppedSql(new URL(url).pathname.slice(1))))
  const stepTo = async (days: number) => {
    offsetMs = days * dayMs
    await onDatabase(url, (client) => client.query('UPDATE stepped.by SET ms = $1', [offsetMs]))
  }
  const fake = countingSteps(
    rows.map(({ id }) => id),
    world,
    {
      workMs: 0,
      overrides: {
        flaky: {
          check: async () => {
            // Until the clock is set back for the last time, while a retry is waited for.
            if (offsetMs > -3 * dayMs) throw fault('TEST_PASSES', {})
            return { kind: 'needed', says: 'is not there' }
          },
        },
      },
    },
  )
  const events: EngineEvent[] = []
  const bench = await openControlBench(new Secret(url), fake.steps, {
    leaseMs: 600_000,
    serve: true,
    clock,
    onEvent: (event) => events.push(event),
  })
  const pool = new Pool({ connectionString: world })
  const stopping = new AbortController()
  const client = controlClient({
    url: bench.url,
    token: await bench.token('customer', 'agent', 'box'),
    ca: bench.certificate,
    proxy: {},
  })
  const key = makeKey('customer')
  let agent: Promise<void> | undefined
  try {
    const request = startOf('clock', rows, { gates: { asked: gateWith() }, agents: ['customer'] })
    await bench.engine.start(request)
    await until(bench.engine, 'clock', ({ state }) => state === 'waiting-for-person')
    await stepTo(1)
    const by = { party: 'customer' as const, name: 'Carla' }
    const deed = { migration: 'clock', row: 'asked', by, reason: 'as agreed' }
    await bench.engine.answer({ ...deed, verdict: 'approved' })
    await until(bench.engine, 'clock', ({ state }) => state === 'waiting-for-agent')

    // An agent leases and is gone; the clock goes back: nobody waits for two days until the lease has run out.
    const caller = await bench.desk.authenticate(await bench.token('customer', 'agent', 'gone'))
    assert.ok(caller)
    const leased = await bench.desk.lease(caller, { waitMs: 60_000, signal: stopping.signal })
    assert.ok(leased)
    await stepTo(-1)
    const beat = bench.desk.heartbeat(caller, { id: leased.id, lease: leased.lease, progress: null })
    await assert.rejects(beat, { code: 'AGENT_LEASE_LOST' })
    agent = runAgent({
      client,
      party: 'customer',
      runner: verbRunner(fake.steps, () => undefined),
      key: async () => key,
      clock,
      onEvent: () => undefined,
      signal: stopping.signal,
    })

    await until(bench.engine, 'clock', ({ rows }) => rows.some(({ state }) => state.kind === 'retrying'))
    await stepTo(-3)
    await until(bench.engine, 'clock', ({ state }) => state === 'done')
    await assertExact(pool, request, 0)
    assert.deepEqual(checkChain(await bench.lines('clock')).problems, [])
    assert.deepEqual(
      events.filter((event) => event.kind === 'taken-over' || event.kind === 'lock-lost' || event.kind === 'broke'),
      [],
    )
  } finally {
    stopping.abort(new Stop('operator'))
    await agent
    client.close()
    await bench.close()
    await fake.close()
    await pool.end()
  }
})
