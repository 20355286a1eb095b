import * as prompts from '@clack/prompts'
import { Stop } from '../base/stop.ts'
import { type DatabaseKind, type MigrationInput, migrationSchema } from '../model/migration.ts'
import type { AccessLevel } from '../model/party.ts'
import { isAtLeast, releases } from '../model/release.ts'
import { releaseOfRhoam } from '../runbook/destination-build.ts'
import type { CliContext } from './context.ts'

interface Choice<Value> {
  readonly value: Value
  readonly label: string
  readonly hint?: string
}

const databases: readonly Choice<DatabaseKind>[] = [
  { value: 'mysql', label: 'MySQL' },
  { value: 'mariadb', label: 'MariaDB' },
  { value: 'postgresql', label: 'PostgreSQL' },
  { value: 'oracle', label: 'Oracle', hint: 'planned only: it cannot be read yet' },
]

const levels: readonly Choice<AccessLevel>[] = [
  { value: 'limited', label: 'Limited', hint: 'the vendor works in the destination account; the usual one' },
  { value: 'extended-limits', label: 'Extended limits', hint: 'the customer restores Redis' },
  { value: 'no-access', label: 'No access', hint: 'the customer runs all data steps' },
]

/**
 * Asks, on stderr, the questions that nobody can answer for the user. What is not asked is what `example` has, but for
 * what only the user can know (AWS account, contacts, window): that is left out, so that no example passes for an answer.
 *
 * Abort, Ctrl-C and Escape: throws a `Stop`; nothing is written.
 */
export async function askMigration(example: MigrationInput, context: CliContext): Promise<MigrationInput> {
  const io = { input: context.stdin, output: context.stderr, signal: context.signal }
  /** Asks for a text until `put` makes a migration of it that can be decoded. */
  const text = async (message: string, shown: string, put: (answer: string) => MigrationInput) => {
    const validate = (answer = '') => complaint(put(answer))
    return put((await answered(prompts.text({ ...io, message, placeholder: shown, validate }))) ?? '')
  }
  const choice = <Value extends string>(message: string, options: readonly Choice<Value>[], initialValue?: Value) =>
    // clack's own option type is distributive: it does not see through a type parameter.
    answered(
      prompts.select<string>({ ...io, message, options: [...options], ...(initialValue ? { initialValue } : {}) }),
    ) as Promise<Value>

  const { window: _window, contacts: _contacts, ...kept } = example
  const { aws: _aws, ...keptDestination } = example.destination
  let draft: MigrationInput = { ...kept, destination: keptDestination }

  prompts.intro('A new migration', io)
  draft = await text('A short name for it', 'acme-production', (name) => ({ ...draft, name }))
  const accessLevel = await choice("How far may the vendor into the customer's accounts?", levels)
  const options = releases.map((value) => ({ value, label: value }))
  const release = await choice('Which 3scale does the source run?', options, draft.source.release)
  draft = { ...draft, accessLevel, source: { ...draft.source, release } }
  const kind = await choice('On which database?', databases)
  draft = await text('Of which version?', 'such as 5.7, 8.0.36 or 13', (version) => ({
    ...draft,
    source: { ...draft.source, database: { ...draft.source.database, kind, version } },
  }))
  draft = await text("The source's wildcard domain", example.source.wildcardDomain, (wildcardDomain) => ({
    ...draft,
    source: { ...draft.source, wildcardDomain },
  }))
  draft = await text("The migration cluster's", example.migrationCluster.wildcardDomain, (wildcardDomain) => ({
    ...draft,
    migrationCluster: { ...draft.migrationCluster, wildcardDomain },
  }))
  draft = await text("The destination's", example.destination.wildcardDomain, (wildcardDomain) => ({
    ...draft,
    destination: { ...draft.destination, wildcardDomain },
  }))
  draft = await text('Its custom domain, if it is to have one', 'none', (customDomain) =>
    customDomain === '' ? draft : { ...draft, destination: { ...draft.destination, customDomain } },
  )
  draft = await text('Which RHOAM runs there?', `such as ${example.destination.rhoamVersion}`, (rhoamVersion) => ({
    ...draft,
    destination: { ...draft.destination, rhoamVersion, threescaleRelease: releaseOfRhoam(rhoamVersion) ?? release },
  }))
  if (releaseOfRhoam(draft.destination.rhoamVersion) === undefined) {
    const offered = options.filter(({ value }) => isAtLeast(value, release))
    const threescaleRelease = await choice('And which 3scale does that RHOAM run?', offered.toReversed())
    draft = { ...draft, destination: { ...draft.destination, threescaleRelease } }
  }
  prompts.outro('Secrets are never asked for: the file says which environment variables they come from.', io)
  return migrationSchema.parse(draft)
}

async function answered<Answer>(question: Promise<Answer>): Promise<Exclude<Answer, symbol>> {
  const answer = await question
  if (prompts.isCancel(answer)) throw new Stop('operator')
  // A cancelled question answers with a symbol, and nothing else does.
  return answer as Exclude<Answer, symbol>
}

/** What is wrong with a draft that was right before its newest answer, in the schema's own words. */
function complaint(draft: MigrationInput): string | undefined {
  const issue = migrationSchema.safeParse(draft).error?.issues.at(0)
  return issue === undefined ? undefined : `Allowed: ${issue.message}`
}
