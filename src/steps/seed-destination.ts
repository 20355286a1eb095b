import { z } from 'zod'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { backupFacts, backupFile } from './backup-postgres.ts'
import { moveBetween, workingDatabase } from './databases.ts'
import { deadlineMs } from './deadlines.ts'
import { factsOf } from './facts.ts'
import { forgetDump, keepDump, restoreDump } from './kept-dumps.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf, rhoamNamespaces } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { stopThreescale } from './scale-down.ts'
import { startThreescale } from './start-threescale.ts'
import type { Tools } from './tools.ts'
import { releaseFacts } from '../threescale/releases.ts'

const record = 'seeded.json'
const seededSchema = z.object({ sha256: z.string() })

/** RHOAM's own names. Source: integreatly-operator `pkg/products/threescale/reconciler.go`. */
const resourceName = 'threescale-postgres-rhoam'
/** Name of the dump of RHOAM's own database. */
const keptBefore = 'rhoam-before-seed'
const snapshotName = 'threeshift-before-seed'

/** Step 13: RHOAM's database is snapshotted, emptied and filled from the dump, all of it or nothing. */
export function seedDestination(tools: Tools): Step {
  const stop = stopThreescale(tools, 'destination')
  return {
    async check(context) {
      const { receipt } = factsOf(context, 'backup-postgres', backupFacts)
      const seeded = await readRecord(tools, record, seededSchema)
      if (seeded?.sha256 !== receipt.sha256) return { kind: 'needed', says: 'the dump is not loaded' }
      return { kind: 'done', says: 'the dump is loaded', facts: {} }
    },

    async explain(context) {
      const stopping = await stop.explain(context)
      const { receipt } = factsOf(context, 'backup-postgres', backupFacts)
      return {
        summary: `${stopping.summary} Then everything in RHOAM's database is replaced by the dump (${receipt.bytes} bytes).`,
        diff: [
          ...stopping.diff,
          { what: `snapshot of ${resourceName}`, before: null, after: snapshotName },
          { what: 'database of RHOAM', before: 'as installed', after: `sha256 ${receipt.sha256}` },
        ],
      }
    },

    async apply(context) {
      const { migration, signal, onProgress } = context
      const { receipt } = factsOf(context, 'backup-postgres', backupFacts)
      await stop.apply(context)
      await takeSnapshot(tools, context)
      await keepDump(tools, context, migration.destination.database, keptBefore)
      const loaded = await tools.dumps.load({
        file: backupFile(tools),
        receipt,
        into: await tools.database(migration.destination.database),
        emptyFirst: true,
        onProgress: ({ bytes, totalBytes }) =>
          onProgress({ done: bytes, total: totalBytes ?? 0, unit: 'bytes loaded', exact: true, at: tools.clock.now() }),
        signal,
      })
      await writeRecord(tools, record, { sha256: receipt.sha256 })
      return { says: `${loaded.tables} tables loaded`, facts: {} }
    },

    async confirm(context) {
      const { migration, signal } = context
      const target = await tools.database(migration.destination.database)
      const source = await tools.database(workingDatabase(migration))
      const verified = await tools.systemDatabase.verify(moveBetween(tools, context, source, target))
      const release = migration.destination.threescaleRelease
      const found = (await tools.threescaleDatabase.lastMigration(target, { signal })) ?? 'none'
      return {
        says: `${verified.tables.length} tables compared with the database that was dumped`,
        measured: [
          measureNone(
            'tables with another digest',
            verified.tables.filter(({ equal }) => !equal).map(({ name }) => name),
          ),
          measure('differences', 0, verified.differences.length),
          measure('last migration of the schema', releaseFacts[release].lastMigration, found),
        ],
        facts: {},
      }
    },

    async undo(context) {
      await removeRecord(tools, record)
      const restored = await restoreDump(tools, context, context.migration.destination.database, keptBefore)
      // Its routes are of the database that it starts on.
      await startThreescale(await placeOf(tools, context, 'destination'))
      await forgetDump(tools, keptBefore)
      return { says: restored ? "RHOAM's database is as it was installed, and runs" : 'nothing was loaded' }
    },
  }
}

/** By RHOAM's own resource operator; one that is complete already is kept. */
async function takeSnapshot(tools: Tools, context: StepContext): Promise<void> {
  const { cluster, signal } = await placeOf(tools, context, 'destination')
  const ref = { namespace: rhoamNamespaces(context.migration).operator, name: snapshotName }
  await cluster.apply(
    clusterKinds.postgresSnapshots,
    { metadata: ref, fields: { spec: { resourceName, skipDelete: true } } },
    { signal },
  )
  await cluster.until(
    clusterKinds.postgresSnapshots,
    ref,
    (found) => found.some(({ status }) => status.phase === 'complete'),
    {
      signal,
      deadlineMs: deadlineMs.podsReady,
      what: `snapshot ${snapshotName} of ${resourceName}`,
      describe: (found) => found.map(({ status }) => `${status.phase} ${status.message}`).join(),
    },
  )
}
