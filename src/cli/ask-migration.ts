import * as prompts from '@clack/prompts'
import { Stop } from '../base/stop.ts'
import { type MigrationInput, migrationSchema } from '../model/migration.ts'
import type { AccessLevel } from '../model/party.ts'
import { releases } from '../model/release.ts'
import type { CliContext } from './context.ts'

const databases = [
  { label: 'MySQL 5.7', kind: 'mysql', version: '5.7' },
  { label: 'MySQL 8', kind: 'mysql', version: '8.0' },
  { label: 'MariaDB 10', kind: 'mariadb', version: '10.6' },
  { label: 'PostgreSQL', kind: 'postgresql', version: '13' },
  { label: 'Oracle (planned only: it cannot be read yet)', kind: 'oracle', version: '19' },
] as const

const levels: readonly { readonly value: AccessLevel; readonly label: string; readonly hint: string }[] = [
  { value: 'limited', label: 'Limited', hint: 'the vendor works in the destination account; the usual one' },
  { value: 'extended-limits', label: 'Extended limits', hint: 'the customer restores Redis' },
  { value: 'no-access', label: 'No access', hint: 'the customer runs all data steps' },
]

/**
 * Asks the questions that no default can answer, on stderr, and puts the answers over `defaults`.
 *
 * Abort, Ctrl-C and Escape: throws a `Stop`; nothing is written.
 */
export async function askMigration(defaults: MigrationInput, context: CliContext): Promise<MigrationInput> {
  const io = { input: context.stdin, output: context.stderr, signal: context.signal }
  const text = (message: string, initialValue: string, field: FieldPath) =>
    answered(
      prompts.text({ ...io, message, initialValue, validate: (value) => complaint(defaults, field, value ?? '') }),
    )

  prompts.intro('A new migration', io)
  const name = await text('A short name for it', defaults.name, ['name'])
  const accessLevel = await answered(
    prompts.select({ ...io, message: "How far may the vendor into the customer's accounts?", options: [...levels] }),
  )
  const release = await answered(
    prompts.select({
      ...io,
      message: 'Which 3scale does the source run?',
      options: releases.map((value) => ({ value, label: value })),
      initialValue: defaults.source.release,
    }),
  )
  const label = await answered(
    prompts.select({
      ...io,
      message: 'On which database?',
      options: databases.map((database) => ({ value: database.label, label: database.label })),
    }),
  )
  const database = databases.find((candidate) => candidate.label === label) ?? databases[0]
  const source = await text("The source's wildcard domain", defaults.source.wildcardDomain, [
    'source',
    'wildcardDomain',
  ])
  const migration = await text("The migration cluster's", defaults.migrationCluster.wildcardDomain, [
    'migrationCluster',
    'wildcardDomain',
  ])
  const destination = await text("The destination's", defaults.destination.wildcardDomain, [
    'destination',
    'wildcardDomain',
  ])
  prompts.outro('Secrets are never asked for: the file says which environment variables they come from.', io)

  return migrationSchema.parse({
    ...defaults,
    name,
    accessLevel,
    source: {
      ...defaults.source,
      release,
      wildcardDomain: source,
      database: { ...defaults.source.database, kind: database.kind, version: database.version },
    },
    migrationCluster: { ...defaults.migrationCluster, wildcardDomain: migration },
    destination: { ...defaults.destination, wildcardDomain: destination },
  } satisfies MigrationInput)
}

async function answered<Answer>(question: Promise<Answer>): Promise<Exclude<Answer, symbol>> {
  const answer = await question
  if (prompts.isCancel(answer)) throw new Stop('operator')
  // A cancelled question answers with a symbol, and nothing else does.
  return answer as Exclude<Answer, symbol>
}

type FieldPath = readonly ['name'] | readonly ['source' | 'migrationCluster' | 'destination', 'wildcardDomain']

/** What is wrong with `value` in that field, in the schema's own words; undefined when nothing is. */
function complaint(defaults: MigrationInput, field: FieldPath, value: string): string | undefined {
  const [block] = field
  const candidate =
    block === 'name'
      ? { ...defaults, name: value }
      : { ...defaults, [block]: { ...defaults[block], wildcardDomain: value } }
  const issue = migrationSchema.safeParse(candidate).error?.issues.at(0)
  return issue === undefined ? undefined : `Allowed: ${issue.message}`
}
