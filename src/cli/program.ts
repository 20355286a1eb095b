import { Command, CommanderError, Help } from 'commander'
import type { Cleanup } from '../ports/cleanup.ts'
import type { ControlPlaneAccess } from '../ports/control-plane.ts'
import type { Doctor } from '../ports/doctor.ts'
import type { EngineAccess } from '../ports/engine.ts'
import type { QueueWatch } from '../ports/queues.ts'
import type { RedisMover } from '../ports/redis.ts'
import type { Rehearsal } from '../ports/rehearsal.ts'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'
import type { SourceWorld } from '../ports/source-world.ts'
import type { SystemDatabaseMover } from '../ports/system-database.ts'
import { registerAnswer } from './answer.ts'
import { registerCleanup } from './cleanup.ts'
import type { CliContext } from './context.ts'
import { registerAgent } from './agent.ts'
import { registerDb } from './db.ts'
import { registerDoctor } from './doctor.ts'
import { type ExchangePorts, registerExchange } from './exchange.ts'
import { fault } from './faults.ts'
import { registerForecast } from './forecast.ts'
import { registerInit } from './init.ts'
import { registerParty } from './party.ts'
import { registerPlan } from './plan.ts'
import { registerQueues } from './queues.ts'
import { registerRedis } from './redis.ts'
import { registerRehearse } from './rehearse.ts'
import { registerReport } from './report.ts'
import { registerRun } from './run.ts'
import { registerServe } from './serve.ts'
import { registerStatus } from './status.ts'
import { registerSteer } from './steer.ts'
import { registerVerifyReport } from './verify-report.ts'
import { registerWorld } from './world.ts'

/** What the commands reach the world through; `app` makes it. A command that needs one more port names it here. */
export interface CliPorts extends ExchangePorts {
  /** The product's own version, as `--version` prints it. */
  readonly version: string
  readonly mover: SystemDatabaseMover
  readonly sourceWorld: SourceWorld
  readonly simulatedClusters: SimulatedClusters
  readonly redisMover: RedisMover
  readonly queues: QueueWatch
  readonly rehearsal: Rehearsal
  readonly cleanup: Cleanup
  readonly doctor: Doctor
  readonly engine: EngineAccess
  readonly controlPlane: ControlPlaneAccess
}

/** One line per command, in the order of the help page. */
const commands: readonly ((program: Command, context: CliContext, ports: CliPorts) => void)[] = [
  registerInit,
  registerPlan,
  registerDoctor,
  registerForecast,
  registerRehearse,
  registerRun,
  registerStatus,
  registerAnswer,
  registerSteer,
  registerReport,
  registerVerifyReport,
  registerServe,
  registerAgent,
  registerParty,
  registerDb,
  registerRedis,
  registerQueues,
  registerExchange,
  registerWorld,
  registerCleanup,
]

/** Makes the whole command line. Nothing runs, and nothing is read, before `runProgram` is called with arguments. */
export function buildProgram(context: CliContext, ports: CliPorts): Command {
  const hasColors = (stream: CliContext['stdout']) => stream.isTTY === true && (context.env('NO_COLOR') ?? '') === ''
  const usual = new Help()
  const program = new Command('threeshift')
    .description('Plans, rehearses and checks the move of your own Red Hat 3scale into RHOAM.')
    .version(ports.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help for a command')
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: false,
      optionDescription: (option) => `${usual.optionDescription(option)}${option.mandatory ? ' (required)' : ''}`,
    })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      // Usage errors become faults, which are printed in one place.
      outputError: () => undefined,
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
      getOutHasColors: () => hasColors(context.stdout),
      getErrHasColors: () => hasColors(context.stderr),
    })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 ok · 2 differences found · 3 waiting for a person · 4 failed, and safe · 5 rollback needed · 64 usage' +
        '\nEvery command that prints a result prints it as JSON with --json. No secret ever belongs on a command line.',
    )
  for (const register of commands) register(program, context, ports)
  return program
}

/**
 * Runs one command line (without node and script).
 *
 * Faults: those of the command; USAGE (exit 64) for a command line that makes no sense.
 */
export async function runProgram(argv: readonly string[], context: CliContext, ports: CliPorts): Promise<void> {
  const program = buildProgram(context, ports)
  if (argv.length === 0) {
    program.outputHelp()
    return
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return
    throw fault('USAGE', { says: wordsOf(error), help: helpFor(program, argv) }, error)
  }
}

/** Commander's message on one line, without the value of an option: it may be a secret. */
function wordsOf(error: CommanderError): string {
  if (error.code === 'commander.help') return 'a command is missing'
  return error.message
    .replace(/^error: /, '')
    .replaceAll(/'(--?[^'=\s]*)=[^']*'/g, "'$1'")
    .replace(/( but got \d+): .*$/s, '$1')
    .replace(/ argument '.*' (is invalid\.)/s, ' $1')
    .replaceAll(/\s*\n\s*/g, ' ')
}

function helpFor(program: Command, argv: readonly string[]): string {
  let command = program
  let path = program.name()
  for (const word of argv) {
    const next = command.commands.find((candidate) => candidate.name() === word)
    if (next === undefined) break
    command = next
    path += ` ${word}`
  }
  return `${path} --help`
}
