import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { parseDurationMs } from '../model/duration.ts'
import {
  expectedMs,
  fitOf,
  type Forecast,
  forecastSchema,
  type Timings,
  timingsFile,
  timingsSchema,
} from '../model/forecast.ts'
import { parties, type Party } from '../model/party.ts'
import type { Plan } from '../model/plan.ts'
import type { Doctor } from '../ports/doctor.ts'
import { compile } from '../runbook/compile.ts'
import { forecastOf } from '../runbook/forecast.ts'
import { runbook } from '../runbook/rows.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { readJson } from './read-json.ts'
import { readMigration } from './read-migration.ts'
import { several } from './several.ts'

interface ForecastOptions {
  readonly config: string
  readonly party: Party
  readonly rehearsal: readonly string[]
  readonly out: string
  readonly json?: true
}

/** The option by which `plan` and `run` are given a forecast. */
export const forecastOption = [
  '--forecast <file>',
  'what `threeshift forecast` wrote: how long the window will be',
] as const

/** Adds `threeshift forecast`: how long the service will be down, from rehearsals and the real size. */
export function registerForecast(program: Command, context: CliContext, ports: { readonly doctor: Doctor }): void {
  program
    .command('forecast')
    .helpGroup('Before the move:')
    .summary('how long the service will be down, from rehearsals and the real size')
    .description(
      'Scales what rehearsals measured to what the source really holds (by estimates; no table is read), and adds what\n' +
        'clusters, clouds and people usually need. Rehearsals of two sizes give a narrower range than one. The file that it\n' +
        'writes holds no secret: give it to `plan` and `run`.\n' +
        'Exit codes: 0 it fits the limit of the window or none is agreed, 3 it does not.',
    )
    .option('-c, --config <file>', 'the migration', 'migration.yaml')
    .option('--party <party>', 'who you are: who may read the source', parseParty, 'customer')
    .requiredOption('--rehearsal <file>', `${timingsFile} of a rehearsal (may be repeated)`, several)
    .option('--out <file>', 'where the forecast is written', 'window-forecast.json')
    .option('--json', 'print the forecast as one JSON object')
    .action((options: ForecastOptions) => run(options, context, ports.doctor))
}

async function run(options: ForecastOptions, context: CliContext, doctor: Doctor): Promise<void> {
  const { party, out } = options
  const migration = await readMigration(options.config, context)
  const timings: Timings[] = []
  for (const file of options.rehearsal)
    timings.push(await readJson(file, 'the timings of a rehearsal', timingsSchema, context))
  const size = await doctor.measureSource({ migration, party, signal: context.signal })
  const plan = compile(runbook, migration)
  const forecast = forecastOf(plan, timings, size, new Date(context.clock.now()).toISOString())
  await writeFile(resolve(context.cwd, out), `${JSON.stringify(forecast)}\n`).catch((cause: unknown) => {
    throw fault('FILE_UNWRITABLE', { file: out, reason: errnoOf(cause) }, cause)
  })
  context.stderr.write(`Forecast for \`plan --forecast\` and \`run --forecast\`: ${out}\n`)
  context.stdout.write(options.json ? `${JSON.stringify(forecast)}\n` : forecastText(forecast, plan))
  const limitMs = limitOf(plan)
  context.exitWith(limitMs !== null && fitOf(forecast, limitMs) === 'too-long' ? exitCode.waiting : exitCode.ok)
}

/** Reads what `forecast` wrote. Faults: as `readJson`; FORECAST_OF_ANOTHER. */
export async function readForecast(file: string, migration: string, context: CliContext): Promise<Forecast> {
  const forecast = await readJson(file, 'a forecast', forecastSchema, context)
  if (forecast.migration !== migration)
    throw fault('FORECAST_OF_ANOTHER', { file, of: forecast.migration, wanted: migration })
  return forecast
}

export function limitOf({ window }: Plan): number | null {
  return (window && parseDurationMs(window.limit)) ?? null
}

/** One line: the range, what is expected, and whether that fits. */
export function downtimeLine(forecast: Forecast, plan: Plan): string {
  const [least, most] = forecast.downtimeMs
  const limitMs = limitOf(plan)
  const fits = limitMs === null ? 'no limit is agreed' : fitWords[fitOf(forecast, limitMs)](minutes(limitMs))
  return `${minutes(least)} to ${minutes(most)}, expected ${minutes(expectedMs(forecast))}: ${fits}`
}

const fitWords = {
  fits: (limit: string) => `it fits into ${limit}`,
  tight: (limit: string) => `it fits into ${limit} as expected, and not at its longest`,
  'too-long': (limit: string) => `it does not fit into ${limit}, and the traffic will not be stopped`,
} as const

function forecastText(forecast: Forecast, plan: Plan): string {
  const { rows, tenants, bytes, keys } = forecast.size
  const titles = new Map(plan.rows.map(({ id, number, title }) => [id as string, `${number} ${title}`]))
  return `${[
    `The source holds about ${rows} rows (${Math.round(bytes / 1e6)} MB), ${tenants} tenants, ${keys} keys; rehearsals: ${forecast.rehearsals.length}.`,
    ...forecast.rows.map(
      ({ id, measuredMs, usualMs }) =>
        `  ${(titles.get(id) ?? id).padEnd(44)} ${`${seconds(measuredMs[0])} to ${seconds(measuredMs[1])} s`.padStart(18)} of work, ${minutes(usualMs[0])} to ${minutes(usualMs[1])} of waiting`,
    ),
    `Downtime ${downtimeLine(forecast, plan)}`,
  ].join('\n')}\n`
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000))
}

function minutes(ms: number): string {
  const all = Math.round(ms / 60_000)
  return all < 60 ? `${all} min` : `${Math.floor(all / 60)} h ${all % 60} min`
}

function parseParty(text: string): Party {
  const party = parties.find((each) => each === text)
  if (party === undefined) throw fault('OPTION_INVALID', { option: '--party', allowed: parties.join(', ') })
  return party
}
