import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { advancedCounters } from '../../src/simulator/source-world/advanced-counters.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { compareSchemas } from '../../src/movers/system-database/schema/compare-schemas.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { readPostgresCatalog } from '../../src/movers/system-database/schema/read-postgres-catalog.ts'
import { tenantTriggerTables } from '../../src/threescale/tenant-rules.ts'
import { freshDatabases, freshPostgresPair, moveRequest, mover, type PostgresPair } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const release = '2.16'

async function schemaOf(address: DatabaseAddress) {
  const session = await PostgresTarget.open(address, new AbortController().signal)
  try {
    return await readPostgresCatalog(session)
  } finally {
    await session.close()
  }
}

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

describe('a 3scale whose database is PostgreSQL', () => {
  /** From the MariaDB where the world was made. */
  let first: Pick<PostgresPair, 'source' | 'target'>
  let pair: PostgresPair
  before(async () => {
    const world = await freshDatabases(servers)
    pair = await freshPostgresPair(servers)
    await mysqlSourceWorld(systemClock).generate({
      release,
      tenants: 2,
      scale: 0.02,
      seed: 12,
      edgeRows: false,
      mysql: world.source,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    })
    first = { source: world.source, target: pair.source }
    assert.equal((await mover.copy(moveRequest(first))).verdict, 'copied')
  })

  test('is known by its release, copied, and equal in every table and tenant', async () => {
    const assessed = await mover.assess(moveRequest(pair))
    assert.deepEqual(
      [assessed.verdict, assessed.source.product, assessed.source.release],
      ['clean', 'postgresql', release],
    )
    assert.deepEqual(assessed.notes, [], 'there is nothing that is not carried')
    const copied = await mover.copy(moveRequest(pair))
    assert.equal(copied.verdict, 'copied')
    const verified = await mover.verify(moveRequest(pair))
    assert.deepEqual(verified.differences, [])
    assert.ok(verified.tables.every((table) => table.equal && table.tenants.every((tenant) => tenant.equal)))
    assert.deepEqual(
      copied.tables.map(({ name, rows }) => `${name} ${rows}`).toSorted(),
      assessed.tables.map(({ name, rows }) => `${name} ${rows}`).toSorted(),
    )
  })

  test('has the same digest in every table and tenant as the MySQL that it came from', async () => {
    const [onMysql, onPostgres] = [await mover.verify(moveRequest(first)), await mover.verify(moveRequest(pair))]
    assert.deepEqual(onPostgres.tables, onMysql.tables)
  })

  test('has the very same schema, sequences that go on, and triggers that fire', async () => {
    assert.deepEqual(compareSchemas(await schemaOf(pair.source), await schemaOf(pair.target)), [])
    assert.deepEqual(compareSchemas(await schemaOf(pair.target), await schemaOf(pair.source)), [])
    for (const { table, nextId } of advancedCounters) {
      const [[id] = []] = await pair.onTarget(`SELECT nextval(pg_get_serial_sequence('${table}', 'id'))`)
      assert.equal(id, String(nextId))
    }
    const [[tenant] = []] = await pair.onTarget('SELECT min(id) FROM accounts WHERE provider AND master IS NOT TRUE')
    const insert = `INSERT INTO services (account_id, name, state, system_name, created_at, updated_at)
      VALUES (${String(tenant)}, 'new', 'incomplete', 'new', now(), now()) RETURNING tenant_id`
    assert.deepEqual(await pair.onTarget(insert), [[tenant]])
    const [[triggers] = []] = await pair.onTarget(`SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal`)
    assert.equal(triggers, String(tenantTriggerTables(release).length))
  })

  test('fills a schema that 3scale has made', async () => {
    await pair.onTarget('DROP SCHEMA threeshift CASCADE')
    const adopt = moveRequest(pair, { schema: 'adopt' })
    await assert.rejects(mover.copy(adopt), isFault('DB_TARGET_HAS_ROWS'))
    assert.equal((await mover.copy({ ...adopt, emptyTarget: true })).verdict, 'copied')
    assert.deepEqual((await mover.verify(adopt)).differences, [])
  })

  test('that lacks a table or a column of its release is refused', async () => {
    await pair.onSource('ALTER TABLE tags RENAME COLUMN name TO other')
    await assert.rejects(mover.assess(moveRequest(pair)), isFault('DB_COLUMN_HIDDEN'))
    await pair.onSource('ALTER TABLE tags RENAME COLUMN other TO name', 'ALTER TABLE tags RENAME TO others')
    await assert.rejects(mover.assess(moveRequest(pair)), isFault('DB_TABLE_MISSING'))
    await pair.onSource('ALTER TABLE others RENAME TO tags')
  })
})
