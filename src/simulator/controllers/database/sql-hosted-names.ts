import type { HostedName, HostedNames } from '../ports.ts'
import { withSql } from './sql-session.ts'

/** The hosts of a 3scale, as zync hears of them: of tenants by their accounts, of hosted gateways by their proxies. */
export const sqlHostedNames: HostedNames = {
  namesIn: async (url, signal) => {
    try {
      return await withSql(url, signal, async (session) => {
        const accounts = await session.query(
          'SELECT id, self_domain, domain FROM accounts WHERE provider OR master ORDER BY id',
        )
        const proxies = await session.query(`SELECT s.id, p.endpoint, p.sandbox_endpoint FROM proxies p
          JOIN services s ON s.id = p.service_id WHERE s.deployment_option = 'hosted' ORDER BY s.id`)
        return [
          ...accounts.flatMap(([id, self, domain]): HostedName[] => {
            const ownerId = id ?? ''
            // zync tells the master by this equality, not by its flag.
            if (self === domain) return named(self, 'system-master', ownerId)
            return [...named(domain, 'system-developer', ownerId), ...named(self, 'system-provider', ownerId)]
          }),
          ...proxies.flatMap(([id, endpoint, sandbox]) => [
            ...named(hostOf(endpoint), 'apicast-production', id ?? ''),
            ...named(hostOf(sandbox), 'apicast-staging', id ?? ''),
          ]),
        ]
      })
    } catch {
      // Whatever the database says: zync tries again later.
      signal.throwIfAborted()
      return null
    }
  },
}

function named(host: string | null | undefined, routeTo: HostedName['routeTo'], ownerId: string): HostedName[] {
  return host === null || host === undefined || host === '' ? [] : [{ host, routeTo, ownerId }]
}

function hostOf(endpoint: string | null | undefined): string | null {
  return typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint).hostname : null
}
