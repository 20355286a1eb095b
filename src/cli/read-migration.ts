import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Migration, type MigrationInput, migrationSchema } from '../model/migration.ts'
import { releaseOfRhoam } from '../runbook/destination-build.ts'
import type { CliContext } from './context.ts'
import { describeIssues } from './describe-issues.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { readYaml } from './read-yaml.ts'

/**
 * Reads and decodes a `migration.yaml`; `file` as the user wrote it, relative to the context's folder. What it leaves
 * out is taken from `base`, where there is one.
 *
 * Faults: FILE_UNREADABLE; MIGRATION_INVALID, which lists every mistake with `file:line:column`, the field and what is
 * allowed. A value is quoted only where it cannot be a secret.
 */
export async function readMigration(file: string, context: CliContext, base?: MigrationInput): Promise<Migration> {
  const text = await readFile(resolve(context.cwd, file), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      if (context.signal.aborted) throw context.signal.reason
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    },
  )
  // A file that ends while it is being read ends the reading as well, aborted or not.
  context.signal.throwIfAborted()
  return decodeMigration(text, file, base)
}

/**
 * Decodes the text of a `migration.yaml`, laid over `base` where there is one; `file` is what mistakes are reported
 * under.
 *
 * Faults: MIGRATION_INVALID.
 */
export function decodeMigration(text: string, file: string, base?: MigrationInput): Migration {
  const yaml = readYaml(text)
  if (yaml.kind === 'broken') {
    throw fault('MIGRATION_INVALID', { file, mistakes: yaml.mistakes.map((mistake) => `${file}:${mistake}`) })
  }
  const decoded = checkedSchema.safeParse(base === undefined ? yaml.value : overlay(base, yaml.value))
  if (decoded.success) return decoded.data
  const mistakes = describeIssues(decoded.error.issues, yaml)
  throw fault('MIGRATION_INVALID', { file, mistakes: mistakes.map((mistake) => `${file}:${mistake}`) })
}

/** With what the model cannot know: which 3scale a version of RHOAM runs. */
const checkedSchema = migrationSchema.superRefine(({ destination }, check) => {
  const release = releaseOfRhoam(destination.rhoamVersion)
  if (release === undefined || release === destination.threescaleRelease) return
  const message = `${release}, which is what RHOAM ${destination.rhoamVersion} runs`
  check.addIssue({ code: 'custom', path: ['destination', 'threescaleRelease'], message })
})

function overlay(below: unknown, above: unknown): unknown {
  if (!isFields(below) || !isFields(above)) return above
  const keys = new Set([...Object.keys(below), ...Object.keys(above)])
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(above, key) ? overlay(below[key], above[key]) : below[key]]),
  )
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
