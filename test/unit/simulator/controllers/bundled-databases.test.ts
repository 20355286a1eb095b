import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../../src/base/secret.ts'
import { resources, type Subscription } from '../../../../src/simulator/controllers/olm/shapes.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
} from '../../../../src/simulator/controllers/threescale/shapes.ts'
import { installBaseCluster } from '../../../../src/simulator/controllers/world/base-cluster.ts'
import { installThreescale } from '../../../../src/simulator/controllers/world/install-threescale.ts'
import { secretValues } from '../../../../src/simulator/controllers/workloads/secrets.ts'
import type { ConfigMap, DeploymentConfig } from '../../../../src/simulator/controllers/workloads/shapes.ts'
import { threescaleCluster } from '../../../support/controllers.ts'

const namespace = '3scale'

test('an operator that bundles databases runs them, and 2.12 takes the message bus out of their secret itself', async () => {
  const { store, view, until } = threescaleCluster('apps.example.com')
  const nowhere = new Secret('redis://127.0.0.1:1/0')
  installBaseCluster(store, {
    name: 'source',
    appsDomain: 'apps.example.com',
    awsRegion: 'eu-west-1',
    openshiftVersion: '4.12.1',
  })
  installThreescale(store, {
    release: '2.11',
    namespace,
    wildcardDomain: 'apps.example.com',
    tenantName: '3scale',
    database: new Secret('mysql2://nobody:none@127.0.0.1:1/none'),
    systemRedis: nowhere,
    backendStorage: nowhere,
    backendQueues: nowhere,
  })
  view.change<ApiManager>({ resource: apiManagers, namespace, name: '3scale' }, (draft) => {
    delete draft.spec.highAvailability
  })
  const config = (name: string) => view.get<DeploymentConfig>(configResource, namespace, name)
  const image = () => config('system-mysql')?.spec.template.spec.containers[0]?.image ?? ''
  const keys = () => [...(secretValues(view, namespace, 'system-redis')?.keys() ?? [])]
  const environment = () => view.get<ConfigMap>('configmaps', namespace, 'system-environment')?.data ?? {}
  await until(() => config('system-mysql') !== undefined && config('backend-redis') !== undefined)
  assert.ok(image().endsWith('mysql:5.7'))
  assert.ok(keys().includes('MESSAGE_BUS_URL'))
  assert.equal(environment()['AMP_RELEASE'], '2.11')
  view.change<Subscription>({ resource: resources.subscriptions, namespace, name: '3scale-operator' }, (draft) => {
    draft.spec.channel = 'threescale-2.12'
  })
  await until(() => !keys().some((key) => key.startsWith('MESSAGE_BUS_')))
  await until(() => image().endsWith('mysql:8.0'))
  assert.ok(keys().includes('URL'))
  assert.equal(environment()['AMP_RELEASE'], undefined)
  const { annotations = {} } = view.get<ApiManager>(apiManagers, namespace, '3scale')?.metadata ?? {}
  assert.equal(annotations['apps.3scale.net/apimanager-threescale-version'], undefined, 'nothing is rolled out yet')
})
