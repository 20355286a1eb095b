import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { threescaleApi } from '../../src/adapters/threescale/threescale-api.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import type { InjectedFault } from '../../src/simulator/threescale-api/fault-script.ts'
import { faultOf } from '../contract/threescale-api.contract.ts'
import {
  backendHost,
  defaultTenantHost,
  masterHost,
  type SimulatedThreescale,
  waitsMs,
  worldClock,
  withTwoThreescales,
} from '../support/threescale-world.ts'

const both = withTwoThreescales({ tenants: 2, scale: 0.02 })
const { signal } = new AbortController()
const tries = waitsMs.length + 1
const newTenant = {
  orgName: 'Faulty',
  username: 'admin',
  email: 'a@example.org',
  password: new Secret('a-long-password'),
}
let side: SimulatedThreescale

beforeEach(() => {
  side = both().postgres
  side.server.faults.clear()
  side.server.requests.length = 0
})

function asked(method: string): number {
  return side.server.requests.filter((request) => request.method === method).length
}

async function tenantsNamed(name: string): Promise<number> {
  const rows = await side.rows(`SELECT id FROM accounts WHERE org_name = '${name}'`)
  return rows.length
}

const passing: readonly (readonly [string, InjectedFault])[] = [
  ['429', { kind: 'answer', status: 429, headers: { 'retry-after': '0' } }],
  ['500', { kind: 'answer', status: 500 }],
  ['503', { kind: 'answer', status: 503 }],
  ['a connection closed before the answer', { kind: 'cut', when: 'before' }],
  ['an answer cut in its middle', { kind: 'cut', when: 'after', bytes: 20 }],
]

describe('what only reads', () => {
  for (const [name, fault] of passing) {
    test(`survives ${name} twice, and says so when it does not end`, async () => {
      const master = await side.master()
      const whole = await master.tenants({ signal })
      side.server.faults.add({ method: 'GET', times: 2, fault })
      side.server.requests.length = 0
      assert.deepEqual(await master.tenants({ signal }), whole)
      assert.equal(asked('GET'), 3)
      side.server.faults.add({ method: 'GET', fault })
      side.server.requests.length = 0
      const codes = { answer: ['THREESCALE_BUSY', 'THREESCALE_FAILED'], cut: ['THREESCALE_CONNECTION_LOST'] }
      const { code, retry } = await faultOf(master.tenants({ signal }), await side.token(masterHost))
      assert.ok(codes[fault.kind === 'answer' ? 'answer' : 'cut'].includes(code), code)
      assert.equal(retry, 'same-input')
      assert.equal(asked('GET'), tries)
    })
  }

  test('waits for a slow answer', async () => {
    side.server.faults.add({ fault: { kind: 'slow', delayMs: 50 }, times: 1 })
    assert.equal((await (await side.master()).tenants({ signal })).length, 2)
  })

  const waits: readonly (readonly [string, InjectedFault])[] = [
    ['for an answer that does not come', { kind: 'hang' }],
    ['before its next try', { kind: 'answer', status: 503 }],
  ]
  for (const [name, fault] of waits) {
    test(`is stopped while it waits ${name}`, async () => {
      const patient = threescaleApi({ clock: worldClock, waitsMs: [600_000] })
      const tenant = patient.tenant(side.at(defaultTenantHost), await side.token(defaultTenantHost))
      const stopping = new AbortController()
      const stop = new Stop('operator')
      side.server.faults.add({ fault })
      const work = tenant.provider({ signal: stopping.signal })
      const stopped = assert.rejects(work, stop)
      while (side.server.requests.length === 0) await setImmediate()
      stopping.abort(stop)
      await stopped
      assert.equal(asked('GET'), 1)
    })
  }
})

describe('what changes something', () => {
  test('once only is not sent again after an answer was lost, and is not taken for undone', async () => {
    const master = await side.master()
    side.server.faults.add({ method: 'POST', fault: { kind: 'cut', when: 'after', bytes: 5 } })
    const { code, remedy } = await faultOf(master.createTenant(newTenant, { signal }), newTenant.password)
    assert.equal(code, 'THREESCALE_UNSURE')
    assert.match(remedy, /Look whether it is there/)
    assert.equal(asked('POST'), 1)
    assert.equal(await tenantsNamed('Faulty'), 1, 'it had happened')
  })

  test('once only is not sent again after a 500, which may have come late', async () => {
    const master = await side.master()
    side.server.faults.add({ method: 'POST', fault: { kind: 'answer', status: 500 } })
    const again = master.createTenant({ ...newTenant, orgName: 'Failed' }, { signal })
    assert.equal((await faultOf(again)).code, 'THREESCALE_UNSURE')
    assert.equal(asked('POST'), 1)
    assert.equal(await tenantsNamed('Failed'), 0)
  })

  test('once only is sent again after 429, which is said before anything is done', async () => {
    const master = await side.master()
    side.server.faults.add({ method: 'POST', times: 2, fault: { kind: 'answer', status: 429 } })
    const { tenant } = await master.createTenant({ ...newTenant, orgName: 'Patient' }, { signal })
    assert.equal(asked('POST'), 3)
    assert.equal(await tenantsNamed('Patient'), 1)
    await master.scheduleDeletion(tenant.id, { signal })
  })

  test('and may be repeated is sent until it is answered, with the effect of once', async () => {
    const master = await side.master()
    const { tenant } = await master.createTenant({ ...newTenant, orgName: 'Gone' }, { signal })
    side.server.faults.add({ method: 'DELETE', times: 1, fault: { kind: 'cut', when: 'after', bytes: 0 } })
    await master.scheduleDeletion(tenant.id, { signal })
    assert.equal(asked('DELETE'), 2)
    assert.equal((await master.tenant(tenant.id, { signal }))?.state, 'scheduled_for_deletion')
    side.server.faults.add({ method: 'PUT', times: 2, fault: { kind: 'answer', status: 502 } })
    const provider = await side.tenant(defaultTenantHost)
    const changed = await provider.updateProvider({ supportEmail: 'help@example.org' }, { signal })
    assert.equal(changed.supportEmail, 'help@example.org')
    assert.equal(asked('PUT'), 3)
  })

  test('authrep, which counts, is not sent again after its answer was lost', async () => {
    const [row] = await side.rows('SELECT t.value, t.service_id FROM service_tokens t ORDER BY t.id DESC LIMIT 1')
    const token = new Secret(String(row?.['value']))
    // Branding: the id of a service.
    const credentials = { serviceId: String(row?.['service_id']) as never, serviceToken: token }
    const backend = side.api.backend(side.at(backendHost), credentials)
    const key = new Secret('a-user-key-that-is-secret')
    side.server.faults.add({ host: backendHost, fault: { kind: 'cut', when: 'after', bytes: 10 } })
    const question = { application: { kind: 'user-key', userKey: key }, usage: { hits: 1 } } as const
    assert.equal((await faultOf(backend.authrep(question, { signal }), token, key)).code, 'THREESCALE_UNSURE')
    assert.equal(asked('GET'), 1)
    const lost = await faultOf(backend.authorize(question, { signal }), token, key)
    assert.equal(lost.code, 'THREESCALE_CONNECTION_LOST')
  })
})

describe('what is no 3scale', () => {
  const strange: readonly (readonly [string, InjectedFault, string])[] = [
    ['a page of a proxy', { kind: 'answer', status: 200, body: '<html>Welcome</html>' }, 'THREESCALE_UNREADABLE'],
    ['JSON of something else', { kind: 'answer', status: 200, body: '{"accounts":"no"}' }, 'THREESCALE_UNREADABLE'],
    ['a redirect to a login page', { kind: 'answer', status: 302, headers: { location: '/' } }, 'THREESCALE_REFUSED'],
    ['a token that is not known', { kind: 'answer', status: 401 }, 'THREESCALE_UNAUTHORIZED'],
    ['a conflict', { kind: 'answer', status: 409 }, 'THREESCALE_CONFLICT'],
  ]
  for (const [name, fault, code] of strange) {
    test(`${name} is never taken for an answer`, async () => {
      const master = await side.master()
      side.server.faults.add({ fault })
      assert.equal((await faultOf(master.tenants({ signal }), await side.token(masterHost))).code, code)
    })
  }

  test('a tenant that lacks what a tenant has is not left out of the list in silence', async () => {
    const master = await side.master()
    const body = '{"accounts":[{"account":{"id":7,"admin_domain":"a.example.org"}}]}'
    side.server.faults.add({ fault: { kind: 'answer', status: 200, body } })
    assert.equal((await faultOf(master.tenants({ signal }))).code, 'THREESCALE_UNREADABLE')
  })

  test('a list that a server does not page is read once', async () => {
    const tenant = await side.tenant(defaultTenantHost)
    const services = Array.from({ length: 500 }, (_, i) => ({
      service: { id: i + 1, name: 'n', system_name: 's', state: 'incomplete', deployment_option: 'hosted' },
    }))
    side.server.faults.add({ fault: { kind: 'answer', status: 200, body: JSON.stringify({ services }) } })
    assert.equal((await tenant.services({ signal })).length, 500)
    assert.equal(asked('GET'), 2)
  })

  test('the accounts of a tenant’s developers are not taken for tenants', async () => {
    const wrong = side.api.master(side.at(defaultTenantHost), await side.token(defaultTenantHost))
    assert.equal((await faultOf(wrong.tenants({ signal }))).code, 'THREESCALE_UNREADABLE')
  })

  test('the router’s own 503 says that pods are to be looked at, and a wrong path is not there', async () => {
    const down = side.api.status(side.at(`down.${wildcardDomain}`), '/status', { signal })
    const { code, remedy } = await faultOf(down)
    assert.equal(code, 'THREESCALE_FAILED')
    assert.match(remedy, /pods of system-app/)
    const nothing = side.api.status(side.at(masterHost), '/nothing', { signal })
    assert.equal((await faultOf(nothing)).code, 'THREESCALE_NOT_FOUND')
  })
})

describe('how it gets there', () => {
  test('a certificate of a CA that is not trusted, or of another host, is refused, and no token is sent', async () => {
    const token = await side.token(masterHost)
    const { ca: _ca, ...untrusting } = side.at(masterHost)
    const untrusted = await faultOf(side.api.master(untrusting, token).tenants({ signal }), token)
    assert.equal(untrusted.code, 'THREESCALE_TLS_FAILED')
    const elsewhere = side.at('master.somewhere-else.example.org')
    const other = await faultOf(side.api.master(elsewhere, token).tenants({ signal }), token)
    assert.equal(other.code, 'THREESCALE_TLS_FAILED')
    assert.deepEqual(side.server.requests, [])
  })

  test('a port where nobody listens is unreachable, for a change as for a question', async () => {
    const port = await portOfNobody()
    const at = side.at(masterHost, { connectTo: { host: '127.0.0.1', port } })
    const master = side.api.master(at, await side.token(masterHost))
    assert.equal((await faultOf(master.tenants({ signal }))).code, 'THREESCALE_UNREACHABLE')
    assert.equal((await faultOf(master.createTenant(newTenant, { signal }))).code, 'THREESCALE_UNREACHABLE')
  })

  test('tokens are in no URL that the other side could log', async () => {
    const paths: string[] = []
    const token = await side.token(masterHost)
    await side.api.master(side.at(masterHost), token).tenants({ signal })
    for (const { path } of side.server.requests) paths.push(path)
    assert.ok(paths.length > 0)
    assert.ok(!paths.join(' ').includes(token.reveal('look for it in paths')))
  })

  test('the status of a portal is told without credentials, and redirects are not followed', async () => {
    const { status } = await side.api.status(side.at(masterHost), '/status', { signal })
    assert.equal(status, 200)
    assert.equal((await side.api.status(side.at(defaultTenantHost), '/p/login', { signal })).status, 200)
    const developerPortal = await side.api.status(side.at(defaultTenantHost.replace('-admin', '')), '/', { signal })
    assert.equal(developerPortal.status, 302)
  })
})

async function portOfNobody(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 1
}
