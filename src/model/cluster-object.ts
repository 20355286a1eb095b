import { z } from 'zod'

/** What every object of a cluster says about itself. */
export const objectMetaSchema = z.object({
  name: z.string(),
  /** Absent for objects that belong to the whole cluster. */
  namespace: z.string().optional(),
  uid: z.string(),
  /** Another one after every change of the object. To be compared, never ordered. */
  resourceVersion: z.string(),
  /** Counts changes of what is wanted (`spec`); what has come of it (`status`) does not count. */
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  /** Present once somebody has deleted the object, which then waits for its finalizers. */
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  /** Without the copy of the object that `oc apply` leaves: a Secret's holds its values. */
  annotations: z
    .record(z.string(), z.string())
    .default({})
    .transform(({ 'kubectl.kubernetes.io/last-applied-configuration': _copy, ...annotations }) => annotations),
})
export type ObjectMeta = z.output<typeof objectMetaSchema>

export interface ClusterObject {
  readonly metadata: ObjectMeta
}

/**
 * A kind of object, and the decoder of what the cluster sends of it.
 *
 * `plural` is its name in URLs and in rights. The decoder keeps what it names and drops the rest.
 */
export interface ClusterKind<Decoded extends ClusterObject = ClusterObject> {
  /** `v1`, or `group/version`. */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly schema: z.ZodType<Decoded>
}

/** Makes a kind of its names and of the fields that are read besides `metadata`. */
export function clusterKind<Shape extends z.ZodRawShape>(
  names: Pick<ClusterKind, 'apiVersion' | 'kind' | 'plural' | 'namespaced'>,
  fields: Shape,
) {
  return { ...names, schema: z.object({ metadata: objectMetaSchema, ...fields }) }
}

/** One object. `namespace` is left out for what belongs to the whole cluster. */
export interface ObjectRef {
  readonly name: string
  readonly namespace?: string
}

/** As messages name it: `deployments namespace/name`. */
export function describeObjectRef(kind: Pick<ClusterKind, 'plural'>, ref: ObjectRef): string {
  return `${kind.plural} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`
}
