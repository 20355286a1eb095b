import type { KubeObject } from '../../cluster/kube-object.ts'
import type { CustomDomain, Phase } from './shapes.ts'
import { isHost } from './addon-parameters.ts'
import { cloudResourceOperator, cloudResources, namespaces, postgresResource, redisResource } from './names.ts'
import {
  ensureCloudResource,
  ensureNamespace,
  ensureOperator,
  ensureWorkload,
  type ProductContext,
  ProductError,
  type ProductStep,
} from './product.ts'
import {
  backupSystemSecrets,
  blobStorage,
  externalDataSources,
  restoreSystemSecrets,
  systemSmtp,
} from './threescale-databases.ts'
import {
  deploymentsReady,
  notificationAddresses,
  outgoingMail,
  pingPortals,
  reconcileComponents,
  rhssoIntegration,
  syncUsers,
} from './threescale-portals.ts'

/** The products of a RHOAM, each with its steps in the order in which they are reconciled. */
export const products: Readonly<Record<string, readonly ProductStep[]>> = {
  'cloud-resources': [{ name: 'operator', run: cloudResourcesOperator }],
  rhsso: [{ name: 'components', run: (product) => singleSignOn(product, namespaces.rhsso, cloudResources.rhsso) }],
  rhssouser: [
    { name: 'components', run: (product) => singleSignOn(product, namespaces.userSso, cloudResources.userSso) },
  ],
  marin3r: [{ name: 'components', run: rateLimit }],
  grafana: [{ name: 'components', run: (product) => ensureWorkload(product, namespaces.monitoring, 'grafana') }],
  '3scale': [
    { name: 'custom domain', run: customDomain },
    { name: 'namespaces', run: threescaleNamespaces },
    { name: 'restore secrets', run: restoreSystemSecrets },
    { name: 'operator', run: threescaleOperator },
    { name: 'system-smtp', run: systemSmtp },
    { name: 'wait for rhsso', run: rhssoDatabase },
    { name: 'data sources', run: externalDataSources },
    { name: 'blob storage', run: blobStorage },
    { name: 'components', run: reconcileComponents },
    { name: 'ping portals', run: pingPortals },
    { name: 'outgoing mail', run: outgoingMail },
    { name: 'notification addresses', run: notificationAddresses },
    { name: 'sign-on', run: rhssoIntegration },
    { name: 'users', run: syncUsers },
    { name: 'backup secrets', run: backupSystemSecrets },
    { name: 'console link', run: consoleLink },
    { name: 'deployments ready', run: deploymentsReady },
  ],
}

function cloudResourcesOperator(product: ProductContext): Phase {
  const phase = ensureOperator(product, {
    namespace: namespaces.cloudResources,
    subscription: 'rhmi-cloud-resources',
    packageName: 'rhmi-cloud-resources',
    channel: 'rhmi',
  })
  const deployment = product.context.view.get('deployments.apps', namespaces.cloudResources, cloudResourceOperator)
  return phase === 'completed' && deployment === undefined ? 'awaiting operator' : phase
}

function singleSignOn(product: ProductContext, namespace: string, database: string): Phase {
  const { view } = product.context
  ensureNamespace(view, namespace)
  const isCluster = namespace === namespaces.rhsso
  const phase = ensureCloudResource(product, postgresResource, 'Postgres', database, isCluster ? 'rhsso' : 'rhssouser')
  if (phase !== 'completed') return phase
  const name = isCluster ? 'rhsso' : 'rhssouser'
  const realm = isCluster ? 'openshift' : 'master'
  view.ensure({
    apiVersion: 'keycloak.org/v1alpha1',
    kind: 'Keycloak',
    metadata: { namespace, name, labels: { sso: isCluster ? 'integreatly' : 'master' } },
    spec: { instances: 2 },
    status: { ready: true },
  })
  view.ensure({
    apiVersion: 'keycloak.org/v1alpha1',
    kind: 'KeycloakRealm',
    metadata: { namespace, name: realm, labels: { sso: isCluster ? 'integreatly' : 'master' } },
    spec: { realm: { realm } },
    status: { ready: true },
  })
  const route = isCluster ? 'keycloak-edge' : 'keycloak'
  view.ensure({
    apiVersion: 'route.openshift.io/v1',
    kind: 'Route',
    metadata: { namespace, name: route },
    spec: {
      host: `${route}-${namespace}.${product.rhmi.spec.routingSubdomain}`,
      to: { kind: 'Service', name: 'keycloak' },
    },
  })
  return ensureWorkload(product, namespace, 'keycloak')
}

function rateLimit(product: ProductContext): Phase {
  const phase = ensureCloudResource(product, redisResource, 'Redis', cloudResources.rateLimit, 'marin3r')
  return phase === 'completed' ? ensureWorkload(product, namespaces.marin3r, 'ratelimit') : phase
}

function customDomain({ parameters, context: { view } }: ProductContext): Phase {
  const domain = parameters.customDomain
  if (domain === undefined) return 'completed'
  if (!isHost(domain)) throw new ProductError('custom domain is not a valid host name')
  const isReady = view
    .list<CustomDomain>('customdomains.managed.openshift.io')
    .some(({ spec, status }) => spec.domain === domain && status?.state === 'Ready')
  const hasIngress = view
    .list<KubeObject & { spec?: { domain?: string } }>('ingresscontrollers.operator.openshift.io')
    .some(({ spec }) => spec?.domain === domain)
  if (!isReady && !hasIngress) throw new ProductError(`no CustomDomain or IngressController of ${domain} is ready`)
  return 'completed'
}

function threescaleNamespaces({ context: { view } }: ProductContext): Phase {
  for (const namespace of [namespaces.threescale, namespaces.threescaleOperator]) ensureNamespace(view, namespace)
  return 'completed'
}

function threescaleOperator(product: ProductContext): Phase {
  return ensureOperator(
    product,
    {
      namespace: namespaces.threescaleOperator,
      subscription: 'rhmi-3scale',
      packageName: '3scale-operator',
      channel: product.version.channel,
    },
    { config: { env: [{ name: 'PREFLIGHT_CHECKS_BYPASS', value: 'true' }] } },
  )
}

function rhssoDatabase(product: ProductContext): Phase {
  const { view } = product.context
  const postgres = view.get<KubeObject & { status?: { phase?: string } }>(
    postgresResource,
    namespaces.operator,
    cloudResources.rhsso,
  )
  return postgres?.status?.phase === 'complete' ? 'completed' : 'awaiting cloud resources'
}

function consoleLink({ context: { view }, rhmi }: ProductContext): Phase {
  view.ensure({
    apiVersion: 'console.openshift.io/v1',
    kind: 'ConsoleLink',
    metadata: { name: 'rhmi-3scale-console-link' },
    spec: {
      href: `https://3scale-admin.${rhmi.spec.routingSubdomain}/auth/rhsso/bounce`,
      text: 'API Management',
      location: 'ApplicationMenu',
    },
  })
  return 'completed'
}
