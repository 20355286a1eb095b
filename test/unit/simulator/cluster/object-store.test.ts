import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { systemClock } from '../../../../src/base/clock.ts'
import { kinds } from '../../../../src/simulator/cluster/kinds.ts'
import type { NewObject, WatchEvent } from '../../../../src/simulator/cluster/kube-object.ts'
import { ObjectStore } from '../../../../src/simulator/cluster/object-store.ts'
import { Refusal } from '../../../../src/simulator/cluster/refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'threeshift-store-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function storeWithNamespace(file?: string): ObjectStore {
  const store = ObjectStore.open({ kinds, clock: systemClock, ...(file === undefined ? {} : { file }) })
  if (store.get({ resource: 'namespaces', name: 'shop' }) === undefined) {
    store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  }
  return store
}

function configMap(name: string, extra: Partial<NewObject> = {}): NewObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', ...extra, metadata: { name, namespace: 'shop', ...extra.metadata } }
}

function deployment(name: string, image = 'web:1'): NewObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop', labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image, env: [{ name: 'A', value: '1' }] }] },
      },
    },
  }
}

function pod(name: string, spec: object): NewObject {
  const metadata = { name, namespace: 'shop' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'web' }], ...spec } }
}

function apply(store: ObjectStore, manager: string, object: NewObject, force = false) {
  return store.patch(at('deployments.apps', 'web'), { kind: 'apply', object, force }, { manager })
}

function ownedBy({ metadata: { name, uid } }: { metadata: { name: string; uid: string } }) {
  return { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }] }
}

const refusedWith = (reason: string) => (error: unknown) => error instanceof Refusal && error.reason === reason
const at = (resource: string, name: string) => ({ resource, namespace: 'shop', name })

describe('versions', () => {
  test('a change of what is wanted counts a generation, a change of status or labels does not', () => {
    const store = storeWithNamespace()
    const created = store.create(deployment('web'))
    assert.equal(created.metadata.generation, 1)
    const ref = at('deployments.apps', 'web')
    store.patch(ref, { kind: 'merge', patch: { metadata: { labels: { tier: 'front' } } } })
    store.patch(ref, { kind: 'merge', patch: { status: { replicas: 1 } } }, { subresource: 'status' })
    assert.equal(store.read(ref).metadata.generation, 1)
    assert.equal(store.patch(ref, { kind: 'merge', patch: { spec: { replicas: 3 } } }).metadata.generation, 2)
  })

  test('a write that changes nothing leaves the version, and no watcher hears of it', () => {
    const store = storeWithNamespace()
    store.create(configMap('a', { data: { x: '1' } }))
    const events: WatchEvent[] = []
    store.watch('configmaps', {}, (event) => events.push(event))
    const before = store.version()
    store.patch(at('configmaps', 'a'), { kind: 'merge', patch: { data: { x: '1' } } })
    store.modify(at('configmaps', 'a'), () => undefined)
    assert.equal(store.version(), before)
    assert.deepEqual(events, [])
  })

  test('an update from an old version is a conflict, and one without a version is not', () => {
    const store = storeWithNamespace()
    const old = store.create(configMap('a'))
    store.modify(at('configmaps', 'a'), (draft) => (draft.data = { x: '1' }))
    assert.throws(() => store.update({ ...old, data: { x: '2' } }), refusedWith('Conflict'))
    store.update(configMap('a', { data: { x: '3' } }))
    assert.deepEqual(store.read(at('configmaps', 'a')).data, { x: '3' })
  })

  test('status changes through its own door only', () => {
    const store = storeWithNamespace()
    const ref = at('deployments.apps', 'web')
    store.create(deployment('web'))
    store.patch(ref, { kind: 'merge', patch: { status: { replicas: 7 } } })
    assert.equal(store.read(ref).status, undefined)
    store.patch(
      ref,
      { kind: 'merge', patch: { status: { replicas: 7 }, spec: { replicas: 9 } } },
      { subresource: 'status' },
    )
    assert.deepEqual(store.read(ref).status, { replicas: 7 })
    assert.equal((store.read(ref).spec as { replicas: number }).replicas, 1)
  })

  test('a dry run is checked and changes nothing', () => {
    const store = storeWithNamespace()
    assert.equal(store.create(configMap('a'), { dryRun: true }).metadata.name, 'a')
    assert.equal(store.get(at('configmaps', 'a')), undefined)
    assert.throws(() => store.create(configMap('A!'), { dryRun: true }), refusedWith('Invalid'))
  })
})

describe('watches and earlier versions', () => {
  test('changes come in order, also those that a watcher makes', () => {
    const store = storeWithNamespace()
    const seen: string[] = []
    store.watch('configmaps', {}, ({ type, object }) => {
      if (type === 'ADDED' && object.metadata.name === 'a') store.create(configMap('b'))
    })
    store.watch('configmaps', {}, ({ type, object }) => seen.push(`${type} ${object.metadata.name}`))
    store.create(configMap('a'))
    store.delete(at('configmaps', 'a'))
    assert.deepEqual(seen, ['ADDED a', 'ADDED b', 'DELETED a'])
  })

  test('a watch goes on from a version, and from a forgotten one it is expired', () => {
    const store = storeWithNamespace()
    const { resourceVersion: since } = store.create(configMap('a')).metadata
    store.create(configMap('b'))
    const seen: string[] = []
    const end = store.watch('configmaps', { since }, ({ object }) => seen.push(object.metadata.name))
    end()
    store.create(configMap('c'))
    assert.deepEqual(seen, ['b'])
    store.compact()
    assert.throws(() => store.watch('configmaps', { since }, () => undefined), refusedWith('Expired'))
  })

  test('a list at an earlier version shows what was there then', () => {
    const store = storeWithNamespace()
    store.create(configMap('a', { data: { x: 'old' } }))
    store.create(configMap('b'))
    const then = store.version()
    store.modify(at('configmaps', 'a'), (draft) => (draft.data = { x: 'new' }))
    store.delete(at('configmaps', 'b'))
    store.create(configMap('c'))
    const names = store.listAt('configmaps', {}, then)
    assert.deepEqual(
      names.map(({ metadata, data }) => [metadata.name, data]),
      [
        ['a', { x: 'old' }],
        ['b', undefined],
      ],
    )
  })
})

describe('deletion', () => {
  test('what an object owns goes with it, and stays when it is orphaned or has another owner', () => {
    const store = storeWithNamespace()
    const [a, b] = [store.create(configMap('a')), store.create(configMap('b'))]
    const child = store.create(configMap('child', { metadata: ownedBy(a) }))
    store.create(configMap('grandchild', { metadata: ownedBy(child) }))
    const both = [...ownedBy(a).ownerReferences, ...ownedBy(b).ownerReferences]
    store.create(configMap('shared', { metadata: { ownerReferences: both } }))
    store.delete(at('configmaps', 'a'))
    const left = store.list('configmaps').map(({ metadata }) => metadata.name)
    assert.deepEqual(left, ['b', 'shared'])
    store.delete(at('configmaps', 'b'), { propagation: 'Orphan' })
    assert.equal(store.read(at('configmaps', 'shared')).metadata.ownerReferences?.length, 0)
  })

  test('finalizers hold an object until they are gone, and in the foreground its dependents do', () => {
    const store = storeWithNamespace()
    store.create(configMap('held', { metadata: { finalizers: ['example.com/wait'] } }))
    const owner = store.create(configMap('owner'))
    store.create(configMap('child', { metadata: { ...ownedBy(owner), finalizers: ['example.com/wait'] } }))
    assert.notEqual(store.delete(at('configmaps', 'held')).metadata.deletionTimestamp, undefined)
    store.delete(at('configmaps', 'owner'), { propagation: 'Foreground' })
    assert.equal(store.list('configmaps').length, 3)
    for (const name of ['held', 'child']) {
      store.modify(at('configmaps', name), (draft) => (draft.metadata.finalizers = []))
    }
    assert.deepEqual(store.list('configmaps'), [])
  })

  test('a pod on a node is given time; one that is nowhere yet goes at once', () => {
    const store = storeWithNamespace()
    store.create(pod('running', { nodeName: 'node-1' }))
    store.create(pod('waiting', {}))
    for (const name of ['running', 'waiting']) store.delete(at('pods', name))
    assert.deepEqual(
      store.list('pods').map(({ metadata }) => metadata.deletionGracePeriodSeconds),
      [30],
    )
    store.delete(at('pods', 'running'), { gracePeriodSeconds: 0 })
    assert.deepEqual(store.list('pods'), [])
  })

  test('a namespace takes nothing more and goes with the last thing in it', () => {
    const store = storeWithNamespace()
    store.create(configMap('held', { metadata: { finalizers: ['example.com/wait'] } }))
    store.create(configMap('free'))
    store.delete({ resource: 'namespaces', name: 'shop' })
    assert.deepEqual(store.read({ resource: 'namespaces', name: 'shop' }).status, { phase: 'Terminating' })
    assert.throws(() => store.create(configMap('late')), refusedWith('Forbidden'))
    store.modify(at('configmaps', 'held'), (draft) => (draft.metadata.finalizers = []))
    assert.equal(store.get({ resource: 'namespaces', name: 'shop' }), undefined)
  })
})

describe('field managers', () => {
  test('what a manager no longer applies goes, unless another manager owns it', () => {
    const store = storeWithNamespace()
    const spec = { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } }
    const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } }
    const labelled = (labels: Record<string, string>) => ({ ...base, metadata: { ...base.metadata, labels }, spec })
    apply(store, 'one', labelled({ a: '1', b: '1', c: '1' }))
    apply(store, 'two', labelled({ b: '1' }))
    const after = apply(store, 'one', labelled({ a: '1' }))
    assert.deepEqual(after.metadata.labels, { a: '1', b: '1' })
  })

  test('a field of another manager is a conflict that names it, and force takes it over', () => {
    const store = storeWithNamespace()
    apply(store, 'one', deployment('web', 'web:1'))
    assert.throws(() => apply(store, 'two', deployment('web', 'web:2')), {
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="web"].image',
    })
    apply(store, 'two', deployment('web', 'web:2'), true)
    assert.throws(() => apply(store, 'one', deployment('web', 'web:1')), refusedWith('Conflict'))
  })

  test('an ordinary write takes the fields that it changes', () => {
    const store = storeWithNamespace()
    apply(store, 'one', deployment('web', 'web:1'))
    const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:9' }] } } } }
    store.patch(at('deployments.apps', 'web'), { kind: 'strategic', patch }, { manager: 'editor' })
    assert.throws(() => apply(store, 'one', deployment('web', 'web:1')), /conflict with "editor" using apps\/v1/)
    const containers = store.read(at('deployments.apps', 'web'))
    assert.match(JSON.stringify(containers.spec), /"env":\[\{"name":"A","value":"1"\}\]/)
  })
})

describe('the file', () => {
  test('objects and the version outlive the store, and a line that was cut off is dropped', () => {
    const file = join(folder, 'outlive', 'objects.jsonl')
    const store = storeWithNamespace(file)
    store.create(configMap('a', { data: { x: '1' } }))
    store.create(configMap('b'))
    store.delete(at('configmaps', 'b'))
    const { version, objects } = { version: store.version(), objects: store.list('configmaps') }
    store.close()
    appendFileSync(file, '{"version":99,"resource":"configmaps","obj')
    const again = storeWithNamespace(file)
    assert.equal(again.version(), version)
    assert.deepEqual(again.list('configmaps'), objects)
    again.create(configMap('c'))
    again.close()
    const third = storeWithNamespace(file)
    assert.deepEqual(
      third.list('configmaps').map(({ metadata }) => metadata.name),
      ['a', 'c'],
    )
    third.close()
  })

  test('a long file becomes short, and holds the same', () => {
    const file = join(folder, 'long', 'objects.jsonl')
    const store = storeWithNamespace(file)
    store.create(configMap('a'))
    const large = 'x'.repeat(500_000)
    for (let round = 0; round < 36; round++) {
      store.modify(at('configmaps', 'a'), (draft) => (draft.data = { round: String(round), large }))
    }
    const version = store.version()
    store.close()
    assert.ok(statSync(file).size < 10_000_000)
    const again = storeWithNamespace(file)
    assert.equal(again.version(), version)
    assert.equal((again.read(at('configmaps', 'a')).data as { round: string }).round, '35')
    again.close()
  })
})
