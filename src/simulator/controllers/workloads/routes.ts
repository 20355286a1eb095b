import { type Controller, keyOf, splitKey } from '../engine/controller.ts'
import type { Claim, Route } from './shapes.ts'

/**
 * The ingress router: a Route is admitted unless an older one of another namespace has its host.
 *
 * `appsDomain` is the cluster's; a Route without a host gets one under it, and others are under what domain they say.
 */
export function routes(appsDomain: string): Controller {
  const resource = 'routes.route.openshift.io'
  return {
    name: 'routes',
    // One that goes may free its host for another.
    watches: { [resource]: (route, view) => [keyOf(route), ...view.list(resource).map(keyOf)] },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const route = context.view.get<Route>(resource, namespace, name)
      if (route === undefined || route.metadata.deletionTimestamp !== undefined) return null
      const ref = { resource, namespace, name }
      const host = route.spec.host ?? `${name}-${namespace}.${appsDomain}`
      if (route.spec.host === undefined) {
        context.view.change<Route>(ref, (draft) => {
          draft.spec.host = host
        })
      }
      const wait = context.remaining(route, `admission of ${host}`, context.timings.routeAdmission)
      if (wait > 0) return wait
      const claimed = context.view
        .list<Route>(resource)
        .some(
          (other) =>
            other.spec.host === host &&
            other.metadata.namespace !== namespace &&
            (other.metadata.creationTimestamp < route.metadata.creationTimestamp ||
              (other.metadata.creationTimestamp === route.metadata.creationTimestamp &&
                Number(other.metadata.resourceVersion) < Number(route.metadata.resourceVersion) &&
                isAdmitted(other))),
        )
      const before = route.status?.ingress?.[0]?.conditions.find(({ type }) => type === 'Admitted')
      const status = claimed ? ('False' as const) : ('True' as const)
      const since = before?.status === status ? before.lastTransitionTime : undefined
      context.view.change<Route>(ref, (draft) => {
        draft.status = {
          ingress: [
            {
              host,
              routerName: 'default',
              routerCanonicalHostname: `router-default.${appsDomain}`,
              wildcardPolicy: 'None',
              conditions: [
                {
                  type: 'Admitted',
                  status,
                  lastTransitionTime: since ?? context.timestamp(),
                  ...(claimed ? { reason: 'HostAlreadyClaimed', message: 'another namespace owns the host' } : {}),
                },
              ],
            },
          ],
        }
      })
      return null
    },
  }
}

/** True when every router took it. */
export function isAdmitted(route: Route): boolean {
  const ingress = route.status?.ingress ?? []
  return (
    ingress.length > 0 &&
    ingress.every(({ conditions }) => conditions.some(({ type, status }) => type === 'Admitted' && status === 'True'))
  )
}

/** Binds every claim, whatever it asks for. */
export const claims: Controller = {
  name: 'persistentvolumeclaims',
  watches: { persistentvolumeclaims: (claim) => [keyOf(claim)] },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const claim = context.view.get<Claim>('persistentvolumeclaims', namespace, name)
    if (claim === undefined || claim.status?.phase === 'Bound') return null
    const wait = context.remaining(claim, 'binding', context.timings.claimBinding)
    context.view.change<Claim>({ resource: 'persistentvolumeclaims', namespace, name }, (draft) => {
      draft.status = { phase: wait > 0 ? 'Pending' : 'Bound' }
    })
    return wait > 0 ? wait : null
  },
}
