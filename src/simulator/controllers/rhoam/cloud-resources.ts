import { createHash } from 'node:crypto'
import { hasCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, type Key, keyOf, splitKey } from '../engine/controller.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { Cloud, CloudResourceKind } from '../ports.ts'
import type { Deployment } from '../workloads/shapes.ts'
import { writeSecret } from '../workloads/secrets.ts'
import { blobStorageResource, cloudResourceOperator, namespaces, postgresResource, redisResource } from './names.ts'
import type { CloudResource, Snapshot } from './shapes.ts'

export const identifierAnnotation = 'resourceIdentifier'
const kinds: readonly (readonly [string, CloudResourceKind])[] = [
  [postgresResource, 'postgres'],
  [redisResource, 'redis'],
  [blobStorageResource, 'blobstorage'],
]
const snapshotKinds = ['postgressnapshots.integreatly.org', 'redissnapshots.integreatly.org'] as const

/**
 * The cloud resource operator, while its Deployment is up: `in progress` → `complete` with the result secret, which is
 * written again at every look.
 *
 * `paused` with skipCreate. `failed` when the annotation names what the cloud does not have: it is never made again.
 */
export function cloudResourceControllers(cloud: Cloud): readonly Controller[] {
  return [
    ...kinds.map(([resource, kind]) => resourceController(resource, kind, cloud)),
    ...snapshotKinds.map(snapshotController),
  ]
}

function resourceController(resource: string, kind: CloudResourceKind, cloud: Cloud): Controller {
  return {
    name: resource,
    watches: {
      [resource]: (one) => [keyOf(one)],
      'deployments.apps': (one, view) => (one.metadata.name === cloudResourceOperator ? keysOf(view, resource) : []),
    },
    reconcile: async (key, context) => {
      const { namespace, name } = splitKey(key)
      const cr = context.view.get<CloudResource>(resource, namespace, name)
      if (cr === undefined || !isOperatorUp(context.view)) return null
      const set = (status: NonNullable<CloudResource['status']>, identifier?: string): void => {
        context.view.change<CloudResource>({ resource, namespace, name }, (draft) => {
          draft.status = { ...draft.status, ...structuredClone(status) }
          if (identifier === undefined) return
          draft.metadata.annotations = { ...draft.metadata.annotations, [identifierAnnotation]: identifier }
        })
      }
      return reconcileResource(cr, kind, cloud, set, context)
    },
  }
}

async function reconcileResource(
  cr: CloudResource,
  kind: CloudResourceKind,
  cloud: Cloud,
  set: (status: NonNullable<CloudResource['status']>, identifier?: string) => void,
  context: Context,
): Promise<Again> {
  const { timings, signal } = context
  const { name, annotations = {} } = cr.metadata
  if (cr.spec.skipCreate === true) {
    set({ phase: 'paused', message: 'skipping create or update for maintenance' })
    return null
  }
  const known = annotations[identifierAnnotation]
  const identifier = known ?? identifierOf(context, cr)
  const wasThere = known !== undefined && cr.status?.phase !== undefined && cr.status.phase !== 'in progress'
  if (!wasThere) {
    set({ phase: 'in progress', message: 'started creation', strategy: 'aws', provider: `aws-${kind}` }, identifier)
    const lasts = {
      postgres: timings.provisionPostgres,
      redis: timings.provisionRedis,
      blobstorage: timings.provisionBlobStorage,
    }
    const wait = context.remaining(cr, 'provisioning', lasts[kind])
    if (wait > 0) return wait
  }
  const values = wasThere
    ? await cloud.find(kind, name, identifier, signal)
    : await cloud.provision(kind, name, identifier, signal)
  if (values === null) {
    set({ phase: 'failed', message: `${identifier} was not found, and is not made again` })
    return timings.rhoamIdle
  }
  writeSecret(context.view, { ...cr.spec.secretRef, values })
  set({ phase: 'complete', message: 'creation successful', secretRef: cr.spec.secretRef })
  return timings.rhoamIdle
}

function snapshotController(resource: string): Controller {
  return {
    name: resource,
    watches: {
      [resource]: (one) => [keyOf(one)],
      'deployments.apps': (one, view) => (one.metadata.name === cloudResourceOperator ? keysOf(view, resource) : []),
    },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const snapshot = context.view.get<Snapshot>(resource, namespace, name)
      const phase = snapshot?.status?.phase
      if (snapshot === undefined || phase === 'complete' || phase === 'failed' || !isOperatorUp(context.view))
        return null
      const of = resource.startsWith('postgres') ? postgresResource : redisResource
      const target = context.view.get<CloudResource>(of, namespace, snapshot.spec.resourceName)
      const identifier = target?.metadata.annotations?.[identifierAnnotation]
      const set = (status: NonNullable<Snapshot['status']>) =>
        context.view.change<Snapshot>({ resource, namespace, name }, (draft) => {
          draft.status = { ...status }
        })
      if (identifier === undefined) {
        set({ phase: 'failed', message: `can not determine the resource ${snapshot.spec.resourceName}` })
        return null
      }
      const wait = context.remaining(snapshot, 'snapshot', context.timings.snapshot)
      set(wait > 0 ? { phase: 'in progress' } : { phase: 'complete', snapshotID: `${identifier}-${name}` })
      return wait > 0 ? wait : null
    },
  }
}

function keysOf(view: ClusterView, resource: string): readonly Key[] {
  return view.list(resource).map(keyOf)
}

function isOperatorUp(view: ClusterView): boolean {
  const deployment = view.get<Deployment>('deployments.apps', namespaces.cloudResources, cloudResourceOperator)
  return hasCondition(deployment, 'Available') && (deployment?.status?.readyReplicas ?? 0) > 0
}

/** At most 40 characters: what is longer ends in a hash of itself. */
function identifierOf(context: Context, { metadata }: CloudResource): string {
  const infrastructure = context.view.get<CloudResource & { status?: { infrastructureName?: string } }>(
    'infrastructures.config.openshift.io',
    undefined,
    'cluster',
  )
  const long = [infrastructure?.status?.infrastructureName ?? 'cluster', metadata.namespace, metadata.name].join('-')
  const hash = createHash('sha256').update(long).digest('hex').slice(0, 4)
  return long.length <= 40 ? long : `${long.slice(0, 35)}-${hash}`
}
