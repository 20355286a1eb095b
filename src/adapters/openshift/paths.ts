import { type ClusterKind, describeObjectRef, type ObjectRef } from '../../model/cluster-object.ts'
import type { ObjectQuery } from '../../ports/cluster.ts'

/** Of one object, or of something below it such as `scale`. Starts at the root of the API. */
export function objectPath(kind: ClusterKind, ref: ObjectRef, subresource?: string): string {
  // A name that is empty or climbs would be another URL, and another object.
  if (!/^[\w.:~@-]+$/.test(ref.name) || /^\.+$/.test(ref.name)) throw new Error('bug: not the name of an object')
  const below = subresource === undefined ? '' : `/${subresource}`
  return `${collectionPath(kind, ref.namespace)}/${encodeURIComponent(ref.name)}${below}`
}

/** Of all objects of a kind: in a namespace, or without one everywhere. */
export function collectionPath(kind: ClusterKind, namespace: string | undefined): string {
  if (namespace === undefined) return `${groupPath(kind)}/${kind.plural}`
  if (!kind.namespaced) throw new Error(`bug: ${kind.plural} have no namespace`)
  if (!/^[a-z0-9-]+$/.test(namespace)) throw new Error('bug: not the name of a namespace')
  return `${groupPath(kind)}/namespaces/${namespace}/${kind.plural}`
}

export function groupPath({ apiVersion }: Pick<ClusterKind, 'apiVersion'>): string {
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`
}

/** `?a=b&c=d` of those that are there; empty without any. */
export function queryOf(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** The selectors of a query. One object is asked for by its name, so that a role for that name alone is enough. */
export function selectorsOf(query: ObjectQuery) {
  return {
    fieldSelector: query.name === undefined ? undefined : `metadata.name=${query.name}`,
    labelSelector: query.labels,
  }
}

/** What is asked, for messages and for whoever grants rights. */
export function questionOf(verb: string, kind: ClusterKind, ref: Partial<ObjectRef>, subresource?: string) {
  const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`
  const group = kind.apiVersion.includes('/') ? `.${kind.apiVersion.split('/')[0]}` : ''
  const where = ref.namespace === undefined ? 'of the cluster' : `in the namespace ${ref.namespace}`
  const { name, ...place } = ref
  const object = name === undefined ? (place.namespace ?? 'everywhere') : describeObjectRef(kind, { name, ...place })
  return {
    doing: name === undefined ? `${verb} ${kind.plural} ${object}` : `${verb} ${object}`,
    right: `${verb} on ${resource}${group} ${where}`,
    changes: !['get', 'list', 'watch'].includes(verb),
  }
}
