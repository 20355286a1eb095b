import { randomBytes, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../base/clock.ts'
import { admit, checkName } from './admission.ts'
import { type Change, ChangeHistory } from './change-history.ts'
import { kindOfDefinition } from './custom-kind.ts'
import { afterRemoval, isHeld, type Remover, removeAll, startDeletion, sweep } from './deletion.ts'
import { applyTo } from './fields/apply.ts'
import { type Manager, noteUpdate } from './fields/managers.ts'
import { apiVersionOf, KindTable, type ResourceKind, resourceOf } from './kind-table.ts'
import type { KubeObject, NewObject, ObjectRef, WatchEvent } from './kube-object.ts'
import { ObjectFile } from './object-file.ts'
import { keyIn, keyOfObject, ObjectTable } from './object-table.ts'
import { isFields } from './read-path.ts'
import { alreadyExists, badRequest, conflict, forbidden, noSuchPath, notFound } from './refusal.ts'
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts'
import { appliedFields, keptMetadata, nextGeneration, patchedBy, plain, withoutTimes } from './write-rules.ts'
import type { ClusterStore, DeleteOptions, Filter, MutableObject, Patch, WriteOptions } from './store.ts'

export interface ObjectStoreOptions {
  readonly kinds: readonly ResourceKind[]
  /** Where the objects outlive the process; absent: in memory only. */
  readonly file?: string
  readonly clock: Clock
  /** How many changes at least a watch may go back; beyond, it is Expired. */
  readonly rememberedChanges?: number
}

type Subresource = 'status' | undefined

/** The only implementation of `ClusterStore`; see there. */
export class ObjectStore implements ClusterStore {
  readonly kinds: KindTable
  readonly #table = new ObjectTable()
  readonly #history: ChangeHistory
  readonly #clock: Clock
  #file: ObjectFile | undefined
  #version = 0

  private constructor(options: ObjectStoreOptions) {
    this.kinds = new KindTable(options.kinds)
    this.#clock = options.clock
    if (options.file !== undefined) {
      this.#file = ObjectFile.open(options.file, (line) => {
        this.#version = Math.max(this.#version, line.version)
        if ('object' in line) this.#table.put(line.resource, line.object)
        else this.#table.remove(line.resource, line.gone)
      })
    }
    for (const definition of this.#table.list('customresourcedefinitions.apiextensions.k8s.io')) {
      this.#learnKind(definition)
    }
    this.#history = new ChangeHistory(options.rememberedChanges ?? 2000, this.#version)
  }

  /** Opens the store with what its file holds, and ends the deletions that were under way when its process did. */
  static open(options: ObjectStoreOptions): ObjectStore {
    const store = new ObjectStore(options)
    sweep(store.#remover())
    return store
  }

  version(): string {
    return String(this.#version)
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#table.get(ref.resource, keyIn(ref.namespace, ref.name))
  }

  read(ref: ObjectRef): KubeObject {
    const found = this.get(ref)
    if (found === undefined) throw notFound(this.#kind(ref.resource), ref.name)
    return found
  }

  list(resource: string, filter: Filter = {}): readonly KubeObject[] {
    const matches = matcherOf(filter, this.#kind(resource))
    return this.#table.list(resource).filter(matches)
  }

  listAt(resource: string, filter: Filter, version: string): readonly KubeObject[] {
    const later = this.#history.since(Number(version)).filter((change) => change.resource === resource)
    const objects = new Map(this.#table.list(resource).map((object) => [keyOfObject(object), object]))
    for (const { object, previous } of later.toReversed()) {
      if (previous === undefined) objects.delete(keyOfObject(object))
      else objects.set(keyOfObject(object), previous)
    }
    const matches = matcherOf(filter, this.#kind(resource))
    return [...objects.keys()]
      .sort()
      .flatMap((key) => objects.get(key) ?? [])
      .filter(matches)
  }

  create(given: NewObject, options: WriteOptions = {}): KubeObject {
    const object = plain(given)
    const kind = this.#kindOfObject(object)
    const created = admit(kind, this.#newObject(kind, object), undefined)
    const noted = noteUpdate(undefined, created, this.#manager(kind, 'Update', options), kind.custom)
    return this.#put(kind, undefined, noted, options)
  }

  update(given: NewObject, options: WriteOptions & { readonly subresource?: 'status' } = {}): KubeObject {
    const object = plain(given)
    const kind = this.#kindOfObject(object)
    const previous = this.read(refOf(kind, object))
    this.#checkLock(kind, previous, object.metadata)
    return this.#replace(kind, previous, object, options.subresource, options)
  }

  modify(ref: ObjectRef, change: (draft: MutableObject) => void, options: WriteOptions = {}): KubeObject {
    const kind = this.#kind(ref.resource)
    const previous = this.read(ref)
    // What the store holds came from JSON, and the draft is the caller's own copy of it.
    const draft = structuredClone(previous) as unknown as MutableObject
    change(draft)
    const next = plain(draft) as unknown as KubeObject
    return this.#note(kind, previous, { ...next, metadata: keptMetadata(previous, next.metadata) }, undefined, options)
  }

  patch(ref: ObjectRef, patch: Patch, options: WriteOptions & { readonly subresource?: 'status' } = {}): KubeObject {
    const kind = this.#kind(ref.resource)
    if (patch.kind === 'apply') return this.#apply(kind, ref, patch, options)
    const previous = this.read(ref)
    const patched = patchedBy(kind, previous, patch)
    if (patched.metadata.name !== ref.name)
      throw badRequest('the name of the object in the patch is not the one in the URL')
    this.#checkLock(kind, previous, patched.metadata)
    return this.#replace(kind, previous, patched, options.subresource, options)
  }

  delete(ref: ObjectRef, options: DeleteOptions = {}): KubeObject {
    const kind = this.#kind(ref.resource)
    const object = this.read(ref)
    const { uid, resourceVersion } = options.preconditions ?? {}
    if (uid !== undefined && uid !== object.metadata.uid) {
      throw conflict(
        kind,
        ref.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`,
      )
    }
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
      throw conflict(kind, ref.name, 'Precondition failed: ResourceVersion')
    }
    if (options.dryRun === true) return object
    return startDeletion(this.#remover(), ref.resource, object, options)
  }

  watch(
    resource: string | undefined,
    options: { readonly namespace?: string; readonly since?: string },
    onEvent: (event: WatchEvent) => void,
  ): () => void {
    const since = options.since === undefined ? undefined : Number(options.since)
    return this.#history.watch({ resource, namespace: options.namespace, onEvent }, since)
  }

  compact(): void {
    this.#history.compact()
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
  }

  #kind(resource: string): ResourceKind {
    const kind = this.kinds.find(resource)
    if (kind === undefined) throw noSuchPath()
    return kind
  }

  #kindOfObject(object: NewObject): ResourceKind {
    const kind = this.kinds.findByKind(object.apiVersion, object.kind)
    if (kind === undefined) throw badRequest(`no kind "${object.kind}" is served for version "${object.apiVersion}"`)
    return kind
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  #manager(
    kind: ResourceKind,
    operation: Manager['operation'],
    options: WriteOptions,
    subresource?: Subresource,
  ): Manager {
    return {
      manager: options.manager ?? 'threeshift-simulator',
      operation,
      apiVersion: apiVersionOf(kind),
      time: this.#now(),
      fieldsType: 'FieldsV1',
      ...(subresource === undefined ? {} : { subresource }),
    }
  }

  /** With everything of the metadata that the API fills in. */
  #newObject(kind: ResourceKind, object: NewObject): KubeObject {
    const {
      generateName,
      managedFields: _,
      deletionTimestamp: __,
      deletionGracePeriodSeconds: ___,
      ...given
    } = object.metadata
    const name =
      given.name ?? (generateName === undefined ? '' : `${generateName}${randomBytes(4).toString('hex').slice(0, 5)}`)
    checkName(kind, name)
    const { namespace, ...metadata } = given
    if (kind.namespaced) this.#checkNamespace(kind, namespace, name)
    if (this.#table.get(resourceOf(kind), keyIn(kind.namespaced ? namespace : undefined, name)) !== undefined) {
      throw alreadyExists(kind, name)
    }
    return {
      ...object,
      metadata: {
        ...metadata,
        name,
        ...(generateName === undefined ? {} : { generateName }),
        ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: this.#now(),
        ...(isFields(object.spec) ? { generation: 1 } : {}),
      },
    }
  }

  #checkNamespace(kind: ResourceKind, namespace: string | undefined, name: string): void {
    if (namespace === undefined || namespace === '')
      throw badRequest(`the namespace of ${kind.plural} "${name}" is missing`)
    const found = this.get({ resource: 'namespaces', name: namespace })
    if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace)
    if (found.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        kind,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      )
    }
  }

  #checkLock(kind: ResourceKind, previous: KubeObject, given: Partial<KubeObject['metadata']>): void {
    const { resourceVersion, uid } = given
    if (uid !== undefined && uid !== previous.metadata.uid) {
      throw conflict(
        kind,
        previous.metadata.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${previous.metadata.uid}`,
      )
    }
    if ((resourceVersion ?? '') !== '' && resourceVersion !== previous.metadata.resourceVersion) {
      throw conflict(
        kind,
        previous.metadata.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      )
    }
  }

  /** All but the status, or only that; a kind without that subresource has no status apart. */
  #replace(
    kind: ResourceKind,
    previous: KubeObject,
    given: NewObject,
    subresource: Subresource,
    options: WriteOptions,
  ): KubeObject {
    if (subresource === 'status') {
      return this.#note(kind, previous, { ...previous, status: given.status }, 'status', options)
    }
    const apart = kind.subresources.includes('status')
    const next = {
      ...given,
      metadata: keptMetadata(previous, given.metadata),
      ...(apart ? { status: previous.status } : {}),
    }
    return this.#note(kind, previous, admit(kind, next, previous), undefined, options)
  }

  #note(
    kind: ResourceKind,
    previous: KubeObject,
    next: KubeObject,
    subresource: Subresource,
    options: WriteOptions,
  ): KubeObject {
    const manager = this.#manager(kind, 'Update', options, subresource)
    return this.#put(kind, previous, noteUpdate(previous, plain(next), manager, kind.custom), options)
  }

  #apply(
    kind: ResourceKind,
    ref: ObjectRef,
    patch: Patch & { readonly kind: 'apply' },
    options: WriteOptions & { readonly subresource?: 'status' },
  ): KubeObject {
    const { subresource } = options
    const wanted = appliedFields(patch.object, kind, subresource)
    const manager = this.#manager(kind, 'Apply', options, subresource)
    const how = { force: patch.force, custom: kind.custom }
    const previous = this.get(ref)
    if (previous === undefined) {
      if (subresource !== undefined) throw notFound(kind, ref.name)
      const metadata = { name: ref.name, ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }) }
      const empty = this.#newObject(kind, { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata })
      const created = admit(kind, applyTo(empty, wanted, manager, how), undefined)
      const generation = isFields(created.spec) ? { generation: 1 } : {}
      return this.#put(kind, undefined, { ...created, metadata: { ...created.metadata, ...generation } }, options)
    }
    if (isFields(wanted.metadata)) this.#checkLock(kind, previous, wanted.metadata)
    const applied = applyTo(previous, wanted, manager, how)
    const next = {
      ...applied,
      metadata: { ...keptMetadata(previous, applied.metadata), managedFields: applied.metadata.managedFields ?? [] },
    }
    return this.#put(kind, previous, subresource === undefined ? admit(kind, next, previous) : next, options)
  }

  /** The end of every write but a removal. */
  #put(kind: ResourceKind, previous: KubeObject | undefined, given: KubeObject, options: WriteOptions): KubeObject {
    if (previous !== undefined && isDeepStrictEqual(withoutTimes(previous), withoutTimes(plain(given)))) return previous
    const generation = nextGeneration(previous, given)
    const version = this.#version + 1
    const next = plain({
      ...given,
      metadata: {
        ...given.metadata,
        ...(generation === undefined ? {} : { generation }),
        resourceVersion: String(version),
      },
    })
    if (options.dryRun === true) return next
    const resource = resourceOf(kind)
    if (next.metadata.deletionTimestamp !== undefined && !isHeld(kind, next)) {
      this.#remove(resource, next)
      return next
    }
    this.#commit({ type: previous === undefined ? 'ADDED' : 'MODIFIED', resource, object: next, previous, version })
    if (resource === 'customresourcedefinitions.apiextensions.k8s.io') this.#learnKind(next)
    return next
  }

  #remove(resource: string, last: KubeObject): void {
    const version = this.#version + 1
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(version) } }
    const previous = this.#table.get(resource, keyOfObject(last))
    this.#commit({ type: 'DELETED', resource, object, previous, version })
    if (resource === 'customresourcedefinitions.apiextensions.k8s.io') this.#forgetKind(object)
    afterRemoval(this.#remover(), object)
  }

  #commit(change: Change): void {
    const { version, resource, object } = change
    const isGone = change.type === 'DELETED'
    this.#file?.append([isGone ? { version, resource, gone: keyOfObject(object) } : { version, resource, object }])
    this.#version = version
    if (isGone) this.#table.remove(resource, keyOfObject(object))
    else this.#table.put(resource, object)
    if (this.#file?.isLong() === true) this.#file.rewrite(this.#lines())
    this.#history.add([change])
  }

  *#lines() {
    for (const { resource, object } of this.#table.all()) {
      yield { version: Number(object.metadata.resourceVersion), resource, object }
    }
    // Names nothing, and keeps the version when the last change was a removal.
    yield { version: this.#version, resource: '', gone: '' }
  }

  #remover(): Remover {
    return {
      table: this.#table,
      now: () => this.#now(),
      write: (resource, previous, next) => this.#put(this.#kind(resource), previous, next, {}),
      remove: (resource, object) => this.#remove(resource, object),
    }
  }

  #learnKind(definition: KubeObject): void {
    const kind = kindOfDefinition(definition)
    if (kind !== undefined) this.kinds.add(kind)
  }

  #forgetKind(definition: KubeObject): void {
    const kind = kindOfDefinition(definition)
    if (kind === undefined) return
    const resource = resourceOf(kind)
    removeAll(this.#remover(), resource)
    this.kinds.remove(resource)
  }
}

function refOf(kind: ResourceKind, object: NewObject): ObjectRef {
  const { name = '', namespace } = object.metadata
  const isIn = kind.namespaced && namespace !== undefined
  return { resource: resourceOf(kind), name, ...(isIn ? { namespace } : {}) }
}

function matcherOf(filter: Filter, kind: ResourceKind): Matcher {
  const labels = labelMatcher(filter.labelSelector)
  const fields = fieldMatcher(filter.fieldSelector, kind)
  const { namespace } = filter
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && labels(object) && fields(object)
}
