import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { compile } from '../runbook/compile.ts'
import { runbook } from '../runbook/rows.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { downtimeLine, forecastOption, readForecast } from './forecast.ts'
import { planPage } from './pages/plan-page.ts'
import { planJson } from './plan-json.ts'
import { planTable } from './plan-table.ts'
import { painter } from './print-fault.ts'
import { readMigration } from './read-migration.ts'

interface PlanOptions {
  readonly config: string
  readonly json?: true
  readonly html?: string
  readonly forecast?: string
}

/** Adds `threeshift plan`: who does what, where, in which order, and what of it can be undone. Changes nothing. */
export function registerPlan(program: Command, context: CliContext): void {
  program
    .command('plan')
    .helpGroup('Before the move:')
    .summary('show every row: owner, place, downtime, undo')
    .description(
      'Compiles the runbook for one migration: who does what, where, in which order, and what can be undone.',
    )
    .option('-c, --config <file>', 'the migration', 'migration.yaml')
    .option(...forecastOption)
    .option('--json', 'print one JSON object instead of the table')
    .option('--html <file>', 'also write the plan as one self-contained page, for a change board')
    .action((options: PlanOptions) => plan(options, context))
}

async function plan(options: PlanOptions, context: CliContext): Promise<void> {
  const compiled = compile(runbook, await readMigration(options.config, context))
  const forecast =
    options.forecast === undefined ? null : await readForecast(options.forecast, compiled.migration, context)
  if (options.html !== undefined) {
    const file = options.html
    await writeFile(resolve(context.cwd, file), planPage(compiled), { signal: context.signal }).catch(
      (cause: unknown) => {
        if (context.signal.aborted) throw context.signal.reason
        throw fault('FILE_UNWRITABLE', { file, reason: errnoOf(cause) }, cause)
      },
    )
    context.stderr.write(`Page for the change board: ${file}\n`)
  }
  context.stdout.write(
    options.json
      ? `${JSON.stringify(planJson(compiled, forecast))}\n`
      : planTable(compiled, {
          paint: painter(context, context.stdout),
          ...(forecast === null ? {} : { downtime: downtimeLine(forecast, compiled) }),
          columns: context.stdout.isTTY === true ? (context.stdout.columns ?? 100) : Infinity,
        }),
  )
}
