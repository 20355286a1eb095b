import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Decisions } from '../../src/model/decision.ts'
import type { CopyReport, VerifyReport } from '../../src/ports/system-database.ts'
import { advancedCounters } from '../../src/simulator/source-world/advanced-counters.ts'
import { edgeCasesOf } from '../../src/simulator/source-world/edge-rows.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { runDb } from '../support/db-kills.ts'
import { type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { temporaryFolder, withServers } from '../support/servers.ts'

/*
 * What pgloader 3.6.9 was measured to get wrong with a 3scale 2.16, each on one copied source with all edge rows, into a
 * database whose sessions are in New York.
 */
const servers = withServers({ mariadb: true, postgres: true })

const decisions: Decisions = {
  'zero-date': 'replace',
  'zero-date@users.updated_at': 'null',
  'invalid-date': 'replace',
  'time-out-of-range': 'replace',
  'nul-byte': 'replace',
  'undecodable-text': 'replace',
  'boolean-out-of-range': 'replace',
  orphan: 'quarantine',
  'orphan@proxy_configs.user_id': 'null',
}
const cases = edgeCasesOf('2.16')

let databases: Databases
let copied: CopyReport
let verified: VerifyReport

/** A column of an edge row, by the edge's id, as the target prints it. */
async function edgeValue(id: string, expression = (column: string) => column): Promise<unknown> {
  const edge = cases.find((one) => one.id === id)
  assert.ok(edge, `there is no edge row ${id}`)
  const rows = await databases.postgres(
    `SELECT ${expression(edge.column)} FROM ${edge.table} WHERE ${edge.key.column}::text = '${edge.key.value}'`,
  )
  assert.equal(rows.length, 1, `the row of ${id}`)
  return rows[0]?.[0]
}

const count = async (sql: string) => Number((await databases.postgres(sql))[0]?.[0])

/** Names of the source's columns of one data type. */
async function sourceColumns(condition: string): Promise<readonly string[]> {
  const rows = await databases.mysql(
    `SELECT concat(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE() AND ${condition}`,
  )
  return rows.map(([name]) => String(name)).toSorted()
}

async function targetColumns(condition: string): Promise<readonly string[]> {
  const rows = await databases.postgres(
    `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND ${condition}`,
  )
  return rows.map(([name]) => String(name)).toSorted()
}

/** What the ledger says of the value of an edge row. */
async function declared(id: string): Promise<readonly unknown[]> {
  const edge = cases.find((one) => one.id === id)
  assert.ok(edge)
  const rows = await databases.postgres(
    `SELECT reason, action FROM threeshift.changed_value WHERE table_name = '${edge.table}' AND column_name = '${edge.column}'
      AND convert_from(source_key, 'UTF8') = '${edge.key.value}'`,
  )
  return rows.flat()
}

describe('a 3scale 2.16 with all edge rows, copied into a database in New York', () => {
  before(async () => {
    databases = await freshDatabases(servers)
    await databases.postgres(`ALTER DATABASE ${databases.target.database} SET timezone = 'America/New_York'`)
    await mysqlSourceWorld(systemClock).generate({
      release: '2.16',
      tenants: 2,
      scale: 0.02,
      seed: 11,
      edgeRows: true,
      mysql: databases.source,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    })
    copied = await mover.copy(moveRequest(databases, { decisions }))
    verified = await mover.verify(moveRequest(databases))
  })

  test('1: times have no zone, and are what they were in a database whose sessions are elsewhere', async () => {
    assert.deepEqual(await databases.postgres('SHOW timezone'), [['America/New_York']])
    assert.deepEqual(await targetColumns("data_type = 'timestamp with time zone'"), [])
    const times = await sourceColumns("data_type IN ('datetime', 'timestamp')")
    assert.ok(times.length > 190, `${times.length} columns of times`)
    assert.deepEqual(await targetColumns("data_type = 'timestamp without time zone'"), times)
    const text = "SELECT id, created_at FROM services WHERE created_at > '1971-01-01' ORDER BY id"
    const rows = await databases.mysql(text)
    assert.ok(rows.length > 0)
    assert.deepEqual(
      await databases.postgres(text),
      rows.map((row) => row.map(String)),
    )
    assert.equal(await edgeValue('first-datetime'), '1000-01-01 00:00:00')
    assert.match(String(await edgeValue('last-datetime')), /^9999-12-31 /)
    // What 3scale's dashboard asks for: noon in UTC is morning in New York.
    const shifted = await databases.postgres(
      `SELECT count(*) FROM services WHERE (created_at AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York') >= created_at`,
    )
    assert.deepEqual(shifted, [['0']])
  })

  test('2: whole numbers of four bytes stay what they are', async () => {
    const whole = await sourceColumns("data_type = 'int' AND column_type NOT LIKE '%unsigned%'")
    assert.ok(whole.length >= 50, `${whole.length} columns`)
    const there = new Set(await targetColumns("data_type = 'integer'"))
    assert.deepEqual(
      whole.filter((column) => !there.has(column)),
      [],
    )
  })

  test('3: text that 3scale does not limit is not limited', async () => {
    const unlimited = await targetColumns("data_type = 'character varying' AND character_maximum_length IS NULL")
    assert.equal(unlimited.length, 35, unlimited.join(', '))
  })

  test('4: all tenant triggers and their functions are there, and fill the tenant of a new row', async () => {
    const sources = await count(
      "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname = tgrelid::regclass || '_tenant_id'",
    )
    assert.equal(sources, 77)
    const functions = await count("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert.equal(functions, 78)
    const [[tenant] = []] = await databases.postgres(
      'SELECT min(id) FROM accounts WHERE provider AND master IS NOT TRUE AND id < 90000000',
    )
    const filled = await databases.postgres(
      'BEGIN',
      `INSERT INTO services (account_id, name, state, system_name, created_at, updated_at)
      VALUES (${String(tenant)}, 'n', 'incomplete', 'n', now(), now()) RETURNING tenant_id`,
    )
    assert.deepEqual(filled, [[tenant]])
  })

  test('5: everything is in the schema public, and no setting of the database is needed to find it', async () => {
    const elsewhere = await databases.postgres(
      `SELECT DISTINCT relnamespace::regnamespace FROM pg_class
      WHERE relkind IN ('r', 'S', 'v') AND relnamespace::regnamespace::text !~ '^pg_|^information_schema'`,
    )
    assert.deepEqual(elsewhere.map(String).toSorted(), ['public', 'threeshift'])
    const settings = await databases.postgres(
      'SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()',
    )
    assert.deepEqual(settings, [['TimeZone=America/New_York']])
    assert.deepEqual(
      await databases.postgres('SET search_path = public', 'SELECT count(*) > 0 FROM schema_migrations'),
      [['t']],
    )
  })

  test('6: primary keys are called as Rails calls them', async () => {
    const names = await databases.postgres(
      "SELECT conname FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND conname <> conrelid::regclass || '_pkey'",
    )
    assert.deepEqual(names, [])
    const keyed = new Set((await sourceColumns("column_key = 'PRI'")).map((column) => column.split('.')[0]))
    const query = "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace"
    assert.equal(await count(query), keyed.size)
  })

  test('7: foreign keys do on update and delete what those of 3scale do', async () => {
    const keys = await databases.postgres(
      "SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2",
    )
    const actions = keys.map(([table, says]) => {
      const [, column, action = ''] = /^FOREIGN KEY \((\w+)\) REFERENCES \w+\(\w+\)(.*)$/.exec(String(says)) ?? []
      return `${String(table)}.${column}${action}`
    })
    assert.deepEqual(actions.toSorted(), [
      'api_docs_services.service_id',
      'payment_details.account_id ON DELETE CASCADE',
      'policies.account_id ON DELETE CASCADE',
      'provided_access_tokens.user_id',
      'proxy_configs.proxy_id ON DELETE CASCADE',
      'proxy_configs.user_id ON DELETE SET NULL',
      'sso_authorizations.authentication_provider_id',
      'sso_authorizations.user_id',
      'user_sessions.sso_authorization_id ON DELETE CASCADE',
    ])
  })

  test('8: no default is written that says nothing, and a number is written as a number', async () => {
    const defaults = await targetColumns(
      "(column_default ~ '^NULL' OR column_default ~ 'bigint' AND data_type <> 'bigint')",
    )
    assert.deepEqual(defaults, [])
    assert.ok((await targetColumns('column_default IS NOT NULL')).length > 100)
  })

  test('9: the indexes are those of the source but for three that 3scale has on MySQL only, and every sequence is owned by its column', async () => {
    const wanted = await databases.mysql(
      `SELECT DISTINCT concat(table_name, '.', index_name) FROM information_schema.statistics
      WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'`,
    )
    const there = await databases.postgres(
      "SELECT tablename || '.' || indexname FROM pg_indexes WHERE schemaname = 'public'",
    )
    const names = new Set(there.map(String))
    assert.ok(wanted.length > 160, `${wanted.length} indexes`)
    assert.deepEqual(
      wanted
        .map(String)
        .filter((name) => !names.has(name))
        .toSorted(),
      [
        'access_tokens.idx_auth_tokens_of_user',
        'access_tokens.idx_value_auth_tokens_of_user',
        'pricing_rules.index_pricing_rules_on_plan_id_and_plan_type',
      ],
    )
    const counters = await sourceColumns("extra LIKE '%auto_increment%'")
    const owned = await databases.postgres(
      `SELECT refobjid::regclass || '.' || attname FROM pg_depend
      JOIN pg_class sequence ON sequence.oid = objid AND sequence.relkind = 'S'
      JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
      WHERE deptype = 'a' AND sequence.relnamespace = 'public'::regnamespace
        AND sequence.relname = refobjid::regclass || '_' || attname || '_seq'`,
    )
    assert.deepEqual(owned.map(String).toSorted(), counters)
  })

  test('10: one value that cannot be stored costs no other row of its table', async () => {
    for (const table of ['accounts', 'annotations', 'invoices', 'line_items']) {
      const [[rows] = []] = await databases.mysql(`SELECT count(*) FROM ${table}`)
      assert.ok(Number(rows) > 0)
      assert.equal(await count(`SELECT count(*) FROM ${table}`), Number(rows), table)
    }
    assert.equal(await edgeValue('zero-datetime-not-null'), '1970-01-01 00:00:00')
    assert.equal(await edgeValue('zero-date'), '1970-01-01')
    assert.match(String(await edgeValue('time-30-hours')), /24:00:00$/)
    assert.match(String(await edgeValue('time-negative')), /00:00:00$/)
  })

  test('11: a copy that cannot be whole ends with a code of its own and leaves nothing', async () => {
    const empty = await freshDatabases(servers)
    const folder = temporaryFolder()
    try {
      const run = await runDb({ databases: { ...databases, target: empty.target }, folder }, ['copy'])
      assert.equal(run.code, 3, run.stderr)
      assert.equal(run.result['verdict'], 'stopped')
      assert.deepEqual(
        await empty.postgres("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        [],
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('12: every foreign key is there and checked, though the source had orphans', async () => {
    assert.equal(await count("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated"), 9)
    const [[orphans] = []] = await databases.mysql(
      'SELECT count(*) FROM proxy_configs WHERE user_id NOT IN (SELECT id FROM users)',
    )
    assert.equal(Number(orphans), 1)
    assert.equal(await edgeValue('orphan-nullable', (column) => `${column} IS NULL`), 't')
    const aside = await databases.postgres('SELECT table_name, column_name, reason FROM threeshift.row_set_aside')
    assert.deepEqual(aside, [['policies', 'account_id', 'orphan']])
  })

  test('13: a NUL character leaves a mark where it was, and an entry in the ledger', async () => {
    for (const id of ['nul-in-text', 'nul-in-varchar']) {
      assert.match(String(await edgeValue(id)), /\uFFFD/)
      assert.deepEqual(await declared(id), ['nul-byte', 'replace'])
    }
  })

  test('14: text that cannot be decoded keeps what can, and is accounted for', async () => {
    for (const id of ['lone-surrogate', 'cesu8-pair', 'low-surrogate']) {
      assert.match(String(await edgeValue(id)), /\uFFFD/)
      assert.deepEqual(await declared(id), ['undecodable-text', 'replace'])
    }
  })

  test('15: latin1 is read as MySQL means it: the euro sign is one', async () => {
    assert.match(String(await edgeValue('latin1-euro')), /€/)
    assert.match(String(await edgeValue('latin1-81')), /\u0081/)
  })

  test('16: a zero time becomes NULL and another boolean true only as decided, and each is written down', async () => {
    assert.equal(await edgeValue('zero-datetime', (column) => `${column} IS NULL`), 't')
    assert.deepEqual(await declared('zero-datetime'), ['zero-date', 'null'])
    for (const id of ['boolean-2', 'boolean--1', 'boolean-127']) {
      assert.equal(await edgeValue(id), 't')
      assert.deepEqual(await declared(id), ['boolean-out-of-range', 'replace'])
    }
  })

  test('17: ids go on where the source would have gone on, and those of deleted rows are not given again', async () => {
    for (const { table, nextId } of advancedCounters) {
      assert.equal(await count(`SELECT nextval(pg_get_serial_sequence('${table}', 'id'))`), nextId)
    }
    const next = await databases.mysql(
      'SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND auto_increment = 1',
    )
    for (const [table] of next) {
      assert.equal(await count(`SELECT nextval(pg_get_serial_sequence('${String(table)}', 'id'))`), 1, String(table))
    }
  })

  test('18: every other value is the same to the byte', async () => {
    const kept = cases.filter((edge) => edge.class === null)
    assert.ok(kept.length > 30)
    for (const { id, table, column, key } of kept) {
      const where = `WHERE ${key.column} = '${key.value}'`
      const rows =
        await databases.mysql(`SELECT CAST(${column} AS CHAR CHARACTER SET utf8mb4), HEX(${column}), data_type
      FROM ${table}, information_schema.columns c ${where.replace(key.column, `${table}.${key.column}`)}
      AND c.table_schema = DATABASE() AND c.table_name = '${table}' AND c.column_name = '${column}'`)
      const [[text, hex, type] = []] = rows
      const isBytes = String(type).includes('blob')
      const expected = isBytes ? String(hex).toLowerCase() : text
      const actual = isBytes ? `encode(${column}, 'hex')` : `${column}::text`
      const [[value] = []] = await databases.postgres(`SELECT ${actual} FROM ${table} ${where}`)
      // Fractions of a second that are zero are printed by MySQL only, and hours of a time of day only once.
      const plain = (printed: unknown) => (type === 'datetime' ? String(printed).replace(/\.0+$/, '') : printed)
      assert.ok(plain(value) === plain(expected), `${id} in ${table}.${column}`)
    }
    assert.deepEqual(verified.differences, [])
    assert.deepEqual(verified.declared, { cells: copied.changed, rows: copied.setAside })
  })
})
