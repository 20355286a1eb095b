import type { KubeObject } from '../../cluster/kube-object.ts'
import { type Condition, withCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, type Key, keyOf, splitKey } from '../engine/controller.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import { controllerReference, newName } from '../workloads/keep-pods.ts'
import { type Catalogs, nextEntry, versionOfCsv } from './catalog.ts'
import {
  type CatalogSource,
  type ClusterServiceVersion,
  type InstallPlan,
  packageLabel,
  resources,
  type Subscription,
} from './shapes.ts'

/**
 * OLM's resolver. A Subscription is `UpgradePending` while an InstallPlan leads to its currentCSV, and `AtLatestKnown`
 * when its channel leads nowhere from the installed one. With automatic approval it goes on from a startingCSV to the
 * channel's head at once.
 */
export function subscriptions(catalogs: Catalogs): Controller {
  return {
    name: 'subscriptions',
    watches: {
      [resources.subscriptions]: (one) => [keyOf(one)],
      [resources.installPlans]: inNamespace,
      [resources.csvs]: inNamespace,
      [resources.catalogSources]: (_source, view) => view.list(resources.subscriptions).map(keyOf),
    },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const subscription = context.view.get<Subscription>(resources.subscriptions, namespace, name)
      if (subscription === undefined || subscription.metadata.deletionTimestamp !== undefined) return null
      return resolve(subscription, namespace, catalogs, context)
    },
  }
}

function inNamespace({ metadata }: KubeObject, view: ClusterView): readonly Key[] {
  return view.list(resources.subscriptions, metadata.namespace).map(keyOf)
}

function resolve(subscription: Subscription, namespace: string, catalogs: Catalogs, context: Context): Again {
  const { view, timings } = context
  const { spec, status } = subscription
  const source = view.get<CatalogSource>(resources.catalogSources, spec.sourceNamespace, spec.source)
  const state = source?.status?.connectionState?.lastObservedState
  const isHealthy = state === 'READY'
  say(context, subscription, {
    type: 'CatalogSourcesUnhealthy',
    status: isHealthy ? 'False' : 'True',
    reason: isHealthy ? 'AllCatalogSourcesHealthy' : 'UnhealthyCatalogSourceFound',
  })
  if (!isHealthy) return null
  const plan =
    status?.installPlanRef === undefined
      ? undefined
      : view.get<InstallPlan>(resources.installPlans, namespace, status.installPlanRef.name)
  if (plan?.status?.phase === 'Failed') {
    say(context, subscription, { type: 'InstallPlanFailed', status: 'True', reason: 'InstallComponentFailed' })
    return null
  }
  const isPending = plan !== undefined && plan.status?.phase !== 'Complete'
  const requiresApproval = plan?.status?.phase === 'RequiresApproval'
  say(context, subscription, {
    type: 'InstallPlanPending',
    status: isPending ? 'True' : 'False',
    ...(isPending ? { reason: requiresApproval ? 'RequiresApproval' : 'Installing' } : {}),
  })
  if (isPending) return null

  const current = status?.currentCSV
  const installed =
    current === undefined ? undefined : view.get<ClusterServiceVersion>(resources.csvs, namespace, current)
  if (installed !== undefined && status?.installedCSV !== current) {
    setStatus(context, subscription, { installedCSV: installed.metadata.name })
  }
  // A version that does not work is not left for the next one.
  if (installed !== undefined && installed.status?.phase !== 'Succeeded') return null

  const stranger = installed === undefined ? strangerOf(view, namespace, spec.name) : undefined
  if (stranger !== undefined) {
    return refuse(
      context,
      subscription,
      'ConstraintsNotSatisfiable',
      `clusterserviceversion ${stranger} exists and is not referenced by a subscription`,
    )
  }
  const channel = catalogs[spec.source]
    ?.find(({ name }) => name === spec.name)
    ?.channels.find(({ name }) => name === spec.channel)
  if (channel === undefined) {
    return refuse(
      context,
      subscription,
      'ConstraintsNotSatisfiable',
      `no operators found in channel ${spec.channel} of package ${spec.name}`,
    )
  }
  const from =
    installed === undefined ? null : { csv: installed.metadata.name, version: versionOfCsv(installed.metadata.name) }
  const next = nextEntry(channel, from, spec.startingCSV)
  if (next === undefined) {
    return refuse(
      context,
      subscription,
      'ConstraintsNotSatisfiable',
      `no operators found with name ${spec.startingCSV} in channel ${spec.channel}`,
    )
  }
  say(context, subscription, { type: 'ResolutionFailed', status: 'False' })
  if (next === null) {
    setStatus(context, subscription, { state: 'AtLatestKnown' })
    return null
  }
  const wait = context.remaining(subscription, `resolving ${from?.csv ?? 'first'} to ${next.csv}`, timings.olmResolve)
  if (wait > 0) return wait
  const planName = newName(context, 'install')
  const isManual = spec.installPlanApproval === 'Manual'
  view.ensure({
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'InstallPlan',
    metadata: {
      namespace,
      name: planName,
      labels: { [packageLabel(spec.name, namespace)]: '' },
      ownerReferences: [{ ...controllerReference(subscription), controller: false }],
    },
    spec: {
      approval: isManual ? 'Manual' : 'Automatic',
      approved: !isManual,
      clusterServiceVersionNames: [next.csv],
    },
    status: { phase: 'Planning' },
  })
  setStatus(context, subscription, {
    state: 'UpgradePending',
    currentCSV: next.csv,
    installPlanRef: { name: planName, namespace },
  })
  return null
}

/** A CSV of the same package that no Subscription of the namespace brought; OLM will not touch it. */
function strangerOf(view: ClusterView, namespace: string, packageName: string): string | undefined {
  const known = new Set(
    view
      .list<Subscription>(resources.subscriptions, namespace)
      .flatMap(({ status }) => [status?.currentCSV, status?.installedCSV]),
  )
  return view
    .list<ClusterServiceVersion>(resources.csvs, namespace, { [packageLabel(packageName, namespace)]: '' })
    .find(({ metadata }) => !known.has(metadata.name))?.metadata.name
}

function refuse(context: Context, subscription: Subscription, reason: string, message: string): Again {
  say(context, subscription, { type: 'ResolutionFailed', status: 'True', reason, message })
  return context.timings.olmResolve
}

function say(context: Context, subscription: Subscription, condition: Omit<Condition, 'lastTransitionTime'>): void {
  const { namespace = '', name } = subscription.metadata
  context.view.change<Subscription>({ resource: resources.subscriptions, namespace, name }, (draft) => {
    draft.status = { ...draft.status, conditions: withCondition(draft.status?.conditions, condition, context) }
  })
}

function setStatus(context: Context, subscription: Subscription, status: NonNullable<Subscription['status']>): void {
  const { namespace = '', name } = subscription.metadata
  context.view.change<Subscription>({ resource: resources.subscriptions, namespace, name }, (draft) => {
    draft.status = { ...draft.status, ...structuredClone(status) } as NonNullable<typeof draft.status>
  })
}
