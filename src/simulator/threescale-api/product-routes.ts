import { accountBelow, listAll } from './account-routes.ts'
import * as represent from './represent.ts'
import { Digits, Json, type Reply } from './reply.ts'
import { type Asked, listPage, notFound, type Route } from './route.ts'
import type { Row } from './system-database.ts'

const scope = 'account_management'

/** What an account offers: products, backends, plans, gateways and their configurations, and who uses them. */
export const productRoutes: readonly Route[] = [
  { method: 'GET', path: '/admin/api/services', scope, answer: listServices },
  { method: 'GET', path: '/admin/api/services/:service_id', scope, answer: showService },
  { method: 'GET', path: '/admin/api/services/:service_id/proxy', scope, answer: showProxy },
  { method: 'GET', path: '/admin/api/services/:service_id/proxy/configs/:environment', scope, answer: listConfigs },
  {
    method: 'GET',
    path: '/admin/api/services/:service_id/proxy/configs/:environment/latest',
    scope,
    answer: showLatestConfig,
  },
  { method: 'GET', path: '/admin/api/services/:service_id/application_plans', scope, answer: listPlansOfService },
  { method: 'GET', path: '/admin/api/application_plans', scope, answer: listPlans },
  { method: 'GET', path: '/admin/api/backend_apis', scope, answer: listBackendApis },
  { method: 'GET', path: '/admin/api/applications', scope, answer: listApplications },
  { method: 'GET', path: '/admin/api/accounts/:account_id/applications', scope, answer: listApplicationsBelow },
  { method: 'GET', path: '/admin/api/accounts/:account_id/applications/:id/keys', scope, answer: listKeys },
]

function listServices(asked: Asked): Promise<Reply> {
  return listPage(asked, {
    select: '*',
    from: "FROM services WHERE account_id = ? AND state <> 'deleted'",
    values: [asked.caller.account['id'] ?? null],
    order: 'id',
    root: 'services',
    item: 'service',
    represent: represent.service,
  })
}

/** The caller's service by the id in the path, with its gateway's settings. */
export async function serviceOf({ installation, caller, params }: Asked): Promise<Row | undefined> {
  const id = params.get('service_id') ?? ''
  if (!/^\d{1,19}$/.test(id)) return undefined
  const [service] = await installation.database.rows(
    `SELECT * FROM services WHERE account_id = ? AND id = ${id} AND state <> 'deleted'`,
    [caller.account['id'] ?? null],
  )
  return service
}

async function showService(asked: Asked): Promise<Reply> {
  const service = await serviceOf(asked)
  return service === undefined ? notFound : { kind: 'item', root: 'service', fields: represent.service(service) }
}

async function proxyOf(asked: Asked): Promise<Row | undefined> {
  const service = await serviceOf(asked)
  if (service === undefined) return undefined
  const [proxy] = await asked.installation.database.rows('SELECT * FROM proxies WHERE service_id = ?', [
    service['id'] ?? null,
  ])
  return proxy
}

async function showProxy(asked: Asked): Promise<Reply> {
  const proxy = await proxyOf(asked)
  return proxy === undefined ? notFound : { kind: 'item', root: 'proxy', fields: represent.proxy(proxy) }
}

function configFields(row: Row) {
  return {
    id: represent.id(row['id']),
    version: new Digits(String(row['version'])),
    environment: row['environment'] ?? null,
    // 3scale parses it too: what is no JSON ends in an error of the server.
    content: new Json(JSON.stringify(JSON.parse(String(row['content'])))),
  }
}

async function listConfigs(asked: Asked): Promise<Reply> {
  const proxy = await proxyOf(asked)
  if (proxy === undefined) return notFound
  return listPage(asked, {
    select: '*',
    from: 'FROM proxy_configs WHERE proxy_id = ? AND environment = ?',
    values: [proxy['id'] ?? null, asked.params.get('environment') ?? null],
    order: 'version',
    root: 'proxy_configs',
    item: 'proxy_config',
    represent: configFields,
  })
}

async function showLatestConfig(asked: Asked): Promise<Reply> {
  const proxy = await proxyOf(asked)
  if (proxy === undefined) return notFound
  const [config] = await asked.installation.database.rows(
    'SELECT * FROM proxy_configs WHERE proxy_id = ? AND environment = ? ORDER BY version DESC, id DESC LIMIT 1',
    [proxy['id'] ?? null, asked.params.get('environment') ?? null],
  )
  return config === undefined ? notFound : { kind: 'item', root: 'proxy_config', fields: configFields(config) }
}

const plansOf = `SELECT p.*, s.default_application_plan_id FROM plans p
  JOIN services s ON s.id = p.issuer_id AND p.issuer_type = 'Service'
  WHERE p.type = 'ApplicationPlan' AND s.account_id = ?`

async function listPlans({ installation, caller }: Asked): Promise<Reply> {
  const rows = await installation.database.rows(`${plansOf} ORDER BY p.id`, [caller.account['id'] ?? null])
  return { kind: 'list', root: 'plans', item: 'application_plan', rows: rows.map(represent.applicationPlan) }
}

async function listPlansOfService(asked: Asked): Promise<Reply> {
  const service = await serviceOf(asked)
  if (service === undefined) return notFound
  const { installation, caller } = asked
  const rows = await installation.database.rows(`${plansOf} AND s.id = ? ORDER BY p.id`, [
    caller.account['id'] ?? null,
    service['id'] ?? null,
  ])
  return { kind: 'list', root: 'plans', item: 'application_plan', rows: rows.map(represent.applicationPlan) }
}

function listBackendApis(asked: Asked): Promise<Reply> {
  return listPage(asked, {
    select: '*',
    from: "FROM backend_apis WHERE account_id = ? AND state = 'published'",
    values: [asked.caller.account['id'] ?? null],
    order: 'id',
    root: 'backend_apis',
    item: 'backend_api',
    represent: represent.backendApi,
  })
}

const applicationColumns = `c.*, s.backend_version,
  (SELECT k.value FROM application_keys k WHERE k.application_id = c.id ORDER BY k.id LIMIT 1) AS first_key`
const applicationsOf = `FROM cinstances c JOIN services s ON s.id = c.service_id
  WHERE c.type = 'Cinstance' AND s.account_id = ?`

function applicationList(asked: Asked, only: string): Promise<Reply> {
  return listPage(asked, {
    select: applicationColumns,
    from: `${applicationsOf}${only}`,
    values: [asked.caller.account['id'] ?? null],
    order: 'c.id',
    root: 'applications',
    item: 'application',
    represent: represent.application,
  })
}

function listApplications(asked: Asked): Promise<Reply> {
  return applicationList(asked, '')
}

async function listApplicationsBelow(asked: Asked): Promise<Reply> {
  const account = await accountBelow(asked)
  return account === undefined ? notFound : applicationList(asked, ` AND c.user_account_id = ${String(account['id'])}`)
}

async function listKeys(asked: Asked): Promise<Reply> {
  const id = asked.params.get('id') ?? ''
  const account = await accountBelow(asked)
  if (account === undefined || !/^\d{1,19}$/.test(id)) return notFound
  const applications = await asked.installation.database.rows(
    `SELECT c.id ${applicationsOf} AND c.user_account_id = ? AND c.id = ${id}`,
    [asked.caller.account['id'] ?? null, account['id'] ?? null],
  )
  if (applications.length === 0) return notFound
  return listAll(asked, {
    from: 'FROM application_keys WHERE application_id = ?',
    values: [id],
    root: 'keys',
    item: 'key',
    represent: (row) => ({ value: row['value'] ?? null, created_at: represent.time(row['created_at']) }),
  })
}
