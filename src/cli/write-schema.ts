import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { migrationJsonSchema } from '../model/migration.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'

/** The name by which the first line of a `migration.yaml` asks for its schema. */
export const schemaName = 'migration.schema.json'

/** `same`: it was there already. `left`: another one is there, which is not ours to replace. */
export type SchemaOutcome = 'written' | 'same' | 'left'

/** The JSON Schema of `migration.yaml` as text, for editors. */
export function schemaText(): string {
  return `${JSON.stringify(migrationJsonSchema(), null, 2)}\n`
}

/**
 * Writes the schema into the folder of `migrationFile`, where editors look for it; replaces another one with `force` only.
 *
 * Faults: FILE_UNWRITABLE. Abort: throws the reason; what was written stays.
 */
export async function writeSchemaBeside(
  migrationFile: string,
  options: { readonly force: boolean },
  context: CliContext,
): Promise<SchemaOutcome> {
  const { signal } = context
  const file = join(dirname(migrationFile), schemaName)
  const path = resolve(context.cwd, file)
  const text = schemaText()
  try {
    const found = await readFile(path, { encoding: 'utf8', signal }).catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
      throw cause
    })
    if (found === text) return 'same'
    if (found !== undefined && !options.force) return 'left'
    await writeFile(path, text, { signal })
    return 'written'
  } catch (cause) {
    signal.throwIfAborted()
    throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(cause) }, cause)
  }
}
