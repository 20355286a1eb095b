import type { Command } from 'commander'
import { unknownMigration } from '../model/faults.ts'
import type { Deed, Engine, EngineAccess } from '../ports/engine.ts'
import type { CliContext } from './context.ts'
import { addIdentity, identityOf, type IdentityOptions } from './identity.ts'
import { writeMigration } from './write-view.ts'

interface SteerOptions extends IdentityOptions {
  readonly reason: string
  readonly to?: string
  readonly json?: true
}

interface Steering {
  readonly name: string
  readonly summary: string
  readonly description: string
  /** Whether a row is given by --to. */
  readonly row: 'to' | 'none'
  readonly act: (engine: Engine, deed: Deed, row: string) => Promise<void>
}

const steerings: readonly Steering[] = [
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
    if (steering.row === 'to') command.requiredOption('--to <row>', 'which row')
    command
      .requiredOption('--reason <text>', 'why; it is kept')
      .option('--json', 'print the migration as one JSON object as the last line of stdout')
    addIdentity(command).action((migration: string, options: SteerOptions) =>
      steer(steering, migration, options, context, ports.engine),
    )
  }
}

async function steer(
  steering: Steering,
  migration: string,
  options: SteerOptions,
  context: CliContext,
  access: EngineAccess,
): Promise<void> {
  const by = identityOf(options, context, `threeshift ${steering.name}`)
  const note = (line: string) => void context.stderr.write(`${line}\n`)
  const engine = await access.open({ worker: false, onNote: note, signal: context.signal })
  try {
    await steering.act(engine, { migration, by, reason: options.reason }, options.to ?? '')
    const [view] = await engine.list({ ids: [migration] })
    if (view === undefined) throw unknownMigration(migration)
    writeMigration(view, options.json === true, context)
  } finally {
    await engine.close()
  }
}
