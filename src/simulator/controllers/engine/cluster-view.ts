// A shape is what the caller says of an object, as `Draft` explains: each call names its own.
/* oxlint-disable typescript/no-unnecessary-type-parameters */
import type { KubeObject, NewObject, ObjectRef } from '../../cluster/kube-object.ts'
import type { ClusterStore } from '../../cluster/store.ts'

/** An object of a shape that the controllers know; those that are stored came from them or passed the API's decoder. */
export type Draft<Shape> = { -readonly [Field in keyof Shape]: Draft<Shape[Field]> }

/** The store, with shapes for its objects and without the refusals that a reconcile would only repeat. */
export interface ClusterView {
  readonly store: ClusterStore
  get<Shape extends KubeObject>(resource: string, namespace: string | undefined, name: string): Shape | undefined
  /** Those with all of `labels`. */
  list<Shape extends KubeObject>(
    resource: string,
    namespace?: string,
    labels?: Readonly<Record<string, string>>,
  ): readonly Shape[]
  /** Creates it where none of its name is. True: it is new. */
  ensure(object: NewObject): boolean
  /** Changes the object in place of a copy; what is absent stays absent. True: something has changed. */
  change<Shape extends KubeObject>(ref: ObjectRef, change: (draft: Draft<Shape>) => void): boolean
  /** What is absent or being deleted stays so. */
  remove(ref: ObjectRef, options?: { readonly atOnce?: boolean; readonly orphan?: boolean }): void
}

export function clusterViewOf(store: ClusterStore): ClusterView {
  return {
    store,
    // The caller's word on the shape: see `Draft`.
    get: <Shape extends KubeObject>(resource: string, namespace: string | undefined, name: string) =>
      store.get(refOf(resource, namespace, name)) as Shape | undefined,
    list: <Shape extends KubeObject>(resource: string, namespace?: string, labels: Record<string, string> = {}) => {
      const wanted = Object.entries(labels)
      const all = store.list(resource, namespace === undefined ? {} : { namespace })
      const found = all.filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value))
      return found as readonly KubeObject[] as readonly Shape[]
    },
    ensure: (object) => {
      const ref = refFor(store, object)
      if (store.get(ref) !== undefined) return false
      store.create(object)
      return true
    },
    change: <Shape extends KubeObject>(ref: ObjectRef, change: (draft: Draft<Shape>) => void) => {
      const before = store.get(ref)
      if (before === undefined) return false
      const after = store.modify(ref, (draft) => change(draft as unknown as Draft<Shape>))
      return after.metadata.resourceVersion !== before.metadata.resourceVersion
    },
    remove: (ref, { atOnce = false, orphan = false } = {}) => {
      const object = store.get(ref)
      if (object === undefined || (!atOnce && object.metadata.deletionTimestamp !== undefined)) return
      store.delete(ref, {
        ...(atOnce ? { gracePeriodSeconds: 0 } : {}),
        ...(orphan ? { propagation: 'Orphan' as const } : {}),
      })
    },
  }
}

function refOf(resource: string, namespace: string | undefined, name: string): ObjectRef {
  return namespace === undefined ? { resource, name } : { resource, namespace, name }
}

/** Names an object by itself. */
export function refFor(store: Pick<ClusterStore, 'kinds'>, object: NewObject): ObjectRef {
  const kind = store.kinds.findByKind(object.apiVersion, object.kind)
  const { name, namespace } = object.metadata
  if (kind === undefined || name === undefined) throw new Error(`bug: ${object.apiVersion} ${object.kind} has no name`)
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  return namespace === undefined ? { resource, name } : { resource, namespace, name }
}
