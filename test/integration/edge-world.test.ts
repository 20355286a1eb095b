import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { type Decisions, valueClasses } from '../../src/model/decision.ts'
import type { Release } from '../../src/model/release.ts'
import { advancedCounters } from '../../src/simulator/source-world/advanced-counters.ts'
import { edgeCasesOf } from '../../src/simulator/source-world/edge-rows.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { copyOfPostgres, type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

/** Each class with a decision, so that every kind of action is taken somewhere. */
const decisions: Decisions = {
  'zero-date': 'replace',
  'zero-date@users.updated_at': 'null',
  'invalid-date': 'replace',
  'time-out-of-range': 'quarantine',
  'nul-byte': 'replace',
  'undecodable-text': 'replace',
  'boolean-out-of-range': 'replace',
  orphan: 'quarantine',
  'orphan@proxy_configs.user_id': 'null',
}

async function edgeWorld(release: Release): Promise<Databases> {
  const databases = await freshDatabases(servers)
  await mysqlSourceWorld(systemClock).generate({
    release,
    tenants: 3,
    scale: 0.05,
    seed: 11,
    edgeRows: true,
    mysql: databases.source,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  })
  return databases
}

for (const release of ['2.13', '2.16'] as const) {
  describe(`a 3scale ${release} with all edge rows`, () => {
    const cases = edgeCasesOf(release)
    let databases: Databases
    before(async () => {
      databases = await edgeWorld(release)
    })

    test('assessment finds every class, at the column and row where it is', async () => {
      const report = await mover.assess(moveRequest(databases))
      assert.equal(report.verdict, 'undecided')
      assert.equal(report.source.release, release)
      assert.deepEqual(new Set(report.findings.map((finding) => finding.class)), new Set(Object.keys(valueClasses)))
      for (const edge of cases) {
        const finding = report.findings.find(
          (f) => f.class === edge.class && f.table === edge.table && f.column === edge.column,
        )
        if (edge.class === null) continue
        assert.ok(finding, `${edge.id} is found in ${edge.table}.${edge.column}`)
        if (/^\d+$/.test(edge.key.value))
          assert.ok(finding.examples.includes(edge.key.value), `${edge.id} is named by its key`)
      }
      const found = report.findings.reduce((sum, finding) => sum + finding.count, 0)
      assert.equal(found, cases.filter((edge) => edge.class !== null).length, 'and nothing else is found')
    })

    test('without decisions the copy stops, and leaves nothing in the target', async () => {
      const report = await mover.copy(moveRequest(databases))
      assert.equal(report.verdict, 'stopped')
      assert.deepEqual(await databases.postgres(`SELECT nspname FROM pg_namespace WHERE nspname = 'threeshift'`), [])
      assert.deepEqual(
        await databases.postgres(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
        [],
      )
    })

    test('a decision that a column cannot take is refused, and nothing is left in the target', async () => {
      await assert.rejects(
        mover.copy(moveRequest(databases, { decisions: { ...decisions, 'zero-date': 'null' } })),
        (error) => {
          assert.ok(error instanceof Fault)
          assert.equal(error.code, 'DB_DECISION_IMPOSSIBLE')
          assert.match(error.message, /created_at/)
          return true
        },
      )
    })

    test('with decisions it is copied, verifies equal, and the ledger accounts for every value that differs', async () => {
      const copied = await mover.copy(moveRequest(databases, { decisions }))
      assert.equal(copied.verdict, 'copied')
      const verified = await mover.verify(moveRequest(databases))
      assert.deepEqual(verified.differences, [])
      assert.equal(verified.verdict, 'equal')
      assert.ok(verified.tables.every((table) => table.equal && table.tenants.every((tenant) => tenant.equal)))
      assert.deepEqual(verified.declared, { cells: copied.changed, rows: copied.setAside })
      assert.deepEqual(
        verified.tables.map(({ name, rows }) => ({ name, rows, stored: 'equal' })),
        copied.tables.map(({ name, rows, stored }) => ({ name, rows, stored })),
        'what was sent is what was found',
      )

      const ledger = await databases.postgres(
        `SELECT table_name, convert_from(source_key, 'UTF8'), column_name, reason FROM threeshift.changed_value
         UNION ALL SELECT table_name, convert_from(source_key, 'UTF8'), column_name, reason FROM threeshift.row_set_aside`,
      )
      const declared = ledger.map((row) => row.join(' ')).toSorted()
      const expected = cases
        .filter((edge) => edge.class !== null)
        .map((edge) => `${edge.table} ${edge.key.value} ${edge.column} ${edge.class}`)
        .toSorted()
      assert.deepEqual(declared, expected)
    })

    test('what is dumped from the target and loaded elsewhere verifies equal to it, account and all', async () => {
      const elsewhere = await copyOfPostgres(databases.target)
      const report = await mover.verify(moveRequest({ source: databases.target, target: elsewhere }))
      assert.deepEqual(report.differences, [])
      assert.equal(report.verdict, 'equal')
      assert.deepEqual(report.declared, { cells: 0, rows: 0 })
    })

    test('ids go on where the source would have gone on, and tenant triggers fill tenant_id', async () => {
      for (const { table, nextId } of advancedCounters) {
        const [[id] = []] = await databases.postgres(`SELECT nextval(pg_get_serial_sequence('${table}', 'id'))`)
        assert.equal(id, String(nextId))
      }
      const [[tenant] = []] = await databases.postgres(
        'SELECT min(id) FROM accounts WHERE provider AND master IS NOT TRUE',
      )
      const [row] = await databases.postgres(
        `INSERT INTO services (account_id, name, state, system_name, created_at, updated_at) VALUES (${String(tenant)}, 'new', 'incomplete', 'new', now(), now()) RETURNING tenant_id, id`,
        `INSERT INTO metrics (service_id, system_name, friendly_name, unit, created_at, updated_at)
         SELECT max(id), 'm', 'm', 'hit', now(), now() FROM services WHERE name = 'new' RETURNING tenant_id`,
      )
      assert.deepEqual(row, [tenant])
      await databases.postgres("DELETE FROM metrics WHERE system_name = 'm'", "DELETE FROM services WHERE name = 'new'")
    })
  })
}

describe('after a copy', () => {
  let databases: Databases
  before(async () => {
    databases = await edgeWorld('2.13')
    await mover.copy(moveRequest(databases, { decisions }))
  })

  /** What was done to the target, how it is undone, and what the verification must then say. */
  const tampering: readonly (readonly [string, string, string, readonly string[]])[] = [
    [
      'one changed cell',
      "UPDATE cms_templates SET title = title || ' ' WHERE id = (SELECT min(id) FROM cms_templates)",
      'UPDATE cms_templates SET title = left(title, -1) WHERE id = (SELECT min(id) FROM cms_templates)',
      ['changed-row cms_templates title'],
    ],
    [
      'one lost row',
      'CREATE TABLE threeshift.kept AS SELECT * FROM log_entries WHERE id = (SELECT min(id) FROM log_entries); DELETE FROM log_entries WHERE id = (SELECT min(id) FROM log_entries)',
      'INSERT INTO log_entries SELECT * FROM threeshift.kept; DROP TABLE threeshift.kept',
      ['missing-row log_entries'],
    ],
    [
      'one extra row',
      'INSERT INTO deleted_objects (id, owner_type, object_type, created_at) VALUES (123456789, $$x$$, $$y$$, now())',
      'DELETE FROM deleted_objects WHERE id = 123456789',
      ['extra-row deleted_objects'],
    ],
    [
      'a row moved to another tenant',
      'UPDATE metrics SET tenant_id = tenant_id + 1 WHERE id = (SELECT min(id) FROM metrics WHERE tenant_id IS NOT NULL)',
      'UPDATE metrics SET tenant_id = tenant_id - 1 WHERE id = (SELECT min(id) FROM metrics WHERE tenant_id IS NOT NULL)',
      ['changed-row metrics tenant_id'],
    ],
    [
      'a declared value changed after the copy',
      "UPDATE invoices SET period = '1971-01-01' WHERE period = '1970-01-01'",
      "UPDATE invoices SET period = '1970-01-01' WHERE period = '1971-01-01'",
      ['ledger invoices period'],
    ],
    ['a sequence set back', "SELECT setval('tags_id_seq', 1)", "SELECT setval('tags_id_seq', 4999)", ['schema tags']],
    [
      'a type changed to one with a time zone',
      'ALTER TABLE notifications ALTER COLUMN created_at TYPE timestamptz',
      'ALTER TABLE notifications ALTER COLUMN created_at TYPE timestamp',
      ['schema notifications'],
    ],
  ]

  for (const [name, change, undo, expected] of tampering) {
    test(`${name} is found and named`, async () => {
      await databases.postgres(change)
      const report = await mover.verify(moveRequest(databases))
      assert.equal(report.verdict, 'different')
      assert.deepEqual(
        report.differences.map((d) =>
          [d.kind, d.table, ...('columns' in d ? d.columns : 'column' in d ? [d.column] : [])].join(' '),
        ),
        expected,
      )
      await databases.postgres(undo)
      assert.deepEqual((await mover.verify(moveRequest(databases))).differences, [])
    })
  }

  test('a table, a trigger, an index and a foreign key that are missing are each named', async () => {
    const other = await freshDatabases(servers)
    const request = moveRequest({ ...databases, target: other.target }, { decisions })
    await mover.copy(request)
    await other.postgres(
      'DROP TABLE provided_access_tokens',
      'DROP TRIGGER services_tenant_id ON services',
      'DROP INDEX index_proxy_configs_on_proxy_id',
      'ALTER TABLE policies DROP CONSTRAINT fk_rails_abc989f6f5',
    )
    const report = await mover.verify(request)
    const said = report.differences.map((d) => `${d.kind} ${d.table} ${'says' in d ? d.says : ''}`.trim()).toSorted()
    assert.deepEqual(said, [
      'missing-table provided_access_tokens',
      'schema policies foreign key fk_rails_abc989f6f5 is missing',
      'schema proxy_configs index index_proxy_configs_on_proxy_id is missing',
      'schema services trigger services_tenant_id is missing',
    ])
  })

  test('a schema that 3scale made is adopted: filled, not made, and refused when it holds rows or does not fit', async () => {
    const other = await freshDatabases(servers)
    const request = moveRequest({ ...databases, target: other.target }, { decisions, schema: 'adopt' })
    // What a fresh installation leaves: the schema with its triggers, and no account of a copy.
    await mover.copy({ ...request, schema: 'create' })
    await other.postgres('DROP SCHEMA threeshift CASCADE')
    await assert.rejects(mover.copy(request), (error) => error instanceof Fault && error.code === 'DB_TARGET_HAS_ROWS')
    const [[oid] = []] = await other.postgres("SELECT 'accounts'::regclass::oid")

    assert.equal((await mover.copy({ ...request, emptyTarget: true })).verdict, 'copied')
    assert.deepEqual((await mover.verify(request)).differences, [])
    assert.deepEqual(
      (await other.postgres("SELECT 'accounts'::regclass::oid"))[0],
      [oid],
      'the table is the one that was there',
    )

    // A second run may replace what this one filled.
    assert.equal((await mover.copy(request)).verdict, 'copied')
    await other.postgres('ALTER TABLE accounts ALTER COLUMN org_name TYPE text')
    await assert.rejects(mover.copy(request), (error) => error instanceof Fault && error.code === 'DB_SCHEMA_UNFIT')
  })
})
