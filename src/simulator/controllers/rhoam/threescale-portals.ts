import type { Secret } from '../../../base/secret.ts'
import type { InstallationPlace } from '../../threescale-api/installations.ts'
import { hasCondition } from '../engine/conditions.ts'
import { PortalRefusal } from '../ports.ts'
import { type ApiManager, apiManagers } from '../threescale/shapes.ts'
import { isAdmitted } from '../workloads/routes.ts'
import { secretValues } from '../workloads/secrets.ts'
import type { Deployment, Pod, Route } from '../workloads/shapes.ts'
import { keycloakClients, keycloakUsers, namespaces } from './names.ts'
import { ProductError, type ProductContext, required } from './product.ts'
import type { KeycloakClient, KeycloakUser, Phase } from './shapes.ts'

const routes = 'routes.route.openshift.io'
const threescale = namespaces.threescale

/** Makes or completes the APIManager, and waits for its workloads and for four Routes, which it has made again meanwhile. */
export function reconcileComponents(product: ProductContext): Phase {
  const { view } = product.context
  view.ensure({
    apiVersion: 'apps.3scale.net/v1alpha1',
    kind: 'APIManager',
    metadata: { namespace: threescale, name: '3scale' },
    spec: { wildcardDomain: product.rhmi.spec.routingSubdomain ?? '', tenantName: '3scale' },
  })
  view.change<ApiManager>({ resource: apiManagers, namespace: threescale, name: '3scale' }, (draft) => {
    const { spec } = draft
    if (spec.wildcardDomain === '') spec.wildcardDomain = product.rhmi.spec.routingSubdomain ?? ''
    spec.highAvailability = { enabled: true }
    spec.externalComponents = {
      ...spec.externalComponents,
      system: { redis: true, database: true },
      backend: { redis: true },
    }
    const least = (component: string, part: string, replicas: number) => {
      // A component's spec is an object of such parts.
      const parts = (spec[component] ?? {}) as Record<string, { replicas?: number } | undefined>
      parts[part] = { ...parts[part], replicas: Math.max(replicas, parts[part]?.replicas ?? 0) }
      spec[component] = parts
    }
    least('system', 'appSpec', 3)
    least('system', 'sidekiqSpec', 3)
    least('apicast', 'stagingSpec', 3)
    least('apicast', 'productionSpec', 3)
    least('backend', 'listenerSpec', 3)
    least('backend', 'workerSpec', 3)
    least('backend', 'cronSpec', 1)
    least('zync', 'appSpec', 3)
    least('zync', 'queSpec', 3)
    Object.assign(spec, { podDisruptionBudget: { enabled: true } })
    Object.assign(spec['system'] ?? {}, {
      fileStorage: { simpleStorageService: { configurationSecretRef: { name: 's3-credentials' } } },
    })
  })
  const {
    ready = [],
    starting = [],
    stopped = [],
  } = view.get<ApiManager>(apiManagers, threescale, '3scale')?.status?.deployments ?? {}
  const areUp = starting.length === 0 && stopped.length === 0 && ready.length > 0
  if (!areUp) return 'in progress'
  if (view.list(routes, threescale).length >= 4) return 'completed'
  const sidekiq = { threescale_component: 'system', threescale_component_element: 'sidekiq' }
  if (view.list<Pod>('pods', threescale, sidekiq).some((pod) => hasCondition(pod, 'Ready'))) product.resyncDomains()
  return 'in progress'
}

/** Asks the master API for the tenants, and looks for an admitted Route of each sort of portal. */
export async function pingPortals(product: ProductContext): Promise<Phase> {
  const { view, signal } = product.context
  await portalCall(() => product.portal.tenants(placeOf(product), masterToken(product), signal))
  const areThere = ['system-master', 'system-developer', 'system-provider'].every((routeTo) =>
    view.list<Route>(routes, threescale, { 'zync.3scale.net/route-to': routeTo }).some(isAdmitted),
  )
  return areThere ? 'completed' : 'in progress'
}

/** Overwrites the sender of every tenant's mail, but for those with ids 1 and 2, which it takes for master and default. */
export async function outgoingMail(product: ProductContext): Promise<Phase> {
  const { signal } = product.context
  const { smtp } = product.parameters
  const custom = smtp.kind === 'complete' ? smtp.values.get('from_address')?.reveal('set a sender') : undefined
  const from = custom ?? product.alertFromAddress
  const [at, token] = [placeOf(product), masterToken(product)]
  await portalCall(async () => {
    for (const { id, fromEmail } of await product.portal.tenants(at, token, signal)) {
      if (id === '1' || id === '2' || fromEmail === from) continue
      await product.portal.setFromEmail(at, token, id, from, signal)
    }
  })
  return 'completed'
}

/** Puts the addresses for alerts into the variables of system-app and sidekiq, which rolls them out. */
export function notificationAddresses(product: ProductContext): Phase {
  const email = product.rhmi.spec.alertingEmailAddress ?? product.alertFromAddress
  const added = ['SUPPORT_EMAIL', 'NOTIFICATION_EMAIL'].map((name) => ({ name, value: email }))
  let changed = false
  for (const name of ['system-app', 'system-sidekiq']) {
    for (const resource of ['deployments.apps', 'deploymentconfigs.apps.openshift.io']) {
      const isChanged = product.context.view.change<Deployment>({ resource, namespace: threescale, name }, (draft) => {
        for (const container of draft.spec.template.spec.containers) {
          const others = (container.env ?? []).filter((one) => !added.some((mine) => mine.name === one.name))
          container.env = [...others, ...added]
        }
      })
      changed ||= isChanged
    }
  }
  return changed ? 'in progress' : 'completed'
}

/** A client in the cluster's realm, and with it the sign-on of the default tenant's admin portal. */
export async function rhssoIntegration(product: ProductContext): Promise<Phase> {
  const { view, signal } = product.context
  const host = adminHostOf(product)
  view.ensure({
    apiVersion: 'keycloak.org/v1alpha1',
    kind: 'KeycloakClient',
    metadata: { namespace: namespaces.rhsso, name: '3scale' },
    spec: {
      client: { clientId: '3scale', enabled: true, redirectUris: [`https://${host}/*`], rootUrl: `https://${host}` },
      realmSelector: { matchLabels: { sso: 'integreatly' } },
    },
  })
  if (view.get<KeycloakClient>(keycloakClients, namespaces.rhsso, '3scale')?.status?.ready !== true)
    return 'in progress'
  const secret = 'keycloak-client-secret-3scale'
  const clientSecret = required(secretValues(view, namespaces.rhsso, secret), 'CLIENT_SECRET', secret)
  const edge = view.get<Route>(routes, namespaces.rhsso, 'keycloak-edge')?.spec.host ?? ''
  const site = `https://${edge}/auth/realms/openshift`
  const provider = { name: 'rhsso', clientId: '3scale', clientSecret, site }
  await portalCall(() =>
    product.portal.ensureAuthenticationProvider(placeOf(product), host, adminToken(product), provider, signal),
  )
  return 'completed'
}

/**
 * Makes the default tenant's users those of the cluster's realm: whoever is not one of them, by name or by the id that
 * Keycloak keeps, and is not the admin of the seed, is DELETED. It does not ask whose tenant "3scale" is.
 */
export async function syncUsers(product: ProductContext): Promise<Phase> {
  const { view, signal } = product.context
  const [at, host, token] = [placeOf(product), adminHostOf(product), adminToken(product)]
  const known = view.list<KeycloakUser>(keycloakUsers, namespaces.rhsso)
  const names = new Set(known.map(({ spec }) => spec.user.username.toLowerCase()))
  const ids = new Set(known.flatMap(({ spec }) => spec.user.attributes?.['3scale_user_id'] ?? []))
  const seed = secretValues(view, threescale, 'system-seed')
  const admin = required(seed, 'ADMIN_USER', 'system-seed').reveal('compare it with the names of users')
  const group = view.get('groups.user.openshift.io', undefined, 'dedicated-admins')
  const admins = new Set(Array.isArray(group?.['users']) ? group['users'].map(String) : [])
  await portalCall(async () => {
    for (const user of await product.portal.users(at, host, token, signal)) {
      const isKnown = names.has(user.username.toLowerCase()) || ids.has(user.id)
      if (!isKnown && user.username !== admin) await product.portal.deleteUser(at, host, token, user.id, signal)
      else if (admins.has(user.username) && user.role !== 'admin') {
        await product.portal.makeAdmin(at, host, token, user.id, signal)
      }
    }
  })
  return 'completed'
}

/** Restarts every Deployment that says False of anything. */
export function deploymentsReady(product: ProductContext): Phase {
  const { view } = product.context
  let areReady = true
  for (const { metadata, status } of view.list<Deployment>('deployments.apps', threescale)) {
    if (status?.conditions?.every((condition) => condition.status !== 'False') !== false) continue
    areReady = false
    const restartedAt = product.context.timestamp()
    view.change<Deployment>({ resource: 'deployments.apps', namespace: threescale, name: metadata.name }, (draft) => {
      const { template } = draft.spec
      const annotations = { ...template.metadata?.annotations, 'kubectl.kubernetes.io/restartedAt': restartedAt }
      template.metadata = { ...template.metadata, annotations }
    })
  }
  return areReady ? 'completed' : 'in progress'
}

function placeOf({ context: { view }, rhmi }: ProductContext): InstallationPlace {
  return {
    databaseUrl: required(secretValues(view, threescale, 'system-database'), 'URL', 'system-database'),
    storageUrl: required(secretValues(view, threescale, 'backend-redis'), 'REDIS_STORAGE_URL', 'backend-redis'),
    superdomain: rhmi.spec.routingSubdomain ?? '',
  }
}

function masterToken(product: ProductContext): Secret {
  return required(secretValues(product.context.view, threescale, 'system-seed'), 'MASTER_ACCESS_TOKEN', 'system-seed')
}

function adminToken(product: ProductContext): Secret {
  return required(secretValues(product.context.view, threescale, 'system-seed'), 'ADMIN_ACCESS_TOKEN', 'system-seed')
}

/** Always this name, whatever the tenants are. */
function adminHostOf({ rhmi }: ProductContext): string {
  return `3scale-admin.${rhmi.spec.routingSubdomain}`
}

async function portalCall<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof PortalRefusal) throw new ProductError(`3scale answered ${error.status}: ${error.message}`)
    throw error
  }
}
