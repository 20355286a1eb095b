import type { Command } from 'commander'
import { rest } from '../base/abort.ts'
import { exitCode } from '../base/fault.ts'
import { unknownMigration } from '../model/faults.ts'
import { type Party, parties } from '../model/party.ts'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import {
  type EngineAccess,
  isAsked,
  type MigrationFilter,
  type MigrationStateKind,
  type MigrationView,
  migrationStates,
} from '../ports/engine.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { exitOf } from './migration-state.ts'
import { painter } from './print-fault.ts'
import { migrationsJson } from './status-json.ts'
import { migrationText } from './status-text.ts'
import { addVisit, type VisitOptions, visiting } from './visit.ts'

interface StatusOptions extends VisitOptions {
  readonly customer?: string
  readonly state?: MigrationStateKind
  readonly baton?: Party
  readonly watch?: true
  readonly json?: true
}

const watchEveryMs = 1000

/** Adds `threeshift status`: who has to act, on what, since when. Changes nothing. */
export function registerStatus(
  program: Command,
  context: CliContext,
  ports: { readonly engine: EngineAccess; readonly controlPlane: ControlPlaneAccess },
): void {
  const command = program
    .command('status')
    .helpGroup('The move:')
    .summary('show who has to act, on what, since when')
    .description(
      'Shows the migrations of this engine, or one of them with all its rows; with --server what a party may see of them: whose turn it is,\n' +
        'its own rows, and what is asked of it.\n' +
        'Exit codes with a migration: 0 done or running, 3 somebody has to act, 4 failed and safe, 5 rollback needed.',
    )
    .argument('[migration]', 'only this one, with its rows')
    .option('--customer <name>', 'only those of this customer')
    .option(
      '--state <state>',
      `only those in this state: ${migrationStates.join(', ')}`,
      oneOf('--state', migrationStates),
    )
    .option('--baton <party>', 'only those where this party has to act', oneOf('--baton', parties))
    .option('--watch', 'show it again whenever it changes, until Ctrl-C')
    .option('--json', 'print one JSON object as the last line of stdout; with --watch one a line')
  addVisit(command).action((migration: string | undefined, options: StatusOptions) =>
    onViews(options, context, ports, (list) => status(migration, options, context, list)),
  )
}

type ListViews = (filter: MigrationFilter) => Promise<readonly MigrationView[]>

async function onViews(
  options: StatusOptions,
  context: CliContext,
  { engine: access, controlPlane }: { readonly engine: EngineAccess; readonly controlPlane: ControlPlaneAccess },
  work: (list: ListViews) => Promise<void>,
): Promise<void> {
  if (options.server !== undefined) {
    await visiting(options.server, options, context, controlPlane, (person) =>
      work(async (filter) => (await person.status()).migrations.filter((view) => isAsked(view, filter))),
    )
    return
  }
  const note = (line: string) => void context.stderr.write(`${line}\n`)
  const engine = await access.open({ worker: false, onNote: note, signal: context.signal })
  try {
    await work((filter) => engine.list(filter))
  } finally {
    await engine.close()
  }
}

async function status(
  migration: string | undefined,
  options: StatusOptions,
  context: CliContext,
  list: ListViews,
): Promise<void> {
  const filter = filterOf(migration, options)
  let shown = ''
  for (;;) {
    const views = await list(filter)
    if (migration !== undefined && views.length === 0) throw unknownMigration(migration)
    const text =
      options.json === true ? `${JSON.stringify(migrationsJson(views))}\n` : textOf(views, migration, context)
    if (text !== shown) context.stdout.write(text)
    shown = text
    if (options.watch !== true) {
      const [view] = views
      context.exitWith(migration === undefined || view === undefined ? exitCode.ok : exitOf(view.state))
      return
    }
    await rest(watchEveryMs, context.signal)
    // Ctrl-C is how a watch ends.
    if (context.signal.aborted) return
  }
}

function filterOf(migration: string | undefined, options: StatusOptions): MigrationFilter {
  return {
    ...(migration === undefined ? {} : { ids: [migration] }),
    ...(options.customer === undefined ? {} : { customer: options.customer }),
    ...(options.state === undefined ? {} : { states: [options.state] }),
    ...(options.baton === undefined ? {} : { baton: options.baton }),
  }
}

function textOf(views: readonly MigrationView[], migration: string | undefined, context: CliContext): string {
  if (views.length === 0) return 'No migration.\n'
  const [paint, now] = [painter(context, context.stdout), context.clock.now()]
  return views.map((view) => migrationText(view, { paint, now, rows: migration !== undefined })).join('\n')
}

function oneOf<Word extends string>(option: string, words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((each) => each === text)
    if (word === undefined) throw fault('OPTION_INVALID', { option, allowed: words.join(', ') })
    return word
  }
}
