import { isAtLeast } from '../../../model/release.ts'
import { versionAnnotations } from '../../../threescale/hops.ts'
import { replicaPolicyOf, type Workload } from '../../../threescale/workloads.ts'
import type { KubeObject } from '../../cluster/kube-object.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import { type Again, type Context, type Controller, type Key, keyOf, splitKey } from '../engine/controller.ts'
import { expectedWorkloads, namedReplicas } from './installation.ts'
import { workloadObject, writeStatus } from './installation-status.ts'
import { passesPreflights, type PreflightPorts } from './preflights.ts'
import { isRolledOut, reconcileWorkloads } from './reconcile-workloads.ts'
import { operatorDeployment, operatorOf, type RunningOperator } from './running-operator.ts'
import { type BundledServers, defaultSecrets } from './secret-defaults.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  deploymentResource,
  jobResource,
  routeResource,
} from './shapes.ts'
import { ensureSurroundings, removeRetired } from './surroundings.ts'

export interface ThreescaleOperatorPorts extends PreflightPorts {
  /** Where what the operator bundles in this namespace really runs. */
  readonly bundledServers: (namespace: string) => BundledServers
}

/**
 * The 3scale operator, in whichever release runs. While it does not run nothing here happens, and the APIManager's status
 * stays what it was.
 *
 * Operators up to 2.12 write the version annotations when all is rolled out; later ones before they begin.
 */
export function apiManagerOperator(ports: ThreescaleOperatorPorts): Controller {
  return {
    name: 'apimanagers',
    watches: {
      [apiManagers]: (apiManager) => [keyOf(apiManager)],
      [configResource]: inNamespace,
      [deploymentResource]: (deployment, view) =>
        deployment.metadata.name === operatorDeployment
          ? view.list(apiManagers).map(keyOf)
          : inNamespace(deployment, view),
      [jobResource]: inNamespace,
      [routeResource]: inNamespace,
      secrets: inNamespace,
    },
    reconcile: async (key, context) => {
      const { namespace, name } = splitKey(key)
      const apiManager = context.view.get<ApiManager>(apiManagers, namespace, name)
      if (apiManager === undefined || apiManager.metadata.deletionTimestamp !== undefined) return null
      const operator = operatorOf(context.view, namespace)
      if (operator === undefined) return null
      return reconcile(fillDefaults(apiManager, operator, context), operator, ports, context)
    },
  }
}

async function reconcile(
  apiManager: ApiManager,
  operator: RunningOperator,
  ports: ThreescaleOperatorPorts,
  context: Context,
): Promise<Again> {
  const { namespace = '' } = apiManager.metadata
  const { release } = operator
  if (!(await passesPreflights(apiManager, operator, ports, context))) return context.timings.preflightRetry
  const isEarly = isAtLeast(release, '2.13')
  if (isEarly) annotate(apiManager, operator, context)
  const workloads = expectedWorkloads(apiManager, release)
  defaultSecrets(apiManager, release, ports.bundledServers(namespace), context)
  removeRetired(apiManager, release, context)
  ensureSurroundings(apiManager, release, workloads, context)
  const settled = reconcileWorkloads(apiManager, operator, workloads, context)
  if (!isEarly && areRolledOut(namespace, operator, workloads, context)) annotate(apiManager, operator, context)
  const isReady = writeStatus(apiManager, release, workloads, context)
  return isReady && settled ? null : context.timings.operatorLoop
}

function inNamespace({ metadata }: KubeObject, view: ClusterView): readonly Key[] {
  return view.list(apiManagers, metadata.namespace).map(keyOf)
}

/** What the operator writes into the APIManager's own spec. */
function fillDefaults(apiManager: ApiManager, { release }: RunningOperator, context: Context): ApiManager {
  const { namespace = '', name } = apiManager.metadata
  const ref = { resource: apiManagers, namespace, name }
  context.view.change<ApiManager>(ref, (draft) => {
    draft.spec.appLabel ??= '3scale-api-management'
    draft.spec.tenantName ??= '3scale'
    const { highAvailability: availability } = draft.spec
    if (isAtLeast(release, '2.12') && availability?.enabled === true && draft.spec.externalComponents === undefined) {
      draft.spec.externalComponents = {
        system: { redis: true, database: true },
        backend: { redis: true },
        zync: { database: availability.externalZyncDatabaseEnabled === true },
      }
      delete draft.spec.highAvailability
    }
    if (replicaPolicyOf(release) === 'always-reset') {
      for (const workload of expectedWorkloads(apiManager, release)) nameReplicas(draft.spec, apiManager, workload)
    }
  })
  return context.view.get<ApiManager>(apiManagers, namespace, name) ?? apiManager
}

/** Where the count is absent it becomes 1, in the APIManager itself. */
function nameReplicas(spec: object, apiManager: ApiManager, workload: Workload): void {
  if (workload.replicasAt === null || namedReplicas(apiManager, workload) !== undefined) return
  const steps = workload.replicasAt.split('.').slice(1, -1)
  // A path into the spec: each step is an object, or becomes one.
  let at = spec as Record<string, unknown>
  for (const step of steps) {
    at[step] ??= {}
    at = at[step] as Record<string, unknown>
  }
  at['replicas'] = 1
}

function areRolledOut(
  namespace: string,
  { release }: RunningOperator,
  workloads: readonly Workload[],
  context: Context,
): boolean {
  return workloads.every((workload) => {
    const object = workloadObject(context, namespace, release, workload)
    return object !== undefined && isRolledOut(object)
  })
}

function annotate(apiManager: ApiManager, { release, version }: RunningOperator, context: Context): void {
  const { namespace = '', name } = apiManager.metadata
  context.view.change<ApiManager>({ resource: apiManagers, namespace, name }, (draft) => {
    draft.metadata.annotations = {
      ...draft.metadata.annotations,
      [versionAnnotations.threescale]: release,
      [versionAnnotations.operator]: version,
    }
  })
}
