import { datetime } from '../calendar.ts'
import { tenantIdOf, type Outline } from '../outline.ts'
import { hexOf } from '../random.ts'
import type { Row, TableRows } from '../rows.ts'

/** What tenants are allowed and have chosen: switches, limits, fields of their own, mail, labels. */
export function settingTables(outline: Outline): TableRows[] {
  return [
    { table: 'settings', rows: () => settings(outline) },
    { table: 'provider_constraints', rows: () => providerConstraints(outline) },
    { table: 'fields_definitions', rows: () => fieldsDefinitions(outline) },
    { table: 'configuration_values', rows: () => configurationValues(outline) },
    { table: 'email_configurations', rows: () => emailConfigurations(outline) },
    { table: 'annotations', rows: () => annotations(outline) },
  ]
}

function* settings(outline: Outline): Generator<Row> {
  let id = 0
  const switches = [
    'multiple_applications',
    'multiple_users',
    'finance',
    'multiple_services',
    'groups',
    'account_plans',
  ]
  for (const tenant of outline.everyone) {
    const row: Record<string, Row[string]> = {
      id: ++id,
      account_id: tenant.id,
      created_at: datetime(tenant.createdAt),
      updated_at: datetime(tenant.createdAt),
      welcome_text: outline.prose.take(200),
      tenant_id: tenantIdOf(tenant),
      service_plans_switch: 'hidden',
      branding_switch: 'visible',
      sso_key: hexOf(outline.seed, 'sso', tenant.id, 64),
      product: 'enterprise',
      authentication_strategy: tenant.id % 4 === 0 ? 'cas' : 'oauth2',
      cms_token: hexOf(outline.seed, 'cms', tenant.id, 16),
      sso_login_url: tenant.id % 4 === 0 ? 'https://sso.customer.example.org/login' : null,
      monthly_charging_enabled: tenant.id % 2 === 0,
      can_create_service: true,
    }
    for (const name of switches) row[`${name}_switch`] = tenant.id % 2 === 0 ? 'visible' : 'denied'
    if (outline.has('settings', 'admin_bot_protection_level')) row['admin_bot_protection_level'] = 'captcha'
    yield row
  }
}

function* providerConstraints(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    yield {
      id: i + 1,
      tenant_id: tenant.id,
      provider_id: tenant.id,
      max_users: i % 3 === 0 ? null : 5,
      max_services: 100,
      created_at: at,
      updated_at: at,
    }
  }
}

function* fieldsDefinitions(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.everyone) {
    for (const [pos, name] of ['org_name', 'vat_code', 'region', 'team'].entries()) {
      const at = datetime(tenant.createdAt)
      yield {
        id: ++id,
        account_id: tenant.id,
        created_at: at,
        updated_at: at,
        target: pos < 3 ? 'Account' : 'Cinstance',
        name,
        label: name.toUpperCase(),
        required: pos === 0,
        choices: name === 'region' ? '---\n- "EMEA: west"\n- APAC\n' : null,
        pos,
        tenant_id: tenantIdOf(tenant),
      }
    }
  }
}

function* configurationValues(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    const common = {
      created_at: datetime(tenant.createdAt),
      updated_at: datetime(tenant.createdAt),
      tenant_id: tenant.id,
    }
    yield { id: ++id, configurable_id: tenant.id, configurable_type: 'Account', name: 'limit', value: '5', ...common }
    for (const service of tenant.services) {
      yield {
        id: ++id,
        configurable_id: service.id,
        configurable_type: 'Service',
        name: 'tier',
        value: null,
        ...common,
      }
    }
  }
}

function* emailConfigurations(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    yield {
      id: i + 1,
      account_id: tenant.id,
      email: `Portal-${tenant.id}@mail.example.net`,
      domain: 'mail.example.net',
      user_name: 'smtp-user',
      password: hexOf(outline.seed, 'smtp', tenant.id, 20),
      authentication: 'plain',
      tls: 'true',
      openssl_verify_mode: 'peer',
      address: 'smtp.mail.example.net',
      port: 587,
      tenant_id: tenant.id,
      created_at: datetime(tenant.createdAt),
      updated_at: datetime(tenant.createdAt),
    }
  }
}

function* annotations(outline: Outline): Generator<Row> {
  let id = 0
  for (const tenant of outline.tenants) {
    const at = datetime(tenant.createdAt)
    const common = { tenant_id: tenant.id, created_at: `${at}.000001`, updated_at: `${at}.999999` }
    yield {
      id: ++id,
      name: 'managed_by',
      value: 'operator 🚀',
      annotated_type: 'Account',
      annotated_id: tenant.id,
      ...common,
    }
    for (const service of tenant.services) {
      yield {
        id: ++id,
        name: 'managed_by',
        value: 'operator',
        annotated_type: 'Service',
        annotated_id: service.id,
        ...common,
      }
    }
    for (const api of tenant.backendApis) {
      yield { id: ++id, name: 'managed_by', value: null, annotated_type: 'BackendApi', annotated_id: api.id, ...common }
    }
  }
}
