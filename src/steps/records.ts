import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Tools } from './tools.ts'

/*
 * What a verb must not lose when it is killed, in the migration's folder: what it made there, and what it asked before it
 * stopped those who answered. Never a secret.
 */

/** Null: there is none, or none of that form. */
export async function readRecord<Content>(
  tools: Tools,
  name: string,
  schema: z.ZodType<Content>,
): Promise<Content | null> {
  try {
    return schema.parse(JSON.parse(await readFile(join(tools.folder, name), 'utf8')))
  } catch {
    return null
  }
}

/** Whole or not at all. */
export async function writeRecord(tools: Tools, name: string, content: unknown): Promise<void> {
  const file = join(tools.folder, name)
  await writeFile(`${file}.unfinished`, `${JSON.stringify(content)}\n`, { mode: 0o600, flush: true })
  await rename(`${file}.unfinished`, file)
}

export async function removeRecord(tools: Tools, name: string): Promise<void> {
  await rm(join(tools.folder, name), { force: true })
}
