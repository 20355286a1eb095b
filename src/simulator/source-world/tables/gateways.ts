import { datetime, dayMs } from '../calendar.ts'
import { type Outline, tenantIdOf } from '../outline.ts'
import { hexOf } from '../random.ts'
import type { Row, TableRows } from '../rows.ts'
import { backendVersionOf, everyService, stamps } from './services.ts'

/** The gateways of the services: endpoints, mapping rules and how callers prove who they are. */
export function gatewayTables(outline: Outline): TableRows[] {
  return [
    { table: 'proxies', rows: () => proxies(outline) },
    { table: 'proxy_rules', rows: () => proxyRules(outline) },
    { table: 'gateway_configurations', rows: () => gatewayConfigurations(outline) },
    { table: 'oidc_configurations', rows: () => oidcConfigurations(outline) },
    { table: 'proxy_config_affecting_changes', rows: () => affectingChanges(outline) },
  ]
}

/** A service's one proxy has the service's own id plus this, so that the two kinds of id never agree by chance. */
export const proxyIdOffset = 100_000

function* proxies(outline: Outline): Generator<Row> {
  for (const service of everyService(outline)) {
    const oidc = backendVersionOf(service) === 'oidc'
    yield {
      id: service.id + proxyIdOffset,
      tenant_id: tenantIdOf(service.tenant),
      service_id: service.id,
      endpoint: service.endpoint,
      sandbox_endpoint: service.sandboxEndpoint,
      production_domain: hostOf(service.endpoint),
      staging_domain: hostOf(service.sandboxEndpoint),
      deployed_at: datetime(service.createdAt + 2 * dayMs),
      credentials_location: service.id % 4 === 0 ? 'headers' : 'query',
      ...stamps(service),
      secret_token: `Shared_secret_sent_from_proxy_to_API_backend_${hexOf(outline.seed, 'proxy', service.id, 16)}`,
      api_test_path: '/',
      api_test_success: service.id % 3 === 0 ? null : true,
      apicast_configuration_driven: true,
      oidc_issuer_endpoint: oidc ? 'https://zync:zync-secret@sso.customer.example.org/auth/realms/api' : null,
      oidc_issuer_type: 'keycloak',
      lock_version: service.id % 9,
      authentication_method: backendVersionOf(service),
      policies_config: policyChain,
      hostname_rewrite: service.id % 11 === 0 ? 'legacy.customer.example.org' : null,
    }
  }
}

const policyChain = JSON.stringify([
  { name: 'cors', version: 'builtin', configuration: { allow_headers: ['Accept', 'X-Ü'] }, enabled: true },
  { name: 'apicast', version: 'builtin', configuration: {}, enabled: true },
])

/** The host of an endpoint, without scheme and port. */
export function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname
}

function* proxyRules(outline: Outline): Generator<Row> {
  let id = 0
  const methods = ['GET', 'POST', 'PUT', 'DELETE']
  for (const tenant of outline.everyone) {
    const at = datetime(tenant.createdAt)
    const common = { created_at: at, updated_at: at, redirect_url: null, last: false }
    for (const service of tenant.services) {
      for (const [position, method] of methods.entries()) {
        const metric = service.metrics[position % 3]
        yield {
          id: ++id,
          proxy_id: service.id + proxyIdOffset,
          http_method: method,
          pattern: `/v1/items/{id}?q={q}&n=${position}$`,
          metric_id: metric?.id ?? null,
          metric_system_name: metric?.systemName ?? null,
          delta: 1,
          tenant_id: tenantIdOf(tenant),
          position: position + 1,
          owner_id: service.id + proxyIdOffset,
          owner_type: 'Proxy',
          ...common,
        }
      }
    }
    for (const api of tenant.backendApis) {
      const metric = api.metrics[0]
      yield {
        id: ++id,
        proxy_id: null,
        http_method: 'GET',
        pattern: '/',
        metric_id: metric?.id ?? null,
        metric_system_name: null,
        delta: 1,
        tenant_id: null,
        position: 1,
        owner_id: api.id,
        owner_type: 'BackendApi',
        ...common,
      }
    }
  }
}

function* gatewayConfigurations(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    if (service.id % 3 !== 1) continue
    yield {
      id: ++id,
      settings: JSON.stringify({ jwt_claim_with_client_id: 'azp', jwt_claim_with_client_id_type: 'plain' }),
      proxy_id: service.id + proxyIdOffset,
      tenant_id: tenantIdOf(service.tenant),
      ...stamps(service),
    }
  }
}

function* oidcConfigurations(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline)) {
    if (backendVersionOf(service) !== 'oidc' && id > 0) continue
    yield {
      id: ++id,
      config: JSON.stringify({ standard_flow_enabled: true, direct_access_grants_enabled: false }),
      oidc_configurable_type: 'Proxy',
      oidc_configurable_id: service.id + proxyIdOffset,
      tenant_id: tenantIdOf(service.tenant),
      ...stamps(service),
    }
  }
}

function* affectingChanges(outline: Outline): Generator<Row> {
  let id = 0
  for (const service of everyService(outline))
    yield { id: ++id, proxy_id: service.id + proxyIdOffset, ...stamps(service) }
}
