import { datetime, dayMs } from '../calendar.ts'
import { hexOf } from '../random.ts'
import { tenantIdByAccount, tenantIdOf, type Metric, type Outline, type Service } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'

/** Products, backends, their metrics, and what documents and extends them. */
export function serviceTables(outline: Outline): TableRows[] {
  return [
    { table: 'services', rows: () => services(outline) },
    { table: 'service_tokens', rows: () => serviceTokens(outline) },
    { table: 'backend_apis', rows: () => backendApis(outline) },
    { table: 'backend_api_configs', rows: () => backendApiConfigs(outline) },
    { table: 'metrics', rows: () => metrics(outline) },
    { table: 'policies', rows: () => policies(outline) },
    { table: 'api_docs_services', rows: () => apiDocs(outline) },
  ]
}

export function* everyService(outline: Outline): Generator<Service> {
  for (const tenant of outline.everyone) yield* tenant.services
}

/** Creation and last change of a service and of what belongs to it. */
export function stamps(service: Service): { readonly created_at: string; readonly updated_at: string } {
  return { created_at: datetime(service.createdAt), updated_at: datetime(service.createdAt + 30 * dayMs) }
}

function* services(outline: Outline): Generator<Row> {
  for (const service of everyService(outline)) {
    yield {
      id: service.id,
      account_id: service.tenant.id,
      name: service.name,
      description: outline.prose.take(120),
      ...stamps(service),
      state: 'incomplete',
      intentions_required: false,
      buyers_manage_keys: true,
      notification_settings: notificationSettingsOf(service),
      default_application_plan_id: service.applicationPlans[0]?.id ?? null,
      default_service_plan_id: service.servicePlan.id,
      tenant_id: tenantIdOf(service.tenant),
      system_name: service.systemName,
      backend_version: backendVersionOf(service),
      mandatory_app_key: true,
      support_email: `api@${service.tenant.domain}`,
      deployment_option: service.hosted ? 'hosted' : 'self_managed',
      kubernetes_service_link: null,
    }
  }
}

const alertLevels: readonly Readonly<Record<string, readonly number[]>>[] = [
  { web_buyer: [50, 100], email_provider: [90, 120] },
  { web_provider: [80, 100, 150], email_provider: [100] },
  { web_buyer: [100], email_buyer: [50, 80, 90, 100, 120, 150, 200, 300] },
]

/** Who is told of a service's alerts, how, and at which percentages of a limit. */
function alertLevelsOf(service: Service): Readonly<Record<string, readonly number[]>> {
  return alertLevels[service.id % alertLevels.length] ?? {}
}

/** The percentages at which the backend raises an alert: those that anybody wants to hear of, ascending. */
export function alertLimitsOf(service: Service): readonly number[] {
  return [...new Set(Object.values(alertLevelsOf(service)).flat())].sort((a, b) => a - b)
}

function notificationSettingsOf(service: Service): string {
  const settings = Object.entries(alertLevelsOf(service))
  return `---\n${settings.map(([way, levels]) => `:${way}:\n${levels.map((level) => `- ${level}\n`).join('')}`).join('')}`
}

/** `1`: user key, `2`: id and key, `oidc`: OpenID Connect. */
export function backendVersionOf(service: Service): '1' | '2' | 'oidc' {
  // Tenants are known to the master by their provider key, which is a user key.
  if (service.tenant.master) return '1'
  return service.id % 7 === 3 ? 'oidc' : service.id % 3 === 1 ? '2' : '1'
}

function* serviceTokens(outline: Outline): Generator<Row> {
  for (const service of everyService(outline)) {
    yield {
      id: service.id,
      service_id: service.id,
      value: hexOf(outline.seed, 'service-token', service.id, 64),
      ...stamps(service),
      tenant_id: tenantIdOf(service.tenant),
    }
  }
}

function* backendApis(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    for (const [i, api] of tenant.backendApis.entries()) {
      const at = datetime(tenant.createdAt)
      const inCluster = `http://${api.systemName.replaceAll('_', '-')}.backends.svc.cluster.local:8080`
      yield {
        id: api.id,
        name: api.name,
        system_name: api.systemName,
        description: outline.prose.take(60),
        private_endpoint: i % 3 === 0 ? inCluster : `https://upstream-${api.id}.customer.example.org:443`,
        account_id: tenant.id,
        created_at: at,
        updated_at: at,
        tenant_id: tenantIdByAccount(outline, tenant),
        state: 'published',
      }
    }
  }
}

function* backendApiConfigs(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    for (const [i, api] of service.backends.entries()) {
      yield {
        id: ++id,
        path: i === 0 ? '/' : `/v${i}`,
        service_id: service.id,
        backend_api_id: api.id,
        ...stamps(service),
        tenant_id: tenantIdByAccount(outline, service.tenant),
      }
    }
  }
}

function* metrics(outline: Outline): Generator<Row> {
  for (const tenant of outline.everyone) {
    const at = datetime(tenant.createdAt)
    for (const service of tenant.services) {
      for (const metric of service.metrics) {
        yield metricRow(metric, at, 'Service', service.id, tenantIdOf(tenant))
      }
    }
    for (const api of tenant.backendApis) {
      // The rule looks the tenant up by service, which a backend's metric has not.
      for (const metric of api.metrics) yield metricRow(metric, at, 'BackendApi', api.id, null)
    }
  }
}

function metricRow(
  metric: Metric,
  at: string,
  owner: 'Service' | 'BackendApi',
  ownerId: number,
  tenant: number | null,
): Row {
  const unit = metric.systemName.startsWith('bytes') ? 'byte' : 'hit'
  const friendly = `${metric.systemName.replaceAll(/[_.]/g, ' ')} – total`
  return {
    id: metric.id,
    system_name: metric.systemName,
    description: `Number of ${unit}s`,
    unit,
    created_at: at,
    updated_at: at,
    service_id: owner === 'Service' ? ownerId : null,
    friendly_name: friendly,
    parent_id: metric.parentId,
    tenant_id: tenant,
    owner_id: ownerId,
    owner_type: owner,
  }
}

function* policies(outline: Outline): Generator<Row> {
  for (const [i, tenant] of outline.tenants.entries()) {
    const at = datetime(tenant.createdAt)
    const schema = {
      $schema: 'http://apicast.io/policy-v1/schema#manifest#',
      name: 'Überprüfung',
      version: '1.0',
      summary: outline.prose.take(400),
      configuration: { type: 'object', properties: {} },
    }
    yield {
      id: i + 1,
      name: 'customer-policy',
      version: '1.0',
      schema: Buffer.from(JSON.stringify(schema)),
      account_id: tenant.id,
      tenant_id: tenant.id,
      created_at: at,
      updated_at: at,
      identifier: `customer-policy-1.0-${tenant.id}`,
    }
  }
}

function* apiDocs(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    const name = `${service.name} docs`
    const body = JSON.stringify(
      {
        openapi: '3.0.2',
        info: { title: service.name, version: '1.0.0', description: outline.prose.take(1500) },
        servers: [{ url: service.endpoint }],
        paths: { '/v1/items/{id}': { get: { summary: 'Élément', responses: { 200: { description: 'OK' } } } } },
      },
      null,
      2,
    )
    yield {
      id: ++id,
      account_id: service.tenant.id,
      tenant_id: tenantIdOf(service.tenant),
      name,
      body,
      description: null,
      published: id % 2 === 0,
      ...stamps(service),
      system_name: `${service.systemName}_docs`,
      base_path: service.endpoint,
      swagger_version: '3.0',
      skip_swagger_validations: false,
      service_id: id % 5 === 0 ? null : service.id,
      discovered: null,
    }
  }
}
