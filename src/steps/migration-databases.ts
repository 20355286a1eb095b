import type { DatabaseAddress } from '../model/database-address.ts'
import type { Migration } from '../model/migration.ts'
import type { Step, StepContext } from '../ports/step.ts'
import type { DatabaseGoal } from '../ports/cloud.ts'
import { workingDatabase } from './databases.ts'
import { factsOf } from './facts.ts'
import { fault } from './faults.ts'
import { makingOf, removeMade } from './making.ts'
import { measure, measureNone } from './measure.ts'
import { networkFacts } from './standalone-vpc.ts'
import type { Tools } from './tools.ts'

/** The instance that holds a database of the source's own kind. */
export function migrationDatabaseName(migration: Migration): string {
  return `threeshift-${migration.name}-source`
}

const postgresName = ({ name }: Migration): string => `threeshift-${name}-postgres`
/** What 3scale up to 2.16 and RHOAM's own database agree on. */
const postgresVersion = '15'
const sizes = { instanceClass: 'db.t3.large', storageGiB: 100, largestStorageGiB: 1000 } as const

/** Prerequisite 5: a database of the source's kind and version, a PostgreSQL where that is another one, and Redis. */
export function migrationDatabases(tools: Tools): Step {
  return {
    async check(context) {
      const silent = await withoutLogin(tools, context)
      if (silent.length > 0) return { kind: 'needed', says: `no login into ${silent.join(', ')}` }
      const missing = await missingInstances(tools, context)
      if (missing.length > 0) return { kind: 'needed', says: `${missing.join(', ')} are not there` }
      return { kind: 'done', says: 'every database accepts a login', facts: {} }
    },

    async explain(context) {
      const goals = await goalsOf(tools, context, { securityGroupId: '', databaseSubnetGroup: '' })
      return {
        summary:
          goals.length === 0
            ? 'No cloud account is set: the databases of migration.yaml are used as they are.'
            : `${goals.length} encrypted instances, reachable from the migration cluster only.`,
        diff: goals.map(({ name, engine, version }) => ({ what: name, before: null, after: `${engine} ${version}` })),
      }
    },

    async apply(context) {
      const { migration, signal } = context
      if (migration.migrationCluster.aws === undefined) return { says: 'the databases are there already', facts: {} }
      const cloud = await tools.cloud('migration', signal)
      const goals = await goalsOf(tools, context, factsOf(context, 'standalone-vpc', networkFacts))
      const hosts: string[] = []
      for (const goal of goals) {
        const making = makingOf(tools, context, 'a database in between', 'remove')
        const onProgress = () =>
          context.onProgress({
            done: hosts.length,
            total: goals.length,
            unit: 'databases',
            exact: true,
            at: tools.clock.now(),
          })
        hosts.push((await cloud.databases.ensure(goal, making, { signal, onProgress })).host)
      }
      return { says: `${hosts.length} instances are available`, facts: { hosts } }
    },

    async confirm(context) {
      return {
        says: 'a login was made into each',
        measured: [
          measureNone('databases without a login', await withoutLogin(tools, context)),
          measure('instances that are missing', 0, (await missingInstances(tools, context)).length),
        ],
        facts: {},
      }
    },

    async undo(context) {
      return { says: `${await removeMade(tools, context, 'migration')} instances are gone` }
    },
  }
}

/** References of the databases that rows use here. */
function references({ migrationCluster, source }: Migration): readonly string[] {
  return source.database.kind === 'postgresql'
    ? [migrationCluster.database]
    : [migrationCluster.database, migrationCluster.postgresql]
}

async function withoutLogin(tools: Tools, { migration, signal }: StepContext): Promise<readonly string[]> {
  const silent: string[] = []
  for (const reference of references(migration)) {
    try {
      await tools.threescaleDatabase.version(await tools.database(reference), { signal })
    } catch (error) {
      signal.throwIfAborted()
      silent.push(`${reference} (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`)
    }
  }
  return silent
}

async function missingInstances(tools: Tools, context: StepContext): Promise<readonly string[]> {
  const { migration, signal } = context
  if (migration.migrationCluster.aws === undefined) return []
  const cloud = await tools.cloud('migration', signal)
  const names = references(migration).length === 1 ? [migrationDatabaseName] : [migrationDatabaseName, postgresName]
  const missing: string[] = []
  for (const nameOf of names) {
    const state = await cloud.databases.describe(nameOf(migration), { signal })
    if (state?.status !== 'available') missing.push(nameOf(migration))
  }
  return missing
}

async function goalsOf(
  tools: Tools,
  { migration }: StepContext,
  network: { readonly securityGroupId: string; readonly databaseSubnetGroup: string },
): Promise<readonly DatabaseGoal[]> {
  if (migration.migrationCluster.aws === undefined) return []
  const place = { ...sizes, subnetGroup: network.databaseSubnetGroup, securityGroupIds: [network.securityGroupId] }
  const own = await tools.database(migration.migrationCluster.database)
  const { kind, version } = migration.source.database
  // An instance of another engine would be a wrong twin.
  if (kind === 'oracle') throw fault('STEP_SOURCE_UNREADABLE', { engine: 'Oracle' })
  const engine = kind === 'postgresql' ? 'postgres' : kind === 'mariadb' ? 'mariadb' : 'mysql'
  const goals: DatabaseGoal[] = [{ ...place, ...login(own), name: migrationDatabaseName(migration), engine, version }]
  if (references(migration).length > 1) {
    const working = await tools.database(workingDatabase(migration))
    goals.push({
      ...place,
      ...login(working),
      name: postgresName(migration),
      engine: 'postgres',
      version: postgresVersion,
    })
  }
  return goals
}

function login({ user, password, database }: DatabaseAddress) {
  return { user, password, database }
}
