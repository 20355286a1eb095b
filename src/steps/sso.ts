import { clusterKinds } from '../model/cluster-kinds.ts'
import type { Step, StepContext } from '../ports/step.ts'
import type { AuthenticationProvider, TenantApi } from '../ports/threescale-api.ts'
import type { StoredTenant } from '../ports/threescale-database.ts'
import { tenantApi } from './apis.ts'
import { deadlineMs } from './deadlines.ts'
import { declares } from './declaration.ts'
import { tenantsOf } from './destination-tenants.ts'
import { fault } from './faults.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, rhoamNamespaces, type ThreescalePlace } from './places.ts'
import { secretValue } from './secrets.ts'
import type { Tools } from './tools.ts'
import { rhoamAdminHost } from './traps.ts'

/*
 * Single sign-on of the tenants other than RHOAM's own, which RHOAM integrates itself: a client in the cluster's Keycloak with
 * the tenant's real admin host, and a provider of that client in the tenant.
 */

const clients = clusterKinds.keycloakClients

const realm = 'openshift'
/** Of the provider in each tenant. */
export const providerName = 'rhsso'
/** The route that logins go through. */
const loginRoute = 'keycloak-edge'

/** Claims that 3scale reads. Source: integreatly-operator's client for its own tenant. */
const mappers = [
  ['given name', 'oidc-usermodel-property-mapper', 'firstName', 'given_name'],
  ['family name', 'oidc-usermodel-property-mapper', 'lastName', 'family_name'],
  ['email', 'oidc-usermodel-property-mapper', 'email', 'email'],
  ['email verified', 'oidc-usermodel-property-mapper', 'emailVerified', 'email_verified'],
  ['full name', 'oidc-full-name-mapper', '', ''],
  ['org_name', 'oidc-usermodel-attribute-mapper', 'org_name', 'org_name'],
] as const

interface Integration {
  readonly tenant: StoredTenant
  readonly api: TenantApi
  readonly clientId: string
}

/** The tenants to be integrated. Faults: STEP_NO_TOKEN. */
async function integrations(tools: Tools, context: StepContext, at: ThreescalePlace): Promise<readonly Integration[]> {
  const tenants = (await tenantsOf(at)).filter(
    ({ adminHost, state }) => adminHost !== rhoamAdminHost(context.migration) && state === 'approved',
  )
  const without = tenants.filter(({ token }) => token === null).map(({ id }) => id)
  if (without.length > 0) throw fault('STEP_NO_TOKEN', { tenants: without })
  return tenants.flatMap((tenant) =>
    tenant.token === null
      ? []
      : [{ tenant, api: tenantApi(tools, at, tenant.adminHost, tenant.token), clientId: `3scale-tenant-${tenant.id}` }],
  )
}

async function providerOf({ api }: Integration, signal: AbortSignal): Promise<AuthenticationProvider | undefined> {
  return (await api.authenticationProviders({ signal })).find(({ systemName }) => systemName === providerName)
}

/** Step 22: unpublished, so that the customer can test it first. */
export function ssoIntegration(tools: Tools): Step {
  return {
    async check(context) {
      const at = await placeOf(tools, context, 'destination')
      const missing = await withoutProvider(await integrations(tools, context, at), context.signal)
      if (missing.length > 0) return { kind: 'needed', says: `${missing.length} tenants have no integration` }
      return { kind: 'done', says: 'every tenant has its integration', facts: await declaresProviders(tools, context) }
    },

    async explain(context) {
      const at = await placeOf(tools, context, 'destination')
      const all = await integrations(tools, context, at)
      return {
        summary: `${all.length} tenants get a client in the cluster's single sign-on and an unpublished integration.`,
        diff: all.map(({ tenant, clientId }) => ({
          what: `client for ${tenant.adminHost}`,
          before: null,
          after: clientId,
        })),
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'destination')
      const site = await loginSite(at, context)
      const all = await integrations(tools, context, at)
      for (const [index, integration] of all.entries()) {
        context.onProgress({ done: index, total: all.length, unit: 'tenants', exact: true, at: tools.clock.now() })
        await makeClient(at, context, integration)
        await makeProvider(at, context, integration, site)
      }
      return { says: `${all.length} tenants integrated, none published`, facts: {} }
    },

    async confirm(context) {
      const at = await placeOf(tools, context, 'destination')
      const all = await integrations(tools, context, at)
      return {
        says: `${all.length} tenants were asked`,
        measured: [
          measure('clients that are ready', all.length, await readyClients(at, context, all)),
          measureNone('tenants without an integration', await withoutProvider(all, context.signal)),
        ],
        facts: await declaresProviders(tools, context),
      }
    },

    async undo(context) {
      const at = await placeOf(tools, context, 'destination')
      const all = await integrations(tools, context, at)
      const namespace = rhoamNamespaces(context.migration).sso
      for (const integration of all) {
        const provider = await providerOf(integration, context.signal)
        if (provider?.published === true) {
          await integration.api.updateAuthenticationProvider(
            provider.id,
            { published: false },
            { signal: context.signal },
          )
        }
        const ref = { namespace, name: integration.clientId }
        await at.cluster.remove(clients, ref, { signal: at.signal, deadlineMs: deadlineMs.removal })
      }
      return { says: `${all.length} clients deleted; the integrations stay, unpublished: 3scale cannot delete them` }
    },
  }
}

async function declaresProviders(tools: Tools, context: StepContext) {
  const all = await integrations(tools, context, await placeOf(tools, context, 'destination'))
  const providers = await Promise.all(all.map((integration) => providerOf(integration, context.signal)))
  return declares(context, [
    {
      kind: 'rows',
      says: `${all.length} tenants have a single sign-on integration more`,
      table: 'authentication_providers',
      column: 'id',
      values: providers.flatMap((provider) => provider?.id ?? []),
      expect: 'added',
    },
  ])
}

async function withoutProvider(all: readonly Integration[], signal: AbortSignal): Promise<readonly string[]> {
  const missing: string[] = []
  for (const integration of all) {
    if ((await providerOf(integration, signal)) === undefined) missing.push(integration.tenant.id)
  }
  return missing
}

async function readyClients(
  { cluster, signal }: ThreescalePlace,
  { migration }: StepContext,
  all: readonly Integration[],
) {
  const namespace = rhoamNamespaces(migration).sso
  let ready = 0
  for (const { clientId } of all) {
    const found = await cluster.get(clients, { namespace, name: clientId }, { signal })
    if (found?.status.ready === true) ready++
  }
  return ready
}

/** Where users log in. Faults: STEP_NO_SSO. */
async function loginSite({ cluster, signal }: ThreescalePlace, { migration }: StepContext): Promise<string> {
  const namespace = rhoamNamespaces(migration).sso
  const route = await cluster.get(clusterKinds.routes, { namespace, name: loginRoute }, { signal })
  if (route === null) throw fault('STEP_NO_SSO', { namespace, route: loginRoute })
  return `https://${route.spec.host}/auth/realms/${realm}`
}

async function makeClient(
  at: ThreescalePlace,
  { migration }: StepContext,
  { tenant, clientId }: Integration,
): Promise<void> {
  const { cluster, signal } = at
  const ref = { namespace: rhoamNamespaces(migration).sso, name: clientId }
  const spec = {
    realmSelector: { matchLabels: { sso: 'integreatly' } },
    client: {
      clientId,
      enabled: true,
      clientAuthenticatorType: 'client-secret',
      redirectUris: [`https://${tenant.adminHost}/*`],
      rootUrl: `https://${tenant.adminHost}`,
      standardFlowEnabled: true,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      publicClient: false,
      fullScopeAllowed: true,
      protocolMappers: mappers.map(([name, protocolMapper, attribute, claim]) => ({
        name,
        protocol: 'openid-connect',
        protocolMapper,
        config: {
          'access.token.claim': 'true',
          'id.token.claim': 'true',
          ...(claim === '' ? {} : { 'user.attribute': attribute, 'claim.name': claim, 'jsonType.label': 'String' }),
        },
      })),
    },
  }
  await cluster.apply(clients, { metadata: { ...ref, labels: { sso: 'integreatly' } }, fields: { spec } }, { signal })
  await cluster.until(clients, ref, (found) => found.some(({ status }) => status.ready), {
    signal,
    deadlineMs: deadlineMs.podsReady,
    what: `single sign-on client ${clientId} to be ready`,
  })
}

async function makeProvider(
  at: ThreescalePlace,
  context: StepContext,
  integration: Integration,
  site: string,
): Promise<void> {
  const { signal } = context
  const { api, clientId } = integration
  const namespace = rhoamNamespaces(context.migration).sso
  const clientSecret = await secretValue({ ...at, namespace }, `keycloak-client-secret-${clientId}`, 'CLIENT_SECRET')
  const login = { clientId, clientSecret, site, skipSslCertificateVerification: true }
  const existing = await providerOf(integration, signal)
  // It outlives an undo, and the client that is made after that has another secret.
  if (existing !== undefined) await api.updateAuthenticationProvider(existing.id, login, { signal })
  else {
    const provider = { kind: 'keycloak' as const, name: 'Red Hat single sign-on', systemName: providerName, ...login }
    await api.createAuthenticationProvider({ ...provider, published: false }, { signal })
  }
}

/** Step 23: the customer has logged in through each of them, and lets everybody do so. */
export function publishSso(tools: Tools): Step {
  const state = async (context: StepContext) => {
    const at = await placeOf(tools, context, 'destination')
    const all = await integrations(tools, context, at)
    const providers = await Promise.all(all.map((integration) => providerOf(integration, context.signal)))
    return all.map((integration, index) => ({ integration, provider: providers[index] }))
  }
  const setPublished = async (context: StepContext, published: boolean): Promise<number> => {
    let changed = 0
    for (const { integration, provider } of await state(context)) {
      if (provider === undefined || provider.published === published) continue
      await integration.api.updateAuthenticationProvider(provider.id, { published }, { signal: context.signal })
      changed++
    }
    return changed
  }
  return {
    async check(context) {
      const open = (await state(context)).filter(({ provider }) => provider?.published !== true)
      if (open.length > 0) return { kind: 'needed', says: `${open.length} integrations are not published` }
      return { kind: 'done', says: 'every integration is published', facts: {} }
    },

    async explain(context) {
      const all = await state(context)
      return {
        summary: 'Test the login of each tenant at its callback first; then everybody may log in that way.',
        diff: all.map(({ integration, provider }) => ({
          what: `login of ${integration.tenant.adminHost}, tested at ${provider?.callbackUrl ?? 'nowhere'}`,
          before: 'unpublished',
          after: 'published',
        })),
      }
    },

    async apply(context) {
      return { says: `${await setPublished(context, true)} integrations published`, facts: {} }
    },

    async confirm(context) {
      const all = await state(context)
      const published = all.filter(({ provider }) => provider?.published === true).length
      return {
        says: `${all.length} tenants were asked`,
        measured: [measure('integrations that are published', all.length, published)],
        facts: {},
      }
    },

    async undo(context) {
      return { says: `${await setPublished(context, false)} integrations are unpublished again` }
    },
  }
}
