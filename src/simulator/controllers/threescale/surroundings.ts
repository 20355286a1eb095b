import { isAtLeast, type Release } from '../../../model/release.ts'
import type { Workload } from '../../../threescale/workloads.ts'
import type { NewObject } from '../../cluster/kube-object.ts'
import type { Context } from '../engine/controller.ts'
import { controllerReference } from '../workloads/keep-pods.ts'
import type { ConfigMap, SecretObject } from '../workloads/shapes.ts'
import { isExternal, tenantNameOf } from './installation.ts'
import { type ApiManager, configResource } from './shapes.ts'
import { searchClaimOf } from './templates.ts'

const imageStreams = [
  'amp-apicast',
  'amp-backend',
  'amp-system',
  'amp-zync',
  'system-memcached',
  'zync-database-postgresql',
]

/** Services, config maps, claims and the one Route that the operator itself makes. What is there stays as it is. */
export function ensureSurroundings(
  apiManager: ApiManager,
  release: Release,
  workloads: readonly Workload[],
  context: Context,
): void {
  const { namespace = '' } = apiManager.metadata
  const owned = (apiVersion: string, kind: string, name: string, rest: object): NewObject => ({
    apiVersion,
    kind,
    metadata: { namespace, name, ownerReferences: [controllerReference(apiManager)] },
    ...rest,
  })
  const ensure = (...object: Parameters<typeof owned>) => context.view.ensure(owned(...object))
  const without = new Set(['backend-worker', 'backend-cron', 'system-sidekiq', 'zync-que', 'system-app'])
  const portals = ['system-master', 'system-provider', 'system-developer']
  for (const name of [...workloads.map((one) => one.name).filter((one) => !without.has(one)), ...portals]) {
    ensure('v1', 'Service', name, { spec: { selector: {}, ports: [{ port: 3000 }] } })
  }
  const data = {
    RAILS_ENV: 'production',
    FORCE_SSL: 'true',
    THREESCALE_SUPERDOMAIN: apiManager.spec.wildcardDomain,
    PROVIDER_PLAN: 'enterprise',
    ...(isAtLeast(release, '2.12') ? {} : { AMP_RELEASE: release }),
  }
  // The domain of the day when it was made: nothing reconciles it afterwards.
  ensure('v1', 'ConfigMap', 'system-environment', { data })
  ensure('v1', 'ConfigMap', 'system', {
    data: { 'zync.yml': '', 'rolling_updates.yml': '', 'service_discovery.yml': '' },
  })
  ensure('v1', 'ConfigMap', 'apicast-environment', { data: { APICAST_MANAGEMENT_API: 'status' } })
  ensure('v1', 'ConfigMap', 'backend-environment', { data: { RACK_ENV: 'production' } })
  const claim = searchClaimOf(release)
  if (claim !== undefined) {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
    ensure('v1', 'PersistentVolumeClaim', claim, { spec })
  }
  ensure('route.openshift.io/v1', 'Route', 'backend', {
    spec: {
      host: `backend-${tenantNameOf(apiManager)}.${apiManager.spec.wildcardDomain}`,
      to: { kind: 'Service', name: 'backend-listener' },
      tls: { termination: 'edge', insecureEdgeTerminationPolicy: 'Allow' },
    },
  })
  if (!isAtLeast(release, '2.15')) {
    for (const name of imageStreams) ensure('image.openshift.io/v1', 'ImageStream', name, { spec: {} })
  }
}

/** What a release takes away of the one before it. Again and again with the effect of once. */
export function removeRetired(apiManager: ApiManager, release: Release, context: Context): void {
  const { namespace = '' } = apiManager.metadata
  const { view } = context
  if (isAtLeast(release, '2.12')) {
    view.change<ConfigMap>({ resource: 'configmaps', namespace, name: 'system-environment' }, (draft) => {
      draft.data = without(draft.data, (key) => key === 'AMP_RELEASE')
    })
    // From an external Redis' secret nobody but its owner removes them.
    if (!isExternal(apiManager, release, 'system-redis')) {
      view.change<SecretObject>({ resource: 'secrets', namespace, name: 'system-redis' }, (draft) => {
        draft.data = without(draft.data, (key) => key.startsWith('MESSAGE_BUS_'))
      })
    }
  }
  if (isAtLeast(release, '2.14')) {
    view.remove({ resource: configResource, namespace, name: 'system-sphinx' })
    view.remove({ resource: 'services', namespace, name: 'system-sphinx' })
  }
  if (isAtLeast(release, '2.15')) {
    for (const name of imageStreams) view.remove({ resource: 'imagestreams.image.openshift.io', namespace, name })
    const isHandedOver = view.get(configResource, namespace, 'system-searchd') === undefined
    if (isHandedOver) view.remove({ resource: 'persistentvolumeclaims', namespace, name: 'system-searchd' })
  }
}

function without(
  data: Readonly<Record<string, string>> | undefined,
  isRetired: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => !isRetired(key)))
}
