import type { ResourceKind } from './kind-table.ts'
import type { KubeObject } from './kube-object.ts'
import type { ObjectTable } from './object-table.ts'
import { isFields, readNumber, readText } from './read-path.ts'
import type { DeleteOptions } from './store.ts'

/** What deletions need of the store. */
export interface Remover {
  readonly table: ObjectTable
  readonly now: () => string
  /** Stores it, or removes it when it is being deleted and nothing holds it any more. */
  readonly write: (resource: string, previous: KubeObject, next: KubeObject) => KubeObject
  readonly remove: (resource: string, object: KubeObject) => void
}

const foreground = 'foregroundDeletion'

/** Whether an object that is being deleted has to stay: for finalizers, its grace period, or what its namespace holds. */
export function isHeld(kind: ResourceKind, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true
  if (kind.kind === 'Namespace') return true
  return kind.kind === 'Pod' && (object.metadata.deletionGracePeriodSeconds ?? 0) > 0
}

/**
 * Deletes an object, or marks it. Out: its last state.
 *
 * A pod that runs on a node is given its grace period, and who plays its kubelet deletes it with a grace of 0. A namespace
 * goes when the last thing in it has gone.
 */
export function startDeletion(
  remover: Remover,
  resource: string,
  object: KubeObject,
  options: DeleteOptions,
): KubeObject {
  if (options.propagation === 'Orphan') orphan(remover, object)
  const { deletionTimestamp } = object.metadata
  const graceSeconds = resource === 'pods' ? podGrace(object, options) : 0
  if (deletionTimestamp !== undefined && resource !== 'pods') return object
  const waits = options.propagation === 'Foreground' && remover.table.dependentsOf(object.metadata.uid).length > 0
  const finalizers = [...new Set([...(object.metadata.finalizers ?? []), ...(waits ? [foreground] : [])])]
  const marked = {
    ...object,
    ...(resource === 'namespaces'
      ? { status: { ...(isFields(object.status) ? object.status : {}), phase: 'Terminating' } }
      : {}),
    metadata: {
      ...object.metadata,
      deletionTimestamp: deletionTimestamp ?? remover.now(),
      ...(resource === 'pods' ? { deletionGracePeriodSeconds: graceSeconds } : {}),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  }
  const last = remover.write(resource, object, marked)
  if (waits) deleteDependents(remover, object.metadata.uid)
  if (resource === 'namespaces') emptyNamespace(remover, object.metadata.name)
  return last
}

function podGrace(pod: KubeObject, options: DeleteOptions): number {
  const isOver = ['Succeeded', 'Failed'].includes(readText(pod, 'status.phase'))
  if (readText(pod, 'spec.nodeName') === '' || isOver) return 0
  return options.gracePeriodSeconds ?? readNumber(pod, 'spec.terminationGracePeriodSeconds')
}

function emptyNamespace(remover: Remover, namespace: string): void {
  const inside = [...remover.table.all()].filter(({ object }) => object.metadata.namespace === namespace)
  for (const { resource, object } of inside) deleteIfThere(remover, resource, object)
  removeNamespaceIfEmpty(remover, namespace)
}

function removeNamespaceIfEmpty(remover: Remover, name: string): void {
  const namespace = remover.table.get('namespaces', `\u0000${name}`)
  if (namespace?.metadata.deletionTimestamp === undefined) return
  if (remover.table.countIn(name) > 0 || (namespace.metadata.finalizers ?? []).length > 0) return
  remover.remove('namespaces', namespace)
}

/** What follows from an object's having gone: its dependents go, and whoever waited for it goes on. */
export function afterRemoval(remover: Remover, object: KubeObject): void {
  deleteDependents(remover, object.metadata.uid)
  for (const { uid } of object.metadata.ownerReferences ?? []) {
    const owner = remover.table.byUid(uid)
    const waits = owner?.object.metadata.finalizers?.includes(foreground) === true
    if (owner === undefined || !waits || remover.table.dependentsOf(uid).length > 0) continue
    const finalizers = owner.object.metadata.finalizers?.filter((name) => name !== foreground) ?? []
    remover.write(owner.resource, owner.object, { ...owner.object, metadata: { ...owner.object.metadata, finalizers } })
  }
  if (object.metadata.namespace !== undefined) removeNamespaceIfEmpty(remover, object.metadata.namespace)
}

/** One that has another owner left loses the reference and stays. */
function deleteDependents(remover: Remover, uid: string): void {
  for (const { resource, object } of remover.table.dependentsOf(uid)) {
    const owners = object.metadata.ownerReferences ?? []
    const left = owners.filter((owner) => owner.uid !== uid && remover.table.byUid(owner.uid) !== undefined)
    if (left.length === 0) deleteIfThere(remover, resource, object)
    else remover.write(resource, object, { ...object, metadata: { ...object.metadata, ownerReferences: left } })
  }
}

function orphan(remover: Remover, object: KubeObject): void {
  for (const { resource, object: dependent } of remover.table.dependentsOf(object.metadata.uid)) {
    const ownerReferences = (dependent.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== object.metadata.uid)
    remover.write(resource, dependent, { ...dependent, metadata: { ...dependent.metadata, ownerReferences } })
  }
}

/** An earlier deletion may have taken it along, or changed it. */
function deleteIfThere(remover: Remover, resource: string, object: KubeObject): void {
  const now = remover.table.byUid(object.metadata.uid)
  if (now !== undefined) startDeletion(remover, resource, now.object, {})
}

/** Deletes all objects of a resource that is served no more. */
export function removeAll(remover: Remover, resource: string): void {
  for (const object of remover.table.list(resource)) remover.remove(resource, object)
}

/** Ends what the end of a process interrupted: dependents without an owner, and namespaces half emptied. */
export function sweep(remover: Remover): void {
  const orphans = [...remover.table.all()].filter(({ object }) => {
    const owners = object.metadata.ownerReferences ?? []
    return owners.length > 0 && owners.every(({ uid }) => remover.table.byUid(uid) === undefined)
  })
  for (const { resource, object } of orphans) deleteIfThere(remover, resource, object)
  for (const namespace of remover.table.list('namespaces')) {
    if (namespace.metadata.deletionTimestamp !== undefined) emptyNamespace(remover, namespace.metadata.name)
  }
}
