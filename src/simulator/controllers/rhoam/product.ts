import type { Secret } from '../../../base/secret.ts'
import type { NewObject } from '../../cluster/kube-object.ts'
import type { Context } from '../engine/controller.ts'
import { hasCondition } from '../engine/conditions.ts'
import { packageLabel, type InstallPlan, resources, type ClusterServiceVersion } from '../olm/shapes.ts'
import type { PortalApi } from '../ports.ts'
import type { Deployment } from '../workloads/shapes.ts'
import type { AddonParameters } from './addon-parameters.ts'
import { namespaces } from './names.ts'
import { registryCatalog, type RhoamVersion } from './rhoam-catalog.ts'
import type { CloudResource, Phase, Rhmi } from './shapes.ts'

/** What a product's reconcile has at hand. */
export interface ProductContext {
  readonly context: Context
  readonly rhmi: Rhmi
  readonly parameters: AddonParameters
  readonly version: RhoamVersion
  readonly portal: PortalApi
  /** From the addon's own SMTP where the customer gave none. */
  readonly alertFromAddress: string
  /** Runs `rake zync:resync:domains` in the 3scale of RHOAM. */
  readonly resyncDomains: () => void
}

/** Why a product cannot go on; it becomes status.lastError. */
export class ProductError extends Error {
  override readonly name = 'ProductError'
}

/** One thing that a product's reconcile does; it goes on to the next only when this one is completed. */
export interface ProductStep {
  readonly name: string
  readonly run: (product: ProductContext) => Promise<Phase> | Phase
}

/** Runs the steps in order up to the first that is not completed. */
export async function runSteps(steps: readonly ProductStep[], product: ProductContext): Promise<Phase> {
  for (const step of steps) {
    product.context.signal.throwIfAborted()
    const phase = await step.run(product)
    if (phase !== 'completed') return phase
  }
  return 'completed'
}

/** A Subscription of RHOAM's own, whose InstallPlans the operator approves itself; completed when its CSV has succeeded. */
export function ensureOperator(
  { context: { view } }: ProductContext,
  wanted: {
    readonly namespace: string
    readonly subscription: string
    readonly packageName: string
    readonly channel: string
  },
  config: object = {},
): Phase {
  const { namespace, subscription, packageName, channel } = wanted
  ensureNamespace(view, namespace)
  const objects: readonly NewObject[] = [
    {
      apiVersion: 'operators.coreos.com/v1alpha1',
      kind: 'CatalogSource',
      metadata: { namespace, name: registryCatalog },
      spec: { sourceType: 'grpc' },
      status: { connectionState: { lastObservedState: 'READY' } },
    },
    {
      apiVersion: 'operators.coreos.com/v1',
      kind: 'OperatorGroup',
      metadata: { namespace, name: 'rhmi-registry-og' },
      spec: { targetNamespaces: [] },
    },
    {
      apiVersion: 'operators.coreos.com/v1alpha1',
      kind: 'Subscription',
      metadata: { namespace, name: subscription },
      spec: {
        name: packageName,
        channel,
        source: registryCatalog,
        sourceNamespace: namespace,
        installPlanApproval: 'Manual',
        ...config,
      },
    },
  ]
  for (const object of objects) view.ensure(object)
  for (const { metadata, spec } of view.list<InstallPlan>(resources.installPlans, namespace)) {
    if (spec.approved) continue
    view.change<InstallPlan>({ resource: resources.installPlans, namespace, name: metadata.name }, (draft) => {
      draft.spec.approved = true
    })
  }
  const csvs = view.list<ClusterServiceVersion>(resources.csvs, namespace, {
    [packageLabel(packageName, namespace)]: '',
  })
  return csvs.some(({ status }) => status?.phase === 'Succeeded') ? 'completed' : 'awaiting operator'
}

export function ensureNamespace(view: Context['view'], name: string): void {
  view.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { integreatly: 'true' } } })
}

/** Asks the cloud resource operator for something; completed when it is there. */
export function ensureCloudResource(
  { context: { view } }: ProductContext,
  resource: string,
  kind: string,
  name: string,
  productName: string,
  spec: object = {},
): Phase {
  view.ensure({
    apiVersion: 'integreatly.org/v1alpha1',
    kind,
    metadata: { namespace: namespaces.operator, name, labels: { productName } },
    spec: {
      type: 'managed-api',
      tier: 'production',
      secretRef: { name, namespace: namespaces.operator },
      ...spec,
    },
  })
  const phase = view.get<CloudResource>(resource, namespaces.operator, name)?.status?.phase
  if (phase === 'failed') throw new ProductError(`${kind} ${name} is in phase failed`)
  return phase === 'complete' ? 'completed' : 'awaiting cloud resources'
}

/** A Deployment that stands for a product's workload. */
export function ensureWorkload({ context: { view } }: ProductContext, namespace: string, name: string): Phase {
  ensureNamespace(view, namespace)
  view.ensure({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: `quay.io/integreatly/${name}` }] },
      },
    },
  })
  const deployment = view.get<Deployment>('deployments.apps', namespace, name)
  return hasCondition(deployment, 'Available') && (deployment?.status?.readyReplicas ?? 0) > 0
    ? 'completed'
    : 'awaiting components'
}

/** A value that must be there. */
export function required(values: ReadonlyMap<string, Secret> | undefined, key: string, secret: string): Secret {
  const value = values?.get(key)
  if (value === undefined) throw new ProductError(`secret ${secret} has no key ${key}`)
  return value
}
