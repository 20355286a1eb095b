import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { DumpReceipt } from '../ports/dump.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { moveBetween } from './databases.ts'
import { dumpReceiptSchema } from './dump-receipt.ts'
import { exchangedOf, exchangedSchema, exchangeNames, packFiles, readBack, receiverOf } from './exchanges.ts'
import { measure, measureNone } from './measure.ts'
import { placeOf } from './places.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'
import { bundledDatabases, podsLeft, scaleDown, scaleUp } from './workloads.ts'

/** Names that every later row restores by: there is one of each, whatever the try. */
export const dumpFiles = { database: 'system-database.sql', redis: 'backend-redis.rdb' } as const

const record = 'dumps.json'

export const dumpFacts = z.object({
  database: dumpReceiptSchema,
  redis: z.object({ bytes: z.number().int(), sha256: z.string(), exact: z.boolean() }),
  /** Rows of each table at the source. */
  rows: z.record(z.string(), z.number().int()),
  exchanged: exchangedSchema,
})
type DumpFacts = z.output<typeof dumpFacts>

/** Step 2: both dumps are taken while the databases still run, packed for the vendor; then everything is down. */
export function dump(tools: Tools): Step {
  return {
    async check(context) {
      const facts = await readRecord(tools, record, dumpFacts)
      if (facts === null) return { kind: 'needed', says: 'no whole dumps are packed' }
      const left = await podsLeft(await placeOf(tools, context, 'source'))
      if (left.length > 0) return { kind: 'needed', says: `${left.length} pods of its databases run` }
      return { kind: 'done', says: says(facts), facts: { ...facts } }
    },

    async explain({ migration }) {
      const { kind, version } = migration.source.database
      return {
        summary: `The system database (${kind} ${version}) and the backend Redis are dumped and packed for ${receiverOf(migration)}; then 3scale's own databases stop.`,
        diff: Object.values(dumpFiles).map((file) => ({ what: file, before: null, after: 'encrypted in the bucket' })),
      }
    },

    async apply(context) {
      const facts = (await readRecord(tools, record, dumpFacts)) ?? (await takeDumps(tools, context))
      await scaleDown(await placeOf(tools, context, 'source'))
      return { says: says(facts), facts: { ...facts } }
    },

    async confirm(context) {
      const facts = await readRecord(tools, record, dumpFacts)
      const read = await readBack(tools, context, exchangeNames.dumps)
      const digests = new Map(read.files.map(({ file, sha256 }) => [file, sha256]))
      return {
        says: 'both dumps were read back from the bucket',
        measured: [
          measure(
            `SHA-256 of ${dumpFiles.database}`,
            facts?.database.sha256 ?? '',
            digests.get(dumpFiles.database) ?? '',
          ),
          measure(`SHA-256 of ${dumpFiles.redis}`, facts?.redis.sha256 ?? '', digests.get(dumpFiles.redis) ?? ''),
          measureNone('pods of 3scale', await podsLeft(await placeOf(tools, context, 'source'))),
        ],
        facts: {},
      }
    },

    async undo(context) {
      const started = await scaleUp(await placeOf(tools, context, 'source'), (name) => bundledDatabases.includes(name))
      for (const file of Object.values(dumpFiles)) await rm(join(tools.folder, file), { force: true })
      await removeRecord(tools, record)
      return { says: `${started.length} databases run again; the dumps on this machine are deleted` }
    },
  }
}

async function takeDumps(tools: Tools, context: StepContext): Promise<DumpFacts> {
  const { migration, signal, onProgress } = context
  const source = await tools.database(migration.source.database.url)
  const files = Object.values(dumpFiles).map((file) => join(tools.folder, file))
  // What an earlier try left has no receipt.
  for (const file of files) await rm(file, { force: true })
  const assessed = await tools.systemDatabase.assess(moveBetween(tools, context, source, source))
  const database: DumpReceipt = await tools.dumps.dump({
    from: source,
    file: join(tools.folder, dumpFiles.database),
    onProgress: ({ bytes }) =>
      onProgress({ done: bytes, total: 0, unit: 'bytes dumped', exact: false, at: tools.clock.now() }),
    signal,
  })
  const { notes: _notes, ...redis } = await tools.snapshots.save({
    source: { kind: 'server', endpoint: await tools.redisAt(migration.source.redis.storage) },
    carry: 'all',
    file: join(tools.folder, dumpFiles.redis),
    spoolFolder: tools.folder,
    onProgress: ({ bytes, totalBytes }) =>
      onProgress({ done: bytes, total: totalBytes, unit: 'bytes dumped', exact: true, at: tools.clock.now() }),
    signal,
  })
  const packed = await packFiles(tools, context, exchangeNames.dumps, files)
  const exchanged = exchangedOf(packed)
  const rows = Object.fromEntries(assessed.tables.map(({ name, rows }) => [name, rows]))
  const facts = { database: { ...database }, redis, rows, exchanged }
  await writeRecord(tools, record, facts)
  return facts
}

function says({ database, redis, rows }: DumpFacts): string {
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0)
  return `${all} rows in ${Object.keys(rows).length} tables, ${database.bytes} bytes; Redis ${redis.bytes} bytes`
}
