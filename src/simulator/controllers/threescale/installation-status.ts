import { releaseFacts } from '../../../threescale/releases.ts'
import type { Release } from '../../../model/release.ts'
import type { Workload } from '../../../threescale/workloads.ts'
import { hasCondition, withCondition } from '../engine/conditions.ts'
import type { Context } from '../engine/controller.ts'
import { isAdmitted } from '../workloads/routes.ts'
import type { Deployment, DeploymentConfig, Route } from '../workloads/shapes.ts'
import { expectedHosts } from './installation.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  deploymentResource,
  type DeploymentNames,
  routeResource,
} from './shapes.ts'

/** The workload as the release runs it; undefined where it is not there yet. */
export function workloadObject(
  context: Context,
  namespace: string,
  release: Release,
  { name }: Workload,
): Deployment | DeploymentConfig | undefined {
  const isConfig = releaseFacts[release].workloadKind === 'DeploymentConfig'
  return isConfig
    ? context.view.get<DeploymentConfig>(configResource, namespace, name)
    : context.view.get<Deployment>(deploymentResource, namespace, name)
}

/**
 * Writes status.deployments and the condition Available. True: all are ready and available.
 *
 * As the operator does, it looks at the replicas that there are, not at those that are wanted. And it waits for the hosts
 * of the tenant that the APIManager names, which a moved database may not have: then it is never Available.
 */
export function writeStatus(
  apiManager: ApiManager,
  release: Release,
  workloads: readonly Workload[],
  context: Context,
): boolean {
  const { namespace = '', name } = apiManager.metadata
  const names: { -readonly [Kind in keyof DeploymentNames]: string[] } = { ready: [], starting: [], stopped: [] }
  let areAvailable = true
  for (const workload of workloads) {
    const object = workloadObject(context, namespace, release, workload)
    const { replicas = 0, readyReplicas = 0 } = object?.status ?? {}
    const kind =
      object === undefined || object.spec.replicas === 0 || replicas === 0
        ? 'stopped'
        : readyReplicas < replicas
          ? 'starting'
          : 'ready'
    names[kind].push(workload.name)
    areAvailable &&= hasCondition(object, 'Available')
  }
  for (const list of Object.values(names)) list.sort()
  const admitted = new Set(
    context.view
      .list<Route>(routeResource, namespace)
      .filter(isAdmitted)
      .map(({ spec }) => spec.host),
  )
  const isAvailable = areAvailable && expectedHosts(apiManager).every((host) => admitted.has(host))
  context.view.change<ApiManager>({ resource: apiManagers, namespace, name }, (draft) => {
    const available = { type: 'Available', status: isAvailable ? ('True' as const) : ('False' as const) }
    draft.status = {
      conditions: withCondition(draft.status?.conditions, available, context),
      deployments: names,
    }
  })
  return isAvailable && names.starting.length === 0
}
