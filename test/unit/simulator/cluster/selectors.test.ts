import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../../src/simulator/cluster/kube-object.ts'
import { labelMatcher } from '../../../../src/simulator/cluster/selectors.ts'

function labelled(labels: Readonly<Record<string, string>>): KubeObject {
  const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '', labels }
  return { apiVersion: 'v1', kind: 'Pod', metadata }
}

test('selectors of labels mean what they mean to Kubernetes', () => {
  const web = labelled({ app: 'web', 'example.com/tier': 'front' })
  const cases: readonly (readonly [string, boolean])[] = [
    ['app=web', true],
    ['app==web,example.com/tier=front', true],
    ['app!=web', false],
    ['other!=x', true],
    ['app in (api, web)', true],
    ['app notin (api,web)', false],
    ['other notin (a)', true],
    ['app', true],
    ['!app', false],
    ['!other,app in (web),example.com/tier', true],
    ['app=', false],
  ]
  for (const [selector, wanted] of cases) assert.equal(labelMatcher(selector)(web), wanted, selector)
  assert.throws(() => labelMatcher('app=(x'), { reason: 'BadRequest' })
})
