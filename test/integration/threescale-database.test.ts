import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { threescaleDatabase } from '../../src/movers/threescale-database/mover.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

test('tenants, their tokens and the schema are read alike from MySQL and from PostgreSQL', async () => {
  const databases = await freshDatabases(servers)
  const { signal } = new AbortController()
  await mysqlSourceWorld(systemClock).generate({
    release: '2.13',
    tenants: 3,
    scale: 0.02,
    seed: 8,
    edgeRows: false,
    mysql: databases.source,
    onProgress: () => undefined,
    signal,
  })
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  const [before, after] = await Promise.all(
    [databases.source, databases.target].map((database) => threescaleDatabase.tenants(database, { signal })),
  )
  const plain = (tenants: typeof before) =>
    tenants?.map(({ token, services, ...tenant }) => ({
      ...tenant,
      token: token?.reveal('compare in a test'),
      services: services.map((service) => ({ ...service, token: service.token?.reveal('compare in a test') })),
    }))
  assert.deepEqual(plain(after), plain(before))
  assert.equal(before?.length, 3)
  for (const { token, services, adminHost } of before) {
    assert.ok(token !== null && services.length > 0 && services.every((service) => service.token !== null))
    assert.match(adminHost, /-admin\./)
    const [[stored]] = (await databases.mysql(
      `SELECT count(*) FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
        WHERE a.self_domain = '${adminHost}' AND t.value = '${token.reveal('look it up in a test')}'`,
    )) as [[string]]
    assert.equal(stored, '1')
  }
  for (const database of [databases.source, databases.target]) {
    assert.equal(await threescaleDatabase.lastMigration(database, { signal }), releaseFacts['2.13'].lastMigration)
  }
  assert.match(await threescaleDatabase.version(databases.source, { signal }), /^10\./)
  assert.match(await threescaleDatabase.version(databases.target, { signal }), /^18/)
  await databases.mysql(
    `UPDATE access_tokens SET value = concat('SHA384$', id)`,
    `UPDATE accounts SET state = 'scheduled_for_deletion' WHERE id = ${before[0]?.id}`,
  )
  const changed = await threescaleDatabase.tenants(databases.source, { signal })
  assert.deepEqual(
    changed.map(({ id, token }) => [id, token]),
    before.slice(1).map(({ id }) => [id, null]),
  )
})
