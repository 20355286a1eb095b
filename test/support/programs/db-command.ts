import process from 'node:process'
import { Command } from 'commander'
import { systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import type { CliContext } from '../../../src/cli/context.ts'
import { registerDb } from '../../../src/cli/db.ts'
import { printFault } from '../../../src/cli/print-fault.ts'
import { systemDatabaseMover } from '../../../src/movers/system-database/mover.ts'

/*
 * `threeshift db …` and nothing else, as a process of its own, dividing tables by the limits in LIMITS (JSON): for tests
 * that kill it.
 */

const context: CliContext = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: (name) => process.env[name],
  cwd: process.cwd(),
  clock: systemClock,
  signal: new AbortController().signal,
  exitWith: (code) => {
    process.exitCode = code
  },
}
const program = new Command('threeshift').exitOverride()
registerDb(program, context, {
  version: 'test',
  mover: systemDatabaseMover(systemClock, JSON.parse(process.env['LIMITS'] ?? '')),
})
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' })
} catch (error) {
  if (!(error instanceof Fault)) throw error
  printFault(error, context, process.argv.includes('--json'))
  process.exitCode = error.exit
}
