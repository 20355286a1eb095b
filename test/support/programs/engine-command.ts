import process from 'node:process'
import { Command } from 'commander'
import { controlPlaneAccess } from '../../../src/app/control-plane.ts'
import { engineAccess } from '../../../src/app/engine-access.ts'
import { stopOnSignals } from '../../../src/app/stop-signals.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { Fault } from '../../../src/base/fault.ts'
import { Stop } from '../../../src/base/stop.ts'
import { registerAnswer } from '../../../src/cli/answer.ts'
import type { CliContext } from '../../../src/cli/context.ts'
import { fault } from '../../../src/cli/faults.ts'
import { printFault } from '../../../src/cli/print-fault.ts'
import { registerRun } from '../../../src/cli/run.ts'
import { registerStatus } from '../../../src/cli/status.ts'
import { registerSteer } from '../../../src/cli/steer.ts'
import { rowIds } from '../../../src/model/row-id.ts'
import { countingSteps } from '../engine-steps.ts'

/* `threeshift run`, `status` and the like as a process of its own, with made-up steps for every row: WORLD, WORK_MS, DRAIN_MS. */

const signal = stopOnSignals()
const context: CliContext = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: (name) => process.env[name],
  cwd: process.cwd(),
  clock: systemClock,
  signal,
  exitWith: (code) => {
    process.exitCode = code
  },
}
const { WORLD = '', WORK_MS = '0', DRAIN_MS = '0' } = process.env
const fake = countingSteps(rowIds, WORLD, { workMs: Number(WORK_MS), drainMs: Number(DRAIN_MS) })
const { env, cwd, clock } = context
const engine = engineAccess({ env, cwd, clock, steps: fake.steps, chunks: new Map() })
const program = new Command('threeshift').exitOverride()
const controlPlane = controlPlaneAccess({ env, cwd, clock, steps: fake.steps })
for (const register of [registerRun, registerStatus, registerAnswer, registerSteer]) {
  register(program, context, { engine, controlPlane })
}
try {
  await program.parseAsync(process.argv.slice(2), { from: 'user' })
} catch (error) {
  const known = error instanceof Stop ? fault('STOPPED', { why: error.why }, error) : error
  if (!(known instanceof Fault)) throw known
  printFault(known, context, process.argv.includes('--json'))
  process.exitCode = known.exit
} finally {
  await fake.close()
}
