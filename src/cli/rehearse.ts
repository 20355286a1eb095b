import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { checkPack } from '../evidence/check-pack.ts'
import type { EvidenceReport } from '../evidence/report.ts'
import type { DatabaseKind } from '../model/migration.ts'
import { type AccessLevel, accessLevels } from '../model/party.ts'
import type { MigrationView } from '../ports/engine.ts'
import type { Rehearsal } from '../ports/rehearsal.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { exitOf } from './migration-state.ts'
import { type Paint, painter } from './print-fault.ts'
import { count, duration } from './progress-line.ts'
import { rehearsalScreen } from './rehearsal-screen.ts'
import { migrationText } from './status-text.ts'
import { addWorldOptions, type WorldOptions } from './world-options.ts'
import { writeEvidence } from './write-evidence.ts'

interface RehearseOptions extends WorldOptions {
  readonly access: AccessLevel
  readonly sourceDatabase: Exclude<DatabaseKind, 'oracle'>
  readonly rhoam: string
  readonly out?: string
  readonly keep?: true
  readonly json?: true
}

interface RehearsePorts {
  readonly version: string
  readonly rehearsal: Rehearsal
}

const usualFolder = 'report'

/** Adds `threeshift rehearse`: a whole migration on a made-up world of this machine, with its evidence. */
export function registerRehearse(program: Command, context: CliContext, ports: RehearsePorts): void {
  const command = program
    .command('rehearse')
    .helpGroup('Before the move:')
    .summary('run a whole migration on this machine, and prove it')
    .description(
      'Makes a world on this machine (databases, Redis, three OpenShift clusters, AWS, a 3scale that could be a customer’s) and\n' +
        'runs every row of the plan on it, by the code and the commands of a real migration: control plane, engine, and an agent\n' +
        'for each party with its own credentials. People are played. Needs no cluster and no account.\n' +
        'Exit codes: 0 done, 3 somebody has to decide, 4 a row failed and all is safe, 5 it failed and has to be rolled back.',
    )
    .addOption(new Option('--access <level>', 'the access level').choices(accessLevels).default('limited'))
    .addOption(
      new Option('--source-database <engine>', 'of the source; MariaDB stands in for MySQL')
        .choices(['mysql', 'mariadb', 'postgresql'])
        .default('mariadb'),
    )
    .option('--rhoam <version>', 'the version of RHOAM at the destination', '1.45')
  addWorldOptions(command, { tenants: 5, scale: 0.2, edgeRows: false })
    .option(
      '--out <folder>',
      `where the evidence goes: a new or empty folder (else ${usualFolder}, ${usualFolder}-2 …)`,
    )
    .option('--keep', "keep the world's folder, with the log of every process and server")
    .option('--json', 'print the outcome as one JSON object as the last line of stdout')
    .action((options: RehearseOptions) => rehearse(options, context, ports))
}

async function rehearse(options: RehearseOptions, context: CliContext, ports: RehearsePorts): Promise<void> {
  const { release, tenants, scale, seed, edgeRows, access, sourceDatabase, rhoam } = options
  const beganMs = context.clock.elapsedMs()
  const { out, isNew } = await prepareFolder(options.out, context)
  const folder = resolve(context.cwd, out)
  const screen = rehearsalScreen(context)
  let report: EvidenceReport | undefined
  const view = await ports.rehearsal
    .run({
      world: {
        release,
        tenants,
        scale,
        seed,
        edgeRows,
        accessLevel: access,
        database: sourceDatabase,
        rhoamVersion: rhoam,
      },
      keep: options.keep === true,
      onEvent: screen.show,
      onEvidence: async ({ view, plan, journal, keyFolder, files }) => {
        report = await writeEvidence(folder, {
          migration: view.id,
          lines: journal,
          plan,
          attached: files,
          keyFolder,
          madeAt: context.clock.now(),
          madeBy: `threeshift ${ports.version}`,
        })
      },
      signal: context.signal,
    })
    .catch(async (error: unknown) => {
      // Only when nothing is in it.
      if (isNew) await rmdir(folder).catch(() => undefined)
      throw error
    })
    .finally(screen.end)
  if (report === undefined) throw new Error('bug: the rehearsal has left no evidence')
  const { verdict: pack, problems } = await checkPack(folder, new Map())
  if (pack !== 'sound') throw new Error(`bug: the evidence of the rehearsal is not sound: ${problems[0]?.says ?? ''}`)
  const tookMs = Math.round(context.clock.elapsedMs() - beganMs)
  context.stdout.write(
    options.json
      ? `${JSON.stringify(outcomeJson(view, report, out, tookMs))}\n`
      : summary(view, report, out, tookMs, context),
  )
  context.exitWith(exitOf(view.state))
}

/** Makes sure, before any work, that the evidence will have a place. `out`: the folder as the user would type it. */
async function prepareFolder(
  wanted: string | undefined,
  context: CliContext,
): Promise<{ readonly out: string; readonly isNew: boolean }> {
  for (let number = 1; ; number++) {
    const out = wanted ?? (number === 1 ? usualFolder : `${usualFolder}-${number}`)
    const folder = resolve(context.cwd, out)
    try {
      // Not recursively: a path with a slip in it is not made.
      const isNew = await mkdir(folder).then(
        () => true,
        (error: unknown) => {
          if (errnoOf(error) !== 'EEXIST') throw error
          return false
        },
      )
      const found = await readdir(folder)
      if (found.length === 0) {
        await rmdir(await mkdtemp(join(folder, '.probe-')))
        return { out, isNew }
      }
    } catch (cause) {
      throw fault('FILE_UNWRITABLE', { file: out, reason: errnoOf(cause) }, cause)
    }
    // An earlier rehearsal's evidence stays.
    if (wanted !== undefined) throw fault('FILE_EXISTS', { file: out })
  }
}

function outcomeJson(view: MigrationView, report: EvidenceReport, out: string, tookMs: number) {
  const { downtime, records, rowsPlanned, rowsConfirmed, notChecked } = report
  return {
    verdict: view.state,
    report: out,
    rows: { planned: rowsPlanned, confirmed: rowsConfirmed.length },
    downtimeMs: downtime.kind === 'over' ? downtime.tookMs : null,
    records,
    tookMs,
    failure: view.failure,
    notChecked,
  }
}

function summary(
  view: MigrationView,
  report: EvidenceReport,
  out: string,
  tookMs: number,
  context: CliContext,
): string {
  const paint = painter(context, context.stdout)
  const lines =
    view.state === 'done'
      ? [
          paint(
            ['bold', 'green'],
            `✓ done: ${report.rowsConfirmed.length} of ${report.rowsPlanned ?? 0} rows are confirmed`,
          ),
          `  downtime ${downtimeText(report)}; ${duration(tookMs / 1000)} in all`,
        ]
      : [migrationText(view, { paint, now: context.clock.now(), rows: false }).trimEnd()]
  return [...lines, ...whereText(report, out, paint), ''].join('\n')
}

function downtimeText({ downtime }: EvidenceReport): string {
  if (downtime.kind === 'over') return duration(downtime.tookMs / 1000)
  return downtime.kind === 'open' ? 'not over' : 'none'
}

function whereText(report: EvidenceReport, out: string, paint: Paint): readonly string[] {
  return [
    `  ${count(report.records)} signed records; what they do not show is at the end of the report`,
    `${paint('bold', 'Report:')} ${join(out, 'report.html')}`,
    `${paint('bold', 'Check it:')} bin/threeshift verify-report ${out}`,
  ]
}
