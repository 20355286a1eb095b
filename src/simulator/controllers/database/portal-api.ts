import { untilAborted } from '../../../base/abort.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Secret } from '../../../base/secret.ts'
import { parseRedisUrl } from '../../../model/parse-redis-url.ts'
import { addressInSecret } from '../../address-in-secret.ts'
import { answer } from '../../threescale-api/answer.ts'
import { Installation } from '../../threescale-api/installation.ts'
import type { InstallationPlace } from '../../threescale-api/installations.ts'
import type { ApiRequest } from '../../threescale-api/request.ts'
import { type PortalApi, PortalRefusal } from '../ports.ts'

const providers = '/admin/api/account/authentication_providers.json'

/** What RHOAM asks is answered as by the routers of simulated clusters: from the database that the secrets name. */
export function portalApi(clock: Clock): PortalApi {
  const ask = (at: InstallationPlace, request: Request, signal: AbortSignal) => asked(at, request, clock, signal)
  return {
    tenants: async (at, token, signal) => {
      const found = await ask(at, { host: ofMaster(at), path: '/admin/api/accounts.json', token }, signal)
      return itemsOf(found, 'accounts', 'account').flatMap(({ id, admin_domain, from_email }) =>
        typeof admin_domain === 'string'
          ? [{ id: String(id), adminHost: admin_domain, fromEmail: typeof from_email === 'string' ? from_email : null }]
          : [],
      )
    },
    setFromEmail: async (at, token, tenantId, email, signal) => {
      const path = `/master/api/providers/${tenantId}.json`
      const body = { account: { from_email: email } }
      await ask(at, { method: 'PUT', host: ofMaster(at), path, token, body }, signal)
    },
    users: async (at, host, token, signal) => {
      const found = await ask(at, { host, path: '/admin/api/users.json', token }, signal)
      return itemsOf(found, 'users', 'user').map(({ id, username, role }) => ({
        id: String(id),
        username: typeof username === 'string' ? username : '',
        role: role === 'admin' ? ('admin' as const) : ('member' as const),
      }))
    },
    deleteUser: async (at, host, token, userId, signal) => {
      await ask(at, { method: 'DELETE', host, path: `/admin/api/users/${userId}.json`, token }, signal)
    },
    makeAdmin: async (at, host, token, userId, signal) => {
      await ask(at, { method: 'PUT', host, path: `/admin/api/users/${userId}/admin.json`, token }, signal)
    },
    ensureAuthenticationProvider: async (at, host, token, provider, signal) => {
      const there = await ask(at, { host, path: providers, token }, signal)
      const all = itemsOf(there, 'authentication_providers', 'authentication_provider')
      if (all.some(({ system_name }) => system_name === provider.name)) return
      const body = {
        kind: 'keycloak',
        name: provider.name,
        system_name: provider.name,
        client_id: provider.clientId,
        client_secret: provider.clientSecret.reveal('tell a simulated 3scale the secret of its client'),
        site: provider.site,
        skip_ssl_certificate_verification: true,
        published: true,
      }
      await ask(at, { method: 'POST', host, path: providers, token, body }, signal)
    },
  }
}

function ofMaster({ superdomain }: InstallationPlace): string {
  return `master.${superdomain}`
}

interface Request {
  readonly method?: 'PUT' | 'POST' | 'DELETE'
  readonly host: string
  readonly path: string
  readonly token: Secret
  readonly body?: object
}

/** The answer's JSON, with ids as their digits. Throws PortalRefusal, without a word of what was sent. */
async function asked(
  at: InstallationPlace,
  { method, host, path, token, body }: Request,
  clock: Clock,
  signal: AbortSignal,
): Promise<unknown> {
  const installation = await Installation.open({
    database: addressInSecret(at.databaseUrl),
    storage: parseRedisUrl(at.storageUrl, 'backend-redis'),
    superdomain: at.superdomain,
    clock,
    // Nothing that RHOAM changes is a host.
    onDomainsChanged: () => undefined,
  })
  const request: ApiRequest = {
    method: method ?? 'GET',
    host,
    path,
    query: '',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`:${token.reveal('ask a simulated 3scale')}`).toString('base64')}`,
    },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  }
  try {
    const got = await untilAborted(signal, () => answer(installation, request))
    if (got.status < 400) return got.body === '' ? null : JSON.parse(got.body, digits)
    throw new PortalRefusal(got.status, `${request.method} ${host}${path}`)
  } finally {
    await installation.close()
  }
}

/** Whole numbers of 64 bits would lose their last digits. */
function digits(_key: string, value: unknown, context: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' ? (context.source ?? value) : value
}

function itemsOf(found: unknown, root: string, item: string): readonly Readonly<Record<string, unknown>>[] {
  // As the routes make it: a list of objects under one name each.
  const list = (found as Readonly<Record<string, readonly Readonly<Record<string, object>>[]>>)[root] ?? []
  return list.map((entry) => ({ ...entry[item] }))
}
