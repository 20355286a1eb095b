import type { Release } from '../../../model/release.ts'
import { type CatalogColumn, catalogOf } from '../../../threescale/catalog.ts'
import type { SeedValues } from '../ports.ts'
import type { SqlValue } from './sql-session.ts'

export interface SeedRow {
  readonly table: string
  readonly row: Readonly<Record<string, SqlValue>>
}

/**
 * What 3scale writes into its empty tables at the first start: the master account, one tenant with a product, their
 * plans, users and tokens.
 *
 * Ids are those that fresh sequences give, in this order: the master is 1 and the tenant 2, which RHOAM relies on. What
 * triggers set is left out. `at`: the moment, as `YYYY-MM-DD HH:MM:SS`.
 */
export function seedRows(release: Release, seed: SeedValues, at: string): SeedRow[] {
  const tables = new Map(catalogOf(release).map((table) => [table.name, table]))
  return rowsOf(seed).map(({ table, row }) => {
    const catalog = tables.get(table)
    if (catalog === undefined) throw new Error(`bug: ${release} has no table ${table} to seed`)
    const stamped = Object.fromEntries(catalog.columns.flatMap((column) => stampOf(column, at)))
    return { table, row: { ...stamped, ...row } }
  })
}

/** Every moment that a row must have, and the two that Rails always writes. */
function stampOf(column: CatalogColumn, at: string): [string, string][] {
  const isMoment = column.kind.startsWith('datetime')
  const wanted = !column.nullable || /^(?:created|updated)_at$/.test(column.name)
  return isMoment && wanted ? [[column.name, at]] : []
}

const [master, tenant] = [1, 2]
const [masterService, apiService] = [1, 2]
const masterScopes = '---\n- account_management\n- stats\n- policy_registry\n'
const allScopes = '---\n- account_management\n- cms\n- finance\n- policy_registry\n- stats\n'

function rowsOf(seed: SeedValues): SeedRow[] {
  const { wildcardDomain, tenantName } = seed
  const masterHost = `master.${wildcardDomain}`
  const adminHost = `${tenantName}-admin.${wildcardDomain}`
  const gateway = (environment: string) => `https://api-${tenantName}-apicast-${environment}.${wildcardDomain}:443`
  return [
    {
      table: 'accounts',
      row: {
        org_name: 'Master Account',
        domain: masterHost,
        self_domain: masterHost,
        master: true,
        provider: true,
        provider_account_id: master,
        tenant_id: master,
        state: 'approved',
        default_service_id: masterService,
        default_account_plan_id: 1,
      },
    },
    {
      table: 'accounts',
      row: {
        org_name: tenantName,
        domain: `${tenantName}.${wildcardDomain}`,
        self_domain: adminHost,
        provider: true,
        provider_account_id: master,
        tenant_id: tenant,
        state: 'approved',
        from_email: null,
        default_service_id: apiService,
        default_account_plan_id: 2,
      },
    },
    ...[master, tenant].map((account) => settingsOf(account)),
    user(master, seed.masterUser, `${seed.masterUser}@${masterHost}`, 'minimal'),
    user(tenant, seed.adminUser, seed.adminEmail, 'minimal'),
    user(tenant, '3scaleadmin', `3scaleadmin+${adminHost}@${masterHost}`, 'minimal'),
    token(1, 'Master Token', seed.masterAccessToken.reveal('seed the database'), 'rw', masterScopes),
    token(1, 'APIcast', seed.apicastAccessToken.reveal('seed the database'), 'ro', '---\n- account_management\n'),
    token(2, 'Administration', seed.adminAccessToken.reveal('seed the database'), 'rw', allScopes),
    { table: 'services', row: serviceOf(master, 'Master API', 'master_api', 6, 3) },
    { table: 'services', row: serviceOf(tenant, 'API', 'api', 7, 4) },
    plan('AccountPlan', master, 'Default account plan', 'default_account_plan'),
    plan('AccountPlan', tenant, 'Default', 'default'),
    plan('ServicePlan', masterService, 'Default service plan', 'default_service_plan'),
    plan('ServicePlan', apiService, 'Default', 'default'),
    plan('ApplicationPlan', masterService, 'Master Plan', 'master_plan'),
    plan('ApplicationPlan', masterService, seed.providerPlan, seed.providerPlan),
    plan('ApplicationPlan', apiService, 'Basic', 'basic'),
    metric(masterService),
    metric(apiService),
    {
      table: 'proxies',
      row: {
        service_id: apiService,
        endpoint: gateway('production'),
        sandbox_endpoint: gateway('staging'),
        staging_domain: new URL(gateway('staging')).hostname,
        production_domain: new URL(gateway('production')).hostname,
        secret_token: `Shared_secret_sent_from_proxy_to_API_backend_${tenantName}`,
      },
    },
    {
      table: 'cinstances',
      row: {
        plan_id: 6,
        user_account_id: tenant,
        user_key: `provider-key-of-${tenantName}`,
        state: 'live',
        type: 'Cinstance',
        name: `${tenantName}'s application`,
        service_id: masterService,
        tenant_id: tenant,
      },
    },
  ]
}

function settingsOf(account: number): SeedRow {
  const switches = ['multiple_applications', 'multiple_users', 'finance', 'multiple_services', 'groups']
  const more = ['account_plans', 'service_plans', 'branding']
  return {
    table: 'settings',
    row: {
      account_id: account,
      ...Object.fromEntries([...switches, ...more].map((name) => [`${name}_switch`, 'visible'])),
    },
  }
}

function user(account: number, username: string, email: string, signupType: string): SeedRow {
  return {
    table: 'users',
    row: { account_id: account, username, email, state: 'active', role: 'admin', signup_type: signupType },
  }
}

function token(owner: number, name: string, value: string, permission: 'ro' | 'rw', scopes: string): SeedRow {
  return { table: 'access_tokens', row: { owner_id: owner, name, value, permission, scopes } }
}

function serviceOf(account: number, name: string, systemName: string, applicationPlan: number, servicePlan: number) {
  return {
    account_id: account,
    name,
    system_name: systemName,
    state: 'incomplete',
    backend_version: '1',
    deployment_option: 'hosted',
    default_application_plan_id: applicationPlan,
    default_service_plan_id: servicePlan,
  }
}

function plan(type: string, issuer: number, name: string, systemName: string): SeedRow {
  return {
    table: 'plans',
    row: {
      type,
      issuer_id: issuer,
      issuer_type: type === 'AccountPlan' ? 'Account' : 'Service',
      name,
      system_name: systemName,
      state: 'published',
    },
  }
}

function metric(service: number): SeedRow {
  return {
    table: 'metrics',
    row: {
      service_id: service,
      owner_id: service,
      owner_type: 'Service',
      system_name: 'hits',
      friendly_name: 'Hits',
      unit: 'hit',
      description: 'Number of API hits',
    },
  }
}
