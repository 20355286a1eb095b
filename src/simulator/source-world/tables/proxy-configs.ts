import { datetime, hourMs, worldNow } from '../calendar.ts'
import { hexOf } from '../random.ts'
import { tenantIdOf, wildcardDomain, type Outline, type Service } from '../outline.ts'
import type { Row, TableRows } from '../rows.ts'
import { hostOf, proxyIdOffset } from './gateways.ts'
import { backendVersionOf, everyService } from './services.ts'

/** The configuration snapshots: by far the most bytes of an installation, several per proxy and environment. */
export function proxyConfigTables(outline: Outline): TableRows[] {
  return [{ table: 'proxy_configs', rows: () => proxyConfigs(outline) }]
}

function* proxyConfigs(outline: Outline): Generator<Row> {
  const random = outline.random('proxy_configs')
  let id = 0
  for (const service of everyService(outline)) {
    const sandboxVersions = random.between(20, 44)
    const productionVersions = random.between(3, 16)
    for (const [environment, versions] of [
      ['sandbox', sandboxVersions],
      ['production', productionVersions],
    ] as const) {
      for (let version = 1; version <= versions; version++) {
        const at = datetime(worldNow - (versions - version) * 19 * hourMs - random.below(3_600_000))
        yield {
          id: ++id,
          proxy_id: service.id + proxyIdOffset,
          user_id: random.chance(0.1) ? null : random.pick(service.tenant.users).id,
          version,
          tenant_id: tenantIdOf(service.tenant),
          environment,
          content: configContent(outline, service, version, environment),
          created_at: at,
          updated_at: at,
          hosts: `|${hostOf(service.endpoint)}|${hostOf(service.sandboxEndpoint)}|`,
        }
      }
    }
  }
}

function configContent(outline: Outline, service: Service, version: number, environment: string): string {
  return JSON.stringify({
    id: service.id,
    account_id: service.tenant.id,
    name: service.name,
    system_name: service.systemName,
    backend_version: backendVersionOf(service),
    backend_authentication_type: 'service_token',
    backend_authentication_value: hexOf(outline.seed, 'service-token', service.id, 64),
    description: outline.prose.take(3000),
    proxy: {
      id: service.id + proxyIdOffset,
      environment,
      version,
      endpoint: service.endpoint,
      sandbox_endpoint: service.sandboxEndpoint,
      production_domain: hostOf(service.endpoint),
      staging_domain: hostOf(service.sandboxEndpoint),
      hosts: [hostOf(service.endpoint), hostOf(service.sandboxEndpoint)],
      backend: { endpoint: `https://backend-3scale.${wildcardDomain}`, host: `backend-3scale.${wildcardDomain}` },
      error_auth_failed: 'Authentication failed',
      policy_chain: [{ name: 'apicast', version: 'builtin', configuration: {} }],
      proxy_rules: service.metrics.map((metric, i) => ({
        id: service.id * 10 + i,
        http_method: i === 0 ? 'GET' : 'POST',
        pattern: `/v${version}/${metric.systemName}/{id}`,
        metric_id: metric.id,
        metric_system_name: metric.systemName,
        delta: 1,
        parameters: ['id'],
        querystring_parameters: {},
      })),
      backend_apis: service.backends.map((api) => ({ id: api.id, name: api.name })),
    },
  })
}
