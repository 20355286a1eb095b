import { mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import type { Decisions } from '../model/decision.ts'
import type { Rehearsal, RehearsalEvent, RehearsalReport } from '../ports/rehearsal.ts'
import type { CliContext } from './context.ts'
import { differenceText } from './db-text.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { rehearsalPage } from './pages/rehearsal-page.ts'
import { type Paint, painter } from './print-fault.ts'
import { count, duration, tableProgressPrinter } from './progress-line.ts'
import { addWorldOptions, type WorldOptions } from './world-options.ts'

interface RehearseOptions extends WorldOptions {
  readonly out: string
  readonly json?: true
}

/** What a rehearsal decides about the values that its edge rows hold: one answer of each kind, so that all are seen. */
const decisions: Decisions = {
  'zero-date': 'replace',
  'invalid-date': 'replace',
  'time-out-of-range': 'quarantine',
  'nul-byte': 'replace',
  'undecodable-text': 'replace',
  'boolean-out-of-range': 'replace',
  orphan: 'quarantine',
}

/** Adds `threeshift rehearse`: the move of a generated source on this machine, with a report. */
export function registerRehearse(
  program: Command,
  context: CliContext,
  ports: { readonly rehearsal: Rehearsal },
): void {
  const command = program
    .command('rehearse')
    .helpGroup('Before the move:')
    .summary('move a generated 3scale on this machine, and prove it')
    .description(
      'Starts private servers on this machine, fills a MySQL source with a 3scale that could be a customer’s, moves it\n' +
        'into PostgreSQL and proves it, by the code that moves a customer’s. Needs no cluster and no account.\n' +
        'Exit codes: 0 proven, 2 different.',
    )
  addWorldOptions(command, { edgeRows: true })
    .option('--out <folder>', 'where the report goes', 'report')
    .option('--json', 'print the report as one JSON object as the last line of stdout')
    .action((options: RehearseOptions) => rehearse(options, context, ports.rehearsal))
}

async function rehearse(options: RehearseOptions, context: CliContext, rehearsal: Rehearsal): Promise<void> {
  const { release, tenants, scale, seed, edgeRows } = options
  await prepareFolder(options.out, context)
  const printer = eventPrinter(context)
  const report = await rehearsal
    .run({
      world: { release, tenants, scale, seed, edgeRows },
      decisions: edgeRows ? decisions : {},
      onEvent: printer.show,
      signal: context.signal,
    })
    .finally(printer.end)
  const page = await writeReport(report, options.out, context)
  context.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : summary(report, page, painter(context, context.stdout)),
  )
  context.exitWith({ proven: exitCode.ok, different: exitCode.differences, stopped: exitCode.waiting }[report.verdict])
}

/** Makes sure, before any work, that the report will have a place. */
async function prepareFolder(out: string, context: CliContext): Promise<void> {
  const folder = resolve(context.cwd, out)
  try {
    // Not recursively: a path with a slip in it is not made.
    await mkdir(folder).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    const probe = await mkdtemp(join(folder, '.probe-'))
    await rmdir(probe)
  } catch (cause) {
    throw fault('FILE_UNWRITABLE', { file: out, reason: errnoOf(cause) }, cause)
  }
}

/** Writes `index.html` and `report.json`; gives the page's path as the user would type it. */
async function writeReport(report: RehearsalReport, out: string, context: CliContext): Promise<string> {
  const folder = resolve(context.cwd, out)
  try {
    await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
    await writeFile(join(folder, 'index.html'), rehearsalPage(report))
  } catch (cause) {
    throw fault('FILE_UNWRITABLE', { file: out, reason: errnoOf(cause) }, cause)
  }
  return join(out, 'index.html')
}

function eventPrinter(context: CliContext): {
  readonly show: (event: RehearsalEvent) => void
  readonly end: () => void
} {
  const { stderr } = context
  const paint = painter(context, stderr)
  const progress = tableProgressPrinter(context, false)
  const live = stderr.isTTY === true
  return {
    show(event) {
      switch (event.kind) {
        case 'stage-began':
          progress.end()
          stderr.write(`${paint('bold', '▸')} ${event.says}\n`)
          return
        case 'stage-ended':
          progress.end()
          stderr.write(`  ${paint('green', '✓')} ${event.says} (${duration(event.tookMs / 1000)})\n`)
          return
        case 'rows-made':
          if (live) stderr.write(`\r\u001B[2K  ${event.table}: ${count(event.rows)} rows in all`)
          return
        case 'table':
          progress.show(event.progress)
          return
        default:
          never(event)
      }
    },
    end: progress.end,
  }
}

function summary(report: RehearsalReport, page: string, paint: Paint): string {
  const rows = report.verify?.tables.reduce((sum, table) => sum + table.rows, 0) ?? 0
  const verdict = {
    proven: paint(
      ['bold', 'green'],
      `✓ proven: ${count(rows)} rows in ${report.verify?.tables.length ?? 0} tables are equal on both sides`,
    ),
    different: paint(['bold', 'red'], `✗ different: ${count(report.verify?.differences.length ?? 0)} differences`),
    stopped: paint(['bold', 'yellow'], '! stopped: values were found that nothing was decided about'),
  }[report.verdict]
  return [
    verdict,
    ...(report.verify?.differences ?? []).map((difference) => `  ${differenceText(difference)}`),
    ...(report.verify === undefined
      ? []
      : [
          `  declared by decision and accounted for: ${count(report.verify.declared.cells)} values, ${count(report.verify.declared.rows)} rows set aside`,
        ]),
    `  ${duration(report.tookMs / 1000)} in all; not checked:`,
    ...report.notChecked.map((what) => `  – ${what}`),
    `Report: ${page}`,
    '',
  ].join('\n')
}
