import type { Command } from 'commander'
import { exitCode, type ExitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import { parties, type Party } from '../model/party.ts'
import type { Diagnosis, Doctor, Examination, Standing } from '../ports/doctor.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { type Paint, painter } from './print-fault.ts'
import { readMigration } from './read-migration.ts'

interface DoctorOptions {
  readonly config: string
  readonly party: Party
  readonly values: boolean
  readonly json?: true
}

/** Adds `threeshift doctor`: whether a migration can begin, as far as one party can see. */
export function registerDoctor(program: Command, context: CliContext, ports: { readonly doctor: Doctor }): void {
  program
    .command('doctor')
    .helpGroup('Before the move:')
    .summary('look at all places before anything is done: go, or no-go with fixes')
    .description(
      "Looks at every place of a migration with this party's credentials: access, versions, sizes, room, clocks, DNS, values\n" +
        'that PostgreSQL cannot store, and what has gone wrong before. Changes nothing. What the party has no credentials for\n' +
        'is said to be not seen: each party runs its own. Exit codes: 0 go, 3 a decision is needed, 4 no-go.',
    )
    .option('-c, --config <file>', 'the migration', 'migration.yaml')
    .requiredOption('--party <party>', `who you are: ${parties.join(', ')}`, parseParty)
    .option('--no-values', "do not look at every value of the source's database")
    .option('--json', 'print one JSON object instead of the table')
    .action((options: DoctorOptions) => run(options, context, ports.doctor))
}

async function run(options: DoctorOptions, context: CliContext, doctor: Doctor): Promise<void> {
  const migration = await readMigration(options.config, context)
  const examination = await doctor.examine({
    migration,
    party: options.party,
    values: options.values,
    onFinding: ({ place, what }) => void (options.json && context.stderr.write(`${place}: ${what}\n`)),
    signal: context.signal,
  })
  const paint = painter(context, context.stdout)
  context.stdout.write(options.json ? `${JSON.stringify(examination)}\n` : examinationText(examination, paint))
  context.exitWith(exitOf(examination.verdict))
}

function exitOf(verdict: Examination['verdict']): ExitCode {
  switch (verdict) {
    case 'go':
      return exitCode.ok
    case 'decision':
      return exitCode.waiting
    case 'no-go':
      return exitCode.failedSafe
    default:
      return never(verdict)
  }
}

const marks: Readonly<Record<Standing, string>> = {
  ok: '✓',
  warning: '!',
  decision: '?',
  'no-go': '✗',
  unseen: '·',
}

/** By place, each finding on a line, with its fix below; the verdict last. */
export function examinationText({ findings, verdict, migration, party }: Examination, paint: Paint): string {
  const places = Map.groupBy(findings, ({ place }) => place)
  const counted = (standing: Standing) => findings.filter((finding) => finding.standing === standing).length
  const unseen = counted('unseen')
  const verdicts = {
    go: paint(['bold', 'green'], `✓ go: nothing that ${party} sees stands in the way of ${migration}`),
    decision: paint(['bold', 'yellow'], `? ${counted('decision')} decisions are needed before ${migration} begins`),
    'no-go': paint(['bold', 'red'], `✗ no-go: ${counted('no-go')} things would make ${migration} fail`),
  }
  return `${[
    ...[...places].flatMap(([place, found]) => [paint('bold', place), ...found.flatMap((one) => lines(one, paint))]),
    '',
    verdicts[verdict],
    ...(unseen === 0 ? [] : [`Not seen by ${party}: ${unseen} things. The other parties run their own doctor.`]),
  ].join('\n')}\n`
}

function lines({ what, standing, says, fix }: Diagnosis, paint: Paint): readonly string[] {
  const line = `  ${marks[standing]} ${what}: ${says}`
  return [standing === 'no-go' ? paint('red', line) : line, ...(fix === null ? [] : [`      ${fix}`])]
}

function parseParty(text: string): Party {
  const party = parties.find((each) => each === text)
  if (party === undefined) throw fault('OPTION_INVALID', { option: '--party', allowed: parties.join(', ') })
  return party
}
