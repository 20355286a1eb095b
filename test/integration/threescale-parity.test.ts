import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import type { EpochMs } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import type { TenantApi } from '../../src/ports/threescale-api.ts'
import { dayMs, worldNow } from '../../src/simulator/source-world/calendar.ts'
import { zyncRoutes } from '../../src/simulator/threescale-api/zync-routes.ts'
import { backendHost, type SimulatedThreescale, withTwoThreescales } from '../support/threescale-world.ts'

const both = withTwoThreescales({ tenants: 7 })
const { signal } = new AbortController()

/** Secrets as their values, so that they are compared. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal('compare two 3scales') }
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]))
  }
  return value
}

async function gathered<Row>(pages: AsyncIterable<readonly Row[]>): Promise<readonly Row[]> {
  const rows: Row[] = []
  for await (const page of pages) rows.push(...page)
  return rows
}

/** Everything that the tenant's API tells; what it refuses, as the code of the fault. */
async function everythingOf(api: TenantApi): Promise<unknown> {
  const services = await api.services({ signal })
  const range = { since: (worldNow - 60 * dayMs) as EpochMs, until: worldNow as EpochMs }
  const applications = await gathered(api.applications({ signal }))
  const told = {
    provider: await api.provider({ signal }),
    users: await api.users({ signal }).catch((error: unknown) => (error instanceof Fault ? error.code : error)),
    services,
    backendApis: await api.backendApis({ signal }),
    plans: await api.applicationPlans({ signal }),
    accounts: await gathered(api.accounts({ signal })),
    applications,
    keys: await Promise.all(applications.slice(0, 5).map((one) => api.applicationKeys(one, { signal }))),
    counts: await api.counts({ signal }),
    tokens: await api.accessTokens({ signal }),
    authenticationProviders: await api.authenticationProviders({ signal }),
    proxies: await Promise.all(services.map(({ id }) => api.proxy(id, { signal }))),
    configs: await Promise.all(
      services.flatMap(({ id }) =>
        (['sandbox', 'production'] as const).map((environment) => api.latestProxyConfig(id, environment, { signal })),
      ),
    ),
    usage: await Promise.all(
      services.flatMap(({ id }) =>
        (['hour', 'day', 'month'] as const).map((granularity) =>
          api.usage({ of: { kind: 'service', id }, metric: 'hits', granularity, ...range }, { signal }),
        ),
      ),
    ),
    applicationUsage: await Promise.all(
      applications
        .slice(0, 5)
        .map(({ id }) =>
          api.usage({ of: { kind: 'application', id }, metric: 'hits', granularity: 'day', ...range }, { signal }),
        ),
    ),
  }
  return revealed(told)
}

test('every tenant tells the same through the API before and after its database was moved', async () => {
  const { mariadb, postgres } = both()
  const tenants = await (await mariadb.master()).tenants({ signal })
  assert.deepEqual(await (await postgres.master()).tenants({ signal }), tenants)
  assert.equal(tenants.length, 7)
  let asked = 0
  let usage = 0n
  for (const { adminDomain, state } of tenants) {
    const [before, after] = await Promise.all([mariadb.tenant(adminDomain), postgres.tenant(adminDomain)])
    if (state !== 'approved') {
      await assert.rejects(before.provider({ signal }), { code: 'THREESCALE_FORBIDDEN' })
      await assert.rejects(after.provider({ signal }), { code: 'THREESCALE_FORBIDDEN' })
      continue
    }
    const told = await everythingOf(before)
    assert.deepEqual(await everythingOf(after), told)
    for (const { total } of (told as { usage: readonly { total: bigint }[] }).usage) usage += total
    asked++
  }
  assert.ok(asked >= 5, `${asked} tenants were compared`)
  assert.ok(usage > 0n, 'there was traffic to compare')
})

test('statistics are the counters of the backend, hour by hour as day by day', async () => {
  const { mariadb } = both()
  const [row] = await mariadb.rows(
    `SELECT s.id, m.id AS metric, a.self_domain FROM services s JOIN metrics m ON m.service_id = s.id
     JOIN accounts a ON a.id = s.account_id JOIN cinstances c ON c.service_id = s.id
     WHERE m.system_name = 'hits' AND a.state = 'approved' AND a.master IS NULL AND c.first_traffic_at IS NOT NULL
     ORDER BY s.id LIMIT 1`,
  )
  assert.ok(row)
  const tenant = await mariadb.tenant(String(row['self_domain']))
  // Branding: the id of a service.
  const of = { kind: 'service', id: String(row['id']) as never } as const
  const range = { since: (worldNow - 80 * dayMs) as EpochMs, until: worldNow as EpochMs }
  const daily = await tenant.usage({ of, metric: 'hits', granularity: 'day', ...range }, { signal })
  const hourly = await tenant.usage({ of, metric: 'hits', granularity: 'hour', ...range }, { signal })
  assert.equal(daily.values.length, 81)
  assert.ok(daily.total > 0n)
  assert.equal(
    daily.values.reduce((sum, value) => sum + value, 0n),
    daily.total,
  )
  // The last day is not over: its hours after now are not asked for, and hold nothing.
  assert.equal(hourly.values.length, 80 * 24 + 1)
  const storage = mariadb.installation.storage
  const prefix = `stats/{service:${String(row['id'])}}/metric:${String(row['metric'])}`
  assert.equal(daily.values.at(-1), BigInt((await storage.get(`${prefix}/day:20250423`)) ?? 0))
  assert.equal(hourly.values.at(-1), BigInt((await storage.get(`${prefix}/hour:2025042317`)) ?? 0))
  const tooLong = { of, metric: 'hits', granularity: 'hour', since: (worldNow - 91 * dayMs) as EpochMs } as const
  await assert.rejects(tenant.usage({ ...tooLong, until: worldNow as EpochMs }, { signal }), {
    code: 'THREESCALE_INVALID',
  })
})

/** A live application of a service of the kind, with what a gateway would send for it. */
async function callerOf(side: SimulatedThreescale, backendVersion: '1' | '2') {
  const [row] = await side.rows(
    `SELECT c.*, t.value AS token, k.value AS app_key, m.id AS metric FROM cinstances c
     JOIN services s ON s.id = c.service_id JOIN service_tokens t ON t.service_id = s.id
     JOIN application_keys k ON k.application_id = c.id JOIN metrics m ON m.service_id = s.id
     JOIN accounts a ON a.id = s.account_id
     WHERE c.type = 'Cinstance' AND c.state = 'live' AND s.backend_version = '${backendVersion}'
       AND m.system_name = 'hits' AND a.state = 'approved' AND a.master IS NULL AND c.first_traffic_at IS NULL
     ORDER BY c.id LIMIT 1`,
  )
  assert.ok(row, `the world has an application of kind ${backendVersion}`)
  const text = (name: string) => String(row[name])
  return {
    // Branding: the id of a service.
    credentials: { serviceId: text('service_id') as never, serviceToken: new Secret(text('token')) },
    userKey: new Secret(text('user_key')),
    appId: text('application_id'),
    appKey: new Secret(text('app_key')),
    counter: (period: string) =>
      `stats/{service:${text('service_id')}}/cinstance:${text('application_id')}/metric:${text('metric')}/${period}`,
    serviceCounter: (period: string) => `stats/{service:${text('service_id')}}/metric:${text('metric')}/${period}`,
  }
}

for (const side of ['mariadb', 'postgres'] as const) {
  test(`the backend of ${side} counts what it lets pass, in each period, and stops at the limit`, async () => {
    const three = both()[side]
    const caller = await callerOf(three, '1')
    const backend = three.api.backend(three.at(backendHost), caller.credentials)
    const { storage } = three.installation
    const application = { kind: 'user-key', userKey: caller.userKey } as const
    const before = BigInt((await storage.get(caller.serviceCounter('day:20250423'))) ?? 0)

    const asked = await backend.authorize({ application, usage: { hits: 7 } }, { signal })
    assert.equal(asked.kind, 'authorized')
    const limit = asked.limits.find(({ metric, period }) => metric === 'hits' && period === 'minute')
    assert.ok(limit)
    assert.equal(limit.current, 0n)
    assert.equal(await storage.get(caller.counter('day:20250423')), null, 'authorize counts nothing')

    // A method counts as itself and as part of its metric.
    const done = await backend.authrep({ application, usage: { hits: 7, list_items: 3 } }, { signal })
    assert.equal(done.kind, 'authorized')
    assert.equal(done.limits.find(({ metric, period }) => metric === 'hits' && period === 'minute')?.current, 10n)
    for (const period of ['eternity', 'year:20250101', 'month:20250401', 'week:20250421', 'day:20250423']) {
      assert.equal(await storage.get(caller.counter(period)), '10', period)
    }
    assert.equal(await storage.get(caller.counter('hour:2025042317')), '10')
    assert.ok((await storage.ttl(caller.counter('minute:20250423174'))) > 0)
    assert.equal(await storage.get(caller.serviceCounter('day:20250423')), String(before + 10n))

    const over = await backend.authrep({ application, usage: { hits: Number(limit.max) } }, { signal })
    assert.equal(over.kind, 'denied')
    assert.equal(over.kind === 'denied' && over.reason, 'limits_exceeded')
    assert.equal(await storage.get(caller.counter('eternity')), '10', 'what was denied is not counted')
  })

  test(`the backend of ${side} says why a call may not pass, by its own codes`, async () => {
    const three = both()[side]
    const caller = await callerOf(three, '2')
    const ask = async (application: unknown, usage = {}, credentials = caller.credentials) => {
      const backend = three.api.backend(three.at(backendHost), credentials)
      const decision = await backend.authorize({ application: application as never, usage }, { signal })
      return decision.kind === 'denied' ? decision.reason : decision.kind
    }
    const { appId, appKey, credentials } = caller
    assert.equal(await ask({ kind: 'app-id', appId, appKey }), 'authorized')
    assert.equal(await ask({ kind: 'app-id', appId, appKey: null }), 'application_key_invalid')
    assert.equal(await ask({ kind: 'app-id', appId, appKey: new Secret('wrong') }), 'application_key_invalid')
    assert.equal(await ask({ kind: 'app-id', appId: 'nobody', appKey }), 'application_not_found')
    assert.equal(await ask({ kind: 'user-key', userKey: new Secret('nobody’s') }), 'user_key_invalid')
    assert.equal(await ask({ kind: 'app-id', appId, appKey }, { nothing: 1 }), 'metric_invalid')
    const stolen = { ...credentials, serviceToken: new Secret('stolen') }
    assert.equal(await ask({ kind: 'app-id', appId, appKey }, {}, stolen), 'service_token_invalid')
  })
}

test('zync would make the same routes from both databases: two a tenant, one for the master, the gateways’', async () => {
  const { mariadb, postgres } = both()
  const routes = await zyncRoutes(mariadb.installation.database)
  assert.deepEqual(await zyncRoutes(postgres.installation.database), routes)
  const count = (routeTo: string) => routes.filter((route) => route.routeTo === routeTo).length
  assert.equal(count('system-master'), 1)
  assert.equal(count('system-provider'), 7)
  assert.equal(count('system-developer'), 7)
  assert.ok(count('apicast-production') > 0)
  assert.equal(count('apicast-production'), count('apicast-staging'))
  assert.ok(
    routes.every(({ host }) => !host.includes('customer.example.org')),
    'gateways of the customer’s own get no route',
  )
  assert.ok(routes.some(({ host }) => host === 'developers.vanity-example.org'))
})
