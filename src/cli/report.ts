import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import type { CliContext } from './context.ts'
import { errnoOf } from './errno.ts'
import { fault } from './faults.ts'
import { painter } from './print-fault.ts'
import { writeEvidence } from './write-evidence.ts'

interface ReportOptions {
  readonly out: string
  readonly attach: readonly string[]
  readonly json?: true
}

interface ReportPorts {
  readonly version: string
  readonly controlPlane: ControlPlaneAccess
}

/** Adds `threeshift report`: the evidence pack of a migration. */
export function registerReport(program: Command, context: CliContext, ports: ReportPorts): void {
  program
    .command('report')
    .helpGroup('The evidence:')
    .summary('write the evidence pack of a migration')
    .description(
      'Writes what a change board or an auditor needs, for anyone to check offline with `threeshift verify-report`: the signed\n' +
        'journal, the public keys, a report as page and as data, what is attached, and a signed manifest of it all.',
    )
    .argument('<migration>', 'its name')
    .requiredOption('--out <folder>', 'a new or empty folder')
    .option(
      '--attach <file>',
      'put a file into the pack, such as proof.json or ledger.jsonl, which the report then shows (may be repeated)',
      (file: string, before: readonly string[]) => [...before, file],
      [],
    )
    .option('--json', 'print the report as one JSON object as the last line of stdout')
    .action((migration: string, options: ReportOptions) => report(migration, options, context, ports))
}

async function report(
  migration: string,
  options: ReportOptions,
  context: CliContext,
  { version, controlPlane }: ReportPorts,
): Promise<void> {
  const attached = await readAttached(options.attach, context)
  const onNote = (line: string) => void context.stderr.write(`${line}\n`)
  const store = await controlPlane.open({ onNote, signal: context.signal })
  const read = async () => {
    try {
      return await Promise.all([store.journal(migration), store.plan(migration)])
    } finally {
      await store.close()
    }
  }
  const [lines, plan] = await read()
  const result = await writeEvidence(resolve(context.cwd, options.out), {
    migration,
    lines,
    plan,
    attached,
    keyFolder: controlPlane.keyFolder(),
    madeAt: context.clock.now(),
    madeBy: `threeshift ${version}`,
  })
  const paint = painter(context, context.stdout)
  context.stdout.write(
    options.json
      ? `${JSON.stringify(result)}\n`
      : `${paint('bold', `${result.verdict}: ${result.records} records of ${migration}`)}\n` +
          `Evidence pack: ${options.out}; check it with \`threeshift verify-report ${options.out}\`.\n`,
  )
}

async function readAttached(files: readonly string[], context: CliContext): Promise<ReadonlyMap<string, Buffer>> {
  const read = new Map<string, Buffer>()
  for (const file of files) {
    const name = basename(file)
    if (read.has(name)) throw fault('OPTION_INVALID', { option: '--attach', allowed: 'files with different names' })
    try {
      read.set(name, await readFile(resolve(context.cwd, file), { signal: context.signal }))
    } catch (cause) {
      context.signal.throwIfAborted()
      throw fault('FILE_UNREADABLE', { file, reason: errnoOf(cause) }, cause)
    }
  }
  return read
}
