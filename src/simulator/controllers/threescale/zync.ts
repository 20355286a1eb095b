import type { KubeObject } from '../../cluster/kube-object.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import { hasCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, keyOf, splitKey } from '../engine/controller.ts'
import type { ZyncRoute } from '../../threescale-api/zync-routes.ts'
import type { HostedNames } from '../ports.ts'
import { newName } from '../workloads/keep-pods.ts'
import { secretValues } from '../workloads/secrets.ts'
import type { Pod, Route } from '../workloads/shapes.ts'
import { routeResource } from './shapes.ts'

const changedAnnotation = 'simulator.threeshift/domains-changed'
const handledAnnotation = 'simulator.threeshift/domains-handled'

/**
 * What 3scale tells zync when domains change: at the first start, when a tenant comes or goes by the API, and by
 * `rake zync:resync:domains`. A change by SQL alone tells nobody. `at`: the moment, distinct for each call.
 */
export function tellZync(view: ClusterView, namespace: string, at: string): void {
  view.change({ resource: 'services', namespace, name: 'zync' }, (draft) => {
    Object.assign(draft.metadata, { annotations: { ...draft.metadata.annotations, [changedAnnotation]: at } })
  })
}

/**
 * zync: once it was told, and while its pods and sidekiq's are ready, makes a Route for each host of the database that
 * has none. Routes of hosts that are no more stay, as those of another cluster's domain do.
 */
export function zync(hostedNames: HostedNames): Controller {
  return {
    name: 'zync',
    watches: { services: (service) => (service.metadata.name === 'zync' ? [keyOf(service)] : []) },
    reconcile: async (key, context): Promise<Again> => {
      const { namespace } = splitKey(key)
      const service = context.view.get('services', namespace, 'zync')
      const { [changedAnnotation]: changed, [handledAnnotation]: handled } = service?.metadata.annotations ?? {}
      if (service === undefined || changed === undefined || changed === handled) return null
      const elements = [
        { threescale_component: 'zync', threescale_component_element: 'zync' },
        { threescale_component: 'zync', threescale_component_element: 'zync-que' },
        { threescale_component: 'system', threescale_component_element: 'sidekiq' },
      ]
      const areUp = elements.every((labels) =>
        context.view.list<Pod>('pods', namespace, labels).some((pod) => hasCondition(pod, 'Ready')),
      )
      if (!areUp) return context.timings.retry
      // From the first call that was not handled yet: those who ask again and again do not put it off.
      const wait = context.remaining(service, `zync after ${handled ?? 'nothing'}`, context.timings.zync)
      if (wait > 0) return wait
      const url = secretValues(context.view, namespace, 'system-database')?.get('URL')
      const names = url === undefined ? null : await hostedNames.namesIn(url, context.signal)
      if (names === null) return context.timings.retry
      const hosts = new Set(context.view.list<Route>(routeResource, namespace).map(({ spec }) => spec.host))
      for (const name of names) if (!hosts.has(name.host)) context.view.ensure(routeOf(name, namespace, context))
      context.view.change<KubeObject>({ resource: 'services', namespace, name: 'zync' }, (draft) => {
        Object.assign(draft.metadata, { annotations: { ...draft.metadata.annotations, [handledAnnotation]: changed } })
      })
      return null
    },
  }
}

function routeOf({ namePrefix, host, routeTo, ownerId }: ZyncRoute, namespace: string, context: Context) {
  const isGateway = namePrefix === 'zync-3scale-api-'
  return {
    apiVersion: 'route.openshift.io/v1',
    kind: 'Route',
    metadata: {
      namespace,
      name: newName(context, namePrefix.slice(0, -1)),
      labels: {
        '3scale.net/created-by': 'zync',
        [isGateway ? '3scale.net/service_id' : '3scale.net/provider_id']: ownerId,
        'zync.3scale.net/route-to': routeTo,
      },
      annotations: { 'zync.3scale.net/host': host },
    },
    spec: {
      host,
      port: { targetPort: isGateway ? 'gateway' : 'http' },
      to: { kind: 'Service', name: routeTo },
      tls: { termination: 'edge', insecureEdgeTerminationPolicy: 'Redirect' },
    },
  }
}
