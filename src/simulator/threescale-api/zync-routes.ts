import type { SystemDatabase } from './system-database.ts'

/** A Route that zync keeps, before a name is made up for it. */
export interface ZyncRoute {
  /** The name begins so; a random end follows. */
  readonly namePrefix: `zync-3scale-${'master' | 'provider' | 'api'}-`
  readonly host: string
  /** The label `zync.3scale.net/route-to`, and the Service behind it. */
  readonly routeTo: 'system-master' | 'system-developer' | 'system-provider' | 'apicast-production' | 'apicast-staging'
  /** The account or, of a gateway, the service that it is of. */
  readonly ownerId: string
}

/**
 * The routes that `zync:resync:domains` ends in, by host: those of every account with portals, suspended ones too, and of
 * the gateways of every hosted product. What other routes zync has made before goes.
 *
 * An account whose two hosts are the same is the master. A host of several products is one route.
 * Source: zync `app/services/integration/kubernetes_service.rb`; porta's events of changed domains.
 */
export async function zyncRoutes(database: SystemDatabase): Promise<readonly ZyncRoute[]> {
  const routes = new Map<string, ZyncRoute>()
  const add = (route: ZyncRoute): void => {
    if (route.host !== '' && !routes.has(route.host)) routes.set(route.host, route)
  }
  const accounts = await database.rows(
    'SELECT id, domain, self_domain FROM accounts WHERE provider IS TRUE OR master IS TRUE ORDER BY id',
  )
  for (const { id, domain, self_domain } of accounts) {
    const ownerId = String(id)
    if (domain !== null && domain === self_domain) {
      add({ namePrefix: 'zync-3scale-master-', host: String(domain), routeTo: 'system-master', ownerId })
      continue
    }
    const of = { namePrefix: 'zync-3scale-provider-', ownerId } as const
    add({ ...of, host: String(domain ?? ''), routeTo: 'system-developer' })
    add({ ...of, host: String(self_domain ?? ''), routeTo: 'system-provider' })
  }
  const proxies = await database.rows(
    `SELECT p.service_id, p.endpoint, p.sandbox_endpoint FROM proxies p JOIN services s ON s.id = p.service_id
     WHERE s.deployment_option = 'hosted' AND s.state <> 'deleted' ORDER BY p.id`,
  )
  for (const { service_id, endpoint, sandbox_endpoint } of proxies) {
    const of = { namePrefix: 'zync-3scale-api-', ownerId: String(service_id) } as const
    add({ ...of, host: hostOf(endpoint), routeTo: 'apicast-production' })
    add({ ...of, host: hostOf(sandbox_endpoint), routeTo: 'apicast-staging' })
  }
  return [...routes.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
}

function hostOf(endpoint: unknown): string {
  return typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint).hostname : ''
}
