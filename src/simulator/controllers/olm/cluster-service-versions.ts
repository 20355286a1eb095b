import { type Again, type Context, type Controller, keyOf, splitKey } from '../engine/controller.ts'
import { hasCondition } from '../engine/conditions.ts'
import { controllerReference } from '../workloads/keep-pods.ts'
import type { Deployment, EnvVar } from '../workloads/shapes.ts'
import type { OlmFailures } from './install-plans.ts'
import {
  type ClusterServiceVersion,
  type CsvPhase,
  type OperatorCondition,
  type OperatorGroup,
  resources,
  type Subscription,
} from './shapes.ts'

/**
 * Pending (until its OperatorGroup suits, and the version before it lets itself be upgraded) → InstallReady →
 * Installing, with the operator's Deployment → Succeeded. The version that it replaces is Replacing meanwhile, and then
 * goes; the Deployment passes from one to the other, at the replicas that the new one says.
 *
 * Deleting a CSV takes the operator's Deployment with it, and nothing of what the operator made.
 */
export function clusterServiceVersions(failures: OlmFailures): Controller {
  return {
    name: 'clusterserviceversions',
    watches: {
      [resources.csvs]: (csv, view) => [keyOf(csv), ...view.list(resources.csvs, csv.metadata.namespace).map(keyOf)],
      [resources.operatorGroups]: (group, view) => view.list(resources.csvs, group.metadata.namespace).map(keyOf),
      [resources.operatorConditions]: (one, view) => view.list(resources.csvs, one.metadata.namespace).map(keyOf),
      'deployments.apps': (deployment) =>
        (deployment.metadata.ownerReferences ?? [])
          .filter(({ kind }) => kind === 'ClusterServiceVersion')
          .map(({ name }) => `${deployment.metadata.namespace}/${name}`),
    },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const csv = context.view.get<ClusterServiceVersion>(resources.csvs, namespace, name)
      if (csv === undefined || csv.metadata.deletionTimestamp !== undefined) return null
      return step(csv, namespace, failures, context)
    },
  }
}

function step(csv: ClusterServiceVersion, namespace: string, failures: OlmFailures, context: Context): Again {
  const { view, timings } = context
  const phase = csv.status?.phase
  if (phase === 'Replacing' || phase === 'Deleting' || csv.status?.reason === 'InstallCheckFailed') return null
  const { name } = csv.metadata
  const unsuitable = groupProblem(csv, namespace, context)
  if (unsuitable !== null) return set(context, csv, 'Failed', ...unsuitable)
  const old = csv.spec.replaces
  const oldCsv = old === undefined ? undefined : view.get<ClusterServiceVersion>(resources.csvs, namespace, old)
  if (phase !== 'Installing' && phase !== 'Succeeded') {
    if (oldCsv !== undefined && refusesUpgrade(context, namespace, oldCsv.metadata.name)) {
      return set(context, csv, 'Pending', 'OperatorConditionNotUpgradeable', 'operator is not upgradeable')
    }
    const wait = context.remaining(csv, 'pending', timings.olmResolve)
    if (wait > 0) {
      set(context, csv, 'Pending', 'RequirementsUnknown', 'requirements not yet checked')
      return wait
    }
    if (oldCsv !== undefined) set(context, oldCsv, 'Replacing', 'BeingReplaced', `being replaced by csv: ${name}`)
    set(context, csv, 'InstallReady', 'AllRequirementsMet', 'all requirements found, attempting install')
    applyDeployments(csv, namespace, context)
    set(context, csv, 'Installing', 'InstallSucceeded', 'waiting for install components to report healthy')
    return null
  }
  if (failures.install.has(name)) return set(context, csv, 'Failed', 'InstallCheckFailed', 'install timeout')
  const { deployments } = csv.spec.install.spec
  const missing = deployments.some((one) => view.get('deployments.apps', namespace, one.name) === undefined)
  if (missing) {
    applyDeployments(csv, namespace, context)
    return null
  }
  if (phase === 'Installing' && !deployments.every(({ name }) => isUp(context, namespace, name))) return null
  set(context, csv, 'Succeeded', 'InstallSucceeded', 'install strategy completed with no errors')
  if (oldCsv !== undefined) {
    set(context, oldCsv, 'Deleting', 'Replaced', `has been replaced by a newer version`)
    view.remove({ resource: resources.csvs, namespace, name: oldCsv.metadata.name })
  }
  return null
}

function groupProblem(
  csv: ClusterServiceVersion,
  namespace: string,
  context: Context,
): readonly [reason: string, message: string] | null {
  const groups = context.view.list<OperatorGroup>(resources.operatorGroups, namespace)
  const [group] = groups
  if (group === undefined) return ['NoOperatorGroup', 'csv in namespace with no operatorgroups']
  if (groups.length > 1) return ['TooManyOperatorGroups', 'csv created in namespace with multiple operatorgroups']
  const isAll = (group.spec?.targetNamespaces ?? []).length === 0
  const supportsAll = csv.spec.installModes.some(({ type, supported }) => type === 'AllNamespaces' && supported)
  if (isAll && !supportsAll) return ['UnsupportedOperatorGroup', 'AllNamespaces InstallModeType not supported']
  return null
}

function refusesUpgrade(context: Context, namespace: string, old: string): boolean {
  const condition = context.view.get<OperatorCondition>(resources.operatorConditions, namespace, old)
  const { overrides = [], conditions = [] } = condition?.spec ?? {}
  return [...overrides, ...conditions].find(({ type }) => type === 'Upgradeable')?.status === 'False'
}

function applyDeployments(csv: ClusterServiceVersion, namespace: string, context: Context): void {
  const env = configuredEnv(context, namespace, csv.metadata.name)
  for (const { name, spec } of csv.spec.install.spec.deployments) {
    const { template } = spec
    const containers = template.spec.containers.map((one) => ({ ...one, env: [...(one.env ?? []), ...env] }))
    const wanted = { ...spec, template: { ...template, spec: { ...template.spec, containers } } }
    const owner = controllerReference(csv)
    const metadata = { namespace, name, labels: { 'olm.owner': csv.metadata.name }, ownerReferences: [owner] }
    if (context.view.ensure({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: wanted })) continue
    context.view.change<Deployment>({ resource: 'deployments.apps', namespace, name }, (draft) => {
      draft.spec = structuredClone(wanted) as typeof draft.spec
      draft.metadata.labels = { ...draft.metadata.labels, ...metadata.labels }
      draft.metadata.ownerReferences = [owner]
    })
  }
}

/** What a Subscription puts into the environment of its operator. */
function configuredEnv(context: Context, namespace: string, csv: string): readonly EnvVar[] {
  return context.view
    .list<Subscription>(resources.subscriptions, namespace)
    .filter(({ status }) => status?.currentCSV === csv)
    .flatMap(({ spec }) => spec.config?.env ?? [])
}

function isUp(context: Context, namespace: string, name: string): boolean {
  const deployment = context.view.get<Deployment>('deployments.apps', namespace, name)
  const { status, metadata } = deployment ?? {}
  return (
    status?.observedGeneration === metadata?.generation &&
    (status?.updatedReplicas ?? 0) > 0 &&
    status?.updatedReplicas === status?.replicas &&
    hasCondition(deployment, 'Available') &&
    status?.readyReplicas === status?.replicas
  )
}

function set(context: Context, csv: ClusterServiceVersion, phase: CsvPhase, reason: string, message: string): Again {
  const { namespace = '', name } = csv.metadata
  context.view.change<ClusterServiceVersion>({ resource: resources.csvs, namespace, name }, (draft) => {
    draft.status = { phase, reason, message }
  })
  return null
}
