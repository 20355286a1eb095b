import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  catalogOf,
  columnExceptions,
  isMysqlOnlyIndex,
  isUnlimitedString,
  mysqlOnlyIndexes,
  writtenTables,
} from '../../../src/threescale/catalog.ts'
import { holdsIn, type ReleaseRange } from '../../../src/threescale/release-range.ts'
import { isAtLeast, releaseFacts, releases } from '../../../src/threescale/releases.ts'

const latest = catalogOf('2.16')
const table = (release: (typeof releases)[number], name: string) => {
  const found = catalogOf(release).find((candidate) => candidate.name === name)
  assert.ok(found, `${name} in ${release}`)
  return found
}
const both = (only: 'mysql' | 'postgres') =>
  latest.flatMap(({ indexes }) => indexes).filter((index) => index.only === undefined || index.only === only)

describe('the catalog', () => {
  for (const release of releases) {
    it(`has the published number of tables in ${release}, in order and each once`, () => {
      const names = catalogOf(release).map(({ name }) => name)
      assert.equal(names.length, releaseFacts[release].tables)
      assert.deepEqual(names, [...new Set(names)].sort())
    })

    it(`names no column twice in ${release}, and lets keys and indexes name only columns that are there`, () => {
      for (const { name, columns, primaryKey, indexes, foreignKeys } of catalogOf(release)) {
        const columnNames = columns.map((column) => column.name)
        assert.equal(new Set(columnNames).size, columnNames.length, name)
        const named = [
          ...primaryKey,
          ...indexes.flatMap((index) => index.columns),
          ...foreignKeys.map((key) => key.column),
        ]
        for (const column of named) assert.ok(columnNames.includes(column), `${name}.${column}`)
      }
    })

    it(`references only tables with that id in ${release}, by columns of the same type`, () => {
      for (const { columns, foreignKeys } of catalogOf(release)) {
        for (const { name, column, references } of foreignKeys) {
          const target = table(release, references.table).columns.find(({ name }) => name === references.column)
          assert.equal(columns.find((own) => own.name === column)?.postgresType, target?.postgresType, name)
        }
      }
    })

    it(`gives every index of ${release} a name of its own that PostgreSQL does not cut`, () => {
      const tables = catalogOf(release)
      const names = [
        ...tables.map(({ name }) => name),
        ...tables.flatMap(({ indexes }) => indexes.map(({ name }) => name)),
        ...tables.flatMap(({ primaryKeyName }) => primaryKeyName ?? []),
        ...tables.flatMap(({ sequence }) => sequence ?? []),
      ]
      assert.deepEqual(
        names.filter((name, at) => names.indexOf(name) !== at),
        [],
      )
      assert.deepEqual(
        names.filter((name) => Buffer.byteLength(name) > 63),
        [],
      )
    })
  }

  it('pairs the types of the 1125 columns of 2.16 as the two schema files do', () => {
    const pairs: Record<string, number> = {}
    for (const { mysqlType, postgresType, autoIncrement } of latest.flatMap(({ columns }) => columns)) {
      const pair = `${mysqlType}${autoIncrement ? ' auto_increment' : ''} = ${postgresType}`
      pairs[pair] = (pairs[pair] ?? 0) + 1
    }
    assert.deepEqual(pairs, {
      'varchar(255) = character varying(255)': 330,
      'varchar(255) = character varying': 35,
      'bigint(20) = bigint': 231,
      'bigint(20) auto_increment = bigint': 86,
      'datetime = timestamp without time zone': 193,
      'datetime(6) = timestamp(6) without time zone': 4,
      'tinyint(1) = boolean': 96,
      'int(11) = integer': 52,
      'text = text': 44,
      'mediumtext = text': 10,
      'longtext = text': 4,
      'date = date': 6,
      'time = time without time zone': 1,
      'decimal(20,4) = numeric(20,4)': 5,
      'decimal(20,2) = numeric(20,2)': 3,
      'decimal(6,2) = numeric(6,2)': 1,
      'decimal(5,2) = numeric(5,2)': 1,
      'blob = bytea': 3,
      'longblob = bytea': 1,
      'smallint(5) unsigned = integer': 1,
      'varchar(4) = character varying(4)': 3,
      'varchar(20) = character varying(20)': 1,
      'varchar(40) = character varying(40)': 5,
      'varchar(50) = character varying(50)': 2,
      'varchar(256) = character varying(256)': 2,
      'varchar(511) = character varying(511)': 1,
      'varchar(1000) = character varying(1000)': 2,
      'varchar(8192) = character varying(8192)': 2,
    })
    assert.equal(
      Object.values(pairs).reduce((sum, count) => sum + count),
      1125,
    )
  })

  it('lets 80 of the 96 booleans of 2.16 be null, and 44 timestamps not', () => {
    const columns = latest.flatMap((each) => each.columns)
    assert.equal(columns.filter(({ kind, nullable }) => kind === 'boolean' && nullable).length, 80)
    assert.equal(columns.filter(({ kind, nullable }) => kind.startsWith('datetime') && !nullable).length, 44)
  })

  it('has a sequence for each table but the four of 2.16 that number nothing', () => {
    assert.equal(latest.filter(({ sequence }) => sequence !== null).length, 86)
    assert.deepEqual(
      latest.filter(({ sequence }) => sequence === null).map(({ name, primaryKey }) => [name, ...primaryKey]),
      [
        ['ar_internal_metadata', 'key'],
        ['backend_events', 'id'],
        ['features_plans', 'plan_id', 'feature_id'],
        ['schema_migrations', 'version'],
      ],
    )
    assert.equal(table('2.13', 'billing_locks').sequence, 'billing_locks_account_id_seq')
  })

  it('has 167 secondary indexes on MySQL and 164 on PostgreSQL, 30 and 29 of them unique', () => {
    assert.equal(both('mysql').length, 167)
    assert.equal(both('postgres').length, 164)
    assert.equal(both('mysql').filter(({ unique }) => unique).length, 30)
    assert.equal(both('postgres').filter(({ unique }) => unique).length, 29)
    assert.deepEqual(
      mysqlOnlyIndexes.map(({ index }) => index),
      ['idx_auth_tokens_of_user', 'idx_value_auth_tokens_of_user', 'index_pricing_rules_on_plan_id_and_plan_type'],
    )
    assert.ok(isMysqlOnlyIndex('pricing_rules', 'index_pricing_rules_on_plan_id_and_plan_type'))
    assert.ok(!isMysqlOnlyIndex('users', 'idx_auth_tokens_of_user'))
  })

  it('indexes a prefix in one place only', () => {
    assert.deepEqual(
      latest.flatMap(({ indexes }) => indexes.flatMap((index) => (index.prefix ? [index] : []))),
      [
        {
          name: 'index_cinstances_on_user_key',
          columns: ['user_key'],
          unique: false,
          prefix: { column: 'user_key', length: 255 },
        },
      ],
    )
  })

  it('has nine foreign keys, four that delete along and one that sets null', () => {
    const keys = latest.flatMap(({ name, foreignKeys }) =>
      foreignKeys.map(({ column, onDelete }) => `${name}.${column} ${onDelete}`),
    )
    assert.deepEqual(keys, [
      'api_docs_services.service_id no action',
      'payment_details.account_id cascade',
      'policies.account_id cascade',
      'provided_access_tokens.user_id no action',
      'proxy_configs.proxy_id cascade',
      'proxy_configs.user_id set null',
      'sso_authorizations.authentication_provider_id no action',
      'sso_authorizations.user_id no action',
      'user_sessions.sso_authorization_id cascade',
    ])
  })

  it('knows the strings without a limit whatever the release: 35 in 2.16 and one that ended with 2.11', () => {
    assert.equal(columnExceptions.length, 36)
    const now = latest.flatMap(({ name, columns }) =>
      columns.filter(({ kind }) => kind === 'unlimited string').map((column) => `${name}.${column.name}`),
    )
    assert.equal(now.length, 35)
    const gone = columnExceptions.filter(({ table, column }) => !now.includes(`${table}.${column}`))
    assert.deepEqual(gone, [{ table: 'payment_intents', column: 'payment_intent_id' }])
    assert.ok(isUnlimitedString('schema_migrations', 'version'))
    assert.ok(!isUnlimitedString('accounts', 'org_name'))
  })

  it('compares without case only what the three columns of the e-mail settings hold', () => {
    const loose = latest.flatMap(({ name, columns }) =>
      columns.filter(({ collation }) => collation?.endsWith('_ci')).map((column) => `${name}.${column.name}`),
    )
    assert.deepEqual(loose, [
      'email_configurations.email',
      'email_configurations.domain',
      'email_configurations.address',
    ])
    assert.equal(table('2.16', 'annotations').charset, 'utf8mb4')
    assert.equal(table('2.16', 'accounts').collation, 'utf8mb3_bin')
  })

  it('says defaults as values of their type', () => {
    const columns = latest.flatMap((each) => each.columns.filter((column) => column.default !== null))
    for (const { name, kind, default: value } of columns) {
      assert.ok(value !== null)
      if (kind === 'boolean') assert.match(value, /^(?:true|false)$/, name)
      else if (/^(?:bigint|integer|decimal)/.test(kind)) assert.match(value, /^\d+$/, name)
      else assert.match(kind, /^(?:unlimited )?string/, name)
    }
    assert.equal(table('2.16', 'accounts').columns.find(({ name }) => name === 'org_name')?.default, '')
    assert.equal(table('2.16', 'invoices').columns.find(({ name }) => name === 'friendly_id')?.default, 'fix')
  })
})

const tableNames = (release: (typeof releases)[number]) => catalogOf(release).map(({ name }) => name)
const typesOf = (release: (typeof releases)[number]) =>
  new Map(catalogOf(release).flatMap((t) => t.columns.map((c) => [`${t.name}.${c.name}`, c.mysqlType] as const)))
const comesOrGoes = (column: string) => /^(?:email_configurations|billing_locks|annotations)\./.test(column)

describe('the differences between releases', () => {
  it('are these tables', () => {
    const changes = releases.slice(1).map((release, at) => {
      const before = tableNames(releases[at] ?? release)
      const after = tableNames(release)
      return [
        release,
        ...after.filter((name) => !before.includes(name)).map((name) => `+${name}`),
        ...before.filter((name) => !after.includes(name)).map((name) => `-${name}`),
      ]
    })
    assert.deepEqual(changes, [
      ['2.12', '+email_configurations'],
      ['2.13'],
      ['2.14', '-billing_locks'],
      ['2.15'],
      ['2.16', '+annotations'],
    ])
  })

  it('are these columns of the tables that stay', () => {
    const changes = releases.slice(1).map((release, at) => {
      const before = typesOf(releases[at] ?? release)
      const after = typesOf(release)
      return [
        release,
        ...[...after].flatMap(([name, type]) =>
          before.get(name) === type || comesOrGoes(name) ? [] : [`${name} ${type}`],
        ),
        ...[...before.keys()].flatMap((name) => (after.has(name) || comesOrGoes(name) ? [] : [`-${name}`])),
      ]
    })
    assert.deepEqual(changes, [
      ['2.12', '-payment_intents.payment_intent_id'],
      ['2.13'],
      ['2.14', 'audits.audited_changes mediumtext', 'proxies.policies_config mediumtext'],
      ['2.15'],
      ['2.16', 'access_tokens.expires_at datetime', 'settings.admin_bot_protection_level varchar(255)'],
    ])
  })

  it('are these numbers of indexes, and two tables that had no primary key', () => {
    const indexes = releases.map((release) => catalogOf(release).flatMap(({ indexes }) => indexes).length)
    // 2.12: two of e-mail settings and one of tags, less one of payment intents. 2.14: five more, three fewer.
    assert.deepEqual(indexes, [164, 166, 166, 168, 166, 167])
    const keyless = releases.map((release) =>
      catalogOf(release)
        .filter(({ primaryKey }) => primaryKey.length === 0)
        .map(({ name }) => name),
    )
    const early = ['backend_events', 'features_plans']
    assert.deepEqual(keyless, [early, early, early, [], [], []])
  })

  it('are written as ranges that run forwards, and never twice for one release', () => {
    const ranges: ReleaseRange[] = []
    for (const { range, columns, primaryKeys, indexes, foreignKeys } of writtenTables) {
      const keys = primaryKeys.map((key) => ({ ...key, name: 'PRIMARY' }))
      const own = releases.filter((release) => holdsIn(range, release))
      ranges.push(range)
      for (const parts of [columns, keys, indexes, foreignKeys]) {
        for (const part of parts) {
          ranges.push(part.range)
          const alive = own.filter((release) => holdsIn(part.range, release))
          assert.ok(alive.length > 0, `${part.name} is in no release that has its table`)
          for (const release of alive) {
            const twins = parts.filter((twin) => twin.name === part.name && holdsIn(twin.range, release))
            assert.equal(twins.length, 1, `${part.name} in ${release}`)
          }
        }
      }
    }
    for (const { since, until } of ranges) {
      if (since !== undefined && until !== undefined) assert.ok(isAtLeast(until, since), `${since} to ${until}`)
      assert.notEqual(since, releases[0], 'a range that begins with the first release says nothing')
      assert.notEqual(until, releases.at(-1), 'a range that ends with the last release says nothing')
    }
  })
})
