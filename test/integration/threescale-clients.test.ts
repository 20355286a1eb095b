import assert from 'node:assert/strict'
import { request } from 'node:https'
import { test } from 'node:test'
import {
  backendHost,
  defaultTenantHost,
  masterHost,
  type SimulatedThreescale,
  withTwoThreescales,
} from '../support/threescale-world.ts'

/*
 * The simulated 3scale as other clients than ours use it: curl of the hand-run way, RHOAM's operator, browsers.
 */

const both = withTwoThreescales({ tenants: 6, scale: 0.02 })

interface Got {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

function call(
  { server }: SimulatedThreescale,
  host: string,
  method: string,
  path: string,
  options: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Got> {
  const type = options.body?.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded'
  const { body } = options
  const ofBody = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  const headers = { host, ...ofBody, ...options.headers }
  return new Promise((resolve, reject) => {
    const at = { host: server.host, port: server.port, method, path, headers, rejectUnauthorized: false, agent: false }
    const outgoing = request(at, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body, headers: incoming.headers }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const sides = { mariadb: () => both().mariadb, postgres: () => both().postgres }
for (const [name, side] of Object.entries(sides)) {
  test(`${name}: the list of tenants as XML, with the token in the query, the body or Basic authentication`, async () => {
    const token = (await side().token(masterHost)).reveal('be a client')
    const basic = `Basic ${Buffer.from(`:${token}`).toString('base64')}`
    const answers = [
      await call(side(), masterHost, 'GET', `/admin/api/accounts.xml?access_token=${token}`),
      await call(side(), masterHost, 'GET', '/admin/api/accounts.xml', { body: `access_token=${token}` }),
      await call(side(), masterHost, 'GET', '/admin/api/accounts', { headers: { authorization: basic } }),
    ]
    for (const { status, body } of answers) {
      assert.equal(status, 200)
      assert.match(body, /^<\?xml [^>]*\?><accounts per_page="500" total_entries="6" total_pages="1" current_page="1">/)
      assert.equal(body, answers[0]?.body)
    }
    assert.match(answers[0]?.body ?? '', new RegExp(`<admin_domain>${defaultTenantHost}</admin_domain>`))
  })

  test(`${name}: pages follow per_page, and what is out of range is taken for the default`, async () => {
    const token = (await side().token(masterHost)).reveal('be a client')
    const page = async (query: string) => {
      const { body } = await call(side(), masterHost, 'GET', `/admin/api/accounts.json?access_token=${token}&${query}`)
      return (JSON.parse(body) as { accounts: readonly { account: { id: number } }[] }).accounts.map(
        (row) => row.account.id,
      )
    }
    const all = await page('')
    assert.deepEqual(await page('per_page=4&page=1'), all.slice(0, 4))
    assert.deepEqual(await page('per_page=4&page=2'), all.slice(4))
    assert.deepEqual(await page('per_page=4&page=3'), [])
    assert.deepEqual(await page('per_page=501&page=0'), all)
    assert.deepEqual(await page('state=suspended'), all.slice(4, 5))
  })

  test(`${name}: RHOAM's operator sets addresses, adds its identity provider and syncs users, with tokens in the body`, async () => {
    const token = (await side().token(defaultTenantHost)).reveal('be a client')
    const put = await call(side(), defaultTenantHost, 'PUT', '/admin/api/provider.xml', {
      body: `access_token=${token}&from_email=rhoam@example.org`,
    })
    assert.equal(put.status, 200)
    assert.match(put.body, /<from_email>rhoam@example.org<\/from_email>/)
    const provider = {
      access_token: token,
      kind: 'keycloak',
      name: 'rhsso',
      client_id: '3scale',
      client_secret: 'secret',
      site: 'https://sso.example.org/auth/realms/openshift',
      skip_ssl_certificate_verification: true,
      published: true,
    }
    const path = '/admin/api/account/authentication_providers.json'
    const made = await call(side(), defaultTenantHost, 'POST', path, { body: JSON.stringify(provider) })
    assert.equal(made.status, 201)
    assert.match(made.body, /"system_name":"rhsso".*"published":true/)

    const list = await call(side(), defaultTenantHost, 'GET', `/admin/api/users.json?access_token=${token}`)
    const { users } = JSON.parse(list.body) as { users: readonly { user: { id: number; role: string } }[] }
    // The token is the first user's, who stays.
    const victim = users.at(-1)?.user.id
    const role = await call(side(), defaultTenantHost, 'PUT', `/admin/api/users/${victim}/member.json`, {
      body: `access_token=${token}`,
    })
    assert.match(role.body, /"role":"member"/)
    const gone = await call(
      side(),
      defaultTenantHost,
      'DELETE',
      `/admin/api/users/${victim}.json?access_token=${token}`,
    )
    assert.equal(gone.status, 200)
    const again = await call(
      side(),
      defaultTenantHost,
      'DELETE',
      `/admin/api/users/${victim}.json?access_token=${token}`,
    )
    assert.equal(again.status, 404)
    assert.deepEqual(await side().rows(`SELECT id FROM access_tokens WHERE owner_id = ${victim}`), [])
  })

  test(`${name}: a provider key opens the tenant's API, but no token can be made with it`, async () => {
    const [row] = await side().rows(
      `SELECT c.user_key FROM cinstances c JOIN accounts a ON a.id = c.user_account_id JOIN services s ON s.id = c.service_id
       JOIN accounts m ON m.id = s.account_id AND m.master IS TRUE
       WHERE c.type = 'Cinstance' AND a.self_domain = '${defaultTenantHost}'`,
    )
    const key = String(row?.['user_key'])
    const services = await call(side(), defaultTenantHost, 'GET', `/admin/api/services.json?provider_key=${key}`)
    assert.equal(services.status, 200)
    const path = `/admin/api/personal/access_tokens.json?provider_key=${key}`
    const body = JSON.stringify({ token: { name: 'x', permission: 'ro', scopes: ['stats'] } })
    assert.equal((await call(side(), defaultTenantHost, 'POST', path, { body })).status, 403)
  })

  test(`${name}: a tenant is ended, put back, and logged in to by a URL that the master is given`, async () => {
    const token = (await side().token(masterHost)).reveal('be a client')
    const [row] = await side().rows(
      "SELECT id FROM accounts WHERE org_name <> 'Provider Name' AND state = 'approved' AND provider IS TRUE ORDER BY id LIMIT 1",
    )
    const id = String(row?.['id'])
    const one = `/master/api/providers/${id}.json`
    const state = async () => (await side().rows(`SELECT state FROM accounts WHERE id = ${id}`))[0]?.['state']
    assert.equal((await call(side(), masterHost, 'DELETE', `${one}?access_token=${token}`)).status, 200)
    assert.equal(await state(), 'scheduled_for_deletion')
    const resume = { body: `access_token=${token}&state_event=resume` }
    assert.equal((await call(side(), masterHost, 'PUT', one, resume)).status, 200)
    assert.equal(await state(), 'approved')
    assert.equal((await call(side(), masterHost, 'PUT', one, resume)).status, 422)

    const login = await call(side(), masterHost, 'POST', '/admin/api/sso_tokens/provider_create.xml', {
      body: `access_token=${token}&provider_id=${id}&expires_in=60`,
    })
    assert.equal(login.status, 201)
    assert.match(login.body, /<sso_token><sso_url>https:\/\/[^<]*\/p\/sso\?token=/)
    assert.ok(typeof login.headers['expires'] === 'string')
  })

  test(`${name}: what is asked wrongly is refused as 3scale does`, async () => {
    const status = async (host: string, method: string, path: string, body?: string) =>
      (await call(side(), host, method, path, body === undefined ? {} : { body })).status
    const master = (await side().token(masterHost)).reveal('be a client')
    assert.equal(await status(masterHost, 'POST', '/master/api/providers.json', '{}'), 401)
    assert.equal(await status(masterHost, 'GET', `/master/api/providers.json?access_token=${master}`), 404)
    assert.equal(
      await status(defaultTenantHost, 'POST', `/master/api/providers.json?access_token=${master}`, '{}'),
      404,
    )
    assert.equal(await status(masterHost, 'POST', '/master/api/providers.json', '{'), 400)
    assert.equal(await status(masterHost, 'GET', `/stats/services/1/usage.json?access_token=${master}`), 403)
    assert.equal(await status('nobody.example.org', 'GET', '/admin/api/provider.json'), 404)
    assert.equal(await status(backendHost, 'GET', '/transactions/authrep.xml'), 403)
    assert.equal(await status(backendHost, 'GET', '/status'), 200)
    const [suspended] = await side().rows("SELECT self_domain FROM accounts WHERE state = 'suspended'")
    const host = String(suspended?.['self_domain'])
    const token = (await side().token(host)).reveal('be a client')
    const refused = await call(side(), host, 'GET', `/admin/api/provider.json?access_token=${token}`)
    assert.deepEqual([refused.status, refused.body], [403, ''])
  })

  test(`${name}: a token that has expired opens nothing`, async () => {
    const [row] = await side().rows(
      `SELECT t.id, t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
       WHERE a.self_domain = '${defaultTenantHost}' ORDER BY t.id LIMIT 1`,
    )
    const path = `/admin/api/provider.json?access_token=${String(row?.['value'])}`
    const expire = (at: string | null) =>
      side().installation.database.run('UPDATE access_tokens SET expires_at = ? WHERE id = ?', [
        at,
        row?.['id'] ?? null,
      ])
    await expire('2025-04-23 17:40:01')
    assert.equal((await call(side(), defaultTenantHost, 'GET', path)).status, 200)
    await expire('2025-04-23 17:40:00')
    assert.equal((await call(side(), defaultTenantHost, 'GET', path)).status, 403)
    await expire(null)
  })

  test(`${name}: the applications with the most traffic come from the backend's own set`, async () => {
    const token = (await side().token(defaultTenantHost)).reveal('be a client')
    const [row] = await side().rows(
      `SELECT s.id FROM services s JOIN accounts a ON a.id = s.account_id JOIN cinstances c ON c.service_id = s.id
       WHERE a.self_domain = '${defaultTenantHost}' AND c.first_traffic_at IS NOT NULL ORDER BY s.id LIMIT 1`,
    )
    const path = `/stats/services/${String(row?.['id'])}/top_applications.json`
    const query = `access_token=${token}&period=year&since=2025-04-23&metric_name=hits`
    const { status, body } = await call(side(), defaultTenantHost, 'GET', `${path}?${query}`)
    assert.equal(status, 200)
    const { applications } = JSON.parse(body) as { applications: readonly { value: number }[] }
    assert.ok(applications.length > 0)
    assert.deepEqual(
      applications.map(({ value }) => value),
      applications.map(({ value }) => value).sort((a, b) => b - a),
    )
  })
}
