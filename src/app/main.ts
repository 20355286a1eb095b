import process from 'node:process'
import packageJson from '../../package.json' with { type: 'json' }
import { systemClock } from '../base/clock.ts'
import { exitCode, Fault } from '../base/fault.ts'
import { Stop } from '../base/stop.ts'
import type { CliContext } from '../cli/context.ts'
import { fault } from '../cli/faults.ts'
import { printFault } from '../cli/print-fault.ts'
import { type CliPorts, runProgram } from '../cli/program.ts'
import type { Migration } from '../model/migration.ts'
import type { Party } from '../model/party.ts'
import type { Chunks } from '../ports/chunks.ts'
import { cleanupOnDemand } from './cleanup-on-demand.ts'
import { doctorOnDemand } from './doctor-on-demand.ts'
import { controlPlaneAccess } from './control-plane.ts'
import { engineAccess } from './engine-access.ts'
import { stateFolder } from './engine-database.ts'
import { exchangeOnDemand } from './exchange-on-demand.ts'
import {
  databaseMoverOnDemand,
  queueWatchOnDemand,
  redisMoverOnDemand,
  sourceWorldOnDemand,
} from './movers-on-demand.ts'
import { rehearsalOnDemand } from './rehearsal-on-demand.ts'
import { paceIn } from './rehearsal/rehearsal-pace.ts'
import { partStores } from './part-stores.ts'
import { simulatedClusters } from './simulated-clusters.ts'
import { registeredChunks, registeredSteps } from './steps.ts'
import { stopOnSignals } from './stop-signals.ts'

const unexpected = 1

const signal = stopOnSignals()
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read us (`| head`) has seen enough: not a failure.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCode.ok)
    const lost = fault('OUTPUT_FAILED', { reason: error.code ?? 'unknown' }, error)
    if (stream !== process.stderr) printFault(lost, context, false)
    process.exit(lost.exit)
  })
}

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

// Node's own code for a program that waits for what can no longer happen: a question, and standard input has ended.
const unanswered = 13
process.on('exit', (code) => {
  if (code === unanswered) process.exitCode = report(new Stop('operator'))
})

/** The workers that share long work, once an engine with one of them is open here. */
const workers: { chunks: Chunks | null } = { chunks: null }
const toolsOf = async (migration: Migration, party: Party) =>
  (await import('./tools.ts')).openTools({
    party,
    migration,
    context,
    stateFolder: stateFolder(context.env, context.cwd),
    ...paceIn(context.env, systemClock),
    spread: () => workers.chunks,
  })
const steps = registeredSteps(toolsOf)
const ports: CliPorts = {
  version: packageJson.version,
  mover: databaseMoverOnDemand(systemClock),
  redisMover: redisMoverOnDemand(systemClock, context.env),
  queues: queueWatchOnDemand(systemClock),
  sourceWorld: sourceWorldOnDemand(systemClock),
  simulatedClusters: simulatedClusters(systemClock, context.env('PATH')),
  engine: engineAccess({
    env: context.env,
    cwd: context.cwd,
    clock: systemClock,
    steps,
    chunks: registeredChunks(toolsOf),
    onWorker: (engine) => {
      workers.chunks = engine.chunks
    },
  }),
  controlPlane: controlPlaneAccess({ env: context.env, cwd: context.cwd, clock: systemClock, steps }),
  rehearsal: rehearsalOnDemand(systemClock, context.env),
  exchange: exchangeOnDemand(),
  openPlace: partStores(context.env),
  cleanup: cleanupOnDemand(systemClock, context.env),
  doctor: doctorOnDemand(context, systemClock),
}

const argv = process.argv.slice(2)
const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
const json = options.includes('--json')
try {
  await runProgram(argv, context, ports)
} catch (error) {
  process.exitCode = report(error)
}

/** Prints what ended the command, and gives the exit code for it. */
function report(error: unknown): number {
  const failures = error instanceof AggregateError ? error.errors : [error]
  const faults = failures.map((failure: unknown) => foreseen(failure))
  const known = faults.filter((failure) => failure !== null)
  const [first, ...others] = known
  if (first === undefined || known.length < failures.length) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.stderr.write('This is a bug in Threeshift; nothing more is done. Please report it with the lines above.\n')
    if (json) {
      const message = 'an unexpected error, described on stderr'
      const remedy = 'Report it as a bug, with what stderr says.'
      process.stdout.write(`${JSON.stringify({ verdict: 'failed', fault: { code: 'BUG', message, remedy } })}\n`)
    }
    return unexpected
  }
  // One object on stdout: the first cause. The others are for the person who reads stderr.
  printFault(first, context, json)
  for (const other of others) printFault(other, context, false)
  return first.exit
}

function foreseen(error: unknown): Fault | null {
  if (error instanceof Fault) return error
  if (error instanceof Stop) return fault('STOPPED', { why: error.why }, error)
  const isAbort = error instanceof Error && error.name === 'AbortError'
  return isAbort && signal.aborted ? fault('STOPPED', { why: 'operator' }, error) : null
}
