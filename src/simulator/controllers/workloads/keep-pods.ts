import { createHash } from 'node:crypto'
import type { KubeObject, OwnerReference } from '../../cluster/kube-object.ts'
import { hasCondition } from '../engine/conditions.ts'
import type { Context } from '../engine/controller.ts'
import { deployerLabel } from './pods.ts'
import type { Pod, PodTemplate } from './shapes.ts'

/** The reference of what controls something to itself; what it owns goes with it. */
export function controllerReference({ apiVersion, kind, metadata: { name, uid } }: KubeObject): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

export interface PodCounts {
  readonly replicas: number
  readonly readyReplicas: number
}

/**
 * Brings the number of an owner's pods to `replicas`: new ones from the template, and of too many the youngest that are
 * not ready first. Out: those that are not on their way out, as they were before.
 */
export function keepPods(
  context: Context,
  owner: KubeObject,
  wanted: { readonly replicas: number; readonly template: PodTemplate; readonly ordinals?: boolean },
): PodCounts {
  const { namespace = '', name } = owner.metadata
  const pods = podsOf(context, owner)
  // What rolls a version out belongs to it, and is none of its pods.
  const live = pods.filter((pod) => isLive(pod) && pod.metadata.labels?.[deployerLabel] === undefined)
  for (let missing = wanted.replicas - live.length; missing > 0; missing--) {
    const ordinal = live.length + wanted.replicas - live.length - missing
    createPod(context, owner, wanted.template, wanted.ordinals === true ? `${name}-${ordinal}` : newName(context, name))
  }
  const surplus = [...live]
    .sort(
      (a, b) => Number(hasCondition(a, 'Ready')) - Number(hasCondition(b, 'Ready')) || (ageOf(a) < ageOf(b) ? 1 : -1),
    )
    .slice(0, Math.max(0, live.length - wanted.replicas))
  for (const pod of surplus) context.view.remove({ resource: 'pods', namespace, name: pod.metadata.name })
  const kept = live.filter((pod) => !surplus.includes(pod))
  return { replicas: kept.length, readyReplicas: kept.filter((pod) => hasCondition(pod, 'Ready')).length }
}

/** All pods that the owner controls. */
export function podsOf(context: Context, owner: KubeObject): readonly Pod[] {
  return context.view
    .list<Pod>('pods', owner.metadata.namespace)
    .filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true)
}

/** Makes one pod of a template. */
export function createPod(context: Context, owner: KubeObject, template: PodTemplate, name: string): void {
  const { namespace = '' } = owner.metadata
  context.view.ensure({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, namespace, name, ownerReferences: [controllerReference(owner)] },
    spec: { terminationGracePeriodSeconds: 30, restartPolicy: 'Always', ...template.spec },
    status: { phase: 'Pending' },
  })
}

/** `name` with five characters behind it, as generated names have them. */
export function newName({ random }: Pick<Context, 'random'>, name: string): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  return `${name}-${Array.from({ length: 5 }, () => letters[random.below(letters.length)]).join('')}`
}

/** Ten characters that are the same for the same template, whatever the order of its fields. */
export function templateHash(template: PodTemplate): string {
  return createHash('sha256').update(JSON.stringify(template, inOrder)).digest('hex').slice(0, 10)
}

function inOrder(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
}

function isLive({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded'
}

function ageOf(pod: Pod): string {
  return `${pod.metadata.creationTimestamp} ${pod.metadata.resourceVersion.padStart(12, '0')}`
}
