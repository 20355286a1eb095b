import type { Command } from 'commander'
import { sleep } from '../base/abort.ts'
import { type Party, parties } from '../model/party.ts'
import type { Engine, EngineAccess, MigrationView } from '../ports/engine.ts'
import { compile } from '../runbook/compile.ts'
import { gatesOf } from '../runbook/gates.ts'
import { runbook } from '../runbook/rows.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { downtimeLine, forecastOption, readForecast } from './forecast.ts'
import { addIdentity, type IdentityOptions, identityOf } from './identity.ts'
import { exitOf } from './migration-state.ts'
import { painter } from './print-fault.ts'
import { readMigration } from './read-migration.ts'
import { migrationsJson } from './status-json.ts'
import { migrationText } from './status-text.ts'

interface RunOptions extends IdentityOptions {
  readonly config: string
  readonly customer?: string
  readonly agents: readonly Party[]
  readonly wait?: true
  readonly forecast?: string
  readonly json?: true
}

const betweenLooksMs = 300

/** Adds `threeshift run`: starts a migration, or goes on with it, until somebody has to act. */
export function registerRun(program: Command, context: CliContext, ports: { readonly engine: EngineAccess }): void {
  const command = program
    .command('run')
    .helpGroup('The move:')
    .summary('start a migration, or go on with it')
    .description(
      'Runs the rows of a migration, and goes on where it was whatever ended the last run. Ends when a person or an\n' +
        'agent has to act, unless --wait is given. Ctrl-C stops safely; the same command goes on.\n' +
        'Exit codes: 0 done, 3 somebody has to act, 4 failed and safe (or cancelled, or rolled back), 5 rollback needed.',
    )
    .option('-c, --config <file>', 'the migration', 'migration.yaml')
    .option('--customer <name>', "whose migration it is, for lists and limits (else the migration's name)")
    .option(
      '--agents <parties>',
      'parties whose rows run on agents of their own, with commas between them',
      parseParties,
      [],
    )
    .option(...forecastOption)
    .option('--wait', 'stay while people or agents have to act, and go on when they have')
    .option('--json', 'print the migration as one JSON object as the last line of stdout')
  addIdentity(command).action((options: RunOptions) => run(options, context, ports.engine))
}

async function run(options: RunOptions, context: CliContext, access: EngineAccess): Promise<void> {
  const settings = await readMigration(options.config, context)
  // Said now, and not by the row that stands before it after a day of preparation.
  if (settings.source.database.kind === 'oracle') throw fault('SOURCE_UNREADABLE', { engine: 'Oracle' })
  const plan = compile(runbook, settings)
  const usual = settings.accessLevel === 'no-access' ? 'customer' : 'rhoam-eng'
  const by = identityOf(options, context, 'threeshift run', usual)
  const { agents } = options
  const forecast = options.forecast === undefined ? null : await readForecast(options.forecast, settings.name, context)
  const note = (line: string) => void context.stderr.write(`${line}\n`)
  const engine = await access.open({ worker: true, onNote: note, signal: context.signal })
  try {
    const customer = options.customer ?? settings.name
    const how = await engine.start({ settings, plan, gates: gatesOf(plan), customer, agents, by, forecast })
    if (forecast !== null) note(`Downtime: ${downtimeLine(forecast, plan)}.`)
    note(how === 'started' ? `${settings.name} has begun.` : `${settings.name} goes on.`)
    const view = await untilSomebodyActs(engine, settings.name, options.wait === true, context)
    const paint = painter(context, context.stdout)
    context.stdout.write(
      options.json
        ? `${JSON.stringify(migrationsJson([view]))}\n`
        : migrationText(view, { paint, now: context.clock.now(), rows: false }),
    )
    context.exitWith(exitOf(view.state))
  } finally {
    await engine.close()
  }
}

/** Says on stderr what changes. Abort: throws the reason; the caller closes the engine, which stops what runs. */
async function untilSomebodyActs(
  engine: Engine,
  id: string,
  waits: boolean,
  context: CliContext,
): Promise<MigrationView> {
  let said = ''
  for (;;) {
    const [view] = await engine.list({ ids: [id] })
    if (view === undefined) throw new Error(`bug: ${id} was started and is not there`)
    const line = `${view.state}  ${view.baton.why}`
    if (line !== said) context.stderr.write(`${line}\n`)
    said = line
    if (!goesOn(view, waits)) return view
    await sleep(betweenLooksMs, context.signal)
  }
}

function goesOn({ state }: MigrationView, waits: boolean): boolean {
  if (state === 'running' || state === 'no-worker') return true
  return waits && (state === 'waiting-for-person' || state === 'waiting-for-agent' || state === 'paused')
}

function parseParties(text: string): readonly Party[] {
  return text.split(',').map((name) => {
    const party = parties.find((each) => each === name.trim())
    if (party === undefined) throw fault('OPTION_INVALID', { option: '--agents', allowed: parties.join(', ') })
    return party
  })
}
