import type { KubeObject } from './kube-object.ts'

/** A column of `kubectl get`. Its value is a path in the object, such as `.status.phase`, or worked out from it. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  /** Only with `-o wide`. */
  readonly wide?: true
  readonly value: string | ((object: KubeObject) => string | number)
}

/** A kind of object that a cluster serves. Each kind is served in one version only. */
export interface ResourceKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly Subresource[]
  /** Besides Name and, last, Age. */
  readonly columns: readonly PrinterColumn[]
  /** Fields that selectors may name, besides metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[]
  /**
   * `stored`: an ordinary object. `review`: a question that is answered when it is created, and never stored.
   * `project`: another sight of a namespace. `user`: as stored, and `~` is whoever asks.
   */
  readonly behaviour: 'stored' | 'review' | 'project' | 'user'
  /** From a CustomResourceDefinition, as OpenShift has it: patches by merge key are not for these. */
  readonly custom: boolean
}

export type Subresource = 'status' | 'scale' | 'log' | 'exec' | 'eviction' | 'token' | 'instantiate' | 'finalize'

/** `plural` or `plural.group`, the key by which the store and selectors name a kind. */
export function resourceOf({ group, plural }: Pick<ResourceKind, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`
}

export function apiVersionOf({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

/** The kinds of one cluster: those that it was made with, and those of the definitions that were created in it. */
export class KindTable {
  readonly #byResource = new Map<string, ResourceKind>()
  readonly #byKind = new Map<string, ResourceKind>()

  constructor(kinds: readonly ResourceKind[]) {
    for (const kind of kinds) this.add(kind)
  }

  /** A kind that is there already stays as it is. */
  add(kind: ResourceKind): void {
    const resource = resourceOf(kind)
    if (this.#byResource.has(resource)) return
    this.#byResource.set(resource, kind)
    this.#byKind.set(`${apiVersionOf(kind)} ${kind.kind}`, kind)
  }

  remove(resource: string): void {
    const kind = this.#byResource.get(resource)
    if (kind === undefined) return
    this.#byResource.delete(resource)
    this.#byKind.delete(`${apiVersionOf(kind)} ${kind.kind}`)
  }

  find(resource: string): ResourceKind | undefined {
    return this.#byResource.get(resource)
  }

  findByKind(apiVersion: string, kind: string): ResourceKind | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`)
  }

  all(): readonly ResourceKind[] {
    return [...this.#byResource.values()]
  }
}
