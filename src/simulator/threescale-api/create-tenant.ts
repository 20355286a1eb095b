import { randomBytes } from 'node:crypto'
import { slug } from '../source-world/names.ts'
import { insertToken } from './access-routes.ts'
import { impersonationUser } from './account-routes.ts'
import type { Installation } from './installation.ts'
import { upgradeToPlan } from './provider-plan.ts'
import type { Row, Sql } from './system-database.ts'

export interface Signup {
  readonly orgName: string
  readonly username: string
  readonly email: string
  readonly mail: Row
}

/** The plans that a new tenant gets; undefined when the master lacks one of them, and then nobody can sign up. */
export async function signupPlans(installation: Installation, master: Row): Promise<SignupPlans | undefined> {
  const { database } = installation
  const [service] = await database.rows(
    `SELECT * FROM services WHERE account_id = ? AND ${
      master['default_service_id'] === null ? "state <> 'deleted'" : `id = ${String(master['default_service_id'])}`
    } ORDER BY id LIMIT 1`,
    [master['id'] ?? null],
  )
  const accountPlanId = master['default_account_plan_id'] ?? null
  const servicePlanId = service?.['default_service_plan_id'] ?? null
  const [applicationPlan] = await database.rows('SELECT * FROM plans WHERE id = ?', [
    service?.['default_application_plan_id'] ?? null,
  ])
  if (service === undefined || accountPlanId === null || servicePlanId === null) return undefined
  if (applicationPlan === undefined) return undefined
  return { service, accountPlanId: String(accountPlanId), servicePlanId: String(servicePlanId), applicationPlan }
}

export interface SignupPlans {
  readonly service: Row
  readonly accountPlanId: string
  readonly servicePlanId: string
  readonly applicationPlan: Row
}

/**
 * A tenant as 3scale makes one: account, settings, its first user (pending) and the vendor's, contracts with the master,
 * a product with gateway and backend, and a token. All of it or nothing; triggers fill tenant_id.
 *
 * 3scale's later jobs (sample data, developer portal pages) are not done. Passwords are taken and not kept: nobody logs
 * in here. Source: porta `app/lib/signup/provider_account_manager.rb`, `app/models/account/provider_methods.rb`.
 */
export async function createTenant(
  installation: Installation,
  master: Row,
  signup: Signup,
  plans: SignupPlans,
): Promise<{ readonly account: Row; readonly token: Row }> {
  return installation.database.transaction(async (sql) => {
    const subdomain = await freeSubdomain(sql, installation, slug(signup.orgName))
    const account = await insertAccount(sql, installation, master, signup, subdomain)
    const id = String(account['id'])
    const adminId = await insertUsers(sql, installation, account, signup)
    await insertSettings(sql, installation, id)
    await insertContracts(sql, installation, id, plans)
    await upgradeToPlan(sql, installation, account, plans.applicationPlan)
    await insertProduct(sql, installation, id, subdomain)
    const token = await insertToken(sql, installation, {
      ownerId: adminId,
      name: 'Administration',
      permission: 'rw',
      scopes: ['account_management', 'policy_registry'],
    })
    const [created] = await sql.rows('SELECT * FROM accounts WHERE id = ?', [id])
    return { account: created ?? account, token }
  })
}

/** The organisation's name as a host name, with a number behind it when that is taken. */
async function freeSubdomain(sql: Sql, { superdomain }: Installation, wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const subdomain = n === 1 ? wanted : `${wanted}-${n}`
    const hosts = [`${subdomain}.${superdomain}`, `${subdomain}-admin.${superdomain}`]
    const taken = await sql.rows('SELECT id FROM accounts WHERE domain IN (?, ?) OR self_domain IN (?, ?)', [
      ...hosts,
      ...hosts,
    ])
    if (taken.length === 0) return subdomain
  }
}

function stamps(installation: Installation): Row {
  return { created_at: installation.now(), updated_at: installation.now() }
}

async function insertAccount(
  sql: Sql,
  installation: Installation,
  master: Row,
  signup: Signup,
  subdomain: string,
): Promise<Row> {
  const account: Row = {
    org_name: signup.orgName,
    provider: true,
    buyer: false,
    provider_account_id: master['id'] ?? null,
    domain: `${subdomain}.${installation.superdomain}`,
    self_domain: `${subdomain}-admin.${installation.superdomain}`,
    state: 'approved',
    state_changed_at: installation.now(),
    site_access_code: randomBytes(5).toString('hex'),
    s3_prefix: subdomain,
    timezone: 'UTC',
    sample_data: true,
    email_all_users: true,
    ...signup.mail,
    ...stamps(installation),
  }
  const id = await sql.insert('accounts', account)
  // A tenant's own id is only known now, so no trigger could have set it.
  await sql.run('UPDATE accounts SET tenant_id = ? WHERE id = ?', [id, id])
  return { ...account, id, tenant_id: id }
}

async function insertUsers(sql: Sql, installation: Installation, account: Row, signup: Signup): Promise<string> {
  const id = account['id'] ?? null
  const common: Row = { account_id: id, role: 'admin', ...stamps(installation) }
  const adminId = await sql.insert('users', {
    ...common,
    username: signup.username,
    email: signup.email,
    state: 'pending',
    activation_code: randomBytes(20).toString('hex'),
    signup_type: 'created_by_provider',
  })
  await sql.insert('users', {
    ...common,
    username: impersonationUser,
    email: `${impersonationUser}+${account['self_domain']}@${installation.superdomain}`,
    first_name: '3scale',
    last_name: 'Admin',
    state: 'active',
    activated_at: installation.now(),
    signup_type: 'minimal',
  })
  return adminId
}

const switches = [
  'multiple_applications',
  'multiple_users',
  'finance',
  'multiple_services',
  'groups',
  'account_plans',
  'service_plans',
  'branding',
]

async function insertSettings(sql: Sql, installation: Installation, id: string): Promise<void> {
  await sql.insert('settings', {
    account_id: id,
    ...Object.fromEntries(switches.map((name) => [`${name}_switch`, 'denied'])),
    product: 'connect',
    authentication_strategy: 'oauth2',
    sso_key: randomBytes(32).toString('hex'),
    cms_token: randomBytes(8).toString('hex'),
    ...stamps(installation),
  })
}

async function insertContracts(sql: Sql, installation: Installation, id: string, plans: SignupPlans): Promise<void> {
  const common: Row = {
    user_account_id: id,
    state: 'live',
    accepted_at: installation.now(),
    ...stamps(installation),
  }
  const serviceId = plans.service['id'] ?? null
  await sql.insert('cinstances', { ...common, type: 'AccountContract', plan_id: plans.accountPlanId })
  await sql.insert('cinstances', {
    ...common,
    type: 'ServiceContract',
    plan_id: plans.servicePlanId,
    service_id: serviceId,
  })
  await sql.insert('cinstances', {
    ...common,
    type: 'Cinstance',
    plan_id: plans.applicationPlan['id'] ?? null,
    service_id: serviceId,
    name: 'API signup',
    description: 'API signup',
    create_origin: 'api',
    // The tenant's provider key.
    user_key: randomBytes(16).toString('hex'),
    application_id: randomBytes(4).toString('hex'),
  })
  await sql.run('UPDATE plans SET contracts_count = contracts_count + 1 WHERE id IN (?, ?, ?)', [
    plans.accountPlanId,
    plans.servicePlanId,
    plans.applicationPlan['id'] ?? null,
  ])
}

/** The product "API" with its gateway, the backend behind it, and a metric of each. */
async function insertProduct(sql: Sql, installation: Installation, id: string, subdomain: string): Promise<void> {
  const at = stamps(installation)
  const serviceId = await sql.insert('services', {
    account_id: id,
    name: 'API',
    system_name: 'api',
    state: 'incomplete',
    backend_version: '1',
    deployment_option: 'hosted',
    ...at,
  })
  const planId = await sql.insert('plans', {
    issuer_id: serviceId,
    issuer_type: 'Service',
    type: 'ServicePlan',
    name: 'Default',
    system_name: 'default',
    state: 'hidden',
    ...at,
  })
  await sql.run('UPDATE services SET default_service_plan_id = ? WHERE id = ?', [planId, serviceId])
  await sql.run('UPDATE accounts SET default_service_id = ? WHERE id = ?', [serviceId, id])
  await sql.insert('service_tokens', { service_id: serviceId, value: randomBytes(32).toString('hex'), ...at })
  const hosts = (['production', 'staging'] as const).map(
    (environment) => `api-${subdomain}-apicast-${environment}.${installation.superdomain}`,
  )
  await sql.insert('proxies', {
    service_id: serviceId,
    endpoint: `https://${hosts[0]}:443`,
    sandbox_endpoint: `https://${hosts[1]}:443`,
    production_domain: hosts[0] ?? null,
    staging_domain: hosts[1] ?? null,
    secret_token: `Shared_secret_sent_from_proxy_to_API_backend_${randomBytes(8).toString('hex')}`,
    authentication_method: '1',
    ...at,
  })
  const backendId = await sql.insert('backend_apis', {
    account_id: id,
    name: 'API Backend',
    system_name: 'api',
    private_endpoint: 'https://echo-api.3scale.net:443',
    state: 'published',
    ...at,
  })
  await sql.insert('backend_api_configs', { service_id: serviceId, backend_api_id: backendId, path: '', ...at })
  const hits: Row = { friendly_name: 'Hits', unit: 'hit', description: 'Number of API hits', ...at }
  await sql.insert('metrics', {
    ...hits,
    system_name: 'hits',
    service_id: serviceId,
    owner_id: serviceId,
    owner_type: 'Service',
  })
  await sql.insert('metrics', {
    ...hits,
    system_name: `hits.${backendId}`,
    owner_id: backendId,
    owner_type: 'BackendApi',
  })
}
