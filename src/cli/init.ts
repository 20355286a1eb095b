import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { MigrationInput } from '../model/migration.ts'
import { askMigration } from './ask-migration.ts'
import type { CliContext } from './context.ts'
import { defaultMigration } from './default-migration.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { readMigration } from './read-migration.ts'
import { writeMigration } from './write-migration.ts'
import { schemaName, schemaText, writeSchemaBeside } from './write-schema.ts'

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
    .description(
      'Writes a commented migration.yaml, and its JSON Schema beside it for editors. Asks ten questions, ' +
        'or takes the answers from a file.',
    )
    .option('--defaults', 'ask nothing: a complete example, ready for a rehearsal')
    .option('--from <file>', 'ask nothing: answers from a YAML or JSON file, the rest as with --defaults')
    .option('--out <file>', 'where to write', 'migration.yaml')
    .option('--force', 'replace files that exist')
    .option('--schema', 'print the JSON Schema of migration.yaml, and write nothing')
    .option('--json', 'print the result as one JSON object')
    .action((options: InitOptions) => init(options, context))
}

async function init(options: InitOptions, context: CliContext): Promise<void> {
  if (options.schema) {
    context.stdout.write(schemaText())
    return
  }
  const migration = await answers(options, context)
  const file = options.out
  const force = options.force === true
  await writeFile(resolve(context.cwd, file), writeMigration(migration), {
    flag: force ? 'w' : 'wx',
    signal: context.signal,
  }).catch((cause: unknown) => {
    if (context.signal.aborted) throw context.signal.reason
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw fault('FILE_EXISTS', { file }, cause)
    throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(cause) }, cause)
  })
  const schema = await writeSchemaBeside(file, { force }, context)
  if (schema === 'left') {
    context.stderr.write(`Another ${schemaName} is there and was left as it is; --force replaces it.\n`)
  }
  context.stdout.write(
    options.json
      ? `${JSON.stringify({ verdict: 'written', file, migration: migration.name, schema })}\n`
      : `Wrote ${file}${schema === 'written' ? ` and ${schemaName} beside it` : ''}. Next: threeshift plan -c ${file}\n`,
  )
}

async function answers(options: InitOptions, context: CliContext): Promise<MigrationInput> {
  const example = defaultMigration(context.clock.now())
  if (options.from !== undefined) return readMigration(options.from, context, example)
  if (options.defaults) return example
  if (context.stdin.isTTY !== true) throw fault('INIT_NEEDS_ANSWERS', { missing: 'stdin' })
  if (context.stderr.isTTY !== true) throw fault('INIT_NEEDS_ANSWERS', { missing: 'stderr' })
  return askMigration(example, context)
}
