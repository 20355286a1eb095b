import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { releases } from '../../src/model/release.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { compareSchemas } from '../../src/movers/system-database/schema/compare-schemas.ts'
import { readPostgresCatalog } from '../../src/movers/system-database/schema/read-postgres-catalog.ts'
import { sqlSystemDatabase } from '../../src/simulator/controllers/database/sql-system-database.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { freshDatabases, freshPostgresPair, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'
import { seedValues } from '../support/controllers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const hooks = sqlSystemDatabase(systemClock)
const signal = new AbortController().signal
const secretOf = (address: DatabaseAddress) => new Secret(urlOf(address))

async function schemaOf(address: DatabaseAddress) {
  const session = await PostgresTarget.open(address, signal)
  try {
    return await readPostgresCatalog(session)
  } finally {
    await session.close()
  }
}

const triggerBodies = `SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`

describe('the database of a simulated 3scale', () => {
  test('an empty one is seeded once, with the master as 1 and the tenant as 2', async () => {
    for (const release of ['2.11', '2.16'] as const) {
      const { source, target, mysql, postgres } = await freshDatabases(servers)
      for (const [address, query] of [
        [source, mysql],
        [target, postgres],
      ] as const) {
        const url = secretOf(address)
        assert.deepEqual(await hooks.deploy(url, release, seedValues, signal), {
          kind: 'seeded',
          schemaVersion: releaseFacts[release].lastMigration,
        })
        assert.equal((await hooks.deploy(url, release, seedValues, signal)).kind, 'current')
        assert.deepEqual(await query('SELECT id, self_domain, tenant_id FROM accounts ORDER BY id'), [
          ['1', 'master.apps.example.com', '1'],
          ['2', '3scale-admin.apps.example.com', '2'],
        ])
        assert.deepEqual(await query('SELECT tenant_id FROM services ORDER BY id'), [[null], ['2']])
        const found = await hooks.inspect(url, signal)
        assert.ok(found.kind === 'reachable' && found.hasMaster && Number.parseInt(found.version, 10) >= 10)
      }
    }
  })

  test('one made for 2.11 and upgraded hop by hop is exactly one made for 2.16', async () => {
    const pair = await freshPostgresPair(servers)
    await hooks.deploy(secretOf(pair.target), '2.16', seedValues, signal)
    for (const release of releases) {
      const { schemaVersion } = {
        schemaVersion: '',
        ...(await hooks.deploy(secretOf(pair.source), release, seedValues, signal)),
      }
      assert.equal(schemaVersion, releaseFacts[release].lastMigration)
    }
    const [upgraded, fresh] = [await schemaOf(pair.source), await schemaOf(pair.target)]
    assert.deepEqual(compareSchemas(fresh, upgraded), [])
    assert.deepEqual(compareSchemas(upgraded, fresh), [])
    assert.deepEqual(await pair.onSource(triggerBodies), await pair.onTarget(triggerBodies))
    const versions = 'SELECT version FROM schema_migrations ORDER BY 1'
    assert.deepEqual(await pair.onSource(versions), await pair.onTarget(versions))
  })

  test('on MySQL too, in one jump as well as hop by hop', async () => {
    const [jumped, hopped, fresh] = [
      await freshDatabases(servers),
      await freshDatabases(servers),
      await freshDatabases(servers),
    ]
    await hooks.deploy(secretOf(jumped.source), '2.11', seedValues, signal)
    await hooks.deploy(secretOf(jumped.source), '2.16', seedValues, signal)
    for (const release of releases) await hooks.deploy(secretOf(hopped.source), release, seedValues, signal)
    await hooks.deploy(secretOf(fresh.source), '2.16', seedValues, signal)
    const catalog = [
      `SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, collation_name
       FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2`,
      `SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part
       FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3`,
      `SELECT trigger_name, action_statement FROM information_schema.triggers
       WHERE trigger_schema = DATABASE() ORDER BY 1`,
    ]
    for (const sql of catalog) {
      const wanted = await fresh.mysql(sql)
      assert.ok(wanted.length > 50)
      assert.deepEqual(await jumped.mysql(sql), wanted)
      assert.deepEqual(await hopped.mysql(sql), wanted)
    }
  })

  test('what cannot be reached or read fails with a reason that tells no secret', async () => {
    for (const url of ['postgresql://u:hunter2@127.0.0.1:1/x', 'no url hunter2', 'oracle-enhanced://u:hunter2@h/x']) {
      const found = await hooks.inspect(new Secret(url), signal)
      assert.ok(found.kind === 'unreachable')
      assert.doesNotMatch(found.reason, /hunter2/)
      const outcome = await hooks.deploy(new Secret(url), '2.16', seedValues, signal)
      assert.ok(outcome.kind === 'failed')
      assert.doesNotMatch(outcome.reason, /hunter2/)
    }
  })
})
