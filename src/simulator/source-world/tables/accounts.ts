import { datetime, day, dayMs, worldNow } from '../calendar.ts'
import { hexOf } from '../random.ts'
import { tenantIdOf, type Buyer, type Outline, type Tenant, type User } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'

/** Accounts of all three sorts, their users, and what both say of themselves. */
export function accountTables(outline: Outline): TableRows[] {
  return [
    { table: 'accounts', rows: () => accounts(outline) },
    { table: 'users', rows: () => users(outline) },
    { table: 'profiles', rows: () => profiles(outline) },
    { table: 'countries', rows: () => countries() },
    { table: 'payment_details', rows: () => paymentDetails(outline) },
  ]
}

/** Every user: those of master and tenants, and those of their buyers. */
export function* everyUser(outline: Outline): Generator<User> {
  for (const tenant of outline.everyone) {
    yield* tenant.users
    if (!tenant.master) for (const buyer of tenant.buyers) yield* buyer.users
  }
}

function* accounts(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    yield accountRow(outline, tenant, undefined)
    if (!tenant.master) for (const buyer of tenant.buyers) yield accountRow(outline, tenant, buyer)
  }
}

function accountRow(outline: Outline, tenant: Tenant, buyer: Buyer | undefined): Row {
  const id = buyer?.id ?? tenant.id
  const createdAt = buyer?.createdAt ?? tenant.createdAt
  const key = hexOf(outline.seed, 'account', id, 8)
  const isTenant = buyer === undefined && !tenant.master
  return {
    id,
    org_name: buyer?.name ?? tenant.name,
    org_legaladdress: `${Number.parseInt(key.slice(0, 3), 16)} Königsstraße, Zürich`,
    created_at: datetime(createdAt),
    updated_at: datetime(createdAt + 3 * dayMs),
    provider: isTenant,
    buyer: buyer !== undefined,
    country_id: (id % 5) + 1,
    provider_account_id: buyer === undefined ? outline.master.id : tenant.id,
    domain: buyer === undefined ? tenant.domain : null,
    self_domain: buyer === undefined ? tenant.selfDomain : null,
    master: tenant.master ? true : null,
    tenant_id: tenant.id,
    s3_prefix: isTenant ? `${tenant.subdomain}-${key}` : null,
    site_access_code: isTenant ? key : null,
    from_email: isTenant ? `no-reply@${tenant.domain}` : null,
    support_email: isTenant ? `support@${tenant.domain}` : null,
    finance_support_email: isTenant && id % 2 === 0 ? 'finance@mail.example.net' : null,
    state: isTenant && tenant.suspended ? 'suspended' : id % 40 === 7 ? 'pending' : 'approved',
    state_changed_at: datetime(createdAt + dayMs),
    timezone: isTenant ? 'Europe/Zagreb' : null,
    telephone_number: id % 3 === 0 ? '+420 555 123 456' : null,
    vat_rate: id % 4 === 0 ? '21.00' : null,
    vat_code: id % 4 === 0 ? `CZ${Number.parseInt(key.slice(0, 6), 16)}` : null,
    city: 'Brno',
    // The master's are what tenants are made with.
    default_account_plan_id: buyer === undefined ? (tenant.accountPlans[0]?.id ?? null) : null,
    default_service_id: buyer === undefined ? (tenant.services[0]?.id ?? null) : null,
    extra_fields:
      buyer === undefined ? null : `--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\nregion: "${key}\\n"\n`,
    credit_card_expires_on: id % 6 === 0 ? day(worldNow + 400 * dayMs) : null,
    credit_card_partial_number: id % 6 === 0 ? '4242' : null,
    sample_data: isTenant ? false : null,
  }
}

function* users(outline: Outline): Generator<Row> {
  for (const user of everyUser(outline)) {
    const digest = `$2a$10$${hexOf(outline.seed, 'password', user.id, 53)}`
    const legacy = user.id % 50 === 3
    yield {
      id: user.id,
      username: user.username,
      email: user.email,
      crypted_password: legacy ? hexOf(outline.seed, 'crypted', user.id, 40) : null,
      salt: legacy ? hexOf(outline.seed, 'salt', user.id, 40) : null,
      created_at: datetime(user.tenant.createdAt + (user.id % 900) * dayMs),
      updated_at: datetime(worldNow - (user.id % 90) * dayMs),
      activated_at: datetime(user.tenant.createdAt + (user.id % 900) * dayMs + 3_600_000),
      state: user.id % 33 === 5 ? 'pending' : 'active',
      role: user.admin ? 'admin' : 'member',
      account_id: user.accountId,
      first_name: user.first,
      last_name: user.last,
      signup_type: user.username === 'admin' ? 'minimal' : 'new_signup',
      last_login_at: datetime(worldNow - (user.id % 60) * 3_600_000),
      last_login_ip: `203.0.113.${user.id % 250}`,
      extra_fields: user.id % 4 === 0 ? '--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess {}\n' : null,
      tenant_id: tenantIdOf(user.tenant),
      open_id: null,
      password_digest: legacy ? null : digest,
    }
  }
}

function* profiles(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (const accountId of [tenant.id, ...tenant.buyers.map((buyer) => buyer.id)]) {
      yield {
        id: ++id,
        account_id: accountId,
        oneline_description: 'Résumé in one line',
        description: outline.prose.take(90),
        company_url: `https://www.company-${accountId}.example.org/`,
        created_at: datetime(tenant.createdAt),
        updated_at: datetime(tenant.createdAt),
        state: 'private',
        company_size: '11-50',
        customers_type: '---\n- B2B\n- "Public sector"\n',
        tenant_id: tenant.id,
      }
    }
  }
}

function* countries(): Generator<Row> {
  const list = [
    ['CZ', 'Česká republika', 'CZK'],
    ['DE', 'Germany', 'EUR'],
    ['ES', 'España', 'EUR'],
    ['US', 'United States of America', 'USD'],
    ['CI', "Côte d'Ivoire", 'XOF'],
  ] as const
  for (const [i, [code, name, currency]] of list.entries()) {
    const at = datetime(worldNow - 3000 * dayMs)
    yield { id: i + 1, code, name, currency, tax_rate: '19.50', created_at: at, updated_at: at, enabled: i !== 4 }
  }
}

function* paymentDetails(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    for (const buyer of tenant.buyers) {
      if (buyer.id % 6 !== 0 && id > 0) continue
      yield {
        id: ++id,
        account_id: buyer.id,
        buyer_reference: `3scale-${tenant.id}-${buyer.id}`,
        payment_service_reference: `cus_${hexOf(outline.seed, 'payment', buyer.id, 14)}`,
        payment_method_id: `pm_${hexOf(outline.seed, 'method', buyer.id, 24)}`,
        credit_card_partial_number: '4242',
        credit_card_expires_on: '2027-12-01',
        created_at: datetime(buyer.createdAt),
        updated_at: datetime(buyer.createdAt),
        tenant_id: tenant.id,
      }
    }
  }
}
