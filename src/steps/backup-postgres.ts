import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Step, StepContext } from '../ports/step.ts'
import { workingDatabase } from './databases.ts'
import { dumpReceiptSchema } from './dump-receipt.ts'
import { measure } from './measure.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import { sha256OfFile } from './sha256-of-file.ts'
import type { Tools } from './tools.ts'

const record = 'backup.json'
/** The one name that it is written and restored by. */
const fileName = 'destination.sql'

export const backupFacts = z.object({ receipt: dumpReceiptSchema })

export function backupFile(tools: Tools): string {
  return join(tools.folder, fileName)
}

/** Step 12: the upgraded database, as one dump with a receipt. */
export function backupPostgres(tools: Tools): Step {
  return {
    async check() {
      const facts = await readRecord(tools, record, backupFacts)
      if (facts === null) return { kind: 'needed', says: 'there is no dump of the upgraded database' }
      return { kind: 'done', says: says(facts.receipt.bytes), facts: { ...facts } }
    },

    async explain({ migration }) {
      return {
        summary: `${workingDatabase(migration)} is dumped into ${fileName}.`,
        diff: [{ what: fileName, before: null, after: 'a whole dump' }],
      }
    },

    async apply(context) {
      const facts = { receipt: { ...(await dump(tools, context)) } }
      await writeRecord(tools, record, facts)
      return { says: says(facts.receipt.bytes), facts }
    },

    async confirm() {
      const facts = await readRecord(tools, record, backupFacts)
      const found = await sha256OfFile(backupFile(tools))
      return {
        says: 'the file was read again',
        measured: [measure(`SHA-256 of ${fileName}`, facts?.receipt.sha256 ?? '', found)],
        facts: {},
      }
    },

    async undo() {
      await removeRecord(tools, record)
      await rm(backupFile(tools), { force: true })
      return { says: 'the dump is deleted' }
    },
  }
}

async function dump(tools: Tools, { migration, signal, onProgress }: StepContext) {
  const file = backupFile(tools)
  await rm(file, { force: true })
  return tools.dumps.dump({
    from: await tools.database(workingDatabase(migration)),
    file,
    onProgress: ({ bytes }) =>
      onProgress({ done: bytes, total: 0, unit: 'bytes dumped', exact: false, at: tools.clock.now() }),
    signal,
  })
}

function says(bytes: number): string {
  return `a whole dump of ${bytes} bytes`
}
