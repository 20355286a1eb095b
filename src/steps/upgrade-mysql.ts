import { z } from 'zod'
import type { DatabaseState } from '../ports/cloud.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { makingOf } from './making.ts'
import { measure } from './measure.ts'
import { migrationDatabaseName } from './migration-databases.ts'
import type { Tools } from './tools.ts'

const toVersion = '8.0'
const isUpgraded = (version: string): boolean => Number(version.split('.')[0]) >= 8
const unmanaged = 'no instance of the cloud holds the database; the conversion reads this version as well'

const facts = z.object({ version: z.string() })

/** Step 4: of the one instance that this migration made, and of no other. */
export function upgradeMysql(tools: Tools): Step {
  return {
    async check(context) {
      const state = await describe(tools, context)
      if (state === null) return { kind: 'done', says: unmanaged, facts: {} }
      if (!isUpgraded(state.version)) return { kind: 'needed', says: `it runs ${state.version}` }
      return { kind: 'done', says: `it runs ${state.version}`, facts: facts.parse(state) }
    },

    async explain(context) {
      const state = await describe(tools, context)
      const name = migrationDatabaseName(context.migration)
      return {
        summary: `A snapshot of ${name} is taken, then its engine is upgraded.`,
        diff: [{ what: `engine of ${name}`, before: state?.version ?? null, after: toVersion }],
      }
    },

    async apply(context) {
      const { migration, signal } = context
      const cloud = await tools.cloud('migration', signal)
      const name = migrationDatabaseName(migration)
      const upgrade = { name, toVersion, safetySnapshot: `${name}-before-8` }
      const making = makingOf(tools, context, 'the database before its engine is upgraded', 'safety')
      const { version } = await cloud.databases.upgrade(upgrade, making, { signal })
      return { says: `it runs ${version}`, facts: { version } }
    },

    async confirm(context) {
      const state = await describe(tools, context)
      if (state === null) return { says: unmanaged, measured: [], facts: {} }
      return {
        says: `it runs ${state.version}`,
        measured: [
          measure('engine is 8 or later', true, isUpgraded(state.version)),
          measure('status', 'available', state.status),
          measure('changes that are not in force yet', 0, state.pending.length),
        ],
        facts: {},
      }
    },

    async undo({ migration }) {
      const name = migrationDatabaseName(migration)
      return { says: `the engine stays; the next load empties the database, and the snapshot ${name}-before-8 is kept` }
    },
  }
}

async function describe(tools: Tools, { migration, signal }: StepContext): Promise<DatabaseState | null> {
  if (migration.migrationCluster.aws === undefined) return null
  const cloud = await tools.cloud('migration', signal)
  return cloud.databases.describe(migrationDatabaseName(migration), { signal })
}
