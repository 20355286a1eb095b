import type { KindTable } from './kind-table.ts'
import type { KubeObject, NewObject, ObjectRef, WatchEvent } from './kube-object.ts'

/** Who writes, and how. */
export interface WriteOptions {
  /** The field manager that `managedFields` names; absent: `threeshift-simulator`. */
  readonly manager?: string
  /** Answers as if it were done, and changes nothing. */
  readonly dryRun?: boolean
}

export type Patch =
  | { readonly kind: 'json'; readonly operations: unknown }
  | { readonly kind: 'merge'; readonly patch: unknown }
  | { readonly kind: 'strategic'; readonly patch: unknown }
  /** Server-side apply by `options.manager`; creates what is absent. `force` takes fields over from other managers. */
  | { readonly kind: 'apply'; readonly object: unknown; readonly force: boolean }

export interface DeleteOptions {
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  /** Only pods that run on a node are given time; 0 removes them at once. */
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

/** Which objects of a resource. Selectors are in the API's own notation: `app=web,tier!=db`, `metadata.name=a`. */
export interface Filter {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/**
 * The objects of one simulated cluster, with the rules that the API keeps for all of them: names, namespaces, versions,
 * generations, optimistic locks, field managers, finalizers, owners, selectors and watches.
 *
 * The API server and the controllers of this process use the same store. Every call is synchronous and whole: nothing
 * happens between the reading and the writing of one call. A write has reached the file when the call returns, so it
 * survives the process. What is refused throws a `Refusal`, which is the API's own Status object.
 *
 * A field that is absent and a field that is `undefined` are the same. Objects that go in are copied, and those that
 * come out are shared: change neither in place.
 */
export interface ClusterStore {
  readonly kinds: KindTable

  /** The resourceVersion of the last change. */
  version(): string

  get(ref: ObjectRef): KubeObject | undefined

  /** As `get`, and refuses with NotFound what is absent. */
  read(ref: ObjectRef): KubeObject

  /** Sorted by namespace and name. An absent namespace means all of them. */
  list(resource: string, filter?: Filter): readonly KubeObject[]

  /** Its status is kept, unlike when it is created through the API. Refuses: AlreadyExists, NotFound (namespace), Invalid. */
  create(object: NewObject, options?: WriteOptions): KubeObject

  /**
   * Replaces all but the status, or with `subresource` only that. A `metadata.resourceVersion` in it must be the stored one.
   * Refuses: NotFound, Conflict, Invalid.
   */
  update(object: NewObject, options?: WriteOptions & { readonly subresource?: 'status' }): KubeObject

  /**
   * Gives `change` a copy to work on, and stores what becomes of it, status included. Nothing is written, and no watcher hears
   * of it, when nothing has changed. What a controller uses. Refuses: NotFound, Invalid.
   */
  modify(ref: ObjectRef, change: (draft: MutableObject) => void, options?: WriteOptions): KubeObject

  /** Refuses: NotFound (but for apply), Conflict, Invalid, BadRequest, UnsupportedMediaType. */
  patch(ref: ObjectRef, patch: Patch, options?: WriteOptions & { readonly subresource?: 'status' }): KubeObject

  /**
   * Deletes it, or marks it as being deleted while finalizers, dependents or a pod's grace period hold it.
   * Out: its last state. What it owns goes with it. Refuses: NotFound, Conflict (preconditions).
   */
  delete(ref: ObjectRef, options?: DeleteOptions): KubeObject

  /**
   * Calls `onEvent` for every change from now on, or from after `since` (a resourceVersion), in order. Events of a write
   * come before the write returns, unless it was made inside `onEvent`: then right after the events under way.
   * An absent `resource` means all. Out: ends it. Refuses: Expired, when `since` is no longer remembered.
   */
  watch(
    resource: string | undefined,
    options: { readonly namespace?: string; readonly since?: string },
    onEvent: (event: WatchEvent) => void,
  ): () => void

  /** The objects as they were at an earlier version. Refuses: Expired. */
  listAt(resource: string, filter: Filter, version: string): readonly KubeObject[]

  /** Forgets all changes so far: watches and lists that go on from them are Expired. */
  compact(): void

  /** Flushes and closes its file. May be called again. */
  close(): void
}

/** A copy that may be changed at will before it is stored. */
export interface MutableObject {
  metadata: {
    name: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
    ownerReferences?: object[]
    [field: string]: unknown
  }
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  data?: Record<string, string>
  [field: string]: unknown
}
