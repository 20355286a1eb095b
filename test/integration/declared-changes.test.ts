import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import type { Declaration, DeclaredChange } from '../../src/model/declaration.ts'
import { hostNamesMover } from '../../src/movers/host-names/mover.ts'
import type { Difference, VerifyReport } from '../../src/ports/system-database.ts'
import { sqlSystemDatabase } from '../../src/simulator/controllers/database/sql-system-database.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { seedValues } from '../support/controllers.ts'
import { type Databases, freshDatabases, moveRequest, mover, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const { signal } = new AbortController()
const [onTheWay, atTheEnd] = ['apps.migration.example.net', 'apps.destination.example.org']

function inWords(difference: Difference): string {
  const { kind, table } = difference
  if (kind === 'changed-row') return `${table} ${difference.key} ${difference.columns.join()}`
  return `${table} ${'key' in difference ? `${kind} ${difference.key}` : kind}`.trim()
}

describe('a database that was moved, renamed twice and upgraded to 2.16', () => {
  let databases: Databases
  let changes: readonly DeclaredChange[]
  /** What the undisturbed comparison gave. */
  let clean: VerifyReport

  before(async () => {
    databases = await freshDatabases(servers)
    const { wildcardDomain: from } = await mysqlSourceWorld(systemClock).generate({
      release: '2.13',
      tenants: 3,
      scale: 0.01,
      seed: 21,
      edgeRows: false,
      mysql: databases.source,
      onProgress: () => undefined,
      signal,
    })
    await databases.mysql(
      // A cell that the copy changes and that is renamed afterwards.
      'UPDATE proxy_configs SET content = CONCAT(content, CHAR(0 USING utf8)) WHERE id = 1',
      `UPDATE accounts SET domain = 'portal.customer.example' WHERE id = (SELECT id FROM (SELECT max(id) id FROM accounts WHERE provider) a)`,
    )
    assert.equal((await mover.copy(moveRequest(databases, { decisions: { 'nul-byte': 'replace' } }))).verdict, 'copied')
    const hops = [
      { from, to: onTheWay },
      { from: onTheWay, to: atTheEnd },
    ]
    const [first, second] = hops.map((hop) => ({
      ...hop,
      also: { [`backend-3scale.${hop.from}`]: `backend-3scale.${hop.to}` },
    }))
    assert.ok(first && second)
    const rename = ({ also, ...hop }: typeof first) =>
      hostNamesMover().rename({ ...hop, also: new Map(Object.entries(also)), database: databases.target, signal })
    await rename(first)
    const upgraded = await sqlSystemDatabase(systemClock).deploy(
      new Secret(urlOf(databases.target)),
      '2.16',
      seedValues,
      signal,
    )
    assert.equal(upgraded.kind, 'migrated')
    await rename(second)
    const says = 'what the test did'
    changes = [
      { kind: 'renamed', by: 'routes-to-migration', says, ...first },
      { kind: 'upgraded', by: 'upgrade-3scale', says, from: '2.13', to: '2.16' },
      { kind: 'renamed', by: 'routes-to-destination', says, ...second },
    ]
    clean = await verify()
  })

  async function verify(declared: readonly DeclaredChange[] = changes): Promise<VerifyReport> {
    const declaration: Declaration = { version: 1, migration: 'acme', changes: [...declared] }
    return mover.verify({ ...moveRequest(databases), declared: declaration })
  }

  /** The first row that the target answers with. */
  async function first(sql: string): Promise<readonly string[]> {
    const [row = []] = await databases.postgres(sql)
    return row.map(String)
  }

  /** The differences while the target is changed by a transaction that is taken back by another. */
  async function differencesAfter(change: readonly string[], back: readonly string[], declared = changes) {
    await databases.postgres(...change)
    try {
      return (await verify(declared)).differences.map(inWords)
    } finally {
      await databases.postgres(...back)
    }
  }

  test('differs in nothing that is not declared, per table and tenant; what was not compared is said', async () => {
    assert.deepEqual(clean.differences, [])
    assert.equal(clean.verdict, 'equal')
    assert.ok(clean.tables.every(({ equal, tenants }) => equal && tenants.every((tenant) => tenant.equal)))
    const [cells] = await first('SELECT count(DISTINCT (table_name, column_name, id)) FROM threeshift.renamed_host')
    // One of them is a cell that the copy had changed before.
    assert.deepEqual({ ...clean.declaration, added: 0 }, { renamed: Number(cells) - 1, cells: 0, added: 0, removed: 0 })
    assert.deepEqual(clean.declared, { cells: 1, rows: 0 })
    assert.ok((clean.declaration?.added ?? 0) > 0, 'versions of the upgrade')
    for (const what of [
      'billing_locks',
      'annotations',
      'access_tokens.expires_at',
      'settings.admin_bot_protection_level',
    ])
      assert.ok(
        clean.notChecked.some((says) => says.includes(what)),
        what,
      )
  })

  test('without the declaration every kind of change shows', async () => {
    const differing = new Set((await mover.verify(moveRequest(databases))).differences.map(({ table }) => table))
    for (const table of ['accounts', 'proxies', 'proxy_configs', 'annotations', 'billing_locks', 'schema_migrations'])
      assert.ok(differing.has(table), table)
  })

  test('an undeclared change is found and named: a cell, a renamed cell, a lost row, a row more', async () => {
    const [user] = await first('SELECT max(id) FROM users')
    const [account, host] = await first(
      `SELECT id, self_domain FROM accounts WHERE self_domain LIKE '%.${atTheEnd}' ORDER BY id LIMIT 1`,
    )
    assert.deepEqual(
      await differencesAfter(
        [`UPDATE users SET first_name = first_name || 'x' WHERE id = ${user}`],
        [`UPDATE users SET first_name = left(first_name, -1) WHERE id = ${user}`],
      ),
      [`users ${user} first_name`],
    )
    assert.deepEqual(
      await differencesAfter(
        [`UPDATE accounts SET self_domain = 'x${host}' WHERE id = ${account}`],
        [`UPDATE accounts SET self_domain = '${host}' WHERE id = ${account}`],
      ),
      [`accounts ledger ${account}`],
    )
    await databases.postgres(
      'CREATE TABLE threeshift.kept AS SELECT * FROM alerts WHERE id = (SELECT max(id) FROM alerts)',
    )
    const [alert] = await first('SELECT id FROM threeshift.kept')
    assert.deepEqual(
      await differencesAfter(
        [`DELETE FROM alerts WHERE id = ${alert}`],
        ['INSERT INTO alerts SELECT * FROM threeshift.kept'],
      ),
      [`alerts missing-row ${alert}`],
    )
    assert.deepEqual(
      await differencesAfter(
        [
          `INSERT INTO alerts SELECT (jsonb_populate_record(k, '{"id": 987654321, "alert_id": 987654321}')).* FROM threeshift.kept k`,
        ],
        ['DELETE FROM alerts WHERE id = 987654321'],
      ),
      ['alerts extra-row 987654321'],
    )
  })

  test('a change that is hidden in the account of renamed hosts is no renamed host', async () => {
    const [id, before, after] = await first(
      `SELECT id, before, after FROM threeshift.renamed_host WHERE table_name = 'accounts' AND column_name = 'domain' AND to_domain = '${atTheEnd}' ORDER BY id LIMIT 1`,
    )
    assert.ok(before)
    const forged = `evil.${atTheEnd}`
    const put = (text: string | undefined) => [
      `UPDATE accounts SET domain = '${text}' WHERE id = ${id}`,
      `UPDATE threeshift.renamed_host SET after = '${text}' WHERE id = ${id} AND table_name = 'accounts' AND column_name = 'domain' AND to_domain = '${atTheEnd}'`,
    ]
    assert.deepEqual(await differencesAfter(put(forged), put(after)), [`accounts ledger ${id}`])
    assert.deepEqual((await verify()).differences, [])
  })

  test('a rename, or an upgrade, that was not the declared one is told', async () => {
    const [first, upgraded] = changes
    assert.ok(first && upgraded)
    assert.ok(
      (await verify([first, upgraded])).differences.some(
        (d) => d.kind === 'ledger' && d.says.includes('nobody declared'),
      ),
    )
    const other = { ...upgraded, to: '2.15' as const }
    const told = (
      await verify(changes.map((change) => (change.kind === 'upgraded' ? { ...change, to: '2.15' } : change)))
    ).differences
    assert.ok(
      told.some((d) => d.kind === 'schema' && d.says.includes('to 2.15 is declared')),
      other.to,
    )
  })

  test('declared cells and rows are left out, and only these; a declared value is looked at', async () => {
    const { by, says } = { by: 'enterprise-plan' as const, says: 'a test' }
    const [service, name] = await first('SELECT id, name FROM services ORDER BY id LIMIT 1')
    const cell = (after?: string): DeclaredChange => ({
      kind: 'cells',
      by,
      says,
      table: 'services',
      column: 'name',
      keys: [service ?? ''],
      ...(after === undefined ? {} : { after }),
    })
    const change = [`UPDATE services SET name = 'renamed' WHERE id = ${service}`]
    const back = [`UPDATE services SET name = '${name}' WHERE id = ${service}`]
    assert.deepEqual(await differencesAfter(change, back), [`services ${service} name`])
    assert.deepEqual(await differencesAfter(change, back, [...changes, cell()]), [])
    assert.deepEqual(await differencesAfter(change, back, [...changes, cell('renamed')]), [])
    assert.deepEqual(await differencesAfter(change, back, [...changes, cell('another')]), [
      `services ledger ${service}`,
    ])
    assert.deepEqual(
      await differencesAfter(change, back, [...changes, { ...cell(), keys: null } as DeclaredChange]),
      [],
    )

    const more = [
      `INSERT INTO authentication_providers (id, name, system_name, account_id, client_id, client_secret, kind, type)
       SELECT 900001, 'n', 's', id, 'c', 's', 'keycloak', 't' FROM accounts WHERE provider AND master IS NOT TRUE ORDER BY id LIMIT 1`,
    ]
    const fewer = ['DELETE FROM authentication_providers WHERE id = 900001']
    const row = (expect: 'added' | 'removed'): DeclaredChange => ({
      kind: 'rows',
      by,
      says,
      table: 'authentication_providers',
      column: 'id',
      values: ['900001'],
      expect,
    })
    assert.deepEqual(await differencesAfter(more, fewer), ['authentication_providers extra-row 900001'])
    assert.deepEqual(await differencesAfter(more, fewer, [...changes, row('added')]), [])
    assert.deepEqual(await differencesAfter(more, fewer, [...changes, row('removed')]), [
      'authentication_providers extra-row 900001',
    ])
    assert.deepEqual(
      await differencesAfter(more, fewer, [
        ...changes,
        { kind: 'new-rows', by, says, tables: ['authentication_providers'] },
      ]),
      [],
    )
    // A row that the source has given is none that was written since.
    const [log] = await first('SELECT max(id) FROM log_entries')
    await databases.postgres(`CREATE TABLE threeshift.log AS SELECT * FROM log_entries WHERE id = ${log}`)
    assert.deepEqual(
      await differencesAfter(
        [`DELETE FROM log_entries WHERE id = ${log}`],
        ['INSERT INTO log_entries SELECT * FROM threeshift.log'],
        [...changes, { kind: 'new-rows', by, says, tables: ['log_entries'] }],
      ),
      [`log_entries missing-row ${log}`],
    )
  })
})
