import type { Migration } from '../model/migration.ts'
import { hopsBetween, type Hop } from '../threescale/hops.ts'
import { releaseFacts } from '../threescale/releases.ts'
import { rhoamFacts } from '../threescale/rhoam.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { declares } from './declaration.ts'
import { makeHop, releaseOf, reportedRelease, subscriptionOf } from './hops.ts'
import { keepDump, restoreDump } from './kept-dumps.ts'
import { measure } from './measure.ts'
import { placeOf } from './places.ts'
import type { Tools } from './tools.ts'

/** Step 10: hop by hop, with a dump of the database before each one. */
export function upgradeThreescale(tools: Tools): Step {
  return {
    async check(context) {
      const left = await hopsLeft(tools, context)
      if (left.length > 0) return { kind: 'needed', says: `${left.length} hops are to be made` }
      return { kind: 'done', says: '3scale is of the release of the destination', facts: declaresUpgrade(context) }
    },

    async explain(context) {
      const left = await hopsLeft(tools, context)
      return {
        summary: `${left.length} hops: ${left.map(({ to }) => to).join(', ')}. The database is dumped before each.`,
        diff: left.flatMap(({ from, to, operatorDoes }) => [
          { what: '3scale', before: from, after: to },
          ...operatorDoes.map((what) => ({ what, before: null, after: `with ${to}` })),
        ]),
      }
    },

    async apply(context) {
      const at = await placeOf(tools, context, 'migration')
      const left = await hopsLeft(tools, context)
      for (const [index, hop] of left.entries()) {
        const show = (done: number) =>
          context.onProgress({ done, total: left.length, unit: 'hops', exact: true, at: tools.clock.now() })
        show(index)
        await keepDump(tools, context, workingDatabase(context.migration), keptBefore(hop))
        await makeHop(at, hop, tools.clock)
        show(index + 1)
      }
      return { says: `${left.length} hops made`, facts: {} }
    },

    async confirm(context) {
      const { migration, signal } = context
      const at = await placeOf(tools, context, 'migration')
      const release = migration.destination.threescaleRelease
      const database = await tools.database(workingDatabase(migration))
      const found = (await tools.threescaleDatabase.lastMigration(database, { signal })) ?? 'none'
      return {
        says: 'APIManager, operator and schema were asked',
        measured: [
          measure('release that the APIManager reports', release, await reportedRelease(at)),
          measure('hops that are left', 0, (await hopsLeft(tools, context)).length),
          measure('last migration of the schema', releaseFacts[release].lastMigration, found),
        ],
        facts: declaresUpgrade(context),
      }
    },

    async undo(context) {
      const [first] = hopsOf(context.migration)
      const database = workingDatabase(context.migration)
      const restored = first !== undefined && (await restoreDump(tools, context, database, keptBefore(first)))
      return { says: restored ? `the database is as before ${first.to}` : 'no hop was begun' }
    },
  }
}

function declaresUpgrade(context: StepContext) {
  const [from, to] = [context.migration.source.release, context.migration.destination.threescaleRelease]
  return declares(context, from === to ? [] : [{ kind: 'upgraded', says: `3scale ${from} became ${to}`, from, to }])
}

/** Name of the dump that leads back from a hop. */
function keptBefore({ to }: Hop): string {
  return `before-${to}`
}

/** To RHOAM's own build where it has one. */
export function hopsOf({ source, destination }: Migration): readonly Hop[] {
  const known = rhoamFacts(destination.rhoamVersion)
  const build = known?.release === destination.threescaleRelease ? known.build : destination.threescaleRelease
  return hopsBetween(source.release, build) ?? hopsBetween(source.release, destination.threescaleRelease) ?? []
}

/** The channel tells which builds are behind us: the release alone does not tell 2.13 from RHOAM's build of it. */
async function hopsLeft(tools: Tools, context: StepContext): Promise<readonly Hop[]> {
  const at = await placeOf(tools, context, 'migration')
  const hops = hopsOf(context.migration)
  const { channel } = (await subscriptionOf(at)).spec
  const release = await reportedRelease(at)
  const reached = hops.findLastIndex((hop) => hop.channel === channel && releaseOf(hop.to) === release)
  return hops.slice(reached + 1)
}
