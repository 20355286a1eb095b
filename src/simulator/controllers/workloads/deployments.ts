import { type Condition, withCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, keyOf, ownerKey, splitKey } from '../engine/controller.ts'
import { controllerReference, templateHash } from './keep-pods.ts'
import type { Deployment, PodKeeper } from './shapes.ts'

const resource = 'deployments.apps'
const revisionAnnotation = 'deployment.kubernetes.io/revision'
const hashLabel = 'pod-template-hash'
const revisionsKept = 3

/**
 * Deployments: a ReplicaSet for each template, the newest scaled up and, as its pods become ready, the others down.
 *
 * `Recreate` waits until the old pods are gone. A rollout that does not end in time is Progressing False with
 * ProgressDeadlineExceeded, and goes on trying.
 */
export const deployments: Controller = {
  name: 'deployments',
  watches: { [resource]: (one) => [keyOf(one)], 'replicasets.apps': (set) => ownerKey(set, 'Deployment') },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const deployment = context.view.get<Deployment>(resource, namespace, name)
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return null
    const sets = context.view
      .list<PodKeeper>('replicasets.apps', namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid) === true)
    const hash = templateHash(deployment.spec.template)
    const current = sets.find(({ metadata }) => metadata.labels?.[hashLabel] === hash)
    const others = sets.filter((set) => set !== current)
    const { replicas = 1 } = deployment.spec
    const revision = revisionOf(current, others)
    if (current === undefined) createSet(context, deployment, hash, revision)
    const oldPods = others.reduce((sum, { status }) => sum + (status?.replicas ?? 0), 0)
    const recreate = deployment.spec.strategy?.type === 'Recreate'
    const ready = current?.status?.readyReplicas ?? 0
    scale(context, namespace, `${name}-${hash}`, recreate && oldPods > 0 ? 0 : replicas)
    context.view.change<PodKeeper>({ resource: 'replicasets.apps', namespace, name: `${name}-${hash}` }, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: String(revision) }
    })
    let spare = recreate ? 0 : Math.max(0, replicas - ready)
    for (const set of [...others].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      const keep = Math.min(set.spec.replicas ?? 0, spare)
      spare -= keep
      scale(context, namespace, set.metadata.name, keep)
    }
    forgetOld(context, namespace, others)
    return report(context, deployment, { hash, revision, current, others })
  },
}

interface Rollout {
  readonly hash: string
  readonly revision: number
  readonly current: PodKeeper | undefined
  readonly others: readonly PodKeeper[]
}

function report(context: Context, deployment: Deployment, rollout: Rollout): Again {
  const { namespace = '', name, generation = 1 } = deployment.metadata
  const { replicas = 1 } = deployment.spec
  const { current, others, hash } = rollout
  const total = (field: 'replicas' | 'readyReplicas') =>
    [current, ...others].reduce((sum, set) => sum + (set?.status?.[field] ?? 0), 0)
  const readyReplicas = total('readyReplicas')
  const updated = current?.status?.replicas ?? 0
  const done =
    updated === replicas && (current?.status?.readyReplicas ?? 0) === replicas && total('replicas') === replicas
  const deadline = done
    ? null
    : context.remaining(deployment, `rollout ${hash} ${generation}`, context.timings.rolloutDeadline)
  const available = readyReplicas >= replicas - Math.floor(replicas / 4)
  const progressing: Omit<Condition, 'lastTransitionTime'> = done
    ? { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }
    : deadline === 0
      ? { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }
      : { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }
  context.view.change<Deployment>({ resource, namespace, name }, (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: String(rollout.revision) }
    let conditions = withCondition(
      draft.status?.conditions,
      available
        ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }
        : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' },
      context,
    )
    conditions = withCondition(conditions, progressing, context)
    draft.status = {
      observedGeneration: generation,
      replicas: total('replicas'),
      updatedReplicas: updated,
      readyReplicas,
      availableReplicas: readyReplicas,
      unavailableReplicas: Math.max(0, replicas - readyReplicas),
      conditions,
    }
  })
  return deadline === 0 ? null : deadline
}

function revisionOf(current: PodKeeper | undefined, others: readonly PodKeeper[]): number {
  const newestOther = Math.max(0, ...others.map(annotatedRevision))
  const own = current === undefined ? 0 : annotatedRevision(current)
  return own > newestOther ? own : newestOther + 1
}

function annotatedRevision(set: PodKeeper): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0)
}

function createSet(context: Context, deployment: Deployment, hash: string, revision: number): void {
  const { namespace = '', name } = deployment.metadata
  const { template } = deployment.spec
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  context.view.ensure({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace,
      name: `${name}-${hash}`,
      labels,
      annotations: { [revisionAnnotation]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  })
}

function scale(context: Context, namespace: string, name: string, replicas: number): void {
  context.view.change<PodKeeper>({ resource: 'replicasets.apps', namespace, name }, (draft) => {
    draft.spec.replicas = replicas
  })
}

function forgetOld(context: Context, namespace: string, others: readonly PodKeeper[]): void {
  const empty = others
    .filter(({ spec, status }) => spec.replicas === 0 && (status?.replicas ?? 0) === 0)
    .sort((a, b) => annotatedRevision(b) - annotatedRevision(a))
  for (const { metadata } of empty.slice(revisionsKept)) {
    context.view.remove({ resource: 'replicasets.apps', namespace, name: metadata.name })
  }
}
