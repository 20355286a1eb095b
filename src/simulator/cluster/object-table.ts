import type { KubeObject } from './kube-object.ts'

/** Sorts by namespace, then name: NUL comes before every character that a name may have. */
export function keyIn(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}\u0000${name}`
}

export function keyOfObject(object: KubeObject): string {
  return keyIn(object.metadata.namespace, object.metadata.name)
}

interface Entry {
  readonly resource: string
  readonly object: KubeObject
}

/** The live objects, by resource and key and by the owners that they name. */
export class ObjectTable {
  readonly #byResource = new Map<string, Map<string, KubeObject>>()
  readonly #sortedKeys = new Map<string, readonly string[]>()
  readonly #byUid = new Map<string, Entry>()
  readonly #dependents = new Map<string, Set<string>>()
  readonly #countIn = new Map<string, number>()

  get(resource: string, key: string): KubeObject | undefined {
    return this.#byResource.get(resource)?.get(key)
  }

  byUid(uid: string): Entry | undefined {
    return this.#byUid.get(uid)
  }

  put(resource: string, object: KubeObject): void {
    const key = keyOfObject(object)
    const objects = this.#byResource.get(resource) ?? new Map<string, KubeObject>()
    this.#byResource.set(resource, objects)
    const previous = objects.get(key)
    if (previous === undefined) this.#changeCount(resource, object, 1)
    else this.#forget(previous)
    objects.set(key, object)
    this.#byUid.set(object.metadata.uid, { resource, object })
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid) ?? new Set()
      this.#dependents.set(uid, dependents.add(object.metadata.uid))
    }
  }

  remove(resource: string, key: string): void {
    const objects = this.#byResource.get(resource)
    const object = objects?.get(key)
    if (object === undefined) return
    objects?.delete(key)
    this.#changeCount(resource, object, -1)
    this.#forget(object)
  }

  #forget(object: KubeObject): void {
    this.#byUid.delete(object.metadata.uid)
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid)
      dependents?.delete(object.metadata.uid)
      if (dependents?.size === 0) this.#dependents.delete(uid)
    }
  }

  #changeCount(resource: string, object: KubeObject, by: number): void {
    this.#sortedKeys.delete(resource)
    const namespace = object.metadata.namespace ?? ''
    this.#countIn.set(namespace, this.countIn(namespace) + by)
  }

  /** How many objects a namespace holds. */
  countIn(namespace: string): number {
    return this.#countIn.get(namespace) ?? 0
  }

  dependentsOf(uid: string): readonly Entry[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#byUid.get(dependent) ?? [])
  }

  /** Sorted by key. */
  list(resource: string): readonly KubeObject[] {
    const objects = this.#byResource.get(resource)
    if (objects === undefined) return []
    let keys = this.#sortedKeys.get(resource)
    if (keys === undefined) {
      keys = [...objects.keys()].sort()
      this.#sortedKeys.set(resource, keys)
    }
    return keys.flatMap((key) => objects.get(key) ?? [])
  }

  *all(): Generator<Entry> {
    for (const [resource, objects] of this.#byResource) {
      for (const object of objects.values()) yield { resource, object }
    }
  }
}
