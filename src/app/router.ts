import { hasCondition } from '../simulator/controllers/engine/conditions.ts'
import type { ClusterView } from '../simulator/controllers/engine/cluster-view.ts'
import { type ApiManager, apiManagers, routeResource } from '../simulator/controllers/threescale/shapes.ts'
import { secretValues } from '../simulator/controllers/workloads/secrets.ts'
import type { Pod, Route } from '../simulator/controllers/workloads/shapes.ts'
import type { Installation } from '../simulator/threescale-api/installation.ts'
import type { Installations } from '../simulator/threescale-api/installations.ts'

/** Labels of the pods behind each Service that a Route may lead to. */
const behind: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...Object.fromEntries(
    ['system-master', 'system-provider', 'system-developer'].map((service) => [
      service,
      { threescale_component: 'system', threescale_component_element: 'app' },
    ]),
  ),
  'backend-listener': { threescale_component: 'backend', threescale_component_element: 'listener' },
}

/**
 * The 3scale that answers for a host: that of the namespace whose Route has the host and was admitted, with a ready pod behind it,
 * on what its secrets say now. Undefined: the router answers that nobody is there.
 */
export async function installationBehind(
  view: ClusterView,
  installations: Installations,
  host: string,
): Promise<Installation | undefined> {
  for (const route of view.list<Route>(routeResource)) {
    const { namespace = '' } = route.metadata
    const labels = behind[route.spec.to.name]
    if (route.spec.host !== host || labels === undefined || !isAdmitted(route)) continue
    if (!view.list<Pod>('pods', namespace, labels).some((pod) => hasCondition(pod, 'Ready'))) continue
    const databaseUrl = secretValues(view, namespace, 'system-database')?.get('URL')
    const storageUrl = secretValues(view, namespace, 'backend-redis')?.get('REDIS_STORAGE_URL')
    const [manager] = view.list<ApiManager>(apiManagers, namespace)
    if (databaseUrl === undefined || storageUrl === undefined || manager === undefined) continue
    return installations.at({ databaseUrl, storageUrl, superdomain: manager.spec.wildcardDomain })
  }
  return undefined
}

function isAdmitted({ status }: Route): boolean {
  return (status?.ingress ?? []).some(({ conditions }) =>
    conditions.some(({ type, status }) => type === 'Admitted' && status === 'True'),
  )
}
