import { z } from 'zod'
import { readRecord, removeRecord, writeRecord } from './records.ts'
import type { Tools } from './tools.ts'

/*
 * The database on the migration cluster went back to the release before its upgrade, and the operator, which cannot, did not:
 * 3scale has to upgrade it again when it starts.
 */

const record = 'schema-back.json'
const schema = z.object({ back: z.literal(true) })

export async function isSchemaBack(tools: Tools): Promise<boolean> {
  return (await readRecord(tools, record, schema)) !== null
}

export function markSchemaBack(tools: Tools): Promise<void> {
  return writeRecord(tools, record, { back: true })
}

export function forgetSchemaBack(tools: Tools): Promise<void> {
  return removeRecord(tools, record)
}
