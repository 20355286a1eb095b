import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import { type Release, releases } from '../model/release.ts'
import type { QueueLength, QueuesReport, QueuesSample, QueueWatch } from '../ports/queues.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { wholeNumber } from './parse-number.ts'
import { type Paint, painter } from './print-fault.ts'
import { count } from './progress-line.ts'
import { readReference } from './read-reference.ts'

interface QueuesOptions {
  readonly system?: string
  readonly backend?: string
  readonly release: Release
  readonly namespace?: string
  readonly ignoreScheduled: readonly string[]
  readonly samples: number
  readonly every: number
  readonly json?: true
}

/** Adds `threeshift queues`. */
export function registerQueues(program: Command, context: CliContext, ports: { readonly queues: QueueWatch }): void {
  program
    .command('queues')
    .helpGroup('The data:')
    .summary('say whether the queues of system and backend are drained; reads only')
    .description(
      'Looks at Sidekiq (system) and resque (backend) several times: queued, busy, scheduled, to be retried, dead.\n' +
        'Exit codes: 0 drained (clean at every look), 3 not drained; the first look that is not clean is the last.',
    )
    .option('--system <reference>', "env:NAME or file:PATH that holds the redis:// URL of system's Redis")
    .option('--backend <reference>', "env:NAME or file:PATH that holds the redis:// URL of the backend's queues")
    .requiredOption('--release <release>', `3scale of the source: ${releases.join(', ')}`, parseRelease)
    .option('--namespace <name>', "Sidekiq's namespace up to 2.13 (key NAMESPACE of secret system-redis); else found")
    .option(
      '--ignore-scheduled <class>',
      'class of scheduled jobs that do not count (may be repeated)',
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .option('--samples <number>', 'clean looks in a row that mean drained', wholeNumber('--samples', 1, 100), 3)
    .option('--every <seconds>', 'time between two looks', wholeNumber('--every', 0, 3600), 15)
    .option('--json', 'print one JSON object as the last line of stdout')
    .action((options: QueuesOptions) => run(options, context, ports.queues))
}

async function run(options: QueuesOptions, context: CliContext, queues: QueueWatch): Promise<void> {
  const endpoint = async (option: 'system' | 'backend'): Promise<RedisEndpoint | undefined> => {
    const reference = options[option]
    if (reference === undefined) return undefined
    return parseRedisUrl(await readReference(reference, `--${option}`, context), reference)
  }
  const system = await endpoint('system')
  const backend = await endpoint('backend')
  if (system === undefined && backend === undefined) {
    throw fault('OPTION_MISSING', { option: '--system or --backend', command: 'threeshift queues' })
  }
  const paint = painter(context, context.stderr)
  const report = await queues.watch({
    release: options.release,
    ...(system === undefined ? {} : { system }),
    ...(backend === undefined ? {} : { backend }),
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ignoreScheduled: options.ignoreScheduled,
    samples: options.samples,
    everyMs: options.every * 1000,
    onSample: (sample) => context.stderr.write(sampleText(sample, options.samples, paint)),
    signal: context.signal,
  })
  context.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : queuesText(report, painter(context, context.stdout)),
  )
  context.exitWith(report.verdict === 'drained' ? exitCode.ok : exitCode.waiting)
}

function parseRelease(text: string): Release {
  const release = releases.find((known) => known === text)
  if (release === undefined) throw fault('OPTION_INVALID', { option: '--release', allowed: releases.join(', ') })
  return release
}

function sampleText(sample: QueuesSample, of: number, paint: Paint): string {
  const state =
    sample.busyBecause.length === 0 ? paint('green', 'clean') : paint('yellow', sample.busyBecause.join('; '))
  return `look ${sample.number} of ${of}: ${state}\n`
}

/** The verdict first, then the numbers of the last look, then what to know. */
export function queuesText(report: QueuesReport, paint: Paint): string {
  const last = report.samples.at(-1)
  const looks = report.samples.length === 1 ? 'one look' : `${report.samples.length} looks`
  const lines = [
    report.verdict === 'drained'
      ? paint(['bold', 'green'], `✓ drained: clean in ${looks}`)
      : paint(['bold', 'yellow'], '! not drained'),
    ...(last?.busyBecause ?? []).map((reason) => `  ${reason}`),
  ]
  if (last?.sidekiq) {
    const { queued, busy, inFlight, scheduled, scheduledIgnored, retries, dead, liveProcesses } = last.sidekiq
    lines.push(
      `system: queued ${count(queued)}, busy ${count(busy)}, in flight ${count(inFlight)}, scheduled ${count(scheduled)}` +
        ` (${count(scheduledIgnored)} ignored), to be retried ${count(retries)}, dead ${count(dead)}; processes ${count(liveProcesses)}`,
      ...busyQueues(last.sidekiq.queues),
    )
  }
  if (last?.resque) {
    const { queued, failed, workers } = last.resque
    lines.push(
      `backend: queued ${count(queued)}, failed ${count(failed)}; workers registered ${count(workers)}`,
      ...busyQueues(last.resque.queues),
    )
  }
  return `${[...lines, ...report.notes].join('\n')}\n`
}

function busyQueues(queues: readonly QueueLength[]): string[] {
  return queues.filter(({ jobs }) => jobs > 0).map(({ name, jobs }) => `  queue ${name}: ${count(jobs)}`)
}
