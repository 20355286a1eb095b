import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonPatch } from '../../../../src/simulator/cluster/patch/json-patch.ts'
import { mergePatch } from '../../../../src/simulator/cluster/patch/merge-patch.ts'
import { strategicMerge } from '../../../../src/simulator/cluster/patch/strategic-merge.ts'

describe('a JSON patch', () => {
  const target = { list: ['a', 'b'], map: { 'x/y': 1, '~': 2 } }
  const cases: readonly (readonly [string, object[], unknown])[] = [
    ['adds at the end of a list', [{ op: 'add', path: '/list/-', value: 'c' }], { ...target, list: ['a', 'b', 'c'] }],
    ['adds before an item', [{ op: 'add', path: '/list/1', value: 'c' }], { ...target, list: ['a', 'c', 'b'] }],
    ['unescapes names', [{ op: 'replace', path: '/map/x~1y', value: 3 }], { ...target, map: { 'x/y': 3, '~': 2 } }],
    ['moves', [{ op: 'move', from: '/map/~0', path: '/moved' }], { list: ['a', 'b'], map: { 'x/y': 1 }, moved: 2 }],
    ['copies', [{ op: 'copy', from: '/list', path: '/twin' }], { ...target, twin: ['a', 'b'] }],
    ['tests', [{ op: 'test', path: '/map', value: { '~': 2, 'x/y': 1 } }], target],
  ]
  for (const [says, operations, wanted] of cases) {
    test(says, () => {
      const before = structuredClone(target)
      assert.deepEqual(jsonPatch(target, operations), wanted)
      assert.deepEqual(target, before)
    })
  }

  test('is refused when it does not fit: a path that is missing, a test that fails, an index beyond the end', () => {
    const wrong = [
      { op: 'remove', path: '/nothing' },
      { op: 'replace', path: '/list/2', value: 1 },
      { op: 'test', path: '/list/0', value: 'z' },
      { op: 'add', path: '/list/01', value: 1 },
      { op: 'add', path: '/nothing/x', value: 1 },
    ]
    for (const operation of wrong) assert.throws(() => jsonPatch(target, [operation]), { reason: 'Invalid' })
    assert.throws(() => jsonPatch(target, { op: 'add' }), { reason: 'BadRequest' })
  })
})

test('a merge patch removes what is null, and replaces lists', () => {
  const target = { a: 1, b: { c: 2, d: 3 }, list: [1, 2] }
  assert.deepEqual(mergePatch(target, { a: null, b: { c: null, e: 4 }, list: [3] }), { b: { d: 3, e: 4 }, list: [3] })
})

function containersIn(pod: unknown): readonly string[] {
  return (pod as { spec: { containers: { name: string }[] } }).spec.containers.map(({ name }) => name)
}

describe('a strategic merge', () => {
  const web = {
    name: 'web',
    image: 'web:1',
    env: [{ name: 'A', value: '1' }],
    ports: [{ containerPort: 80, name: 'http' }],
  }
  const pod = { spec: { containers: [web, { name: 'proxy', image: 'proxy:1' }], tolerations: [{ key: 'x' }] } }
  const patched = (containers: object[], more: object = {}) => strategicMerge(pod, { spec: { containers, ...more } })

  test('merges items by their key, deep down, and adds those that are new', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]
    const ports = [{ containerPort: 80, name: 'web' }]
    const wanted = { spec: { ...pod.spec, containers: [{ ...web, env, ports }, pod.spec.containers[1]] } }
    assert.deepEqual(patched([{ name: 'web', env: [{ name: 'B', value: '2' }], ports }]), wanted)
  })

  test('replaces lists without a key', () => {
    const result = patched([], { tolerations: [{ key: 'y' }] }) as typeof pod
    assert.deepEqual([result.spec.tolerations, result.spec.containers.length], [[{ key: 'y' }], 2])
  })

  test('deletes, replaces, keeps keys and orders as it is directed', () => {
    assert.deepEqual(containersIn(patched([{ $patch: 'delete', name: 'web' }])), ['proxy'])
    assert.deepEqual(containersIn(patched([{ $patch: 'replace' }, { name: 'only' }])), ['only'])
    const order = { '$setElementOrder/containers': [{ name: 'proxy' }, { name: 'web' }] }
    assert.deepEqual(containersIn(patched([], order)), ['proxy', 'web'])
    const kept = strategicMerge(
      { strategy: { type: 'A', rolling: 1 } },
      { strategy: { $retainKeys: ['type'], type: 'B' } },
    )
    assert.deepEqual(kept, { strategy: { type: 'B' } })
    const finalizers = { metadata: { finalizers: ['a', 'b'] } }
    const removed = strategicMerge(finalizers, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })
    assert.deepEqual(removed, { metadata: { finalizers: ['b'] } })
  })
})
