import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type MigrationInput, migrationJsonSchema, migrationSchema } from '../model/migration.ts'
import { askMigration } from './ask-migration.ts'
import type { CliContext } from './context.ts'
import { defaultMigration } from './default-migration.ts'
import { describeIssues } from './describe-issues.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { readYaml } from './read-yaml.ts'
import { writeMigration } from './write-migration.ts'

interface InitOptions {
  readonly defaults?: true
  readonly from?: string
  readonly out: string
  readonly force?: true
  readonly schema?: true
  readonly json?: true
}

/** Adds `threeshift init`: writes a commented migration.yaml from answers, a file of answers, or defaults. */
export function registerInit(program: Command, context: CliContext): void {
  program
    .command('init')
    .helpGroup('Before the move:')
    .summary('write a migration.yaml')
    .description('Writes a commented migration.yaml: asks a few questions, or takes the answers from a file.')
    .option('--defaults', 'ask nothing: a complete example, ready for a rehearsal')
    .option('--from <file>', 'ask nothing: answers from a YAML or JSON file, the rest as with --defaults')
    .option('--out <file>', 'where to write', 'migration.yaml')
    .option('--force', 'replace a file that exists')
    .option('--schema', 'print the JSON Schema of migration.yaml, and write nothing')
    .option('--json', 'print the result as one JSON object')
    .action((options: InitOptions) => init(options, context))
}

async function init(options: InitOptions, context: CliContext): Promise<void> {
  if (options.schema) {
    context.stdout.write(`${JSON.stringify(migrationJsonSchema(), null, 2)}\n`)
    return
  }
  const migration = await answers(options, context)
  const file = options.out
  await writeFile(resolve(context.cwd, file), writeMigration(migration), {
    flag: options.force ? 'w' : 'wx',
    signal: context.signal,
  }).catch((cause: unknown) => {
    if (context.signal.aborted) throw context.signal.reason
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw fault('FILE_EXISTS', { file }, cause)
    throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(cause) }, cause)
  })
  context.stdout.write(
    options.json
      ? `${JSON.stringify({ verdict: 'written', file, migration: migration.name })}\n`
      : `Wrote ${file}. Next: threeshift plan -c ${file}\n`,
  )
}

async function answers(options: InitOptions, context: CliContext): Promise<MigrationInput> {
  const defaults = defaultMigration(context.clock.now())
  if (options.from !== undefined) return answersFrom(options.from, defaults, context)
  if (options.defaults) return defaults
  if (context.stdin.isTTY !== true) throw fault('INIT_NEEDS_ANSWERS', { missing: 'stdin' })
  if (context.stderr.isTTY !== true) throw fault('INIT_NEEDS_ANSWERS', { missing: 'stderr' })
  return askMigration(defaults, context)
}

/** Reads answers from a file and puts them over the defaults. Mistakes are reported with their place in that file. */
async function answersFrom(file: string, defaults: MigrationInput, context: CliContext): Promise<MigrationInput> {
  const text = await readFile(resolve(context.cwd, file), { encoding: 'utf8', signal: context.signal }).catch(
    (cause: unknown) => {
      if (context.signal.aborted) throw context.signal.reason
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    },
  )
  const yaml = readYaml(text)
  const located = (mistakes: readonly string[]) =>
    fault('MIGRATION_INVALID', { file, mistakes: mistakes.map((mistake) => `${file}:${mistake}`) })
  if (yaml.kind === 'broken') throw located(yaml.mistakes)
  const decoded = migrationSchema.safeParse(overlay(defaults, yaml.value))
  if (!decoded.success) throw located(describeIssues(decoded.error.issues, yaml))
  return decoded.data
}

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
