import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { Secret } from '../../src/base/secret.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import type { NewObject } from '../../src/simulator/cluster/kube-object.ts'
import { codeOf } from '../contract/cluster.contract.ts'
import { enter, withSimulatedCluster } from '../support/clusters.ts'

const { configMaps, deployments, pods, secrets, namespaces } = clusterKinds
const { signal } = new AbortController()
const soon = { signal, deadlineMs: 10_000 }
const account = 'system:serviceaccount:threeshift-access:migration'

/** Every object that the page tells to make. */
function objectsOfPage(): readonly NewObject[] {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/how-to/access.md'), 'utf8')
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  // What is no object is refused when it is made.
  return blocks.flatMap((block) => parseAllDocuments(block).map((document) => document.toJS() as NewObject))
}

const at = (namespace: string) => ({ namespace, pod: 'other', container: 'main' })
const isForbidden = async (work: Promise<unknown>) => assert.equal(await codeOf(work), 'OPENSHIFT_FORBIDDEN')

describe('the rights that docs/how-to/access.md gives', () => {
  const simulated = withSimulatedCluster()
  let cluster: Cluster

  before(async () => {
    const { store } = simulated()
    const objects = objectsOfPage()
    assert.ok(objects.length >= 6, `${objects.length} objects`)
    const wanted = objects.flatMap(({ metadata }) => metadata.namespace ?? [])
    for (const name of new Set([...wanted, 'elsewhere']))
      store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    for (const object of objects) {
      store.create(object)
      const { name = '', namespace } = object.metadata
      if (object.kind !== 'Role' || namespace === undefined || namespace === '3scale') continue
      store.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'threeshift', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name: 'migration', namespace: 'threeshift-access' }],
      })
    }
    for (const namespace of ['3scale', 'redhat-rhoam-operator', 'elsewhere']) {
      for (const name of ['rhmi-operator', 'other']) {
        const template = {
          metadata: { labels: { name } },
          spec: { containers: [{ name: 'main', image: 'x.example/y' }] },
        }
        const spec = { replicas: 1, selector: { matchLabels: { name } }, template }
        store.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec })
        store.create({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace },
          spec: { containers: [{ name: 'main', image: 'x.example/y' }] },
          status: { phase: 'Running' },
        })
      }
      for (const name of ['system-seed', 'not-named']) {
        store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: { a: 'Yg==' } })
      }
    }
    const kubeconfig = simulated().kubeconfigFor(account, [
      'system:serviceaccounts',
      'system:serviceaccounts:threeshift-access',
      'system:authenticated',
    ])
    cluster = await enter(simulated(), { kubeconfig })
  })
  after(() => cluster.close())

  test('are enough on the source, and no more than that', async () => {
    const namespace = '3scale'
    const ref = { namespace, name: 'other' }
    await cluster.scale(deployments, ref, 0, { signal })
    await cluster.until(deployments, ref, ([found]) => found?.spec.replicas === 0, { ...soon, what: 'none' })
    await cluster.exec(at(namespace), { argv: ['true'], signal })
    const log = await cluster.logs(at(namespace), { signal }).next()
    assert.equal(log.done, true)
    assert.ok(await cluster.get(secrets, { namespace, name: 'system-seed' }, { signal }))
    await isForbidden(cluster.get(secrets, { namespace, name: 'not-named' }, { signal }))
    await isForbidden(cluster.list(secrets, { namespace }, { signal }).next())
    const change = { kind: 'merge', body: { spec: { replicas: 3 } } } as const
    await isForbidden(cluster.patch(deployments, ref, change, { signal }))
    await isForbidden(cluster.apply(configMaps, { metadata: { namespace, name: 'new' }, fields: {} }, { signal }))
    await isForbidden(cluster.remove(pods, ref, soon))
  })

  test('are enough on the migration cluster', async () => {
    const namespace = 'threescale-migration'
    const ref = { namespace, name: 'made' }
    const data = { key: new Secret('Yg==') }
    await cluster.apply(secrets, { metadata: ref, fields: { data } }, { signal })
    await cluster.create(configMaps, { metadata: ref, fields: {} }, { signal })
    await cluster.patch(
      configMaps,
      ref,
      { kind: 'json', operations: [{ op: 'add', path: '/data', value: {} }] },
      { signal },
    )
    assert.equal(await cluster.remove(configMaps, ref, soon), true)
    const pod = { namespace, purpose: 'x', image: 'x.example/y', argv: ['true'], activeDeadlineSeconds: 1 }
    // Nothing runs pods here: the Job is made, waited for, found late, and taken away, all within these rights.
    const run = cluster.withPod({ ...pod, secretEnv: { PASSWORD: new Secret('x') } }, async () => undefined, { signal })
    assert.equal(await codeOf(run), 'OPENSHIFT_NOT_IN_TIME')
    await isForbidden(cluster.create(namespaces, { metadata: { name: 'new' }, fields: {} }, { signal }))
  })

  test('hold and let go RHOAM, and touch no other deployment there', async () => {
    const namespace = 'redhat-rhoam-operator'
    await cluster.scale(deployments, { namespace, name: 'rhmi-operator' }, 0, { signal })
    await isForbidden(cluster.scale(deployments, { namespace, name: 'other' }, 0, { signal }))
    const seed = { metadata: { namespace, name: 'system-seed' }, fields: { data: { a: new Secret('Yw==') } } }
    await cluster.apply(secrets, seed, { signal, force: true })
    await isForbidden(cluster.exec(at(namespace), { argv: ['true'], signal }))
  })

  test('end at the namespaces that are named', async () => {
    const namespace = 'elsewhere'
    await isForbidden(cluster.get(pods, { namespace, name: 'other' }, { signal }))
    await isForbidden(cluster.exec(at(namespace), { argv: ['true'], signal }))
    await isForbidden(cluster.list(pods, {}, { signal }).next())
    const [mine, others] = await cluster.may(
      [
        { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale', namespace: '3scale' },
        { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale', namespace },
      ],
      { signal },
    )
    assert.deepEqual([mine?.allowed, others?.allowed], [true, false])
  })
})
