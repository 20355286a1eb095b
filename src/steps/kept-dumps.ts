import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepContext } from '../ports/step.ts'
import { dumpReceiptSchema } from './dump-receipt.ts'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

export async function isKept(tools: Tools, name: string): Promise<boolean> {
  return (await readRecord(tools, `${name}.json`, dumpReceiptSchema)) !== null
}

/** Dumps a database before it is changed, as the way back, under one name and with its receipt; what is kept already stays. */
export async function keepDump(tools: Tools, { signal }: StepContext, reference: string, name: string): Promise<void> {
  if (await isKept(tools, name)) return
  const file = join(tools.folder, `${name}.sql`)
  // Without a receipt it is not known to be whole.
  await rm(file, { force: true })
  const from = await tools.database(reference)
  await writeRecord(tools, `${name}.json`, await tools.dumps.dump({ from, file, onProgress: () => undefined, signal }))
}

/** Puts the database back as `keepDump` found it; false when nothing was kept. */
export async function restoreDump(
  tools: Tools,
  { signal }: StepContext,
  reference: string,
  name: string,
): Promise<boolean> {
  const receipt = await readRecord(tools, `${name}.json`, dumpReceiptSchema)
  if (receipt === null) return false
  const into = await tools.database(reference)
  const file = join(tools.folder, `${name}.sql`)
  await tools.dumps.load({ file, receipt, into, emptyFirst: true, onProgress: () => undefined, signal })
  return true
}

/** Deletes what `keepDump` kept: the next one is of what is there then. */
export async function forgetDump(tools: Tools, name: string): Promise<void> {
  await removeRecord(tools, `${name}.json`)
  await rm(join(tools.folder, `${name}.sql`), { force: true })
}
