import { hasCondition } from '../engine/conditions.ts'
import type { Again, Context, Controller, Key } from '../engine/controller.ts'
import type { KubeObject } from '../../cluster/kube-object.ts'
import type { PortalApi } from '../ports.ts'
import { tellZync } from '../threescale/zync.ts'
import type { Deployment, Route } from '../workloads/shapes.ts'
import { type AddonParameters, applyCustomSmtp, isHost, readAddonParameters } from './addon-parameters.ts'
import { namespaces, postgresResource, redisResource, rhmiName, rhmiOperator, rhmis } from './names.ts'
import { type ProductContext, ProductError, runSteps } from './product.ts'
import { products } from './products.ts'
import type { RhoamVersion } from './rhoam-catalog.ts'
import type { ProductStatus, Rhmi } from './shapes.ts'

export interface RhoamOptions {
  readonly version: RhoamVersion
  readonly portal: PortalApi
  /** What the operator's environment has as ALERT_SMTP_FROM. */
  readonly alertFromAddress: string
}

const key: Key = `${namespaces.operator}/${rhmiName}`

/**
 * RHOAM's operator, while its Deployment is up; scaled to 0 it freezes, and the RHMI's status says what was last so.
 *
 *   (no RHMI) → Preflight Checks → bootstrap → installation, all products at each reconcile in an order by chance
 *   → complete, and back to installation when a product is not completed any more
 *
 * A change of any Secret that it watches starts a reconcile.
 */
export function rhoamOperator(options: RhoamOptions): Controller {
  return {
    name: 'rhmis',
    watches: {
      [rhmis]: always,
      'deployments.apps': ({ metadata }) => (metadata.name === rhmiOperator ? [key] : []),
      secrets: inOwnNamespaces,
      [postgresResource]: always,
      [redisResource]: always,
    },
    reconcile: async (_key, context) => {
      if (!isUp(context)) return null
      const { view, timings } = context
      const rhmi = view.get<Rhmi>(rhmis, namespaces.operator, rhmiName)
      if (rhmi === undefined) {
        view.ensure(newRhmi())
        return timings.rhoamBusy
      }
      if (rhmi.status?.preflightStatus !== 'successful') return preflight(rhmi, context)
      const parameters = readAddonParameters(view)
      const problem = bootstrap(rhmi, parameters, options, context)
      if (problem !== null || parameters === null) return timings.rhoamBusy
      return install(view.get<Rhmi>(rhmis, namespaces.operator, rhmiName) ?? rhmi, parameters, options, context)
    },
  }
}

function always(): readonly Key[] {
  return [key]
}

function inOwnNamespaces({ metadata }: KubeObject): readonly Key[] {
  return [namespaces.operator, namespaces.threescale].some((one) => one === metadata.namespace) ? [key] : []
}

function isUp({ view }: Context): boolean {
  const deployment = view.get<Deployment>('deployments.apps', namespaces.operator, rhmiOperator)
  return (
    (deployment?.spec.replicas ?? 1) > 0 &&
    (deployment?.status?.readyReplicas ?? 0) > 0 &&
    hasCondition(deployment, 'Available')
  )
}

function newRhmi() {
  return {
    apiVersion: 'integreatly.org/v1alpha1',
    kind: 'RHMI',
    metadata: { namespace: namespaces.operator, name: rhmiName },
    spec: {
      type: 'managed-api',
      namespacePrefix: 'redhat-rhoam-',
      useClusterStorage: 'false',
      smtpSecret: 'redhat-rhoam-smtp',
      pagerDutySecret: 'redhat-rhoam-pagerduty',
      deadMansSnitchSecret: 'redhat-rhoam-deadmanssnitch',
      priorityClassName: 'rhoam-pod-priority',
    },
  }
}

type StatusChange = (status: Record<string, unknown>) => void

function changeStatus(context: Context, change: StatusChange): void {
  context.view.change<Rhmi>({ resource: rhmis, namespace: namespaces.operator, name: rhmiName }, (draft) => {
    const status: Record<string, unknown> = { ...draft.status }
    change(status)
    draft.status = status
  })
}

/** Nothing begins while a secret is missing, or while another 3scale is on the cluster. */
function preflight(rhmi: Rhmi, context: Context): Again {
  const problem = preflightProblem(rhmi, context)
  changeStatus(context, (status) => {
    status['stage'] = 'Preflight Checks'
    status['preflightStatus'] = problem === null ? 'successful' : 'failed'
    status['preflightMessage'] = problem ?? 'preflight checks passed'
  })
  return problem === null ? 0 : context.timings.rhoamBusy
}

function preflightProblem(rhmi: Rhmi, { view }: Context): string | null {
  const { pagerDutySecret } = rhmi.spec
  if (view.get('secrets', namespaces.operator, pagerDutySecret) === undefined) {
    return `could not find ${pagerDutySecret} secret in ${namespaces.operator} namespace`
  }
  if (readAddonParameters(view)?.quota === undefined) return 'the quota parameter is missing or is not known'
  for (const resource of ['deployments.apps', 'deploymentconfigs.apps.openshift.io']) {
    const other = view
      .list(resource)
      .find(({ metadata }) => metadata.name === 'system-app' && !/^(?:openshift|kube)-/.test(metadata.namespace ?? ''))
    if (other !== undefined) return `found conflicting packages: 3scale, in namespace: ${other.metadata.namespace}`
  }
  return null
}

/** What is needed before any product. Out: what is missing, or null. */
function bootstrap(
  rhmi: Rhmi,
  parameters: AddonParameters | null,
  { version }: RhoamOptions,
  context: Context,
): string | null {
  const { view } = context
  const console = view.get<Route>('routes.route.openshift.io', 'openshift-console', 'console')
  const router = console?.status?.ingress?.[0]?.routerCanonicalHostname
  const problem =
    parameters === null
      ? 'the addon parameters secret is not there'
      : router === undefined
        ? 'the console has no route'
        : null
  if (parameters !== null && router !== undefined) {
    const custom = parameters.customDomain
    view.change<Rhmi>({ resource: rhmis, namespace: namespaces.operator, name: rhmiName }, ({ spec }) => {
      spec.masterURL = console?.spec.host ?? ''
      // Once only: a domain that comes later changes nothing.
      spec.routingSubdomain ??= custom ?? router.replace(/^router-default\./, '')
      if (parameters.notificationEmail !== undefined) spec.alertingEmailAddress = parameters.notificationEmail
    })
    view.ensure({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: namespaces.operator, name: 'cloud-resource-config' },
      data: { 'managed-api': JSON.stringify({ blobstorage: 'aws', redis: 'aws', postgres: 'aws' }) },
    })
  }
  const smtp = parameters === null ? null : applyCustomSmtp(view, parameters.smtp)
  changeStatus(context, (status) => {
    const stages = (rhmi.status?.stages ?? {}) as Record<string, unknown>
    if (rhmi.status?.stage !== 'complete' && rhmi.status?.stage !== 'installation') status['stage'] = 'bootstrap'
    const phase = problem === null ? 'completed' : 'in progress'
    status['stages'] = { ...stages, bootstrap: { name: 'bootstrap', phase } }
    status['lastError'] = problem ?? rhmi.status?.lastError ?? ''
    if (status['version'] !== version.rhoam) status['toVersion'] = version.rhoam
    status['version'] ??= ''
    if (parameters === null) return
    status['quota'] ??= parameters.quota
    status['toQuota'] = status['quota'] === parameters.quota ? '' : parameters.quota
    status['customSmtp'] = smtp
    const domain = parameters.customDomain
    status['customDomain'] =
      domain === undefined
        ? null
        : isHost(domain)
          ? { enabled: true }
          : { enabled: true, error: 'not a valid host name' }
  })
  return problem
}

async function install(
  rhmi: Rhmi,
  parameters: AddonParameters,
  options: RhoamOptions,
  context: Context,
): Promise<Again> {
  const product: ProductContext = {
    context,
    rhmi,
    parameters,
    version: options.version,
    portal: options.portal,
    alertFromAddress: options.alertFromAddress,
    resyncDomains: () => tellZync(context.view, namespaces.threescale, context.timestamp()),
  }
  const before = rhmi.status?.stages?.['installation']?.products ?? {}
  const found: Record<string, ProductStatus> = { ...before }
  const errors: string[] = []
  for (const name of shuffled(Object.keys(products), context)) {
    let status: ProductStatus['status']
    try {
      status = await runSteps(products[name] ?? [], product)
    } catch (error) {
      if (!(error instanceof ProductError)) throw error
      errors.push(`${name}: ${error.message}`)
      status = 'failed'
    }
    found[name] = { ...productFacts(name, options.version, rhmi), status }
  }
  const isComplete = Object.values(found).every(({ status }) => status === 'completed')
  changeStatus(context, (status) => {
    const stages = (status['stages'] ?? {}) as Record<string, unknown>
    const phase = isComplete ? 'completed' : 'in progress'
    status['stages'] = { ...stages, installation: { name: 'installation', phase, products: found } }
    status['stage'] = isComplete ? 'complete' : 'installation'
    status['lastError'] = errors.join('; ')
    if (!isComplete) return
    status['version'] = options.version.rhoam
    status['toVersion'] = ''
  })
  return isComplete ? context.timings.rhoamIdle : context.timings.rhoamBusy
}

function productFacts(name: string, version: RhoamVersion, rhmi: Rhmi): Omit<ProductStatus, 'status'> {
  const is3scale = name === '3scale'
  return {
    name,
    operator: is3scale
      ? version.threescaleOperator
      : name === 'cloud-resources'
        ? version.cloudResources
        : version.rhoam,
    version: is3scale ? version.threescale : version.rhoam,
    host: is3scale ? `https://3scale-admin.${rhmi.spec.routingSubdomain}` : '',
  }
}

function shuffled(names: readonly string[], { random }: Context): readonly string[] {
  return names
    .map((name) => ({ name, at: random.uint32() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}
