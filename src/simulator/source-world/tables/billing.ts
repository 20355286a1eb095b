import { dayMs, datetime, day, hourMs, monthsBefore, worldNow } from '../calendar.ts'
import { hexOf } from '../random.ts'
import type { Buyer, Outline, Tenant } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'

/** Money: strategies, invoices with their lines, and attempts to charge. */
export function billingTables(outline: Outline): TableRows[] {
  return [
    { table: 'billing_strategies', rows: () => billingStrategies(outline) },
    { table: 'billing_locks', rows: () => billingLocks(outline) },
    { table: 'payment_gateway_settings', rows: () => paymentGatewaySettings(outline) },
    { table: 'invoice_counters', rows: () => invoiceCounters(outline) },
    { table: 'invoices', rows: () => invoices(outline) },
    { table: 'line_items', rows: () => lineItems(outline) },
    { table: 'payment_transactions', rows: () => paymentTransactions(outline) },
    { table: 'payment_intents', rows: () => paymentIntents(outline) },
  ]
}

interface Invoice {
  readonly id: number
  readonly tenant: Tenant
  readonly buyer: Buyer
  /** First instant of the month billed. */
  readonly period: number
  /** `2025-03`, what the counter counts under. */
  readonly prefix: string
  readonly number: number
  readonly paid: boolean
}

const billedMonths = 4

/** Monthly numbering: the counter of a tenant and month is its number of invoices. */
function* everyInvoice(outline: Outline): Generator<Invoice> {
  let id = 0
  for (const tenant of outline.tenants) {
    const buyers = tenant.buyers.filter((_, i) => i % 2 === 0)
    for (let back = billedMonths; back >= 1; back--) {
      const period = monthsBefore(worldNow, back)
      for (const [i, buyer] of buyers.entries()) {
        const prefix = day(period).slice(0, 7)
        yield { id: ++id, tenant, buyer, period, prefix, number: i + 1, paid: back > 1 || i % 3 === 0 }
      }
    }
  }
}

function* billingStrategies(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const prepaid = i % 2 === 0
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      account_id: tenant.id,
      prepaid,
      charging_enabled: true,
      created_at: at,
      updated_at: at,
      numbering_period: 'monthly',
      currency: i % 3 === 0 ? 'USD' : 'EUR',
      tenant_id: tenant.id,
      type: prepaid ? 'Finance::PrepaidBillingStrategy' : 'Finance::PostpaidBillingStrategy',
    }
  }
}

function* billingLocks(outline: Outline): Generator<Row> {
  for (const tenant of outline.tenants.slice(0, 2)) {
    for (const buyer of tenant.buyers.slice(0, 2))
      yield { account_id: buyer.id, created_at: datetime(worldNow - hourMs) }
  }
}

function* paymentGatewaySettings(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    const settings = `---\n:login: ${hexOf(outline.seed, 'gateway', tenant.id, 12)}\n:password: "${hexOf(outline.seed, 'gateway-password', tenant.id, 24)}"\n`
    yield {
      id: i + 1,
      gateway_settings: Buffer.from(settings),
      gateway_type: i % 2 === 0 ? 'stripe' : 'braintree_blue',
      account_id: tenant.id,
      created_at: at,
      updated_at: at,
      tenant_id: tenant.id,
    }
  }
}

function* invoiceCounters(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (let back = billedMonths; back >= 1; back--) {
      const period = monthsBefore(worldNow, back)
      const at = datetime(period)
      yield {
        id: ++id,
        provider_account_id: tenant.id,
        invoice_prefix: day(period).slice(0, 7),
        invoice_count: Math.ceil(tenant.buyers.length / 2),
        created_at: at,
        updated_at: at,
      }
    }
  }
}

function* invoices(outline: Outline): Generator<Row> {
  for (const invoice of everyInvoice(outline)) {
    const issued = monthsBefore(invoice.period, -1)
    yield {
      id: invoice.id,
      provider_account_id: invoice.tenant.id,
      buyer_account_id: invoice.buyer.id,
      paid_at: invoice.paid ? datetime(issued + 2 * dayMs) : null,
      created_at: datetime(invoice.period),
      updated_at: datetime(issued + 2 * dayMs),
      due_on: day(issued + 14 * dayMs),
      pdf_file_name: `invoice-${invoice.prefix}.pdf`,
      pdf_content_type: 'application/pdf',
      pdf_file_size: 40_000 + invoice.id,
      pdf_updated_at: datetime(issued),
      period: day(invoice.period),
      issued_on: day(issued),
      state: invoice.paid ? 'paid' : 'unpaid',
      friendly_id: `${invoice.prefix}-${String(invoice.number).padStart(8, '0')}`,
      tenant_id: invoice.tenant.id,
      finalized_at: datetime(issued),
      vat_rate: '21.00',
      currency: 'EUR',
      from_address_name: invoice.tenant.name,
      from_address_city: 'Brno',
      to_address_name: invoice.buyer.name,
      to_address_line1: 'Königsstraße 5',
      charging_retries_count: invoice.paid ? 0 : 1,
      last_charging_retry: invoice.paid ? null : day(issued + 3 * dayMs),
      creation_type: invoice.id % 9 === 0 ? 'manual' : 'background',
    }
  }
}

function* lineItems(outline: Outline): Generator<Row> {
  let id = 0
  for (const invoice of everyInvoice(outline)) {
    const application = invoice.buyer.applications[0]
    const end = monthsBefore(invoice.period, -1)
    const at = datetime(end)
    for (const variable of [false, true]) {
      yield {
        id: ++id,
        invoice_id: invoice.id,
        name: variable ? 'Hits' : 'Fixed fee (‘Basic’)',
        description: `${day(invoice.period)} – ${day(end - dayMs)}`,
        cost: variable ? `${(id * 37) % 1000}.1250` : '24.9900',
        created_at: at,
        updated_at: at,
        type: variable ? 'LineItem::VariableCost' : 'LineItem::PlanCost',
        metric_id: variable ? (application?.service.metrics[0]?.id ?? null) : null,
        started_at: '00:00:00',
        finished_at: datetime(end - 1000),
        quantity: variable ? (id * 7919) % 100_000 : 1,
        tenant_id: invoice.tenant.id,
        contract_id: application?.id ?? null,
        contract_type: 'Cinstance',
        cinstance_id: application?.id ?? null,
        plan_id: application?.plan.id ?? null,
      }
    }
  }
}

function* paymentTransactions(outline: Outline): Generator<Row> {
  let id = 0
  for (const invoice of everyInvoice(outline)) {
    const at = datetime(monthsBefore(invoice.period, -1) + 2 * dayMs)
    yield {
      id: ++id,
      account_id: invoice.buyer.id,
      invoice_id: invoice.id,
      success: invoice.paid,
      amount: '149.3500',
      currency: 'EUR',
      reference: invoice.paid ? `pi_${hexOf(outline.seed, 'intent', invoice.id, 24)}` : null,
      message: invoice.paid ? 'Transaction approved' : 'Your card was declined.',
      action: 'purchase',
      params: `---\nid: ch_${hexOf(outline.seed, 'charge', invoice.id, 24)}\namount: !ruby/object:BigDecimal 18:0.14935e3\n`,
      test: false,
      created_at: at,
      updated_at: at,
      tenant_id: invoice.tenant.id,
    }
  }
}

function* paymentIntents(outline: Outline): Generator<Row> {
  // Until 2.11 the reference lived in a column of its own.
  const old = outline.has('payment_intents', 'payment_intent_id')
  let id = 0
  for (const invoice of everyInvoice(outline)) {
    if (invoice.id % 2 === 0) continue
    const at = datetime(monthsBefore(invoice.period, -1) + 2 * dayMs)
    const reference = `pi_${hexOf(outline.seed, 'intent', invoice.id, 24)}`
    const row: Record<string, Row[string]> = {
      id: ++id,
      invoice_id: invoice.id,
      reference,
      state: invoice.paid ? 'succeeded' : 'requires_payment_method',
      tenant_id: invoice.tenant.id,
      created_at: at,
      updated_at: at,
    }
    if (old) row['payment_intent_id'] = reference
    yield row
  }
}
