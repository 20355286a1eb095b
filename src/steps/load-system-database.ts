import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Step, StepContext } from '../ports/step.ts'
import { dumpFacts, dumpFiles } from './dump.ts'
import { exchangeNames, unpackFiles } from './exchanges.ts'
import { factsOf } from './facts.ts'
import { measureNone } from './measure.ts'
import { moveBetween } from './databases.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

const record = 'loaded.json'
const loadedSchema = z.object({ sha256: z.string() })

/** Where the customer's dumps lie in clear, for as long as the migration needs them. */
export function dumpsFolder(tools: Tools): string {
  return join(tools.folder, 'dumps')
}

/** Step 3: the customer's dump, and no other, is loaded into an emptied database of the same kind. */
export function loadSystemDatabase(tools: Tools): Step {
  return {
    async check(context) {
      const { database } = factsOf(context, 'dump', dumpFacts)
      const loaded = await readRecord(tools, record, loadedSchema)
      if (loaded?.sha256 !== database.sha256) return { kind: 'needed', says: 'the dump is not loaded' }
      return { kind: 'done', says: 'the dump is loaded', facts: {} }
    },

    async explain(context) {
      const { database } = factsOf(context, 'dump', dumpFacts)
      return {
        summary: `What is in ${context.migration.migrationCluster.database} is replaced by the dump (${database.bytes} bytes).`,
        diff: [{ what: dumpFiles.database, before: null, after: `sha256 ${database.sha256}` }],
      }
    },

    async apply(context) {
      const { migration, signal, onProgress } = context
      const { database: receipt } = factsOf(context, 'dump', dumpFacts)
      const folder = dumpsFolder(tools)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await unpackFiles(tools, context, exchangeNames.dumps, folder)
      const loaded = await tools.dumps.load({
        file: join(folder, dumpFiles.database),
        receipt,
        into: await tools.database(migration.migrationCluster.database),
        emptyFirst: true,
        onProgress: ({ bytes, totalBytes }) =>
          onProgress({ done: bytes, total: totalBytes ?? 0, unit: 'bytes loaded', exact: true, at: tools.clock.now() }),
        signal,
      })
      await writeRecord(tools, record, { sha256: receipt.sha256 })
      return { says: `${loaded.tables} tables loaded from ${loaded.bytes} bytes`, facts: {} }
    },

    async confirm(context) {
      const differing = await tablesThatDiffer(tools, context)
      return {
        says: 'rows were counted table by table',
        measured: [measureNone('tables with other rows', differing)],
        facts: {},
      }
    },

    async undo({ migration, signal }) {
      await removeRecord(tools, record)
      await tools.dumps.empty({ database: await tools.database(migration.migrationCluster.database), signal })
      await rm(dumpsFolder(tools), { recursive: true, force: true })
      return { says: 'the database is empty, and the dumps are deleted here' }
    },
  }
}

/** Tables whose rows are not as many as at the source. */
async function tablesThatDiffer(tools: Tools, context: StepContext): Promise<readonly string[]> {
  const { rows } = factsOf(context, 'dump', dumpFacts)
  const database = await tools.database(context.migration.migrationCluster.database)
  const { tables } = await tools.systemDatabase.assess(moveBetween(tools, context, database, database))
  const found = new Map(tables.map(({ name, rows }) => [name, rows]))
  return Object.entries(rows).flatMap(([name, count]) => (found.get(name) === count ? [] : [name]))
}
