import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patchHolds } from '../../../../src/adapters/openshift/patch-holds.ts'
import { Secret } from '../../../../src/base/secret.ts'
import type { JsonOperation } from '../../../../src/ports/cluster.ts'

const object = { metadata: { labels: { a: '1', 'b/c': '2' } }, spec: { replicas: 0, list: [1, 2], empty: null } }
const merge = (body: object) => patchHolds({ kind: 'merge', body: body as { spec: number } }, object)
const json = (...operations: JsonOperation[]) => patchHolds({ kind: 'json', operations }, object)

test('a merge patch holds when every field of it is so', () => {
  assert.equal(merge({ spec: { replicas: 0 } }), true)
  assert.equal(merge({ metadata: { labels: { a: new Secret('1') } } }), true)
  assert.equal(merge({ metadata: { labels: { z: null } } }), true)
  assert.equal(merge({ spec: { list: [1, 2] } }), true)
  assert.equal(merge({}), true)
})

test('a merge patch does not hold when one field is otherwise', () => {
  assert.equal(merge({ spec: { replicas: 1 } }), false)
  assert.equal(merge({ metadata: { labels: { a: null } } }), false)
  assert.equal(merge({ spec: { list: [1] } }), false)
  assert.equal(merge({ spec: { list: [1, 2, 3] } }), false)
  assert.equal(merge({ status: { phase: 'done' } }), false)
  assert.equal(merge({ spec: { replicas: { deeper: 1 } } }), false)
})

test('operations hold when each of them is so, and names are read as JSON pointers have them', () => {
  assert.equal(json({ op: 'replace', path: '/spec/replicas', value: 0 }), true)
  assert.equal(json({ op: 'add', path: '/metadata/labels/b~1c', value: '2' }), true)
  assert.equal(json({ op: 'remove', path: '/metadata/labels/gone' }), true)
  assert.equal(json({ op: 'add', path: '/metadata/labels/b~1c', value: '3' }), false)
  assert.equal(json({ op: 'remove', path: '/metadata/labels/a' }), false)
  assert.equal(
    json({ op: 'remove', path: '/spec/replicas' }, { op: 'replace', path: '/spec/replicas', value: 0 }),
    false,
  )
})

test('of an item of a list nothing can be told', () => {
  assert.equal(json({ op: 'add', path: '/spec/list/-', value: 3 }), null)
  assert.equal(json({ op: 'remove', path: '/spec/list/0' }), null)
})
