import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { hostNamesMover } from '../../src/movers/host-names/mover.ts'
import type { HostNamesRequest } from '../../src/ports/host-names.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const names = hostNamesMover()
const to = 'apps.migration.example.net'

/** Names that 3scale serves, as one list of text. */
const servedSql = `
  SELECT domain FROM accounts WHERE domain IS NOT NULL UNION ALL SELECT self_domain FROM accounts WHERE self_domain IS NOT NULL
  UNION ALL SELECT unnest(ARRAY[endpoint, sandbox_endpoint, production_domain, staging_domain]) FROM proxies
    WHERE service_id IN (SELECT id FROM services WHERE deployment_option = 'hosted')
  UNION ALL SELECT hosts FROM proxy_configs UNION ALL SELECT content FROM proxy_configs`
const hasCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code
const allSql = `SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM`

describe('a converted 3scale', () => {
  let databases: Databases
  let from: string
  let request: HostNamesRequest
  before(async () => {
    databases = await freshDatabases(servers)
    const { signal } = new AbortController()
    const world = await mysqlSourceWorld(systemClock).generate({
      release: '2.13',
      tenants: 3,
      scale: 0.02,
      seed: 5,
      edgeRows: false,
      mysql: databases.source,
      onProgress: () => undefined,
      signal,
    })
    assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
    from = world.wildcardDomain
    request = {
      database: databases.target,
      from,
      to,
      also: new Map([[`backend-3scale.${from}`, `backend-3scale.${to}`]]),
      signal,
    }
    await databases.postgres(
      `UPDATE accounts SET domain = 'portal.customer.example' WHERE id = (SELECT max(id) FROM accounts WHERE provider)`,
      `UPDATE services SET deployment_option = 'self_managed' WHERE id = (SELECT min(id) FROM services)`,
      `UPDATE api_docs_services SET body = body || 'see https://0-status.${from}/x' WHERE id = (SELECT min(id) FROM api_docs_services)`,
    )
  })

  const digests = async () => {
    const tables = ['accounts', 'proxies', 'proxy_configs', 'services', 'api_docs_services', 'users', 'web_hooks']
    return Promise.all(tables.map(async (table) => (await databases.postgres(`${allSql} ${table} t`))[0]))
  }
  const served = async (): Promise<readonly string[]> =>
    (await databases.postgres(servedSql)).map(([text]) => String(text))

  test('is shown every name that changes, what stays, and what a person should look at; nothing is changed', async () => {
    const before = await digests()
    const preview = await names.preview(request)
    assert.deepEqual(await digests(), before)
    const [[accounts], [configurations]] = await Promise.all([
      databases.postgres(
        `SELECT count(domain) + count(self_domain) FROM accounts WHERE domain LIKE '%.${from}' OR self_domain LIKE '%.${from}'`,
      ),
      databases.postgres(`SELECT count(*) FROM proxy_configs WHERE content LIKE '%${from}%'`),
    ])
    const portals = preview.renames.filter(({ column }) => column.startsWith('accounts.'))
    // One tenant's portal has a domain of its own, its admin portal has not.
    assert.equal(portals.length, Number(accounts?.[0]) - 1)
    assert.equal(new Set(portals.map(({ tenant }) => tenant)).size, 4, 'three tenants and the master')
    assert.equal(preview.configurations, Number(configurations?.[0]))
    for (const { before, after } of preview.renames) assert.equal(after, before.replace(from, to))
    assert.ok(
      preview.kept.some(({ host, column }) => host === 'portal.customer.example' && column === 'accounts.domain'),
    )
    assert.deepEqual(preview.problems, [])
    const looked = new Map(preview.toLookAt.map((mention) => [mention.column, mention.hosts]))
    assert.ok(looked.get('api_docs_services.body')?.includes(`0-status.${from}`))
    assert.ok(looked.has('proxies.endpoint'), 'the endpoint of a gateway that the customer runs')
    assert.ok(looked.has('users.email'))
  })

  test('is renamed for all tenants and in all that was promoted, once, and back', async () => {
    const before = await digests()
    const configurations = await databases.postgres('SELECT content FROM proxy_configs ORDER BY id')
    const report = await names.rename(request)
    assert.deepEqual(report.changed.map(({ column }) => column).toSorted(), [
      'accounts.domain',
      'accounts.self_domain',
      'proxies.endpoint',
      'proxies.production_domain',
      'proxies.sandbox_endpoint',
      'proxies.staging_domain',
      'proxy_configs.content',
      'proxy_configs.hosts',
    ])
    const [[kept]] = (await databases.postgres(
      `SELECT endpoint FROM proxies WHERE service_id = (SELECT min(id) FROM services)`,
    )) as [[string]]
    const keptHost = new URL(kept).hostname
    const left = (await served()).filter((text) => text.replaceAll(keptHost, '').includes(from))
    // What is left belongs to the gateway that the customer runs.
    for (const text of left) assert.ok(text.includes(keptHost.split('-apicast')[0] ?? ''), text.slice(0, 200))
    const now = await databases.postgres('SELECT content FROM proxy_configs ORDER BY id')
    const changed = now.filter(([content], at) => content !== configurations[at]?.[0])
    assert.equal(changed.length, report.changed.find(({ column }) => column === 'proxy_configs.content')?.rows)
    for (const [content] of now) assert.doesNotThrow(() => JSON.parse(String(content)))
    const after = await digests()
    assert.deepEqual(await names.rename(request), { changed: [], leftAlone: 0 })
    assert.deepEqual(await digests(), after)
    const back = await names.restore(request)
    assert.deepEqual(
      back.changed.toSorted((a, b) => a.column.localeCompare(b.column)),
      report.changed.toSorted((a, b) => a.column.localeCompare(b.column)),
    )
    assert.deepEqual(await digests(), before)
    assert.deepEqual(await names.restore(request), { changed: [], leftAlone: 0 })
  })

  test('is left as it is when a new name is taken, and what somebody changed since is not restored', async () => {
    const [[id, domain]] = (await databases.postgres(
      `SELECT id, domain FROM accounts WHERE provider AND domain LIKE '%.${from}' ORDER BY id DESC LIMIT 1`,
    )) as [[string, string]]
    const taken = domain.replace(from, to)
    const holder = `(SELECT max(id) FROM accounts WHERE buyer)`
    await databases.postgres(`UPDATE accounts SET domain = '${taken}' WHERE id = ${holder}`)
    const before = await digests()
    assert.deepEqual(
      (await names.preview(request)).problems.map(({ host }) => host),
      [taken],
    )
    await assert.rejects(names.rename(request), hasCode('HOSTS_IMPOSSIBLE'))
    assert.deepEqual(await digests(), before)
    await databases.postgres(`UPDATE accounts SET domain = NULL WHERE id = ${holder}`)
    await names.rename(request)
    await databases.postgres(`UPDATE accounts SET domain = 'mine.example' WHERE id = ${id}`)
    assert.equal((await names.restore(request)).leftAlone, 1)
    assert.deepEqual(await databases.postgres(`SELECT domain FROM accounts WHERE id = ${id}`), [['mine.example']])
    await databases.postgres(`UPDATE accounts SET domain = '${domain}' WHERE id = ${id}`)
  })
})

test('a database that is no 3scale is refused', async () => {
  const databases = await freshDatabases(servers)
  const request = {
    database: databases.target,
    from: 'a.example',
    to: 'b.example',
    also: new Map(),
    signal: new AbortController().signal,
  }
  await assert.rejects(names.preview(request), hasCode('HOSTS_NO_THREESCALE'))
  await databases.postgres('CREATE TABLE accounts (id bigint, master boolean)')
  await assert.rejects(names.preview(request), hasCode('HOSTS_NO_THREESCALE'))
})
