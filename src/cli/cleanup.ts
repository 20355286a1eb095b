import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import type { CleanedEntry, Cleanup, CleanupReport } from '../ports/cleanup.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { type Paint, painter } from './print-fault.ts'

interface CleanupOptions {
  readonly ledger?: string
  readonly dryRun?: true
  readonly safetyCopies?: true
  readonly json?: true
}

/** Adds `threeshift cleanup`. */
export function registerCleanup(program: Command, context: CliContext, ports: { readonly cleanup: Cleanup }): void {
  program
    .command('cleanup')
    .helpGroup('The move:')
    .summary('take away what the ledger says a migration has made, and show that it is gone')
    .description(
      'Removes everything that the ledger lists, in the order of dependency, and looks whether it is gone.\n' +
        'Untouched stay: what does not bear the mark of the migration, what was handed over to the destination, and copies\n' +
        'that a rollback needs, until they expire. One failure does not keep the rest; the same command goes on.\n' +
        'Exit codes: 0 all that is to go is gone, 2 something was refused or would be removed, 4 something failed.',
    )
    .option('--ledger <file>', 'the ledger of the migration (or THREESHIFT_LEDGER)')
    .option('--dry-run', 'say what would be removed, and change nothing')
    .option('--safety-copies', 'remove copies that a rollback needs as well: afterwards there is no way back')
    .option('--json', 'print one JSON object as the last line of stdout')
    .action(async (options: CleanupOptions) => {
      const ledger = options.ledger ?? context.env('THREESHIFT_LEDGER') ?? ''
      if (ledger === '') throw fault('OPTION_MISSING', { option: '--ledger', command: 'threeshift cleanup' })
      const live = context.stderr.isTTY === true && context.env('TERM') !== 'dumb'
      const report = await ports.cleanup.run({
        ledger: resolve(context.cwd, ledger),
        dryRun: options.dryRun ?? false,
        safetyCopiesToo: options.safetyCopies ?? false,
        onProgress: ({ thing, state, waitedMs }) => {
          if (!live) return
          const line = `${thing.kind} ${thing.name} is ${state}, ${Math.round(waitedMs / 1000)} s`
          context.stderr.write(`\r\u001B[2K${line.slice(0, (context.stderr.columns ?? 80) - 1)}`)
        },
        signal: context.signal,
      })
      if (live) context.stderr.write('\r\u001B[2K')
      const text = cleanupText(report, painter(context, context.stdout))
      context.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text)
      context.exitWith({ clean: exitCode.ok, left: exitCode.differences, failed: exitCode.failedSafe }[report.verdict])
    })
}

function cleanupText({ verdict, entries }: CleanupReport, paint: Paint): string {
  const head = {
    clean: paint(['bold', 'green'], '✓ clean: all that is to go is gone'),
    left: paint(['bold', 'yellow'], '! left: see below what is still there'),
    failed: paint(['bold', 'red'], '✗ failed: some of it could not be removed'),
  }[verdict]
  const lines = entries.map((cleaned) => {
    const { thing, making } = cleaned.entry
    return `  ${wordsOf(cleaned).padEnd(28)} ${thing.kind} ${thing.name}  (${thing.place}, ${making.owner}, ${making.row})`
  })
  const failures = entries.flatMap((each) =>
    each.kind === 'failed' ? [`  ${each.code}: ${each.message}`, `    ${each.remedy}`] : [],
  )
  return `${[head, ...lines, ...failures].join('\n')}\n`
}

function wordsOf(cleaned: CleanedEntry): string {
  switch (cleaned.kind) {
    case 'removed':
      return 'removed'
    case 'was-gone':
      return 'was gone already'
    case 'refused':
      return 'refused: not ours'
    case 'kept':
      return 'kept: the destination has it'
    case 'safety-copy':
      return 'kept: a rollback may need it'
    case 'would-remove':
      return 'would be removed'
    case 'failed':
      return 'FAILED'
    default:
      return never(cleaned)
  }
}
