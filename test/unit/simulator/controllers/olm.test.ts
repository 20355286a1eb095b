import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewObject } from '../../../../src/simulator/cluster/kube-object.ts'
import {
  type CatalogChannel,
  compareOperatorVersions,
  nextEntry,
  threescalePackage,
} from '../../../../src/simulator/controllers/olm/catalog.ts'
import type { OlmFailures } from '../../../../src/simulator/controllers/olm/install-plans.ts'
import { noOlmFailures, olmControllers } from '../../../../src/simulator/controllers/olm/olm-controllers.ts'
import {
  type ClusterServiceVersion,
  type InstallPlan,
  resources,
  type Subscription,
} from '../../../../src/simulator/controllers/olm/shapes.ts'
import type { Deployment } from '../../../../src/simulator/controllers/workloads/shapes.ts'
import { workloadControllers } from '../../../../src/simulator/controllers/workloads/workload-controllers.ts'
import { namespaceOf, scriptedRuntime, simulatedCluster } from '../../../support/controllers.ts'

const ns = 'threescale'
const market = 'openshift-marketplace'
const operatorName = 'threescale-operator-controller-manager-v2'
const catalogs = { 'redhat-operators': [threescalePackage()] }

function channelOf(name: string): CatalogChannel {
  const channel = threescalePackage().channels.find((one) => one.name === name)
  if (channel === undefined) throw new Error(`no channel ${name}`)
  return channel
}

function withOlm(failures: OlmFailures = noOlmFailures) {
  const cluster = simulatedCluster([
    ...workloadControllers(scriptedRuntime(), 'apps.example.com'),
    ...olmControllers(catalogs, failures),
  ])
  cluster.create(namespaceOf(ns), namespaceOf(market), catalogSource(), operatorGroup('one'))
  const { view } = cluster
  return {
    ...cluster,
    subscription: () => view.get<Subscription>(resources.subscriptions, ns, '3scale-operator'),
    csv: (name: string) => view.get<ClusterServiceVersion>(resources.csvs, ns, name),
    operator: () => view.get<Deployment>('deployments.apps', ns, operatorName),
    plans: () => view.list<InstallPlan>(resources.installPlans, ns),
  }
}

const catalogSource = (): NewObject => ({
  apiVersion: 'operators.coreos.com/v1alpha1',
  kind: 'CatalogSource',
  metadata: { namespace: market, name: 'redhat-operators' },
  spec: { sourceType: 'grpc' },
  status: { connectionState: { lastObservedState: 'READY' } },
})
const operatorGroup = (name: string): NewObject => ({
  apiVersion: 'operators.coreos.com/v1',
  kind: 'OperatorGroup',
  metadata: { namespace: ns, name },
  spec: { targetNamespaces: [ns] },
})
const subscriptionTo = (channel: string, more: object = {}): NewObject => ({
  apiVersion: 'operators.coreos.com/v1alpha1',
  kind: 'Subscription',
  metadata: { namespace: ns, name: '3scale-operator' },
  spec: { name: '3scale-operator', channel, source: 'redhat-operators', sourceNamespace: market, ...more },
})

const at = (csv: string) => ({ csv, version: csv.replace(/^3scale-operator\.v/, '') })

describe('what a channel leads to', () => {
  test('is its head by replaces or skipRange, and nothing from another line', () => {
    const next = (channel: string, csv: string) => nextEntry(channelOf(channel), at(csv), undefined)?.csv
    assert.equal(next('threescale-2.12', '3scale-operator.v0.8.4-0.1655690146.p'), '3scale-operator.v0.9.0')
    assert.equal(next('threescale-2.15', '3scale-operator.v0.11.0'), '3scale-operator.v0.12.5')
    assert.equal(next('threescale-2.16', '3scale-operator.v0.12.5'), '3scale-operator.v0.13.4')
    assert.equal(next('threescale-2.16', '3scale-operator.v0.11.2'), undefined)
    assert.equal(next('threescale-mas', '3scale-operator.v0.10.4'), undefined)
    assert.equal(nextEntry(channelOf('threescale-mas'), null, '3scale-operator.v0.11.1-mas')?.version, '0.11.1-mas')
    assert.equal(nextEntry(channelOf('threescale-mas'), null, 'gone'), undefined)
  })

  test('goes by numbers, and a version with a tail is older than the one without', () => {
    assert.ok(compareOperatorVersions('0.9.1', '0.10.0') < 0)
    assert.ok(compareOperatorVersions('0.11.8-mas', '0.11.8') < 0)
    assert.equal(compareOperatorVersions('0.12.5', '0.12.5'), 0)
  })
})

describe('a Subscription', () => {
  test('with manual approval waits, and then stays at its startingCSV until the next approval', async () => {
    const { create, until, view, subscription, plans, csv, operator, pass } = withOlm()
    const start = '3scale-operator.v0.8.0'
    create(subscriptionTo('threescale-2.11', { installPlanApproval: 'Manual', startingCSV: start }))
    await until(() => plans()[0]?.status?.phase === 'RequiresApproval')
    await pass(3_600_000)
    assert.equal(csv(start), undefined)
    approve(0)
    await until(() => csv(start)?.status?.phase === 'Succeeded')
    assert.equal(operator()?.status?.readyReplicas, 1)
    assert.equal(operator()?.spec.template.metadata?.labels?.['rht.comp_ver'], '2.11')
    await until(() => plans().length === 2)
    await pass(3_600_000)
    assert.equal(subscription()?.status?.installedCSV, start)
    assert.equal(subscription()?.status?.state, 'UpgradePending')

    function approve(at: number) {
      const name = plans()[at]?.metadata.name ?? ''
      view.change<InstallPlan>({ resource: resources.installPlans, namespace: ns, name }, (draft) => {
        draft.spec.approved = true
      })
    }
  })

  test('with automatic approval goes on from its startingCSV to the head, and to another channel when it is moved', async () => {
    const { create, until, view, subscription, csv, operator } = withOlm()
    create(subscriptionTo('threescale-2.11', { startingCSV: '3scale-operator.v0.8.0' }))
    const isAt = (name: string) => () =>
      subscription()?.status?.state === 'AtLatestKnown' &&
      subscription()?.status?.installedCSV === name &&
      csv(name)?.status?.phase === 'Succeeded'
    await until(isAt('3scale-operator.v0.8.4-0.1655690146.p'))
    assert.equal(csv('3scale-operator.v0.8.0'), undefined, 'what was replaced is gone')
    view.change<Deployment>({ resource: 'deployments.apps', namespace: ns, name: operatorName }, (draft) => {
      draft.spec.replicas = 0
    })
    await until(() => operator()?.status?.replicas === 0)
    view.change<Subscription>(
      { resource: resources.subscriptions, namespace: ns, name: '3scale-operator' },
      (draft) => {
        draft.spec.channel = 'threescale-2.12'
      },
    )
    await until(isAt('3scale-operator.v0.9.1'))
    assert.equal(operator()?.spec.replicas, 1, 'a new version sets the replicas back')
    assert.equal(view.list(resources.csvs, ns).length, 1)
  })

  test('deleted leaves the CSV, and a new one is refused until the CSV is deleted, which ends the operator alone', async () => {
    const { create, until, view, subscription, csv, operator } = withOlm()
    create(subscriptionTo('threescale-2.13'))
    await until(() => csv('3scale-operator.v0.10.4')?.status?.phase === 'Succeeded')
    view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
    create(
      subscriptionTo('threescale-mas', { startingCSV: '3scale-operator.v0.11.1-mas', installPlanApproval: 'Manual' }),
    )
    await until(() => /not referenced/.test(JSON.stringify(subscription()?.status?.conditions ?? [])))
    view.remove({ resource: resources.csvs, namespace: ns, name: '3scale-operator.v0.10.4' })
    await until(() => operator() === undefined)
    await until(() => subscription()?.status?.currentCSV === '3scale-operator.v0.11.1-mas')
  })

  test('says why nothing comes of it', async () => {
    const { create, until, view, subscription, csv } = withOlm({
      unpack: new Set(['3scale-operator.v0.9.1']),
      install: new Set(['3scale-operator.v0.13.4']),
    })
    const conditions = () => JSON.stringify(subscription()?.status?.conditions ?? [])
    const again = (channel: string) => {
      view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
      create(subscriptionTo(channel))
    }
    again('threescale-3.0')
    await until(() => /no operators found in channel threescale-3.0/.test(conditions()))
    again('threescale-2.12')
    await until(() => /InstallPlanFailed/.test(conditions()))
    again('threescale-2.16')
    await until(() => csv('3scale-operator.v0.13.4')?.status?.reason === 'InstallCheckFailed')
    view.change({ resource: resources.catalogSources, namespace: market, name: 'redhat-operators' }, (draft) => {
      Object.assign(draft, { status: { connectionState: { lastObservedState: 'TRANSIENT_FAILURE' } } })
    })
    await until(() => /UnhealthyCatalogSourceFound/.test(conditions()))
  })
})

test('a second OperatorGroup makes every CSV of the namespace fail, and they recover without it', async () => {
  const { create, until, view, csv } = withOlm()
  create(subscriptionTo('threescale-2.14'))
  const phase = () => csv('3scale-operator.v0.11.2')?.status
  await until(() => phase()?.phase === 'Succeeded')
  create(operatorGroup('two'))
  await until(() => phase()?.reason === 'TooManyOperatorGroups')
  view.remove({ resource: resources.operatorGroups, namespace: ns, name: 'two' })
  await until(() => phase()?.phase === 'Succeeded')
})

test('an operator that says it cannot be upgraded holds the next version back', async () => {
  const { create, until, view, csv, pass } = withOlm()
  create(subscriptionTo('threescale-2.15'), {
    apiVersion: 'operators.coreos.com/v2',
    kind: 'OperatorCondition',
    metadata: { namespace: ns, name: '3scale-operator.v0.12.5' },
    spec: { conditions: [{ type: 'Upgradeable', status: 'False' }] },
  })
  await until(() => csv('3scale-operator.v0.12.5')?.status?.phase === 'Succeeded')
  view.change<Subscription>({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' }, (draft) => {
    draft.spec.channel = 'threescale-2.16'
  })
  const next = () => csv('3scale-operator.v0.13.4')?.status
  await until(() => next()?.phase === 'Pending')
  await pass(3_600_000)
  assert.equal(next()?.reason, 'OperatorConditionNotUpgradeable')
  view.remove({ resource: resources.operatorConditions, namespace: ns, name: '3scale-operator.v0.12.5' })
  await until(() => next()?.phase === 'Succeeded')
})
