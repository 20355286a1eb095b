import { never } from '../base/never.ts'
import type { Release } from '../model/release.ts'
import { writtenTables } from './catalog.ts'
import { holdsIn } from './release-range.ts'
import { type TenantRule, tenantRuleTable } from './tenant-rule-table.ts'

/** The rule of each table that has a tenant trigger in `release`, by table name. */
export function tenantRulesOf(release: Release): ReadonlyMap<string, TenantRule> {
  const present = new Set(writtenTables.filter(({ range }) => holdsIn(range, release)).map(({ name }) => name))
  return new Map(
    Object.entries(tenantRuleTable)
      .filter(([table]) => present.has(table))
      .flatMap(([table, inRange]) => {
        const rule = inRange.find(({ in: range = {} }) => holdsIn(range, release))
        return rule === undefined ? [] : [[table, rule] as const]
      }),
  )
}

/** The tables of `release` that have a trigger named `<table>_tenant_id`, on both databases. */
export function tenantTriggerTables(release: Release): readonly string[] {
  return [...tenantRulesOf(release).keys()]
}

/**
 * The statements that make a release's tenant triggers and `sp_invoices_friendly_id` on PostgreSQL, for 3scale's tables
 * in the first schema of the search path.
 *
 * One statement per string. Running them again replaces what is there, porta's own triggers included. The master is
 * looked up at each insert, never written into a body, so they may be made before or after the rows are there.
 *
 * They differ from porta's in one thing: an invoice number that does not end in digits is accepted, as MySQL does.
 */
export function postgresTriggers(release: Release): string[] {
  const triggers = [...tenantRulesOf(release)].flatMap(([table, rule]) => [
    `CREATE OR REPLACE FUNCTION tp_${table}_tenant_id() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF NEW.tenant_id IS NULL THEN
    NEW.tenant_id := ${tenantIdOf(rule)};${rule.kind === 'invoice' ? raiseInvoiceCounter(postgres) : ''}
  END IF;
  RETURN NEW;
END
$body$`,
    `DROP TRIGGER IF EXISTS ${table}_tenant_id ON ${table}`,
    `CREATE TRIGGER ${table}_tenant_id BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION tp_${table}_tenant_id()`,
  ])
  return [...triggers, postgresFriendlyId]
}

/**
 * The same on MySQL or MariaDB, as a source has them: triggers that do nothing while @disable_triggers is set, and the
 * procedure. One statement per string, without DELIMITER, for tables that have no such trigger yet.
 */
export function mysqlTriggers(release: Release): string[] {
  const triggers = [...tenantRulesOf(release)].map(
    ([table, rule]) => `CREATE TRIGGER ${table}_tenant_id BEFORE INSERT ON ${table} FOR EACH ROW
BEGIN
  IF @disable_triggers IS NULL AND NEW.tenant_id IS NULL THEN
    SET NEW.tenant_id = ${tenantIdOf(rule)};${rule.kind === 'invoice' ? raiseInvoiceCounter(mysql) : ''}
  END IF;
END`,
  )
  return [...triggers, mysqlFriendlyId]
}

const master = '(SELECT id FROM accounts WHERE master)'

/** The rule as an expression over NEW, in words that both dialects have: they cannot come to different answers. */
function tenantIdOf(rule: TenantRule): string {
  switch (rule.kind) {
    case 'buyer-provider':
      return 'CASE WHEN NEW.buyer THEN NEW.provider_account_id END'
    case 'own':
      return ownId(rule.column, rule.takes)
    case 'lookup':
      return lookedUp(rule.table, rule.by, rule.takes === 'always' ? '' : ` AND tenant_id <> ${master}`)
    case 'account':
      return lookedUp(
        'accounts',
        rule.by,
        rule.nullFlag === 'tenant' ? ' AND (NOT master OR master IS NULL)' : ' AND NOT master',
      )
    case 'by-type': {
      const cases = Object.entries(rule.cases).map(([type, then]) => {
        const id = tenantIdOf(
          then.kind === 'own'
            ? { kind: 'own', column: rule.by, takes: 'unless-master' }
            : { kind: 'lookup', table: then.table, by: rule.by, takes: 'unless-master' },
        )
        return `WHEN '${type}' THEN ${id}`
      })
      return `CASE NEW.${rule.type} ${cases.join(' ')} END`
    }
    case 'invoice':
      return ownId('provider_account_id', 'unless-master')
    default:
      return never(rule)
  }
}

function ownId(column: string, takes: 'always' | 'unless-master' | 'unless-master-or-unknown'): string {
  switch (takes) {
    case 'always':
      return `NEW.${column}`
    case 'unless-master':
      return `CASE WHEN NEW.${column} <> ${master} THEN NEW.${column} END`
    case 'unless-master-or-unknown':
      return `CASE WHEN NEW.${column} = ${master} THEN NULL ELSE NEW.${column} END`
    default:
      return never(takes)
  }
}

function lookedUp(table: string, by: string, condition: string): string {
  return `(SELECT tenant_id FROM ${table} WHERE id = NEW.${by}${condition})`
}

interface InvoiceDialect {
  /** The year, or the year and month, of a date: what an invoice number begins with. */
  readonly prefix: (date: string, provider: string) => string
  /** The digits that a number ends in, as an integer; 0 when what follows the last dash is no number of ours. */
  readonly suffix: (friendlyId: string) => string
}

const isMonthly = (provider: string) =>
  `(SELECT numbering_period FROM billing_strategies WHERE account_id = ${provider} LIMIT 1) = 'monthly'`

const mysql: InvoiceDialect = {
  prefix: (date, provider) => `DATE_FORMAT(${date}, CASE WHEN ${isMonthly(provider)} THEN '%Y-%m' ELSE '%Y' END)`,
  suffix: (friendlyId) => {
    const last = `SUBSTRING_INDEX(${friendlyId}, '-', -1)`
    return `CASE WHEN ${last} REGEXP '^[0-9]{1,9}$' THEN CAST(${last} AS SIGNED) ELSE 0 END`
  },
}

const postgres: InvoiceDialect = {
  prefix: (date, provider) => `to_char(${date}, CASE WHEN ${isMonthly(provider)} THEN 'YYYY-MM' ELSE 'YYYY' END)`,
  suffix: (friendlyId) => `COALESCE(CAST(substring(${friendlyId} FROM '(?:^|-)([0-9]{1,9})$') AS integer), 0)`,
}

/** A number chosen by the client moves the provider's counter up to it, so that no later invoice gets it again. */
function raiseInvoiceCounter({ prefix, suffix }: InvoiceDialect): string {
  return `
    IF NEW.friendly_id <> 'fix' THEN
      UPDATE invoice_counters
      SET invoice_count = GREATEST(COALESCE(invoice_count, 0), ${suffix('NEW.friendly_id')}),
        updated_at = NEW.updated_at
      WHERE provider_account_id = NEW.provider_account_id
        AND invoice_prefix = ${prefix('NEW.period', 'NEW.provider_account_id')};
    END IF;`
}

/** Numbers an invoice that is still called `fix`. Without a counter PostgreSQL's numbers it 1, MySQL's leaves it. */
const postgresFriendlyId = `CREATE OR REPLACE FUNCTION sp_invoices_friendly_id(invoice_id numeric) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
  invoice invoices%ROWTYPE;
  counter invoice_counters%ROWTYPE;
  prefix text;
BEGIN
  SELECT * INTO invoice FROM invoices WHERE id = invoice_id;
  IF invoice.friendly_id IS NULL OR invoice.friendly_id = 'fix' THEN
    prefix := ${postgres.prefix('invoice.period', 'invoice.provider_account_id')};
    SELECT * INTO counter FROM invoice_counters
    WHERE provider_account_id = invoice.provider_account_id AND invoice_prefix = prefix FOR UPDATE;
    UPDATE invoices
    SET friendly_id = prefix || '-' || lpad((COALESCE(counter.invoice_count, 0) + 1)::text, 8, '0')
    WHERE id = invoice_id;
    UPDATE invoice_counters SET invoice_count = invoice_count + 1, updated_at = CURRENT_TIMESTAMP
    WHERE id = counter.id;
  END IF;
END
$body$`

const mysqlFriendlyId = `CREATE PROCEDURE sp_invoices_friendly_id(invoice_id bigint)
BEGIN
  UPDATE invoices i
  JOIN invoice_counters c
    ON c.provider_account_id = i.provider_account_id
    AND c.invoice_prefix = ${mysql.prefix('i.period', 'i.provider_account_id')}
  SET i.friendly_id = CONCAT(c.invoice_prefix, '-', LPAD(COALESCE(c.invoice_count, 0) + 1, 8, '0')),
    c.invoice_count = c.invoice_count + 1,
    c.updated_at = CURRENT_TIMESTAMP()
  WHERE i.id = invoice_id AND i.friendly_id = 'fix';
END`
