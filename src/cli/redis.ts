import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../base/fault.ts'
import { never } from '../base/never.ts'
import { looksLikeObjectAddress, parseObjectAddress } from '../model/object-address.ts'
import { parseRedisUrl } from '../model/parse-redis-url.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import type {
  RedisMode,
  RedisMover,
  RedisMoveRequest,
  RedisProgress,
  RedisSource,
  SingleRedisSource,
} from '../ports/redis.ts'
import type { CliContext } from './context.ts'
import { fault } from './faults.ts'
import { parseLatency } from './parse-latency.ts'
import { painter } from './print-fault.ts'
import { bytes, count, duration, jsonOptionSays, progressPrinter } from './progress-line.ts'
import { readReference } from './read-reference.ts'
import { copyText, inspectText, verifyText } from './redis-text.ts'
import { several } from './several.ts'

interface RedisOptions {
  readonly source?: readonly string[]
  readonly target?: string
  readonly carry?: RedisMoveRequest['carry']
  readonly mode?: RedisMode
  readonly map?: readonly (readonly [number, number])[]
  readonly ontoExisting?: true
  readonly maxLatency?: number
  readonly follow?: number
  readonly spool?: string
  readonly json?: true
}

type Verb = keyof RedisMover

const verbs: Readonly<Record<Verb, { readonly summary: string; readonly description: string }>> = {
  inspect: {
    summary: 'say what a snapshot holds; reads the source only',
    description:
      'Reads an RDB file (or spools a live Redis) once: checksum, families of keys, services, sums, age. Changes nothing.\n' +
      'Exit codes: 0 read whole, whatever is warned of; 4 damaged or not readable.',
  },
  copy: {
    summary: 'copy the keys into another Redis',
    description:
      'Writes every carried key into the target, with checkpoints there: the same command goes on after a crash.\n' +
      'With --follow what a live source is told meanwhile is carried out too, each command once: stop the traffic, and the\n' +
      'copy ends by itself when nothing has come for so long.\n' +
      'Exit codes: 0 copied, 4 stopped; the message says at which key of the snapshot.',
  },
  verify: {
    summary: 'compare every carried key with the target; changes neither',
    description:
      'Compares each carried key of the source with the target: values, members, scores, times of expiry, and keys too many.\n' +
      'Exit codes: 0 equal, 2 different; the differing keys are named.',
  },
}

/** Adds `threeshift redis inspect|copy|verify`. */
export function registerRedis(program: Command, context: CliContext, ports: { readonly redisMover: RedisMover }): void {
  const redis = program
    .command('redis')
    .helpGroup('The data:')
    .summary('inspect, copy and verify the backend Redis')
    .description("Moves the backend's Redis (analytics and job queues) into another Redis, and proves it.")
  // The keys of an object literal are its type's keys.
  for (const verb of Object.keys(verbs) as Verb[]) {
    const command = redis
      .command(verb)
      .summary(verbs[verb].summary)
      .description(verbs[verb].description)
      .option(
        '--source <reference>',
        'file:SNAPSHOT.rdb (or .rdb.gz), s3://BUCKET/KEY, or env:NAME that holds a redis:// URL (repeat it for the shards of one Redis)',
        several,
      )
      .option('--spool <folder>', 'where a live or packed source is written first (the temporary folder)')
      .option('--json', jsonOptionSays)
    if (verb !== 'inspect') {
      command
        .option('--target <reference>', 'env:NAME that holds a redis:// or rediss:// URL')
        .option(
          '--carry <default|all>',
          'all: also what 3scale rebuilds, what is transient or legacy',
          parseCarry,
          'default',
        )
        .option('--map <source=target>', 'put one database into another (may be repeated)', parseMap, [])
    }
    if (verb === 'copy') {
      command
        .option(
          '--mode <overwrite|merge|requeue>',
          'fill an empty target, add to a live one, or append job lists only',
          parseMode,
          'overwrite',
        )
        .option('--onto-existing', 'with --mode overwrite: write over keys that this copy did not make')
        .option('--follow <seconds>', 'go on with what the source is told, until it is quiet for so long', parseFollow)
        .option('--max-latency <ms>', 'slow down when the target takes longer to answer others', parseLatency)
    }
    command.action((options: RedisOptions) => run(verb, options, context, ports.redisMover))
  }
}

async function run(verb: Verb, options: RedisOptions, context: CliContext, mover: RedisMover): Promise<void> {
  const printer = progressPrinter(context, options.json === true, progressLine, () => false)
  const paint = painter(context, context.stdout)
  const needed = <Value>(option: 'source' | 'target', value: Value | undefined): Value => {
    if (value !== undefined) return value
    throw fault('OPTION_MISSING', { option: `--${option}`, command: `threeshift redis ${verb}` })
  }
  const source = await readSources(needed('source', options.source), context)
  const about = {
    source,
    spoolFolder: options.spool === undefined ? tmpdir() : resolve(context.cwd, options.spool),
    onProgress: printer.show,
    signal: context.signal,
  }
  const print = (result: unknown, text: string) =>
    context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text)
  if (verb === 'inspect') {
    const report = await mover.inspect(about).finally(printer.end)
    print(report, inspectText(report, paint))
    return
  }
  const reference = needed('target', options.target)
  const target = parseRedisUrl(await readReference(reference, '--target', context), reference)
  const request: RedisMoveRequest = {
    ...about,
    target,
    carry: options.carry ?? 'default',
    mode: options.mode ?? 'overwrite',
    databases: databasesOf(source, target, options.map ?? []),
    ontoExisting: options.ontoExisting ?? false,
    maxLatencyMs: options.maxLatency ?? null,
    followQuietMs: options.follow === undefined ? null : options.follow * 1000,
    onSpoolKept: ({ folder, bytes: size }) => {
      printer.end()
      context.stderr.write(
        `The spool stays in ${folder} (${bytes(size)}): the same command goes on from it, or removes it.\n`,
      )
    },
  }
  refuseFollow(request)
  switch (verb) {
    case 'copy': {
      const report = await mover.copy(request).finally(printer.end)
      print(report, copyText(report, paint))
      return
    }
    case 'verify': {
      const report = await mover.verify(request).finally(printer.end)
      print(report, verifyText(report, paint))
      context.exitWith(report.verdict === 'equal' ? exitCode.ok : exitCode.differences)
      return
    }
    default:
      return never(verb)
  }
}

async function readSources(references: readonly string[], context: CliContext): Promise<RedisSource> {
  const shards: SingleRedisSource[] = []
  for (const reference of references) shards.push(await readSource(reference, context))
  const [only, ...more] = shards
  return only !== undefined && more.length === 0 ? only : { kind: 'shards', shards }
}

/** `file:` is the snapshot itself; only `env:` leads to a URL. */
async function readSource(reference: string, context: CliContext): Promise<SingleRedisSource> {
  if (looksLikeObjectAddress(reference)) return { kind: 'object', at: parseObjectAddress(reference, '--source') }
  if (reference.startsWith('file:') && reference.length > 'file:'.length) {
    return { kind: 'file', file: resolve(context.cwd, reference.slice('file:'.length)) }
  }
  return { kind: 'server', endpoint: parseRedisUrl(await readReference(reference, '--source', context), reference) }
}

/**
 * Which database goes where: `--map` first; then the source URL's database (a file has none: its 0) goes into the target
 * URL's; the others keep their numbers.
 */
function databasesOf(
  source: RedisSource,
  target: RedisEndpoint,
  map: readonly (readonly [number, number])[],
): ReadonlyMap<number, number> {
  const from = source.kind === 'server' ? source.endpoint.db : 0
  return new Map([[from, target.db], ...map])
}

function parseCarry(text: string): RedisMoveRequest['carry'] {
  if (text === 'default' || text === 'all') return text
  throw fault('OPTION_INVALID', { option: '--carry', allowed: 'default, all' })
}

function parseMode(text: string): RedisMode {
  if (text === 'overwrite' || text === 'merge' || text === 'requeue') return text
  throw fault('OPTION_INVALID', { option: '--mode', allowed: 'overwrite, merge, requeue' })
}

/** Faults: USAGE. */
function refuseFollow({ followQuietMs, mode, source, ontoExisting }: RedisMoveRequest): void {
  if (followQuietMs === null || (mode === 'overwrite' && !ontoExisting && source.kind === 'server')) return
  throw fault('USAGE', {
    says: '--follow goes with --mode overwrite, an empty target and a source that is a live server (env:NAME) only',
    help: 'threeshift redis copy --help',
  })
}

function parseFollow(text: string): number {
  const value = Number(text)
  if (/^\d{1,6}$/.test(text) && value > 0) return value
  throw fault('OPTION_INVALID', { option: '--follow', allowed: 'whole seconds, 1 or more' })
}

function parseMap(text: string, before: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const [, from, to] = /^(\d{1,5})=(\d{1,5})$/.exec(text) ?? []
  if (from === undefined || to === undefined) {
    throw fault('OPTION_INVALID', { option: '--map', allowed: 'SOURCE=TARGET with database numbers, such as 2=0' })
  }
  return [...before, [Number(from), Number(to)]]
}

/** `copy  62 % · 41,200 keys · 8.1 MB · 120,000 keys/s`. */
function progressLine(progress: RedisProgress): string {
  if (progress.lag !== undefined) return followLine(progress, progress.lag)
  const share = progress.totalBytes === 0 ? '' : `${Math.floor((progress.bytes / progress.totalBytes) * 100)} % · `
  const rate =
    progress.elapsedMs < 200 ? '' : ` · ${count(Math.round(progress.keys / (progress.elapsedMs / 1000)))} keys/s`
  return `${progress.phase}  ${share}${count(progress.keys)} keys · ${bytes(progress.bytes)}${rate}`
}

/** `follow  41,200 commands · 0 B behind · quiet for 3 s; stop the traffic to end it`. */
function followLine(progress: RedisProgress, lag: NonNullable<RedisProgress['lag']>): string {
  const quiet = duration(lag.quietMs / 1000)
  return `follow  ${count(progress.keys)} commands · ${bytes(lag.bytes)} behind · quiet for ${quiet}; stop the traffic to end it`
}
