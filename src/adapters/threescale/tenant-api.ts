import { Fault } from '../../base/fault.ts'
import type { Secret } from '../../base/secret.ts'
import type { PortalAddress } from '../../model/portal-address.ts'
import type { TenantApi, TenantCounts } from '../../ports/threescale-api.ts'
import type { ClientOptions } from './api-client.ts'
import * as decode from './decoders.ts'
import { mailBody } from './mail-body.ts'
import { PortalCalls } from './portal-calls.ts'

const tokens = '/admin/api/personal/access_tokens'
const providers = '/admin/api/account/authentication_providers'

/** A tenant's API at its admin portal. Source: porta `app/controllers/admin/api`, `app/controllers/stats`. */
export function tenantApi(at: PortalAddress, token: Secret, options: ClientOptions): TenantApi {
  const calls = new PortalCalls(at, token, options)
  const api: TenantApi = {
    provider: ({ signal }) => calls.get('/admin/api/provider.json', account, signal),
    updateProvider: (changes, { signal }) =>
      calls.put('/admin/api/provider.json', { account: mailBody(changes) }, account, signal),
    users: ({ signal }) => calls.all('/admin/api/users.json', users, signal),
    deleteUser: async (id, { signal }) => {
      await calls.delete(`/admin/api/users/${id}.json`, signal)
    },
    services: ({ signal }) => calls.all('/admin/api/services.json', services, signal),
    backendApis: ({ signal }) => calls.all('/admin/api/backend_apis.json', backendApis, signal),
    applicationPlans: ({ signal }) => calls.all('/admin/api/application_plans.json', plans, signal),
    accounts: ({ signal }) => calls.pages('/admin/api/accounts.json', accounts, signal),
    applications: ({ signal }) => calls.pages('/admin/api/applications.json', applications, signal),
    applicationKeys: ({ id, accountId }, { signal }) =>
      calls.get(`/admin/api/accounts/${accountId}/applications/${id}/keys.json`, keys, signal),
    proxy: (service, { signal }) =>
      calls.get(`/admin/api/services/${service}/proxy.json`, decode.wrapped('proxy', decode.proxy), signal),
    latestProxyConfig: (service, environment, { signal }) =>
      calls.find(
        `/admin/api/services/${service}/proxy/configs/${environment}/latest.json`,
        decode.wrapped('proxy_config', decode.proxyConfig),
        signal,
      ),
    counts: ({ signal }) => countAll(api, signal),
    accessTokens: ({ signal }) => calls.all(`${tokens}.json`, accessTokens, signal),
    createAccessToken: ({ name, permission, scopes }, { signal }) =>
      calls.post(
        `${tokens}.json`,
        { token: { name, permission, scopes } },
        decode.wrapped('access_token', decode.createdToken),
        signal,
      ),
    deleteAccessToken: async (id, { signal }) => {
      await calls.delete(`${tokens}/${id}.json`, signal)
    },
    authenticationProviders: ({ signal }) => calls.all(`${providers}.json`, authenticationProviders, signal),
    createAuthenticationProvider: (provider, { signal }) =>
      calls.post(
        `${providers}.json`,
        {
          kind: provider.kind,
          name: provider.name,
          system_name: provider.systemName,
          client_id: provider.clientId,
          client_secret: provider.clientSecret.reveal('tell 3scale the secret of its client'),
          site: provider.site,
          skip_ssl_certificate_verification: provider.skipSslCertificateVerification,
          published: provider.published,
        },
        authenticationProvider,
        signal,
      ),
    updateAuthenticationProvider: (id, changes, { signal }) =>
      calls.put(
        `${providers}/${id}.json`,
        {
          authentication_provider: {
            client_id: changes.clientId,
            client_secret: changes.clientSecret?.reveal('tell 3scale the secret of its client'),
            site: changes.site,
            skip_ssl_certificate_verification: changes.skipSslCertificateVerification,
            published: changes.published,
          },
        },
        authenticationProvider,
        signal,
      ),
    usage: ({ of, metric, granularity, since, until }, { signal }) =>
      calls.get(`/stats/${of.kind}s/${of.id}/usage.json`, decode.usage, signal, {
        metric_name: metric,
        granularity,
        since: inUtc(since),
        until: inUtc(until),
        timezone: 'UTC',
        skip_change: true,
      }),
  }
  return api
}

const account = decode.wrapped('account', decode.tenantAccount)
const users = decode.listed('users', 'user', decode.user)
const services = decode.listed('services', 'service', decode.service)
const backendApis = decode.listed('backend_apis', 'backend_api', decode.backendApi)
const plans = decode.listed('plans', 'application_plan', decode.applicationPlan)
const accounts = decode.listed('accounts', 'account', decode.developerAccount)
const applications = decode.listed('applications', 'application', decode.application)
const keys = decode.listed('keys', 'key', decode.applicationKey)
const accessTokens = decode.listed('access_tokens', 'access_token', decode.accessToken)
const authenticationProviders = decode.listed(
  'authentication_providers',
  'authentication_provider',
  decode.authenticationProvider,
)
const authenticationProvider = decode.wrapped('authentication_provider', decode.authenticationProvider)

/** `2025-04-23 17:40:00` */
function inUtc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

async function countAll(api: TenantApi, signal: AbortSignal): Promise<TenantCounts> {
  const services = await api.services({ signal })
  let accounts = 0
  for await (const page of api.accounts({ signal })) accounts += page.length
  const applications: Record<string, number> = {}
  for await (const page of api.applications({ signal })) {
    for (const { state } of page) applications[state] = (applications[state] ?? 0) + 1
  }
  return {
    users: await countUsers(api, signal),
    accounts,
    services: services.length,
    backendApis: (await api.backendApis({ signal })).length,
    applications,
    applicationPlans: (await api.applicationPlans({ signal })).length,
    authenticationProviders: (await api.authenticationProviders({ signal })).length,
  }
}

/** Asked after what the same scope allows: refused now, it is for the plan of the tenant. */
async function countUsers(api: TenantApi, signal: AbortSignal): Promise<number | null> {
  try {
    return (await api.users({ signal })).length
  } catch (error) {
    if (error instanceof Fault && error.code === 'THREESCALE_FORBIDDEN') return null
    throw error
  }
}
