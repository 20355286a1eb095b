import assert from 'node:assert/strict'
import { before, beforeEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { threescaleApi } from '../../src/adapters/threescale/threescale-api.ts'
import type { EpochMs } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import type {
  BackendListener,
  MasterApi,
  NewAuthenticationProvider,
  TenantAccount,
  TenantApi,
} from '../../src/ports/threescale-api.ts'
import { worldNow } from '../../src/simulator/source-world/calendar.ts'
import { planSwitches } from '../../src/threescale/plan-switches.ts'
import type { FaultRule, InjectedFault } from '../../src/simulator/threescale-api/fault-script.ts'
import {
  backendHost,
  defaultTenantHost,
  masterHost,
  type SimulatedThreescale,
  withTwoThreescales,
  worldClock,
} from '../support/threescale-world.ts'

const { signal } = new AbortController()
const both = withTwoThreescales({ tenants: 2, scale: 0.02 })
const password = new Secret('the-canary-of-the-matrix')
const api = threescaleApi({ clock: worldClock, waitsMs: [1, 2] })

const answer = (status: number): InjectedFault => ({ kind: 'answer', status, headers: { 'retry-after': '0' } })
const effects = {
  '401': answer(401),
  '403': answer(403),
  '409': answer(409),
  '410': answer(410),
  '429': answer(429),
  '500': answer(500),
  '503': answer(503),
  slow: { kind: 'slow', delayMs: 10 },
  'lost before': { kind: 'cut', when: 'before' },
  'lost after': { kind: 'cut', when: 'after', bytes: 0 },
  cut: { kind: 'cut', when: 'after', bytes: 30 },
} as const satisfies Readonly<Record<string, InjectedFault>>
type Effect = keyof typeof effects
const effectNames = Object.keys(effects) as Effect[]

/** The end of a call: `ok`, or the fault's code without its `THREESCALE_`. */
type Ends = Readonly<Partial<Record<Effect, string>>>

const refusals = { '401': 'UNAUTHORIZED', '403': 'FORBIDDEN', '409': 'CONFLICT', '410': 'REFUSED' }
const lost = { 'lost before': 'CONNECTION_LOST', 'lost after': 'CONNECTION_LOST', cut: 'CONNECTION_LOST' }
const unsure = { 'lost before': 'UNSURE', 'lost after': 'UNSURE', cut: 'UNSURE', '500': 'UNSURE' }

/** By how often a request may be sent: how it ends when the first request meets the fault, and when each does. */
const endings = {
  repeatable: { once: refusals, always: { ...refusals, ...lost, '429': 'BUSY', '500': 'FAILED', '503': 'FAILED' } },
  once: {
    once: { ...refusals, ...unsure, '503': 'FAILED' },
    always: { ...refusals, ...unsure, '429': 'BUSY', '503': 'FAILED' },
  },
} as const satisfies Readonly<Record<string, { readonly once: Ends; readonly always: Ends }>>

interface Row {
  readonly verb: string
  readonly sent: keyof typeof endings
  /** Calls the port with a name that nobody else has. Out: what it says. */
  readonly call: (name: string) => Promise<unknown>
  /** What is there before. */
  readonly prepare?: (name: string) => Promise<void>
  /** Whether it has been done exactly once, asked of the database; absent: the verb changes nothing that can be seen. */
  readonly isDone?: (name: string) => Promise<boolean>
  /** Absent: what the verb says is the same each time. */
  readonly says?: (result: unknown) => void
}

let side: SimulatedThreescale
let master: MasterApi
let tenant: TenantApi
let backend: BackendListener
let own: TenantAccount
const made = new Map<string, string>()
const digits = (name: string): string => made.get(name) ?? assert.fail(name)
// Branding: whatever the call takes.
const id = (name: string) => digits(name) as never
const provider = (systemName: string): NewAuthenticationProvider => ({
  kind: 'keycloak',
  name: systemName,
  systemName,
  clientId: 'client',
  clientSecret: password,
  site: 'https://sso.example.org/auth/realms/x',
  skipSslCertificateVerification: false,
  published: false,
})
const newTenant = (orgName: string) => ({ orgName, username: 'admin', email: `a@${orgName}.example`, password })
const count = async (sql: string) => Number((await side.rows(`SELECT count(*) AS n FROM ${sql}`))[0]?.['n'])
const isObject = (result: unknown) => assert.equal(typeof result, 'object')
const isNothing = (result: unknown) => assert.equal(result, undefined)
const all = async <Item>(pages: AsyncIterable<readonly Item[]>) => {
  const items: Item[] = []
  for await (const page of pages) items.push(...page)
  return items
}
const firstService = async () => (await tenant.services({ signal }))[0] ?? assert.fail('no service')
const firstApplication = async () =>
  (await all(tenant.applications({ signal }))).find(({ appId }) => appId !== null) ?? assert.fail('no application')
const question = () => ({ application: { kind: 'user-key', userKey: new Secret('no-such-key') }, usage: {} }) as const

const look = (verb: string, call: () => Promise<unknown>): Row => ({ verb, sent: 'repeatable', call })

const rows: readonly Row[] = [
  look('master: tenants', () => master.tenants({ signal })),
  look('master: tenant', () => master.tenant(own.id, { signal })),
  look('master: users', () => master.users(own.id, { signal })),
  look('master: applicationPlans', () => master.applicationPlans({ signal })),
  {
    verb: 'master: createTenant',
    sent: 'once',
    call: (name) => master.createTenant(newTenant(name), { signal }),
    isDone: async (name) => (await count(`accounts WHERE org_name = '${name}'`)) === 1,
    says: isObject,
  },
  {
    verb: 'master: activateUser',
    sent: 'repeatable',
    prepare: async () => {
      await side.rows(`UPDATE users SET state = 'pending', activated_at = NULL WHERE id = ${digits('user')}`)
    },
    call: () => master.activateUser(id('tenant'), id('user'), { signal }),
    isDone: async () => (await count(`users WHERE id = ${digits('user')} AND state = 'active'`)) === 1,
    says: isObject,
  },
  {
    verb: 'master: updateTenant',
    sent: 'repeatable',
    call: (name) => master.updateTenant(own.id, { fromEmail: `${name}@example.org` }, { signal }),
    isDone: async (name) => (await count(`accounts WHERE from_email = '${name}@example.org'`)) === 1,
    says: isObject,
  },
  {
    verb: 'master: upgradePlan',
    sent: 'repeatable',
    call: () => master.upgradePlan(own.id, id('plan'), { signal }),
    says: isObject,
  },
  {
    verb: 'master: scheduleDeletion',
    sent: 'repeatable',
    prepare: async () => {
      await side.rows(`UPDATE accounts SET state = 'approved' WHERE id = ${digits('tenant')}`)
    },
    call: () => master.scheduleDeletion(id('tenant'), { signal }),
    isDone: async () =>
      (await count(`accounts WHERE id = ${digits('tenant')} AND state = 'scheduled_for_deletion'`)) === 1,
    says: isNothing,
  },
  {
    verb: 'master: ssoUrl',
    sent: 'once',
    call: () => master.ssoUrl(own.id, { signal, expiresInSeconds: 60 }),
    says: (url) => assert.ok(url instanceof Secret),
  },
  look('tenant: users', () => tenant.users({ signal })),
  look('tenant: services', () => tenant.services({ signal })),
  look('tenant: backendApis', () => tenant.backendApis({ signal })),
  look('tenant: applicationPlans', () => tenant.applicationPlans({ signal })),
  look('tenant: accounts', () => all(tenant.accounts({ signal }))),
  look('tenant: applications', () => all(tenant.applications({ signal }))),
  look('tenant: applicationKeys', async () => tenant.applicationKeys(await firstApplication(), { signal })),
  look('tenant: proxy', async () => tenant.proxy((await firstService()).id, { signal })),
  look('tenant: latestProxyConfig', async () =>
    tenant.latestProxyConfig((await firstService()).id, 'sandbox', { signal }),
  ),
  look('tenant: counts', () => tenant.counts({ signal })),
  look('tenant: usage', async () => {
    const until = (worldNow - 1) as EpochMs
    const since = (worldNow - 7 * 86_400_000) as EpochMs
    const of = { kind: 'service', id: (await firstService()).id } as const
    return tenant.usage({ of, metric: 'hits', granularity: 'day', since, until }, { signal })
  }),
  { ...look('tenant: provider', () => tenant.provider({ signal })), says: isObject },
  { ...look('tenant: accessTokens', () => tenant.accessTokens({ signal })), says: isObject },
  { ...look('tenant: authenticationProviders', () => tenant.authenticationProviders({ signal })), says: isObject },
  {
    verb: 'tenant: updateProvider',
    sent: 'repeatable',
    call: (name) => tenant.updateProvider({ supportEmail: `${name}@example.org` }, { signal }),
    isDone: async (name) => (await count(`accounts WHERE support_email = '${name}@example.org'`)) === 1,
    says: isObject,
  },
  {
    verb: 'tenant: deleteUser',
    sent: 'repeatable',
    prepare: async (name) => {
      const row = {
        account_id: own.id,
        username: name,
        email: `${name}@example.org`,
        role: 'member',
        state: 'active',
        created_at: side.installation.now(),
        updated_at: side.installation.now(),
      }
      made.set(name, await side.installation.database.insert('users', row))
    },
    call: (name) => tenant.deleteUser(id(name), { signal }),
    isDone: async (name) => (await count(`users WHERE id = ${digits(name)}`)) === 0,
    says: isNothing,
  },
  {
    verb: 'tenant: createAccessToken',
    sent: 'once',
    call: (name) => tenant.createAccessToken({ name, permission: 'ro', scopes: ['stats'] }, { signal }),
    isDone: async (name) => (await count(`access_tokens WHERE name = '${name}'`)) === 1,
    says: isObject,
  },
  {
    verb: 'tenant: deleteAccessToken',
    sent: 'repeatable',
    prepare: async (name) => {
      const token = await tenant.createAccessToken({ name, permission: 'ro', scopes: ['stats'] }, { signal })
      made.set(name, token.id)
    },
    call: (name) => tenant.deleteAccessToken(id(name), { signal }),
    isDone: async (name) => (await count(`access_tokens WHERE name = '${name}'`)) === 0,
    says: isNothing,
  },
  {
    verb: 'tenant: createAuthenticationProvider',
    sent: 'once',
    call: (name) => tenant.createAuthenticationProvider(provider(name), { signal }),
    isDone: async (name) => (await count(`authentication_providers WHERE system_name = '${name}'`)) === 1,
    says: isObject,
  },
  {
    verb: 'tenant: updateAuthenticationProvider',
    sent: 'repeatable',
    prepare: async (name) => {
      made.set(name, (await tenant.createAuthenticationProvider(provider(name), { signal })).id)
    },
    call: (name) => tenant.updateAuthenticationProvider(id(name), { published: true }, { signal }),
    isDone: async (name) =>
      (await count(`authentication_providers WHERE system_name = '${name}' AND published IS TRUE`)) === 1,
    says: isObject,
  },
  look('backend: authorize', () => backend.authorize(question(), { signal })),
  { verb: 'backend: authrep', sent: 'once', call: () => backend.authrep(question(), { signal }) },
  {
    ...look('status', () => api.status(side.at(masterHost), '/status', { signal })),
    says: (result) => assert.equal((result as { status: number }).status, 200),
  },
]

describe('a 3scale on which things go wrong', () => {
  before(async () => {
    side = both().postgres
    master = api.master(side.at(masterHost), await side.token(masterHost))
    tenant = api.tenant(side.at(defaultTenantHost), await side.token(defaultTenantHost))
    own = await tenant.provider({ signal })
    const other = (await master.createTenant(newTenant('matrix-tenant'), { signal })).tenant
    made.set('tenant', other.id)
    made.set('user', (await master.users(other.id, { signal }))[0]?.id ?? assert.fail('no user'))
    const plans = await master.applicationPlans({ signal })
    const plan = plans.find(({ systemName }) => planSwitches[systemName] !== undefined)
    made.set('plan', plan?.id ?? assert.fail('no plan'))
    const [row] = await side.rows('SELECT value, service_id FROM service_tokens ORDER BY id LIMIT 1')
    backend = api.backend(side.at(backendHost), {
      // Branding: the id of a service.
      serviceId: String(row?.['service_id']) as never,
      serviceToken: new Secret(String(row?.['value'])),
    })
  })
  beforeEach(() => side.server.faults.clear())

  for (const [n, row] of rows.entries()) {
    test(`${row.verb}: each fault is survived, or said, whether it happens once or always`, async () => {
      const truth = row.says === undefined ? await row.call('') : undefined
      for (const times of ['once', 'always'] as const) {
        const ends: Record<string, string> = {}
        for (const [m, effect] of effectNames.entries()) {
          const name = `matrix-${n}-${m}-${times}`
          await row.prepare?.(name)
          const rule = { fault: effects[effect], ...(times === 'once' ? { times: 1 } : {}) }
          const { end, result } = await endOf(() => row.call(name), rule)
          ends[effect] = end
          const isDone = (await row.isDone?.(name)) ?? end === 'ok'
          if (end === 'ok') {
            assert.ok(isDone, `${times} ${effect}: a wrong success`)
            if (row.says === undefined) assert.deepEqual(result, truth, `${times} ${effect}: another answer`)
            else row.says(result)
          } else if (effects[effect].kind === 'answer' && times === 'always') {
            assert.ok(!isDone, `${times} ${effect}: done all the same`)
          }
        }
        const expected: Ends = endings[row.sent][times]
        assert.deepEqual(ends, Object.fromEntries(effectNames.map((effect) => [effect, expected[effect] ?? 'ok'])))
      }
    })
  }

  test('a token that expires is refused by every verb of its portal, and changes nothing', async () => {
    await expire(masterHost, defaultTenantHost)
    try {
      for (const [n, row] of rows.entries()) {
        if (!/^(?:master|tenant):/.test(row.verb) || row.prepare !== undefined) continue
        const { end } = await endOf(() => row.call(`expired-${n}`), undefined)
        assert.ok(end === 'FORBIDDEN' || end === 'UNAUTHORIZED', `${row.verb}: ${end}`)
        assert.ok(!((await row.isDone?.(`expired-${n}`)) ?? false), row.verb)
      }
    } finally {
      await side.installation.database.run('UPDATE access_tokens SET expires_at = NULL')
    }
  })
})

/** The tokens that these tests use, and all others of the same portals. */
async function expire(...hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    const changed = await side.installation.database.run(
      `UPDATE access_tokens SET expires_at = '2001-01-01 00:00:00' WHERE owner_id IN
       (SELECT u.id FROM users u JOIN accounts a ON a.id = u.account_id WHERE a.self_domain = ?)`,
      [host],
    )
    assert.ok(changed > 0, host)
  }
}

/** How a call ends while a fault happens. No fault shows a token or what was sent, however it is printed. */
async function endOf(
  call: () => Promise<unknown>,
  rule: FaultRule | undefined,
): Promise<{ readonly end: string; readonly result?: unknown }> {
  if (rule !== undefined) side.server.faults.add(rule)
  try {
    return { end: 'ok', result: await call() }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    assert.match(error.code, /^THREESCALE_/)
    assert.notEqual(error.remedy, '')
    const printed = `${error.message} ${error.remedy} ${inspect(error, { depth: 20, showHidden: true })}`
    const tokens = await Promise.all([masterHost, defaultTenantHost].map((host) => secretsAt(host)))
    for (const hidden of [password.reveal('look for it'), ...tokens.flat()]) assert.ok(!printed.includes(hidden))
    return { end: error.code.replace('THREESCALE_', '') }
  } finally {
    side.server.faults.clear()
  }
}

async function secretsAt(host: string): Promise<readonly string[]> {
  const found = await side.rows(
    `SELECT t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
     WHERE a.self_domain = '${host}'`,
  )
  return found.map((row) => String(row['value']))
}
