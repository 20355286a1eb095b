import type { Command } from 'commander'
import type { Deed, Engine, EngineAccess, MigrationView } from '../ports/engine.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { addIdentity, identityOf, type IdentityOptions } from './identity.ts'
import { painter } from './print-fault.ts'
import { migrationsJson } from './status-json.ts'
import { migrationText } from './status-text.ts'

interface SteerOptions extends IdentityOptions {
  readonly reason: string
  readonly to?: string
  readonly digest?: string
  readonly json?: true
}

interface Steering {
  readonly name: string
  readonly summary: string
  readonly description: string
  /** Whether the row is an argument, is given by --to, or there is none. */
  readonly row: 'argument' | 'to' | 'none'
  readonly act: (engine: Engine, deed: Deed, row: string, options: SteerOptions) => Promise<unknown>
}

const steerings: readonly Steering[] = [
  {
    name: 'approve',
    summary: 'agree to what a row asks',
    description:
      'Agrees to what `threeshift status` shows for the row. Whoever asked for the run does not suffice alone.',
    row: 'argument',
    act: (engine, deed, row, { digest }) =>
      engine.answer({ ...deed, row, verdict: 'approved', ...(digest === undefined ? {} : { digest }) }),
  },
  {
    name: 'reject',
    summary: 'refuse what a row asks',
    description: 'Refuses what the row asks: it fails safely, and is asked for again after `threeshift resume`.',
    row: 'argument',
    act: (engine, deed, row, { digest }) =>
      engine.answer({ ...deed, row, verdict: 'rejected', ...(digest === undefined ? {} : { digest }) }),
  },
  {
    name: 'pause',
    summary: 'let the running verb end, and begin no other',
    description: 'Lets the running verb end, and begins no other before `threeshift resume`.',
    row: 'none',
    act: (engine, deed) => engine.pause(deed),
  },
  {
    name: 'resume',
    summary: 'go on after a pause, a failure, a cancellation or a rollback',
    description: 'Goes on. A failed row is looked at again before anything is done.',
    row: 'none',
    act: (engine, deed) => engine.resume(deed),
  },
  {
    name: 'cancel',
    summary: 'stop the running verb and end the run',
    description:
      'Stops the running verb and ends the run. What is done stays done; `resume`, `rewind` and `rollback` still work.',
    row: 'none',
    act: (engine, deed) => engine.cancel(deed),
  },
  {
    name: 'rewind',
    summary: 'look at a row and all later ones again',
    description:
      'Begins again at a row: it and all later ones are checked, and done where they have to be. Undoes nothing.',
    row: 'to',
    act: (engine, deed, row) => engine.rewind({ ...deed, row }),
  },
  {
    name: 'rollback',
    summary: 'undo rows in reverse order, down to one',
    description:
      'Undoes what was done, from the last row down to the one given, which is undone too. Stops at a row that cannot be.',
    row: 'to',
    act: (engine, deed, row) => engine.rollback({ ...deed, row }),
  },
]

/** Adds the commands by which people steer a migration. Each needs a reason, which is kept with the name. */
export function registerSteer(program: Command, context: CliContext, ports: { readonly engine: EngineAccess }): void {
  for (const steering of steerings) {
    const command = program
      .command(steering.name)
      .helpGroup('The move:')
      .summary(steering.summary)
      .description(steering.description)
      .argument('<migration>', 'which one')
    if (steering.row === 'argument') command.argument('<row>', 'which row')
    if (steering.row === 'to') command.requiredOption('--to <row>', 'which row')
    if (steering.row === 'argument')
      command.option('--digest <hex>', 'of what was shown to you: refuse when it has changed')
    command
      .requiredOption('--reason <text>', 'why; it is kept')
      .option('--json', 'print the migration as one JSON object as the last line of stdout')
    const action = (migration: string, row: string, options: SteerOptions) =>
      steer(steering, migration, row, options, context, ports.engine)
    addIdentity(command).action(
      steering.row === 'argument'
        ? action
        : (migration: string, options: SteerOptions) => action(migration, options.to ?? '', options),
    )
  }
}

async function steer(
  steering: Steering,
  migration: string,
  row: string,
  options: SteerOptions,
  context: CliContext,
  access: EngineAccess,
): Promise<void> {
  const by = identityOf(options, context, `threeshift ${steering.name}`)
  const note = (line: string) => void context.stderr.write(`${line}\n`)
  const engine = await access.open({ worker: false, onNote: note, signal: context.signal })
  try {
    await steering.act(engine, { migration, by, reason: options.reason }, row, options)
    const [view] = await engine.list({ ids: [migration] })
    if (view === undefined) throw fault('MIGRATION_UNKNOWN', { migration })
    context.stdout.write(options.json ? `${JSON.stringify(migrationsJson([view]))}\n` : textOf(view, context))
  } finally {
    await engine.close()
  }
}

function textOf(view: MigrationView, context: CliContext): string {
  return migrationText(view, { paint: painter(context, context.stdout), now: context.clock.now(), rows: false })
}
