import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { fileLedger } from '../../src/ledger/file-ledger.ts'
import type { Migration } from '../../src/model/migration.ts'
import type { RowId } from '../../src/model/row-id.ts'
import type { Cluster } from '../../src/ports/cluster.ts'
import type { Step, StepContext } from '../../src/ports/step.ts'
import type { StoredTenant } from '../../src/ports/threescale-database.ts'
import { compile } from '../../src/runbook/compile.ts'
import { runbook } from '../../src/runbook/rows.ts'
import { migrationClusterReady } from '../../src/steps/migration-cluster-ready.ts'
import type { Tools } from '../../src/steps/tools.ts'
import { refuseTraps } from '../../src/steps/traps.ts'
import { upgradeThreescale } from '../../src/steps/upgrade-3scale.ts'
import { upgradeMysql } from '../../src/steps/upgrade-mysql.ts'
import { versionAnnotations } from '../../src/threescale/hops.ts'
import { secretPlaces, secrets } from '../../src/threescale/secrets.ts'
import { account, call, infrastructure, makeClusterNetwork, making, region, withAws } from '../support/aws-cloud.ts'
import { enter, withSimulatedCluster } from '../support/clusters.ts'
import { migrationWith } from '../support/migrations.ts'
import { temporaryFolder } from '../support/servers.ts'
import { Secret } from '../../src/base/secret.ts'
import { clusterKinds } from '../../src/model/cluster-kinds.ts'

/*
 * Defects of the hand-run way that no other test is about; docs/explain/known-defects.md lists all of them with their tests, which is
 * held to here.
 */
const root = join(import.meta.dirname, '../..')
const { signal } = new AbortController()

/** Tools of which a row needs only these; whatever else it reaches for fails. */
function only(tools: Partial<Tools>): Tools {
  return new Proxy(tools, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name)
      if (found === undefined) throw new Error(`${String(name)} is not among the tools of this test`)
      return found
    },
  }) as Tools
}

function contextOf(migration: Migration, id: RowId): StepContext {
  const row = compile(runbook, migration).rows.find((one) => one.id === id)
  if (row === undefined) throw new Error(`${id} is not in the plan`)
  return { migration, row, generation: 1, fence: 1, facts: {}, signal, onProgress: () => undefined }
}

async function undo(step: Step, context: StepContext): Promise<string> {
  if (step.undo === undefined) throw new Error('it has no undo')
  return (await step.undo(context)).says
}

describe('defect: the namespace in use is deleted', () => {
  const simulated = withSimulatedCluster()
  const folder = temporaryFolder()
  const migration = migrationWith()
  const context = contextOf(migration, 'migration-cluster-ready')
  const { namespace } = migration.migrationCluster
  let cluster: Cluster

  before(async () => {
    cluster = await enter(simulated())
  })
  after(() => cluster?.close())

  const toolsWith = (ledger: string) =>
    only({
      clock: systemClock,
      cluster: async () => cluster,
      ledger: fileLedger(join(folder, ledger), systemClock),
      folder,
    })
  const isThere = async () => (await cluster.get(clusterKinds.namespaces, { name: namespace }, { signal })) !== null

  test('a namespace that was there before stays, whatever it is called; one that the migration made goes', async () => {
    await cluster.apply(clusterKinds.namespaces, { metadata: { name: namespace }, fields: {} }, { signal })
    assert.match(await undo(migrationClusterReady(toolsWith('empty.jsonl')), context), /was not made by this migration/)
    assert.equal(await isThere(), true)
    const tools = toolsWith('made.jsonl')
    const thing = { kind: 'namespace', place: `cluster:${cluster.identity.name}/${namespace}`, name: namespace }
    await tools.ledger.intend(thing, { ...making, row: 'migration-cluster-ready' })
    await undo(migrationClusterReady(tools), context)
    assert.equal(await isThere(), false)
    assert.equal((await tools.ledger.list())[0]?.state, 'gone')
  })
})

describe('defect: an upgrade that died between two releases is begun from the first one again', () => {
  const simulated = withSimulatedCluster()
  const migration = migrationWith()
  const { namespace } = migration.migrationCluster

  test('goes on with the hop whose channel the operator is in', async () => {
    const { store } = simulated()
    const metadata = { namespace, name: '3scale' }
    store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    store.create({
      apiVersion: 'operators.coreos.com/v1alpha1',
      kind: 'Subscription',
      metadata,
      spec: { name: '3scale-operator', channel: 'threescale-2.15', source: 'any', sourceNamespace: 'any' },
    })
    const annotations = { [versionAnnotations.threescale]: '2.14' }
    store.create({
      apiVersion: 'apps.3scale.net/v1alpha1',
      kind: 'APIManager',
      metadata: { ...metadata, annotations },
      spec: { wildcardDomain: migration.migrationCluster.wildcardDomain },
    })
    const cluster = await enter(simulated())
    try {
      const step = upgradeThreescale(only({ cluster: async () => cluster }))
      const { summary } = await step.explain(contextOf(migration, 'upgrade-3scale'))
      assert.match(summary, /^2 hops: 2\.15, 2\.16\./)
      assert.equal((await step.check(contextOf(migration, 'upgrade-3scale'))).kind, 'needed')
    } finally {
      cluster.close()
    }
  })
})

describe('defect: every MySQL of the account is upgraded', () => {
  const aws = withAws({ looks: 1 })
  const migration: Migration = migrationWith()
  const withAccount: Migration = {
    ...migration,
    migrationCluster: { ...migration.migrationCluster, aws: { region, accountId: account } },
  }

  test('only the instance that the migration made gets another engine', async () => {
    const { cloud, ledger } = aws.open()
    await makeClusterNetwork(aws.front().endpoint, infrastructure)
    const network = { name: 'threeshift-db', cidr: '10.2.0.0/26', clusterInfrastructure: infrastructure, alsoTaken: [] }
    await cloud.networks.ensure(network, making, call)
    const goal = {
      engine: 'mysql' as const,
      version: '5.7',
      instanceClass: 'db.t3.small',
      storageGiB: 20,
      largestStorageGiB: 100,
      subnetGroup: 'threeshift-db',
      securityGroupIds: [],
      database: 'system',
      user: 'admin',
      password: new Secret('of no use'),
    }
    const ours = 'threeshift-acme-source'
    const others = ['shop', 'threeshift-other-source']
    await cloud.databases.ensure({ ...goal, name: ours }, { ...making, migration: withAccount.name }, call)
    for (const name of others) await cloud.databases.ensure({ ...goal, name }, making, call)
    const tools = only({ clock: systemClock, cloud: async () => cloud, ledger })
    await upgradeMysql(tools).apply(contextOf(withAccount, 'upgrade-mysql'))
    const versionOf = async (name: string) => (await cloud.databases.describe(name, call))?.version ?? 'none'
    assert.match(await versionOf(ours), /^8\./)
    for (const name of others) assert.match(await versionOf(name), /^5\.7/, name)
  })
})

const accepting = (accepted: Partial<Migration['destination']['accepted']>): Migration => {
  const migration = migrationWith()
  const none = { tenantNamed3scale: false, senderAddresses: false }
  return { ...migration, destination: { ...migration.destination, accepted: { ...none, ...accepted } } }
}
const refuse = (migration: Migration, tenants: readonly StoredTenant[]) => () =>
  refuseTraps(migration, tenants, 'apps.old.example.com')

describe('defect: what RHOAM does to tenants is found out afterwards', () => {
  const tenant: StoredTenant = {
    id: '2',
    orgName: 'Acme',
    state: 'approved',
    adminHost: '3scale-admin.apps.old.example.com',
    portalHost: '3scale.apps.old.example.com',
    fromEmail: null,
    token: null,
    services: [],
  }
  const other = { ...tenant, id: '3', adminHost: 'acme-admin.apps.old.example.com' }
  test('a customer’s tenant called "3scale", whose users RHOAM deletes, stops the migration before the traffic is stopped', () => {
    assert.throws(refuse(accepting({}), [other, tenant]), { code: 'STEP_TENANT_TAKEN' })
    assert.throws(refuse(accepting({}), [{ ...tenant, adminHost: tenant.adminHost.toUpperCase() }]), {
      code: 'STEP_TENANT_TAKEN',
    })
    refuse(accepting({ tenantNamed3scale: true }), [other, tenant])()
    refuse(accepting({}), [other])()
  })

  test('sender addresses, which RHOAM overwrites, stop it as well', () => {
    const sending = { ...other, fromEmail: 'sales@acme.example' }
    assert.throws(refuse(accepting({}), [sending]), { code: 'STEP_SENDERS_OVERWRITTEN' })
    refuse(accepting({ senderAddresses: true }), [sending])()
  })
})

test('defect: 7 of 13 secrets are forgotten: each has its treatment at each place, and what is carried is not what names a server', () => {
  assert.equal(secrets.length, 13)
  for (const { name, at } of secrets) {
    for (const place of secretPlaces) assert.ok(at[place], `${name} at ${place}`)
  }
  const carried = secrets.filter(({ at }) => at.destination === 'carry').map(({ name }) => name)
  assert.ok(carried.length >= 6, carried.join(', '))
  assert.ok(!carried.some((name) => /database|redis/.test(name)), carried.join(', '))
})

describe('the page of known defects', () => {
  const page = readFileSync(join(root, 'docs/explain/known-defects.md'), 'utf8')
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Defect') && !line.startsWith('|---'))
    .map((line) => line.slice(2, -2).split(' | '))

  test('names a test for each, which exists by this name', () => {
    assert.ok(rows.length >= 25, `${rows.length} defects`)
    for (const [defect = '', , tests = ''] of rows) {
      const named = [...tests.matchAll(/`([^`]+\.test\.ts)`: (.+?)(?=; `|$)/g)]
      assert.ok(named.length > 0, `no test is named for: ${defect}`)
      for (const [, file = '', name = ''] of named) {
        assert.ok(existsSync(join(root, file)), `${file}, for: ${defect}`)
        const text = readFileSync(join(root, file), 'utf8')
        assert.ok(text.includes(name.trim()), `${file} has no test "${name.trim()}", for: ${defect}`)
      }
    }
  })
})
