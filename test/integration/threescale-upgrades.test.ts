import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { never } from '../../src/base/never.ts'
import { Secret } from '../../src/base/secret.ts'
import type { DatabaseAddress } from '../../src/model/database-address.ts'
import { type Release, releases } from '../../src/model/release.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { compareSchemas } from '../../src/movers/system-database/schema/compare-schemas.ts'
import { readPostgresCatalog } from '../../src/movers/system-database/schema/read-postgres-catalog.ts'
import { sqlSystemDatabase } from '../../src/simulator/controllers/database/sql-system-database.ts'
import { hasCondition } from '../../src/simulator/controllers/engine/conditions.ts'
import { type ClusterServiceVersion, resources, type Subscription } from '../../src/simulator/controllers/olm/shapes.ts'
import { operatorDeployment } from '../../src/simulator/controllers/threescale/running-operator.ts'
import {
  type ApiManager,
  apiManagers,
  configResource,
  jobResource,
  routeResource,
} from '../../src/simulator/controllers/threescale/shapes.ts'
import { tellZync } from '../../src/simulator/controllers/threescale/zync.ts'
import { isAdmitted } from '../../src/simulator/controllers/workloads/routes.ts'
import { secretValues, writeSecret } from '../../src/simulator/controllers/workloads/secrets.ts'
import type { Deployment, Job, Route } from '../../src/simulator/controllers/workloads/shapes.ts'
import { mysqlSourceWorld } from '../../src/simulator/source-world/generate.ts'
import { wildcardDomain } from '../../src/simulator/source-world/outline.ts'
import { type Hop, hops, hopsBetween, versionAnnotations } from '../../src/threescale/hops.ts'
import { releaseFacts } from '../../src/threescale/releases.ts'
import { seedValues } from '../support/controllers.ts'
import { freshDatabases, freshPostgresPair, mover, moveRequest, urlOf } from '../support/databases.ts'
import {
  type Installed,
  install,
  isSettled,
  type MovedDatabase,
  ns,
  unbundled,
  versionAnnotation,
} from '../support/installed-threescale.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true, redis: true })
const { signal } = new AbortController()
const hour = 3_600_000

describe('a 3scale of 2.11 whose database was moved from a generated MariaDB', () => {
  let moved: MovedDatabase
  before(async () => {
    const world = await freshDatabases(servers)
    const options = { release: '2.11', tenants: 2, scale: 0.02, seed: 5, edgeRows: false } as const
    await mysqlSourceWorld(systemClock).generate({
      ...options,
      mysql: world.source,
      onProgress: () => undefined,
      signal,
    })
    assert.equal((await mover.copy(moveRequest(world))).verdict, 'copied')
    const tokenOf = async (host: string) => {
      const [[value] = []] = await world.postgres(
        `SELECT t.value FROM access_tokens t JOIN users u ON u.id = t.owner_id JOIN accounts a ON a.id = u.account_id
         WHERE a.self_domain = '${host}.${wildcardDomain}' AND t.permission = 'rw' AND u.role = 'admin' ORDER BY t.id LIMIT 1`,
      )
      return new Secret(String(value))
    }
    const seed = { MASTER_ACCESS_TOKEN: await tokenOf('master'), ADMIN_ACCESS_TOKEN: await tokenOf('3scale-admin') }
    moved = { address: world.target, sql: world.postgres, wildcardDomain, seed }
  })

  test('is upgraded hop by hop to 2.16 by the operators of each release, and keeps every value that none of them changes', async () => {
    const world = await install(servers, '2.11', {}, moved)
    await world.until(() => world.isReady() && isSettled(world, '2.11'), 4 * hour)
    // Nothing was seeded, so nobody was told of hosts: that is what zync:resync:domains is for.
    assert.ok(!isServed(world, `3scale-admin.${wildcardDomain}`))
    tellZync(world.view, ns, 'resync')
    await world.until(() =>
      [`master.${wildcardDomain}`, `3scale-admin.${wildcardDomain}`].every((host) => isServed(world, host)),
    )
    const [columns, first] = [await columnsOf(world), await rowsOf(world)]
    const digests = await digestsOf(world, columns)
    assert.ok(digests.size > 60 && first > 50, `${digests.size} tables, ${first} rows`)

    const way = hopsBetween('2.11', '2.16') ?? assert.fail('no way')
    assert.deepEqual(
      way.map(({ to }) => to),
      releases.slice(1),
    )
    for (const hop of way) {
      doByHand(world, hop)
      // Releases and builds on this way have the same names.
      const release = hop.to as Release
      await world.until(() => world.isReady(release) && isSettled(world, release), 4 * hour)
      await expectHop(world, release)
      assert.deepEqual(await digestsOf(world, columns), digests, `values after ${release}`)
    }
    // The operator of 2.11, which still runs when they are removed, puts empty ones in their place.
    const messageBus = secretValues(world.view, ns, 'system-redis')?.get('MESSAGE_BUS_URL')
    assert.equal(messageBus?.reveal('see that it is empty') ?? '', '')
    assert.equal(await rowsOf(world), first)
    const fresh = await freshPostgresPair(servers)
    await sqlSystemDatabase(systemClock).deploy(new Secret(urlOf(fresh.source)), '2.16', seedValues, signal)
    assert.deepEqual(compareSchemas(await schemaOf(fresh.source), await schemaOf(moved.address)), [])
  })
})

describe('a 3scale', () => {
  test('keeps in the secret of an external Redis what only its owner removes', async () => {
    const world = await install(servers, '2.11')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    world.moveTo('threescale-2.12')
    await world.until(() => world.isReady('2.12') && isSettled(world, '2.12'), 4 * hour)
    await expectHop(world, '2.12')
    assert.equal(secretValues(world.view, ns, 'system-redis')?.has('MESSAGE_BUS_URL'), true)
  })

  test('of 2.13 enters the mas channel by a new Subscription, and is adopted as it runs', async () => {
    const world = await install(servers, '2.13')
    await world.until(() => hasCondition(world.apiManager(), 'Available'))
    const running = () => world.view.list(configResource, ns).map(({ metadata }) => metadata.uid)
    const [before, [[version] = []]] = [running(), await world.sql('SELECT max(version) FROM schema_migrations')]
    const subscription = () => world.view.get<Subscription>(resources.subscriptions, ns, '3scale-operator')
    const old = subscription()?.status?.installedCSV ?? assert.fail('nothing is installed')
    // Nothing leads there from 2.13.
    world.moveTo('threescale-mas')
    await world.pass(hour)
    assert.equal(subscription()?.status?.installedCSV, old)

    doByHand(world, hops.find(({ to }) => to === '2.13-mas') ?? assert.fail('no such hop'))
    const csv = () =>
      world.view.get<ClusterServiceVersion>(resources.csvs, ns, subscription()?.status?.installedCSV ?? '')
    await world.until(() => subscription()?.status?.state === 'AtLatestKnown' && csv()?.status?.phase === 'Succeeded')
    assert.equal(csv()?.metadata.name, '3scale-operator.v0.11.8-mas', 'automatic approval goes on to the head')
    assert.equal(world.view.get(resources.csvs, ns, old), undefined)
    await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotations.operator] === '0.11.8-mas')
    await world.until(() => areReady(world))
    const operator = world.view.get<Deployment>('deployments.apps', ns, operatorDeployment)
    assert.equal(operator?.spec.template.metadata?.labels?.['rht.comp_ver'], '2.13')
    assert.equal(world.apiManager()?.metadata.annotations?.[versionAnnotation], '2.13')
    await world.pass(hour)
    assert.deepEqual(running(), before, 'the workloads are the same ones, with the new images')
    assert.deepEqual(await world.sql('SELECT max(version) FROM schema_migrations'), [[version]])
  })
})

/** What a person does before a hop, as the facts of the hop say. */
function doByHand(world: Installed, hop: Hop): void {
  const ref = { resource: resources.subscriptions, namespace: ns, name: '3scale-operator' }
  for (const action of hop.byHand) {
    switch (action.kind) {
      case 'remove-secret-keys': {
        const { secret: name, keys } = action
        const values = [...(secretValues(world.view, ns, name) ?? [])].filter(([key]) => !keys.includes(key))
        writeSecret(world.view, { namespace: ns, name, values: new Map(values) })
        break
      }
      case 'set-apimanager':
        world.view.change<ApiManager>({ resource: apiManagers, namespace: ns, name: '3scale' }, (draft) => {
          const steps = action.path.split('.')
          const last = steps.pop() ?? ''
          // A path into the object: each step is an object, or becomes one.
          let at = draft as unknown as Record<string, unknown>
          for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>
          at[last] = action.value
        })
        break
      case 'switch-channel':
        world.moveTo(hop.channel)
        break
      case 'replace-subscription': {
        const before = world.view.get<Subscription>(ref.resource, ns, ref.name) ?? assert.fail('no subscription')
        const csv = before.status?.installedCSV ?? assert.fail('nothing is installed')
        world.view.remove(ref)
        world.view.remove({ resource: resources.csvs, namespace: ns, name: csv })
        const { startingCSV: _, ...spec } = before.spec
        world.create({
          apiVersion: before.apiVersion,
          kind: before.kind,
          metadata: { namespace: ns, name: ref.name },
          spec: { ...spec, channel: hop.channel },
        })
        break
      }
      default:
        never(action)
    }
  }
}

/** What a hop into this release leaves behind, beyond workloads that are up. */
async function expectHop(world: Installed, release: Release): Promise<void> {
  await world.until(() => world.apiManager()?.metadata.annotations?.[versionAnnotation] === release)
  const isLater = releaseFacts[release].workloadKind === 'Deployment'
  await world.until(() => !isLater || world.names(configResource).length === 0)
  assert.deepEqual(
    world.names(world.kindOf(release)).filter((name) => name !== operatorDeployment),
    unbundled(release),
  )
  const [[version] = []] = await world.sql('SELECT max(version) FROM schema_migrations')
  assert.equal(version, releaseFacts[release].lastMigration)
  if (isLater) assert.ok(hasCondition(world.apiManager(), 'Preflights'))
  if (release === '2.14') assert.deepEqual(world.names('persistentvolumeclaims'), ['system-searchd'])
  if (isLater) {
    await world.until(() => world.names('persistentvolumeclaims').length === 1)
    assert.deepEqual(world.names('persistentvolumeclaims'), ['system-searchd-manticore'])
    assert.deepEqual(world.names('imagestreams.image.openshift.io'), [])
    await world.until(() =>
      hasCondition(world.view.get<Job>(jobResource, ns, 'system-searchd-manticore-reindex'), 'Complete'),
    )
  }
  await world.until(() => areReady(world))
}

function areReady(world: Installed): boolean {
  const { ready = [], starting = [], stopped = [] } = world.apiManager()?.status?.deployments ?? {}
  return ready.length > 0 && starting.length === 0 && stopped.length === 0
}

function isServed({ view }: Installed, host: string): boolean {
  return view.list<Route>(routeResource, ns).some((route) => route.spec.host === host && isAdmitted(route))
}

/** Columns by table. The list of migrations is what an upgrade changes. */
async function columnsOf({ sql }: Installed): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await sql(`SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'schema_migrations' ORDER BY 1, 2`)
  const columns = new Map<string, string[]>()
  for (const [table, column] of found) {
    columns.set(String(table), [...(columns.get(String(table)) ?? []), String(column)])
  }
  return columns
}

/** Of each table, over those of `columns` that 2.16 still has. */
async function digestsOf(
  world: Installed,
  columns: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, unknown>> {
  const lasting = await lastingColumns()
  const queries = [...columns].flatMap(([table, names]) => {
    const row = names.filter((name) => lasting.has(`${table}.${name}`)).map((name) => `"${name}"::text`)
    const hash = `md5(ROW(${row.join(', ')})::text)`
    const digest = `count(*) || ' ' || md5(coalesce(string_agg(${hash}, '' ORDER BY ${hash}), ''))`
    return row.length === 0 ? [] : [`SELECT '${table}', ${digest} FROM "${table}"`]
  })
  const found = await world.sql(queries.join(' UNION ALL '))
  return new Map(found.map(([table, digest]) => [String(table), digest]))
}

let lasting: Promise<ReadonlySet<string>> | undefined

function lastingColumns(): Promise<ReadonlySet<string>> {
  lasting ??= (async () => {
    const { source, onSource } = await freshPostgresPair(servers)
    await sqlSystemDatabase(systemClock).deploy(new Secret(urlOf(source)), '2.16', seedValues, signal)
    const found = await onSource(
      "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'",
    )
    return new Set(found.map(([name]) => String(name)))
  })()
  return lasting
}

async function rowsOf({ sql }: Installed): Promise<number> {
  const counts = await Promise.all(
    ['accounts', 'users', 'services', 'cinstances', 'audits'].map((table) => sql(`SELECT count(*) FROM ${table}`)),
  )
  return counts.reduce((sum, [row]) => sum + Number(row?.[0]), 0)
}

async function schemaOf(address: DatabaseAddress) {
  const session = await PostgresTarget.open(address, signal)
  try {
    return await readPostgresCatalog(session)
  } finally {
    await session.close()
  }
}
