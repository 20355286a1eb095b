import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Forecast } from '../../src/model/forecast.ts'
import type { Party } from '../../src/model/party.ts'
import type { StartRequest } from '../../src/ports/engine.ts'
import { type EngineUnderTest, openTestEngine, until } from '../support/engine.ts'
import { gateWith, rowsNamed, startOf } from '../support/engine-plan.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })
const rows = rowsNamed(3)
const stops = 'row-02'
const customer = { party: 'customer' as Party, name: 'Carla' }
const ops = { party: 'rhoam-eng' as Party, name: 'ops' }
const hourMs = 3_600_000
const size = { rows: 1, bytes: 1, keys: 1, redisBytes: 1, tenants: 1 }

let under: EngineUnderTest
before(async () => {
  under = await openTestEngine(
    servers.postgres(),
    rows.map(({ id }) => id),
  )
})
after(() => under.close())

/** The traffic stops at the second row, whose gate asks the customer. */
function requestWith(name: string, limit: string | null, hours: readonly [number, number] | null): StartRequest {
  const { plan, settings, ...start } = startOf(name, rows, { gates: { [stops]: gateWith() } })
  const window = limit === null ? undefined : { start: '2026-12-05T22:00:00+01:00', limit }
  const forecast: Forecast | null =
    hours === null
      ? null
      : {
          version: 1,
          migration: name,
          madeAt: '2026-11-27T12:00:00Z',
          size,
          rehearsals: [],
          rows: [],
          downtimeMs: [hours[0] * hourMs, hours[1] * hourMs],
        }
  const outage = { from: stops, to: 'row-03', rows: 2 } as unknown as StartRequest['plan']['outage']
  return { ...start, settings: { ...settings, window }, plan: { ...plan, outage, window }, forecast }
}

async function applied(migration: string): Promise<readonly unknown[]> {
  return (await under.query('SELECT row_id FROM world WHERE migration = $1 ORDER BY 1', [migration])).map(
    ({ row_id }) => row_id,
  )
}

test('a window that is too short keeps the traffic up; a longer one, agreed on later, lets the same migration go on', async () => {
  await under.engine.start(requestWith('short', '2h', [2, 3]))
  const failed = await until(under.engine, 'short', ({ state }) => state === 'failed-safe')
  assert.equal(failed.failure?.code, 'ENGINE_WINDOW_TOO_SHORT')
  assert.match(failed.failure.cause, /150 minutes.*120 minutes/)
  assert.deepEqual(await applied('short'), ['row-01'], 'what comes before it is done')

  // Nobody gets past it by resuming.
  await under.engine.resume({ migration: 'short', by: ops, reason: 'try again' })
  await until(under.engine, 'short', ({ state, rows }) => state === 'failed-safe' && rows[1]?.state.kind === 'failed')
  assert.deepEqual(await applied('short'), ['row-01'])

  assert.equal(await under.engine.start(requestWith('short', '3h', null)), 'known')
  await under.engine.resume({ migration: 'short', by: ops, reason: 'the customer agreed to three hours' })
  await until(under.engine, 'short', ({ state }) => state === 'waiting-for-person')
  await under.engine.answer({ migration: 'short', row: stops, by: customer, verdict: 'approved', reason: 'go' })
  await until(under.engine, 'short', ({ state }) => state === 'done')
  assert.deepEqual(await applied('short'), ['row-01', 'row-02', 'row-03'])
})

test('what was approved is held all the same when a later forecast does not fit', async () => {
  await under.engine.start(requestWith('later', '2h', [1, 2]))
  await until(under.engine, 'later', ({ state }) => state === 'waiting-for-person')
  await under.engine.pause({ migration: 'later', by: ops, reason: 'a better rehearsal is under way' })
  await under.engine.answer({ migration: 'later', row: stops, by: customer, verdict: 'approved', reason: 'go' })
  assert.equal(await under.engine.start(requestWith('later', '2h', [4, 6])), 'known')
  await under.engine.resume({ migration: 'later', by: ops, reason: 'rehearsed' })
  const failed = await until(under.engine, 'later', ({ state }) => state === 'failed-safe')
  assert.equal(failed.failure?.code, 'ENGINE_WINDOW_TOO_SHORT')
  assert.deepEqual(await applied('later'), ['row-01'])
})

test('the forecast is in the journal; without a limit, or without a forecast, nothing is held', async () => {
  for (const [name, request] of [
    ['no-limit', requestWith('no-limit', null, [4, 6])],
    ['no-forecast', requestWith('no-forecast', '1h', null)],
  ] as const) {
    await under.engine.start(request)
    await until(under.engine, name, ({ state }) => state === 'waiting-for-person')
  }
  const told = under.journal.entries
    .filter(({ migration }) => migration === 'no-limit' || migration === 'later')
    .flatMap(({ kind, body }) => ('forecastMs' in body ? [[kind, body['forecastMs']]] : []))
  assert.deepEqual(told, [
    ['migration-started', 1.5 * hourMs],
    ['window-changed', 5 * hourMs],
    ['migration-started', 5 * hourMs],
  ])
})
