/** Any object of a cluster's API, as JSON has it. What the store gives out is shared and never changed in place. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  /** ISO 8601, whole seconds. */
  readonly creationTimestamp: string
  /** Counts changes of what is wanted (neither metadata nor status); kinds without a spec have none. */
  readonly generation?: number
  readonly generateName?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  readonly managedFields?: readonly ManagedFields[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** One manager's entry: `fieldsV1` is the tree of fields that it owns, in the API's own notation. */
export interface ManagedFields {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time: string
  readonly fieldsType: 'FieldsV1'
  readonly fieldsV1: FieldsTree
  readonly subresource?: string
}

export interface FieldsTree {
  readonly [element: string]: FieldsTree
}

/** An object that is to be created or applied: the store fills in what is missing of its metadata. */
export interface NewObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Partial<ObjectMeta>
  readonly [field: string]: unknown
}

/**
 * Names one object. `resource` is the plural, followed by its group where it has one: `pods`, `deployments.apps`,
 * `apimanagers.apps.3scale.net`. Cluster-scoped objects have no namespace.
 */
export interface ObjectRef {
  readonly resource: string
  readonly namespace?: string
  readonly name: string
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: string
  /** After the change; of a DELETED one, its last state under the resourceVersion of the deletion. */
  readonly object: KubeObject
  /** Before the change; undefined for an ADDED one. */
  readonly previous: KubeObject | undefined
}
