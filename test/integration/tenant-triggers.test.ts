import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { never } from '../../src/base/never.ts'
import type { Release } from '../../src/model/release.ts'
import { type CatalogColumn, catalogOf } from '../../src/threescale/catalog.ts'
import type { TenantRule } from '../../src/threescale/tenant-rule-table.ts'
import { mysqlTriggers, postgresTriggers, tenantRulesOf } from '../../src/threescale/tenant-rules.ts'
import { type Databases, freshDatabases } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

/** A literal that both databases read alike. */
type Literal = string | number | boolean | null
type Values = Readonly<Record<string, Literal>>

const master = 1
const absent = 9999
/** Accounts: the master, a tenant whose master flag is NULL, one whose flag is false, a buyer, one without a tenant. */
const accounts: readonly Values[] = [
  { id: master, provider_account_id: master, tenant_id: master },
  { id: 2, provider: true, provider_account_id: master, tenant_id: 2 },
  { id: 3, provider: true, provider_account_id: master, tenant_id: 3, master: false },
  { id: 4, buyer: true, provider_account_id: 2, tenant_id: 2 },
  { id: 5, provider_account_id: master, tenant_id: null },
]
const accountIds: readonly Literal[] = [...accounts.map(({ id }) => id ?? null), absent, null]
/** In every other table that is looked up: a row of a tenant, one of the master, one without a tenant. */
const parents: readonly Values[] = [
  { id: 11, tenant_id: 2 },
  { id: 12, tenant_id: master },
  { id: 13, tenant_id: null },
]
const parentIds: readonly Literal[] = [...parents.map(({ id }) => id ?? null), absent, null]

const idsIn = (table: string): readonly Literal[] => (table === 'accounts' ? accountIds : parentIds)

/** What a table's rule can meet, as the columns that it reads. */
function casesOf(rule: TenantRule): readonly Values[] {
  switch (rule.kind) {
    case 'buyer-provider':
      return [true, false, null].flatMap((buyer) => accountIds.map((id) => ({ buyer, provider_account_id: id })))
    case 'own':
      return accountIds.map((id) => ({ [rule.column]: id }))
    case 'account':
      return accountIds.map((id) => ({ [rule.by]: id }))
    case 'lookup':
      return idsIn(rule.table).map((id) => ({ [rule.by]: id }))
    case 'by-type':
      return [...Object.keys(rule.cases), 'Another', null].flatMap((type) =>
        [...new Set([...accountIds, ...parentIds])].map((id) => ({ [rule.type]: type, [rule.by]: id })),
      )
    case 'invoice':
      return accountIds.map((id) => ({ provider_account_id: id }))
    default:
      return never(rule)
  }
}

function literal(value: Literal): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function filler(column: CatalogColumn): Literal {
  if (/string|text|blob/.test(column.kind)) return 'x'
  if (/date|time/.test(column.kind)) return '2020-01-15 10:00:00'
  return column.kind === 'boolean' ? false : 1
}

/** Inserts rows that name the same columns into both databases; what must not be NULL is filled, or the row left out where a case needs it. */
class Inserter {
  readonly #columns: ReadonlyMap<string, readonly CatalogColumn[]>
  readonly #databases: Databases
  #lastId = 1000
  inserted = 0

  constructor(release: Release, databases: Databases) {
    this.#columns = new Map(catalogOf(release).map(({ name, columns }) => [name, columns]))
    this.#databases = databases
  }

  /** Answers a question about the outcome, as `both` does. */
  async insert(table: string, rows: readonly Values[], question = 'SELECT 1'): Promise<Answers> {
    const columns = this.#columns.get(table) ?? []
    const required = columns.filter((column) => !column.nullable && column.default === null)
    const fitting = rows
      .map((row): Values => {
        const filled = Object.fromEntries(required.map((column) => [column.name, filler(column)]))
        return { ...filled, ...(columns.some(({ name }) => name === 'id') ? { id: ++this.#lastId } : {}), ...row }
      })
      .filter((row) => columns.every(({ name, nullable }) => nullable || row[name] !== null))
    const names = Object.keys(fitting[0] ?? {})
    const values = fitting.map((row) => `(${names.map((name) => literal(row[name] ?? null)).join(', ')})`)
    const statement = `INSERT INTO ${table} (${names.join(', ')}) VALUES ${values.join(', ')}`
    this.inserted += fitting.length
    return both(this.#databases, statement, question)
  }
}

/** Both databases with the tables' columns alone: keys and indexes would only forbid rows that a rule may meet. */
async function databasesOf(release: Release): Promise<Databases> {
  const databases = await freshDatabases(servers)
  const tables = (type: 'mysqlType' | 'postgresType'): string[] =>
    catalogOf(release).map(({ name, columns }) => {
      const parts = columns.map((column) => {
        const end = column.default === null ? '' : ` DEFAULT ${defaultOf(column)}`
        return `${quoted(column.name, type)} ${column[type]}${column.nullable ? '' : ' NOT NULL'}${end}`
      })
      return `CREATE TABLE ${name} (${parts.join(', ')})`
    })
  await Promise.all([
    databases.mysql(...tables('mysqlType'), ...mysqlTriggers(release)),
    databases.postgres(...tables('postgresType'), ...postgresTriggers(release)),
  ])
  return databases
}

function defaultOf({ kind, default: value }: CatalogColumn): string {
  return /string|text/.test(kind) ? `'${value}'` : String(value)
}

function quoted(name: string, type: 'mysqlType' | 'postgresType'): string {
  return type === 'mysqlType' ? `\`${name}\`` : `"${name}"`
}

interface Answers {
  readonly mysql: readonly string[]
  readonly postgres: readonly string[]
}

/** Runs the same statements on both; gives the rows of the last one as text. */
async function both(databases: Databases, ...statements: readonly string[]): Promise<Answers> {
  const [mysql, postgres] = await Promise.all([databases.mysql(...statements), databases.postgres(...statements)])
  return { mysql: mysql.map((row) => row.join(' ')), postgres: postgres.map((row) => row.join(' ')) }
}

for (const release of ['2.11', '2.13', '2.16'] as const) {
  describe(`the tenant triggers of ${release}`, () => {
    const rules = tenantRulesOf(release)
    let databases: Databases
    let inserter: Inserter
    before(async () => {
      databases = await databasesOf(release)
      inserter = new Inserter(release, databases)
      // Rows to look up say their tenant themselves, so that one table's rule does not lean on another's.
      const lookedUp = new Set(
        [...rules.values()].flatMap((rule) => {
          if (rule.kind === 'lookup') return [rule.table]
          if (rule.kind !== 'by-type') return []
          return Object.values(rule.cases).flatMap((then) => (then.kind === 'lookup' ? [then.table] : []))
        }),
      )
      const same = { provider: null, buyer: null, master: null }
      await inserter.insert(
        'accounts',
        accounts.map((account) => ({ ...same, ...account })),
      )
      lookedUp.delete('accounts')
      for (const table of lookedUp) await inserter.insert(table, parents)
    })

    for (const flag of ['without a master account', 'with a master account']) {
      test(`${flag} give the same tenant on both databases, in every table and case`, async (context) => {
        const value = flag.startsWith('without') ? 'NULL' : 'TRUE'
        await both(databases, `UPDATE accounts SET master = ${value} WHERE id = ${master}`)
        const already = inserter.inserted
        for (const [table, rule] of rules) {
          const cases = casesOf(rule)
          const rows = [
            ...cases.map((row) => ({ ...row, tenant_id: null })),
            // A tenant that is given stays.
            ...cases.slice(0, 1).map((row) => ({ ...row, tenant_id: 77 })),
          ]
          const read = [...new Set(cases.flatMap((row) => Object.keys(row)))].join(', ')
          const { mysql, postgres } = await inserter.insert(table, rows, `SELECT tenant_id, ${read} FROM ${table}`)
          assert.deepEqual(postgres.map(sameBooleans).toSorted(), mysql.map(sameBooleans).toSorted(), table)
          const found = new Set(mysql.map((row) => row.split(' ')[0]))
          assert.ok(found.has('77'), table)
          // Of the two tenants, 2.11 knew only the one whose master flag is not NULL.
          const tenant = rule.kind === 'account' && rule.nullFlag === 'ignored' ? '3' : '2'
          if (value === 'TRUE') assert.ok(found.has(tenant), `${table} finds a tenant`)
        }
        context.diagnostic(`${inserter.inserted - already} rows inserted on each side`)
      })
    }

    test('raise the counter of invoices by a number that was chosen, on both databases alike', async () => {
      await both(databases, 'DELETE FROM billing_strategies')
      const strategy = { tenant_id: 2, currency: 'EUR' }
      await inserter.insert('billing_strategies', [
        { ...strategy, account_id: 2, numbering_period: 'monthly' },
        { ...strategy, account_id: 3, numbering_period: 'yearly' },
      ])
      await inserter.insert('invoice_counters', [
        { provider_account_id: 2, invoice_prefix: '2020-01', invoice_count: 5 },
        { provider_account_id: 2, invoice_prefix: '2020-02', invoice_count: null },
        { provider_account_id: 3, invoice_prefix: '2020', invoice_count: 5 },
      ])
      const invoice = { tenant_id: null, period: '2020-01-01' }
      const counts = 'SELECT invoice_prefix, invoice_count FROM invoice_counters ORDER BY invoice_prefix'
      for (const [row, expected] of [
        [{ provider_account_id: 2, friendly_id: 'fix' }, ['2020 5', '2020-01 5', '2020-02 ']],
        [{ provider_account_id: 2, friendly_id: 'INV-2020-custom' }, ['2020 5', '2020-01 5', '2020-02 ']],
        [{ provider_account_id: 2, friendly_id: '2020-01-00000003' }, ['2020 5', '2020-01 5', '2020-02 ']],
        [{ provider_account_id: 2, friendly_id: '2020-01-00000009' }, ['2020 5', '2020-01 9', '2020-02 ']],
        [{ provider_account_id: 2, friendly_id: '12' }, ['2020 5', '2020-01 12', '2020-02 ']],
        [{ provider_account_id: 2, friendly_id: 'a-12345678901' }, ['2020 5', '2020-01 12', '2020-02 ']],
        [
          { provider_account_id: 2, friendly_id: '2020-02-00000004', period: '2020-02-01' },
          ['2020 5', '2020-01 12', '2020-02 4'],
        ],
        [{ provider_account_id: 3, friendly_id: '2020-00000008' }, ['2020 8', '2020-01 12', '2020-02 4']],
        // No counter, and one that is not touched because the row says its tenant.
        [{ provider_account_id: 4, friendly_id: '2020-00000050' }, ['2020 8', '2020-01 12', '2020-02 4']],
        [{ provider_account_id: 3, friendly_id: '2020-00000060', tenant_id: 3 }, ['2020 8', '2020-01 12', '2020-02 4']],
      ] as const) {
        assert.deepEqual(
          await inserter.insert('invoices', [{ ...invoice, ...row }], counts),
          { mysql: expected, postgres: expected },
          row.friendly_id,
        )
      }
    })

    test('come with a routine that numbers invoices, alike but for a missing counter', async () => {
      const invoice = { tenant_id: 2, period: '2020-01-01', provider_account_id: 2 }
      await inserter.insert('invoices', [
        { ...invoice, id: 501, friendly_id: 'fix' },
        { ...invoice, id: 502, friendly_id: 'fix' },
        { ...invoice, id: 503, friendly_id: 'INV-2020-custom' },
        { ...invoice, id: 504, friendly_id: 'fix', period: '2021-07-01' },
      ])
      for (const id of [501, 502, 503, 504]) {
        await databases.mysql(`CALL sp_invoices_friendly_id(${id})`)
        await databases.postgres(`SELECT sp_invoices_friendly_id(${id})`)
      }
      const alike = ['2020-01-00000013', '2020-01-00000014', 'INV-2020-custom']
      assert.deepEqual(
        await both(databases, 'SELECT friendly_id FROM invoices WHERE id IN (501, 502, 503, 504) ORDER BY id'),
        {
          mysql: [...alike, 'fix'],
          postgres: [...alike, '2021-07-00000001'],
        },
      )
    })
  })
}

/** Booleans are numbers on MySQL and letters on PostgreSQL. */
function sameBooleans(row: string): string {
  return row.replaceAll(/\bt\b/g, '1').replaceAll(/\bf\b/g, '0')
}
