import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { type CheckedPack, checkPack } from '../evidence/check-pack.ts'
import { type KeyHolder, keyHolders } from '../model/evidence.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { type Paint, painter } from './print-fault.ts'

interface VerifyOptions {
  readonly trust: ReadonlyMap<KeyHolder, string>
  readonly json?: true
}

/** Problems that are said to a person; the JSON has them all. */
const mostSaid = 20

/** Adds `threeshift verify-report`: checks an evidence pack with nothing but its files. */
export function registerVerifyReport(program: Command, context: CliContext): void {
  program
    .command('verify-report')
    .helpGroup('The evidence:')
    .summary('check an evidence pack offline')
    .description(
      'Checks every byte of an evidence pack: the chain of records, their signatures, the manifest, attached proofs. Needs no\n' +
        'server and no database. Exit codes: 0 sound, 2 tampered with; what is wrong is named by record or file.',
    )
    .argument('<folder>', 'the pack')
    .option(
      '--trust <holder=key>',
      `a key that a holder (${keyHolders.join(', ')}) must have signed with, by its fingerprint's first 16 digits or more (may be repeated)`,
      parseTrust,
      new Map(),
    )
    .option('--json', 'print the outcome as one JSON object as the last line of stdout')
    .action(async (folder: string, options: VerifyOptions) => {
      const checked = await checkPack(resolve(context.cwd, folder), options.trust)
      context.stdout.write(
        options.json ? `${JSON.stringify(checked)}\n` : checkedText(checked, painter(context, context.stdout)),
      )
      context.exitWith(checked.verdict === 'sound' ? exitCode.ok : exitCode.differences)
    })
}

function parseTrust(text: string, before: ReadonlyMap<KeyHolder, string>): ReadonlyMap<KeyHolder, string> {
  const [name, key = ''] = text.split('=')
  const holder = keyHolders.find((candidate) => candidate === name)
  if (holder === undefined || !/^[0-9a-f]{16,64}$/.test(key)) {
    const allowed = `HOLDER=KEY with a holder of ${keyHolders.join(', ')} and 16 to 64 hex digits`
    throw fault('OPTION_INVALID', { option: '--trust', allowed })
  }
  return new Map([...before, [holder, key]])
}

function checkedText(checked: CheckedPack, paint: Paint): string {
  const { verdict, migration, records, keys, problems, notes } = checked
  const name = migration ?? 'an unknown migration'
  const lines =
    verdict === 'sound'
      ? [
          paint(['bold', 'green'], `✓ sound: ${records} records of ${name}`),
          ...keys.map(({ holder, id, since }) => `  ${holder} signs with ${id.slice(0, 16)} from record ${since} on`),
        ]
      : [
          paint(
            ['bold', 'red'],
            `✗ tampered with: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in the pack of ${name}`,
          ),
          ...problems.slice(0, mostSaid).map(({ where, says }) => `  ${where}: ${says}`),
          ...(problems.length > mostSaid ? [`  … and ${problems.length - mostSaid} more; --json lists them all`] : []),
        ]
  return `${[...lines, ...notes.map((note) => `  note: ${note}`)].join('\n')}\n`
}
