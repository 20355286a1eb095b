import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { never } from '../../../src/base/never.ts'
import { catalogOf } from '../../../src/threescale/catalog.ts'
import { releaseFacts, releases } from '../../../src/threescale/releases.ts'
import { tenantIdWithoutTrigger, tenantRuleTable, type TenantRule } from '../../../src/threescale/tenant-rule-table.ts'
import {
  mysqlTriggers,
  postgresTriggers,
  tenantRulesOf,
  tenantTriggerTables,
} from '../../../src/threescale/tenant-rules.ts'

type ReleaseName = (typeof releases)[number]

/** Every table and column that a rule reads. */
function reads(table: string, rule: TenantRule): readonly (readonly [string, string])[] {
  switch (rule.kind) {
    case 'buyer-provider':
      return [
        [table, 'buyer'],
        [table, 'provider_account_id'],
      ]
    case 'own':
      return [[table, rule.column]]
    case 'lookup':
      return [
        [table, rule.by],
        [rule.table, 'id'],
        [rule.table, 'tenant_id'],
      ]
    case 'account':
      return [
        [table, rule.by],
        ['accounts', 'master'],
        ['accounts', 'tenant_id'],
      ]
    case 'by-type': {
      const tables = Object.values(rule.cases).flatMap((then) => (then.kind === 'lookup' ? [then.table] : []))
      return [[table, rule.type], [table, rule.by], ...tables.map((each) => [each, 'tenant_id'] as const)]
    }
    case 'invoice':
      return [
        ...['provider_account_id', 'friendly_id', 'period', 'updated_at'].map(
          (column) => ['invoices', column] as const,
        ),
        ...['provider_account_id', 'invoice_prefix', 'invoice_count', 'updated_at'].map(
          (column) => ['invoice_counters', column] as const,
        ),
        ['billing_strategies', 'account_id'],
        ['billing_strategies', 'numbering_period'],
      ]
    default:
      return never(rule)
  }
}

const functionOf = (release: ReleaseName, table: string) => {
  const found = postgresTriggers(release).find((statement) => statement.includes(`FUNCTION tp_${table}_tenant_id()`))
  assert.ok(found, table)
  return found.replace(/\s+/g, ' ')
}
const triggerOf = (release: ReleaseName, table: string) => {
  const found = mysqlTriggers(release).find((statement) => statement.startsWith(`CREATE TRIGGER ${table}_tenant_id `))
  assert.ok(found, table)
  return found.replace(/\s+/g, ' ')
}

describe('tenant rules', () => {
  for (const release of releases) {
    it(`are as many as ${release} has triggers, each for a table with a tenant_id`, () => {
      const tables = tenantTriggerTables(release)
      assert.equal(tables.length, releaseFacts[release].triggers)
      const withTenant = catalogOf(release)
        .filter(({ columns }) => columns.some(({ name }) => name === 'tenant_id'))
        .map(({ name }) => name)
      assert.deepEqual([...tables, ...tenantIdWithoutTrigger].sort(), withTenant)
    })

    it(`read only what ${release} has`, () => {
      const columns = new Set(catalogOf(release).flatMap((t) => t.columns.map(({ name }) => `${t.name}.${name}`)))
      for (const [table, rule] of tenantRulesOf(release)) {
        for (const [from, column] of reads(table, rule))
          assert.ok(columns.has(`${from}.${column}`), `${from}.${column}`)
      }
    })

    it(`look ids up by columns that can hold an id in ${release}`, () => {
      const kinds = new Map(
        catalogOf(release).flatMap((t) => t.columns.map((c) => [`${t.name}.${c.name}`, c.kind] as const)),
      )
      for (const [table, rule] of tenantRulesOf(release)) {
        if (rule.kind === 'lookup') assert.match(kinds.get(`${table}.${rule.by}`) ?? '', /^(?:bigint|integer)$/)
      }
    })
  }

  it('hold once per release, never twice', () => {
    for (const [table, rules] of Object.entries(tenantRuleTable)) {
      const ends = rules.flatMap(({ in: range }) => range?.until ?? [])
      const starts = rules.flatMap(({ in: range }) => range?.since ?? [])
      assert.equal(ends.length, rules.length - 1, table)
      assert.deepEqual(
        starts,
        ends.map((end) => releases[releases.indexOf(end) + 1]),
        table,
      )
    }
  })

  it('differ between releases in these tables only', () => {
    assert.deepEqual(
      Object.entries(tenantRuleTable).flatMap(([table, rules]) => (rules.length > 1 ? [table] : [])),
      ['event_store_events', 'alerts', 'backend_apis', 'log_entries', 'onboardings'],
    )
  })
})

describe('tenant triggers', () => {
  it('are a function, a drop and a trigger per table on PostgreSQL, and the numbering function', () => {
    for (const release of releases) {
      const statements = postgresTriggers(release)
      assert.equal(statements.length, 3 * releaseFacts[release].triggers + 1)
      for (const table of tenantTriggerTables(release)) {
        assert.ok(statements.includes(`DROP TRIGGER IF EXISTS ${table}_tenant_id ON ${table}`))
      }
      assert.match(statements.at(-1) ?? '', /^CREATE OR REPLACE FUNCTION sp_invoices_friendly_id\(invoice_id numeric\)/)
    }
  })

  it('are one statement per table on MySQL, off while @disable_triggers is set', () => {
    for (const release of releases) {
      const statements = mysqlTriggers(release)
      assert.equal(statements.length, releaseFacts[release].triggers + 1)
      for (const statement of statements.slice(0, -1)) {
        assert.match(statement, /IF @disable_triggers IS NULL AND NEW\.tenant_id IS NULL THEN/)
        assert.doesNotMatch(statement, /DELIMITER/)
      }
      assert.match(statements.at(-1) ?? '', /^CREATE PROCEDURE sp_invoices_friendly_id\(invoice_id bigint\)/)
    }
  })

  it('say the same expression in both dialects', () => {
    for (const table of tenantTriggerTables('2.16')) {
      const postgres = /NEW\.tenant_id := (.*?);/.exec(functionOf('2.16', table))?.[1]
      const mysql = /SET NEW\.tenant_id = (.*?);/.exec(triggerOf('2.16', table))?.[1]
      assert.ok(postgres !== undefined && postgres.length > 10, table)
      assert.equal(postgres, mysql, table)
    }
  })

  it('look the master up instead of naming its id', () => {
    const bodies = [...postgresTriggers('2.16'), ...mysqlTriggers('2.16')].filter((body) =>
      body.includes('tenant_id <> '),
    )
    assert.ok(bodies.length > 80)
    for (const body of bodies) assert.match(body, /<> \(SELECT id FROM accounts WHERE master\)/)
  })

  it('leave the master in where the rule does not exclude it', () => {
    for (const table of ['member_permissions', 'cms_permissions', 'cms_group_sections', 'provider_constraints']) {
      assert.doesNotMatch(functionOf('2.16', table), /master/, table)
    }
    assert.match(functionOf('2.15', 'event_store_events'), /:= NEW\.provider_id;/)
    assert.match(functionOf('2.16', 'event_store_events'), /<> \(SELECT id FROM accounts WHERE master\)/)
  })

  it('count an account whose master flag is NULL as a tenant from 2.12 on', () => {
    assert.doesNotMatch(functionOf('2.11', 'alerts'), /master IS NULL/)
    assert.match(functionOf('2.12', 'alerts'), /\(NOT master OR master IS NULL\)/)
  })

  it('quote every dollar body the same way, so that each statement ends where it should', () => {
    for (const statement of postgresTriggers('2.16')) {
      const bodies = statement.match(/\$body\$/g)?.length ?? 0
      assert.equal(bodies, statement.startsWith('CREATE OR REPLACE FUNCTION') ? 2 : 0)
    }
  })
})
