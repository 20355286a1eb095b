import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../../../src/base/secret.ts'
import type { Release } from '../../../../src/model/release.ts'
import { hasCondition } from '../../../../src/simulator/controllers/engine/conditions.ts'
import { type Controller, keyOf } from '../../../../src/simulator/controllers/engine/controller.ts'
import type { DatabaseFindings } from '../../../../src/simulator/controllers/ports.ts'
import { type OperatorCondition, resources } from '../../../../src/simulator/controllers/olm/shapes.ts'
import { passesPreflights } from '../../../../src/simulator/controllers/threescale/preflights.ts'
import { type ApiManager, apiManagers } from '../../../../src/simulator/controllers/threescale/shapes.ts'
import { writeSecret } from '../../../../src/simulator/controllers/workloads/secrets.ts'
import { namespaceOf, simulatedCluster } from '../../../support/controllers.ts'

const ns = '3scale'
const csv = '3scale-operator.v1'

/** What the servers say of themselves; a Redis by the name of its URL's host. */
interface Versions {
  readonly database: DatabaseFindings
  readonly redis: Readonly<Record<'system' | 'storage' | 'queues', string | null>>
}

const postgres = (version: string): DatabaseFindings => ({
  kind: 'reachable',
  engine: 'postgresql',
  version,
  schemaVersion: null,
  hasMaster: true,
})
const mysql = (version: string): DatabaseFindings => ({
  kind: 'reachable',
  engine: 'mysql',
  version,
  schemaVersion: null,
  hasMaster: true,
})
const every = (version: string | null) => ({ system: version, storage: version, queues: version })

/** Looks once, and gives what the operator says; null: it goes on. */
async function problemAt(
  release: Release,
  versions: Versions,
  { url = 'postgresql://u:p@db/x', before = '' } = {},
): Promise<string | null> {
  let passed: boolean | undefined
  const look: Controller = {
    name: 'preflights',
    watches: { [apiManagers]: (one) => [keyOf(one)] },
    reconcile: async (_key, context) => {
      const apiManager = context.view.get<ApiManager>(apiManagers, ns, '3scale') ?? assert.fail()
      const operator = { namespace: ns, csv, release, version: `${release}-operator`, skipsPreflights: false }
      const ports = {
        hooks: { inspect: async () => versions.database, deploy: async () => assert.fail('only looks') },
        redis: {
          versionOf: async (of: Secret) => {
            const name = new URL(of.reveal('tell which')).hostname
            return name === 'system' || name === 'storage' || name === 'queues' ? versions.redis[name] : null
          },
        },
      }
      passed = await passesPreflights(apiManager, operator, ports, context)
      return null
    },
  }
  const { create, until, view } = simulatedCluster([look])
  create(namespaceOf(ns))
  const secret = (name: string, values: Readonly<Record<string, string>>) =>
    writeSecret(view, {
      namespace: ns,
      name,
      values: new Map(Object.entries(values).map(([key, value]) => [key, new Secret(value)])),
    })
  secret('system-database', { URL: url })
  secret('system-redis', { URL: 'redis://system' })
  secret('backend-redis', { REDIS_STORAGE_URL: 'redis://storage', REDIS_QUEUES_URL: 'redis://queues' })
  create({
    apiVersion: 'apps.3scale.net/v1alpha1',
    kind: 'APIManager',
    metadata: {
      namespace: ns,
      name: '3scale',
      ...(before === '' ? {} : { annotations: { 'apps.3scale.net/apimanager-threescale-version': before } }),
    },
    spec: { externalComponents: { system: { redis: true, database: true }, backend: { redis: true } } },
  })
  await until(() => passed !== undefined)
  const found = view.get<ApiManager>(apiManagers, ns, '3scale')
  const condition = found?.status?.conditions?.find(({ type }) => type === 'Preflights')
  assert.equal(hasCondition(found, 'Preflights'), passed)
  const told = view
    .get<OperatorCondition>(resources.operatorConditions, ns, csv)
    ?.spec?.conditions?.find(({ type }) => type === 'Upgradeable')
  assert.equal(told?.status, passed === true ? 'True' : 'False', 'OLM hears the same')
  return passed === true ? null : (condition?.message ?? '')
}

describe('preflights', () => {
  test('of 2.15 let the least versions pass, and nothing below them', async () => {
    const least: Versions = { database: postgres('10.0'), redis: every('6.2.0') }
    assert.equal(await problemAt('2.15', least), null)
    assert.equal(await problemAt('2.15', { ...least, database: mysql('8.0.0') }), null)
    assert.match(
      String(await problemAt('2.15', { ...least, database: postgres('9.6.24') })),
      /postgresql is 9.6.24, and 10/,
    )
    assert.match(String(await problemAt('2.15', { ...least, database: mysql('5.7.44') })), /mysql is 5.7.44, and 8.0.0/)
  })

  test('of 2.16 ask for more, of each Redis that the secrets name', async () => {
    const least: Versions = { database: postgres('13.0'), redis: every('7.0.0') }
    assert.equal(await problemAt('2.16', least), null)
    assert.match(String(await problemAt('2.16', { ...least, database: postgres('12.20') })), /postgresql is 12.20/)
    for (const [name, secret] of [
      ['system', 'system-redis'],
      ['storage', 'backend-redis'],
      ['queues', 'backend-redis'],
    ] as const) {
      const below = { ...least, redis: { ...least.redis, [name]: '6.2.14' } }
      assert.equal(await problemAt('2.16', below), `${secret} is 6.2.14, and 7.0.0 is required`)
      const away = { ...least, redis: { ...least.redis, [name]: null } }
      assert.equal(await problemAt('2.16', away), `${secret} is not reachable, and 7.0.0 is required`)
    }
  })

  test('say what cannot be reached, ask Oracle nothing, and refuse a jump before they look', async () => {
    const none: Versions = { database: { kind: 'unreachable', reason: 'error ECONNREFUSED' }, redis: every('7.2.4') }
    assert.match(String(await problemAt('2.16', none)), /not reachable: error ECONNREFUSED/)
    assert.equal(await problemAt('2.16', none, { url: 'oracle-enhanced://u:p@db/x' }), null)
    const fine: Versions = { database: postgres('15.14'), redis: every('7.2.4') }
    assert.match(String(await problemAt('2.16', fine, { before: '2.14' })), /attempted upgrade from 2.14 to 2.16/)
    assert.equal(await problemAt('2.16', fine, { before: '2.15' }), null)
  })

  test('of earlier operators there are none', async () => {
    const ports = {
      hooks: { inspect: async () => assert.fail('it looks'), deploy: async () => assert.fail('it deploys') },
      redis: { versionOf: async () => assert.fail('it looks') },
    }
    const operator = { namespace: ns, csv, release: '2.14', version: '0.11.2', skipsPreflights: false } as const
    // Neither the APIManager nor the cluster is looked at.
    assert.equal(await passesPreflights({} as ApiManager, operator, ports, {} as never), true)
  })
})
