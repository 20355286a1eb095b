import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../src/base/secret.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { resources } from '../../src/simulator/controllers/olm/shapes.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  jobResource,
} from '../../src/simulator/controllers/threescale/shapes.ts'
import { secretValues, writeSecret } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Job } from '../../src/simulator/controllers/workloads/shapes.ts'
import { withServers } from '../support/servers.ts'

import { type Installed, install, isSettled, ns } from '../support/installed-threescale.ts'
const servers = withServers({ postgres: true, redis: true })

const again = (world: Installed, channel: string) =>
  world.create({
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'Subscription',
    metadata: { namespace: ns, name: '3scale-operator' },
    spec: {
      name: '3scale-operator',
      channel,
      source: 'redhat-operators',
      sourceNamespace: 'openshift-marketplace',
    },
  })

describe('a 3scale', () => {
  test('a jump of two releases is refused from 2.15 on, and not before', async () => {
    const early = await install(servers, '2.11')
    await early.until(() => early.isReady())
    early.view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
    early.view.remove({ resource: resources.csvs, namespace: ns, name: '3scale-operator.v0.8.4-0.1655690146.p' })
    again(early, 'threescale-2.13')
    await early.until(() => early.isReady('2.13') && isSettled(early, '2.13'))
    early.view.remove({ resource: resources.subscriptions, namespace: ns, name: '3scale-operator' })
    early.view.remove({ resource: resources.csvs, namespace: ns, name: '3scale-operator.v0.10.4' })
    again(early, 'threescale-2.15')
    await early.until(() => hasCondition(early.apiManager(), 'Preflights', 'False'))
    const says = early.apiManager()?.status?.conditions?.find(({ type }) => type === 'Preflights')?.message
    assert.equal(says, 'attempted upgrade from 2.13 to 2.15 not allowed')
    await early.pass(3_600_000)
    assert.deepEqual(early.names(jobResource), [], 'it has begun nothing')
    assert.equal(early.names(configResource).includes('system-app'), true)
  })

  test('2.16 goes on only when every database is external', async () => {
    const world = await install(servers, '2.16', { externalComponents: { system: { redis: true, database: true } } })
    await world.until(() => hasCondition(world.apiManager(), 'Preflights', 'False'))
    world.view.change<ApiManager>({ resource: apiManagers, namespace: ns, name: '3scale' }, (draft) => {
      draft.spec.externalComponents = { system: { redis: true, database: true }, backend: { redis: true } }
    })
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
  })

  test('a wrong database keeps hooks failing and pods crashing, and a missing key keeps pods from starting', async () => {
    for (const release of ['2.13', '2.15'] as const) {
      const world = await install(servers, release)
      await world.until(() => hasCondition(world.apiManager(), 'Available'))
      const good = secretValues(world.view, ns, 'system-database')
      if (good === undefined) throw new Error('no secret')
      const bad = new Secret('postgresql://nobody:wrong@127.0.0.1:1/gone')
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: new Map([['URL', bad]]) })
      for (const { metadata } of world
        .pods()
        .filter((pod) => pod.metadata.labels?.['threescale_component_element'] === 'sidekiq')) {
        world.view.remove({ resource: 'pods', namespace: ns, name: metadata.name })
      }
      const reasons = () =>
        JSON.stringify(world.pods().map(({ status }) => [status?.containerStatuses, status?.initContainerStatuses]))
      await world.until(() => /CrashLoopBackOff/.test(reasons()))
      assert.doesNotMatch(reasons(), /wrong/)
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: new Map() })
      await world.until(() => {
        for (const { metadata, status } of world.pods()) {
          const crashes = status?.containerStatuses?.some(({ state }) => state.waiting?.reason === 'CrashLoopBackOff')
          if (crashes === true) world.view.remove({ resource: 'pods', namespace: ns, name: metadata.name })
        }
        return /CreateContainerConfigError.*couldn't find key URL in Secret 3scale\/system-database/.test(reasons())
      })
      writeSecret(world.view, { namespace: ns, name: 'system-database', values: good })
      await world.until(() => world.isReady())
    }
  })

  test('a job before system-app that was deleted runs again', async () => {
    const world = await install(servers, '2.15')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    const uid = () => world.view.get<Job>(jobResource, ns, 'system-app-pre')?.metadata.uid
    const before = uid()
    await world.sql("UPDATE accounts SET org_name = 'Theirs'", 'DROP TABLE schema_migrations')
    world.view.remove({ resource: jobResource, namespace: ns, name: 'system-app-pre' })
    await world.until(() => {
      const job = world.view.get<Job>(jobResource, ns, 'system-app-pre')
      return uid() !== before && hasCondition(job, 'Complete')
    })
    const names = await world.sql('SELECT org_name FROM accounts ORDER BY id')
    assert.deepEqual(names, [['Master Account'], ['3scale']], 'whose migrations cannot be seen is made anew')
  })
})
