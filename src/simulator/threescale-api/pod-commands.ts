import type { Release } from '../../model/release.ts'
import { rakeTasks } from '../../threescale/pod-commands.ts'
import { releaseFacts, releases } from '../../threescale/releases.ts'
import { mysqlTriggers, postgresTriggers } from '../../threescale/tenant-rules.ts'
import { type CommandResult, failure } from './command-result.ts'
import type { Installation } from './installation.ts'
import { runRubyScript } from './rails-runner.ts'
import { rewriteStorage } from './rewrite-storage.ts'
import { splitWords } from './split-words.ts'
import { type ZyncRoute, zyncRoutes } from './zync-routes.ts'

export interface PodCommandContext {
  readonly installation: Installation
  /** What zync does with what it is told: makes these routes, and takes the others away. */
  readonly resyncRoutes: (routes: readonly ZyncRoute[]) => Promise<void>
}

/**
 * Runs a command of a 3scale pod, one that `isPodCommand`, against the installation's real database and Redis.
 *
 * In: the argument list of an exec, also behind `/bin/bash -c`. A task that fails says so on stderr and ends with 1, as
 * Ruby does; what its driver's message may quote is not in it.
 */
export async function runPodCommand(argv: readonly string[], context: PodCommandContext): Promise<CommandResult> {
  const [, , program, ...rest] = unwrapShell(argv)
  try {
    return program === 'rake' ? await rake(rest, context) : await runRubyScript(rest[1] ?? '', context.installation)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'StandardError'
    return failure(`rake aborted!\n${code}: the database or Redis refused\n`)
  }
}

/** Whether a command is Ruby's, and simulated; else some real program is meant. */
export function isPodCommand(argv: readonly string[]): boolean {
  const [bundle, exec, program, ...rest] = unwrapShell(argv)
  return bundle === 'bundle' && exec === 'exec' && (program === 'rake' || (program === 'rails' && rest[0] === 'runner'))
}

function unwrapShell(argv: readonly string[]): readonly string[] {
  const [shell = '', flag, script] = argv
  const isShell = /(?:^|\/)(?:ba)?sh$/.test(shell) && /^-l?c$/.test(flag ?? '') && script !== undefined
  return isShell ? splitWords(script) : argv
}

function done(stdout: string): CommandResult {
  return { stdout, stderr: '', exitCode: 0 }
}

async function rake(args: readonly string[], context: PodCommandContext): Promise<CommandResult> {
  const { installation, resyncRoutes } = context
  const [task = '', ...settings] = args
  const providerId = settings.find((setting) => /^PROVIDER_ID=\d+$/.test(setting))?.slice('PROVIDER_ID='.length)
  switch (task) {
    case rakeTasks.resyncDomains:
      // Those of one provider are told of, and zync then looks at all of its tenant's; nobody else's change.
      await resyncRoutes(await zyncRoutes(installation.database))
      return done('')
    case rakeTasks.enqueueRewrite:
    case rakeTasks.rewrite:
      await rewriteStorage(installation, { kind: 'everyone' })
      return done('')
    case 'backend:storage:rewrite_provider':
      if (providerId === undefined) return failure('rake aborted!\nActiveRecord::RecordNotFound\n')
      await rewriteStorage(installation, { kind: 'provider', id: providerId })
      return done('')
    case rakeTasks.createTriggers:
    case rakeTasks.createProcedures:
      await createTriggers(installation, task === rakeTasks.createProcedures ? 'procedures' : 'triggers')
      return done('')
    case rakeTasks.reindex:
      return done(await indexedRows(installation))
    default:
      return failure(
        `rake aborted!\nDon't know how to build task '${task}' (See the list of available tasks with \`rake --tasks\`)\n`,
      )
  }
}

/** By the last migration; of two releases with the same schema either will do. */
async function releaseOf({ database }: Installation): Promise<Release> {
  const [row] = await database.rows('SELECT max(version) AS version FROM schema_migrations')
  const found = releases.find((release) => releaseFacts[release].lastMigration === row?.['version'])
  if (found === undefined) throw new Error('no release has this schema')
  return found
}

async function createTriggers(installation: Installation, wanted: 'triggers' | 'procedures'): Promise<void> {
  const { database } = installation
  const release = await releaseOf(installation)
  const statements = database.dialect === 'postgresql' ? postgresTriggers(release) : mysqlTriggers(release)
  for (const statement of statements) {
    const isProcedure = statement.includes('sp_invoices_friendly_id(')
    if (isProcedure !== (wanted === 'procedures')) continue
    if (database.dialect === 'mysql') await dropBefore(installation, statement)
    await database.run(statement)
  }
}

async function dropBefore({ database }: Installation, statement: string): Promise<void> {
  const [, kind, name] = /^CREATE (TRIGGER|PROCEDURE) (\w+)/.exec(statement) ?? []
  if (kind === undefined || name === undefined) throw new Error(`bug: what is made by ${statement.slice(0, 40)}?`)
  await database.run(`DROP ${kind} IF EXISTS ${name}`)
}

/** What the search server is filled with. There is none here, so all that shows is how much it would be. */
async function indexedRows({ database }: Installation): Promise<string> {
  const lines: string[] = []
  for (const [index, from] of [
    ['account_core', 'accounts WHERE master IS NULL OR NOT master'],
    ['cinstance_core', "cinstances WHERE type = 'Cinstance'"],
    ['service_core', "services WHERE state <> 'deleted'"],
    ['proxy_rule_core', 'proxy_rules'],
  ] as const) {
    const [row] = await database.rows(`SELECT count(*) AS found FROM ${from}`)
    lines.push(`indexing index '${index}': collected ${row?.['found']} docs\n`)
  }
  return lines.join('')
}
