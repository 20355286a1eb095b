import { sleep } from '../base/abort.ts'
import type { Migration } from '../model/migration.ts'
import { hopsBetween, type Hop } from '../threescale/hops.ts'
import { releaseFacts } from '../threescale/releases.ts'
import { rhoamFacts } from '../threescale/rhoam.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { declares } from './declaration.ts'
import { deadlineMs } from './deadlines.ts'
import { fault } from './faults.ts'
import {
  findSubscription,
  installed,
  isMade,
  makeHop,
  replacesSubscription,
  reportedRelease,
  subscriptionOf,
} from './hops.ts'
import { forgetDump, isKept, keepDump, restoreDump } from './kept-dumps.ts'
import { measure } from './measure.ts'
import { placeOf, type ThreescalePlace } from './places.ts'
import { stopThreescale } from './scale-down.ts'
import { forgetSchemaBack, isSchemaBack, markSchemaBack } from './schema-back.ts'
import { forgetHooks, startThreescale } from './start-threescale.ts'
import type { Tools } from './tools.ts'

const lookEveryMs = 500

/** Step 10: hop by hop, with a dump of the database before each one. */
export function upgradeThreescale(tools: Tools): Step {
  return {
    async check(context) {
      const left = await hopsLeft(tools, context)
      if (left.length > 0) return { kind: 'needed', says: `${left.length} hops are to be made` }
      if (await isSchemaBack(tools)) return { kind: 'needed', says: 'the database is of the release before' }
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
      if (await isSchemaBack(tools)) await startAgain(tools, context, at)
      const left = await hopsToMake(at, context)
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
      const hops = hopsOf(context.migration)
      const [first] = hops
      if (first === undefined || !(await isKept(tools, keptBefore(first)))) return { says: 'no hop was begun' }
      const at = await placeOf(tools, context, 'migration')
      // An operator that is only being installed would start again what is stopped.
      await installed(at, (await subscriptionOf(at)).spec.channel, tools.clock)
      // Nothing may write while the database goes back, and the new operator stays.
      await stopThreescale(tools, 'migration').apply(context)
      await markSchemaBack(tools)
      await restoreDump(tools, context, workingDatabase(context.migration), keptBefore(first))
      for (const hop of hops.toReversed()) await forgetDump(tools, keptBefore(hop))
      return { says: `the database is as before ${first.to}; 3scale is stopped, and upgrades it again when it starts` }
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

async function hopsLeft(tools: Tools, context: StepContext): Promise<readonly Hop[]> {
  const at = await placeOf(tools, context, 'migration')
  const hops = await hopsToMake(at, context)
  const [current, ...later] = hops
  return current !== undefined && (await isMade(at, current)) ? later : hops
}

/**
 * From the one whose channel the operator is in: whoever died in it has not waited for its end. The channel tells, for the
 * release alone does not tell 2.13 from RHOAM's build of it.
 */
async function hopsToMake(at: ThreescalePlace, { migration }: StepContext): Promise<readonly Hop[]> {
  const hops = hopsOf(migration)
  const subscription = await findSubscription(at)
  // Only a hop that replaces it has taken it away.
  const current = subscription === null ? replacesSubscription : (hop: Hop) => hop.channel === subscription.spec.channel
  return hops.slice(Math.max(0, hops.findIndex(current)))
}

/** After an undo: the operator is of a later release than the database, and upgrades it when 3scale starts. */
async function startAgain(tools: Tools, context: StepContext, at: ThreescalePlace): Promise<void> {
  const { migration, signal } = context
  const [first] = hopsOf(migration)
  const reference = workingDatabase(migration)
  if (first !== undefined) await keepDump(tools, context, reference, keptBefore(first))
  await forgetHooks(at, await reportedRelease(at), tools.clock)
  await startThreescale(at)
  const database = await tools.database(reference)
  const deadline = tools.clock.elapsedMs() + deadlineMs.hop
  for (;;) {
    // It may go on to the release of its channel meanwhile.
    const expected = releaseFacts[await reportedRelease(at)].lastMigration
    const found = (await tools.threescaleDatabase.lastMigration(database, { signal })) ?? 'none'
    if (found === expected) break
    if (tools.clock.elapsedMs() >= deadline) throw fault('STEP_SCHEMA_OLD', { place: at.place, found, expected })
    await sleep(lookEveryMs, signal)
  }
  await forgetSchemaBack(tools)
}
