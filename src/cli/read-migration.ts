import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Migration, migrationSchema } from '../model/migration.ts'
import type { CliContext } from './context.ts'
import { describeIssues } from './describe-issues.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { readYaml } from './read-yaml.ts'

/**
 * Reads and decodes a `migration.yaml`; `file` as the user wrote it, relative to the context's folder.
 *
 * Faults: FILE_UNREADABLE; MIGRATION_INVALID, which lists every mistake with `file:line:column`, the field and what is
 * allowed. A value is quoted only where it cannot be a secret.
 */
export async function readMigration(file: string, context: CliContext): Promise<Migration> {
  const text = await readFile(resolve(context.cwd, file), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      if (context.signal.aborted) throw context.signal.reason
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    },
  )
  // A file that ends while it is being read ends the reading as well, aborted or not.
  context.signal.throwIfAborted()
  return decodeMigration(text, file)
}

/** Decodes the text of a `migration.yaml`; `file` is what mistakes are reported under. Faults: MIGRATION_INVALID. */
export function decodeMigration(text: string, file: string): Migration {
  const yaml = readYaml(text)
  if (yaml.kind === 'broken') {
    throw fault('MIGRATION_INVALID', { file, mistakes: yaml.mistakes.map((mistake) => `${file}:${mistake}`) })
  }
  const decoded = migrationSchema.safeParse(yaml.value)
  if (decoded.success) return decoded.data
  const mistakes = describeIssues(decoded.error.issues, yaml)
  throw fault('MIGRATION_INVALID', { file, mistakes: mistakes.map((mistake) => `${file}:${mistake}`) })
}
