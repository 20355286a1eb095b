import type { KubeObject, ManagedFields } from '../kube-object.ts'
import { type FieldPath, fieldsOf, pathsOf, treeOf } from './field-set.ts'

/** Who writes: managers of different operations, versions or subresources have an entry each. */
export type Manager = Omit<ManagedFields, 'fieldsV1'>

/** One manager and what it owns. */
export interface Ownership {
  readonly manager: Manager
  readonly paths: Set<FieldPath>
}

export function ownershipsOf(object: KubeObject): Ownership[] {
  return (object.metadata.managedFields ?? []).map(({ fieldsV1, ...manager }) => ({
    manager,
    paths: pathsOf(fieldsV1),
  }))
}

export function isSameManager(a: Manager, b: Manager): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.apiVersion === b.apiVersion &&
    a.subresource === b.subresource
  )
}

export function withOwnerships(object: KubeObject, ownerships: readonly Ownership[]): KubeObject {
  const managedFields = ownerships
    .filter(({ paths }) => paths.size > 0)
    .map(({ manager, paths }) => ({ ...manager, fieldsV1: treeOf(paths) }))
  return { ...object, metadata: { ...object.metadata, managedFields } }
}

/**
 * Notes an ordinary write: what it changed or added belongs to its manager from now on and to nobody else, and what it
 * removed to nobody. `previous`: absent when the object is new.
 */
export function noteUpdate(
  previous: KubeObject | undefined,
  next: KubeObject,
  manager: Manager,
  custom: boolean,
): KubeObject {
  const before = previous === undefined ? new Map<FieldPath, string>() : fieldsOf(previous, custom)
  const after = fieldsOf(next, custom)
  const changed = [...after].filter(([path, value]) => before.get(path) !== value).map(([path]) => path)
  const removed = [...before.keys()].filter((path) => !after.has(path))
  if (changed.length === 0 && removed.length === 0) return next
  const ownerships = ownershipsOf(next)
  let own = ownerships.find((entry) => isSameManager(entry.manager, manager))
  for (const entry of ownerships) {
    for (const path of removed) entry.paths.delete(path)
    if (entry !== own) for (const path of changed) entry.paths.delete(path)
  }
  if (own === undefined) {
    own = { manager, paths: new Set() }
    ownerships.push(own)
  }
  for (const path of changed) own.paths.add(path)
  const touched = { manager: changed.length > 0 ? manager : own.manager, paths: own.paths }
  return withOwnerships(
    next,
    ownerships.map((entry) => (entry === own ? touched : entry)),
  )
}
