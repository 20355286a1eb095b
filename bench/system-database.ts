import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { LocalServer } from '../src/adapters/servers/local-server.ts'
import { Stop } from '../src/base/stop.ts'
import { never } from '../src/base/never.ts'
import { type Finding, findingText, measureFinding } from './system-database/find.ts'
import { takeTuples } from './system-database/floor.ts'
import { growthText, measureGrowth } from './system-database/growth.ts'
import { inspectTarget } from './system-database/inspect-target.ts'
import {
  type Bench,
  copyWithOurs,
  type FirstCopy,
  type Kind,
  kinds,
  measure,
  type Outcome,
} from './system-database/kinds.ts'
import { summarize, summaryText } from './system-database/report.ts'
import { runMeasured } from './system-database/run-measured.ts'
import { fillNarrow, fillSource, type SourceData, startSource } from './system-database/source.ts'
import { startTarget, stockSettings, systemPostgres, tunedSettings } from './system-database/target.ts'

/*
 * Copies and verifies a database of performance.md's shape, against pgloader and against what the servers themselves need.
 *
 * Rounds are interleaved (floor, pgloader, ours, floor, …), so that a noisy machine is noisy for all; each kind writes into
 * a fresh database of the same server. Times are those of whole processes, start included. A kind that leaves out a row,
 * an index, a key or a sequence has failed: it has no time, and is not run again.
 */

const usage = `npm run bench -- system-database [options]
  --scale NUMBER         1 is 7.54 million rows and 2.0 GB of field bytes (0.1)
  --rounds NUMBER        (5)
  --kinds LIST           of ${Object.keys(kinds).join(', ')} (all but the last of pgloader's)
  --streams NUMBER       of ours (2)
  --tuned                the target gets ${Object.entries(tunedSettings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}
  --sop-types            pgloader chooses types as the SOP lets it; otherwise ours, where it can
  --postgres FOLDER      the target's programs (${systemPostgres()})
  --growth               time per row and memory for narrow rows alone instead
  --find                 time to find one differing row among narrow rows instead
  --rows LIST            with --growth (1000000,8000000); 30000000 too where there is time; with --find one number (10000000)
`
const defaultKinds = Object.keys(kinds)
  .filter((kind) => kind !== 'pgloader-8gb-lz4')
  .join(',')

const bytesAtScale1 = 25e9
const fieldBytesAtScale1 = 2e9
const bytesPerNarrowRow = 400

interface Options {
  readonly scale: number
  readonly rounds: number
  readonly kinds: readonly Kind[]
  readonly streams: number
  readonly tuned: boolean
  readonly sopTypes: boolean
  readonly binaries: string
  readonly what: What
}

/** What is measured: all kinds on all tables, or ours on narrow rows alone. */
type What =
  | { readonly kind: 'compare' }
  | { readonly kind: 'growth'; readonly rows: readonly number[] }
  | { readonly kind: 'find'; readonly rows: number }

export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === null) {
    process.stderr.write(usage)
    process.exitCode = 64
    return
  }
  const interrupted = 130
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(interrupted)
    process.stderr.write('\nEnding the servers and removing their files; once more to leave them.\n')
    controller.abort(new Stop('operator'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  try {
    await runBench(options, controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    process.exitCode = interrupted
  } finally {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, onSignal)
  }
}

function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scale: { type: 'string', default: '0.1' },
      rounds: { type: 'string', default: '5' },
      kinds: { type: 'string', default: defaultKinds },
      streams: { type: 'string', default: '2' },
      tuned: { type: 'boolean', default: false },
      'sop-types': { type: 'boolean', default: false },
      postgres: { type: 'string', default: systemPostgres() },
      growth: { type: 'boolean', default: false },
      find: { type: 'boolean', default: false },
      rows: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const chosen = values.kinds.split(',')
  const what = whatOf(values)
  const [scale, rounds, streams] = [values.scale, values.rounds, values.streams].map(Number)
  const numbers = [scale, rounds, streams, ...rowsOf(what)]
  if (values.help || !chosen.every(isKind) || !numbers.every((number) => number !== undefined && number > 0))
    return null
  return {
    scale: scale ?? 0,
    rounds: rounds ?? 0,
    // In the order of a round, whatever the order asked for.
    kinds: Object.keys(kinds).filter((kind): kind is Kind => isKind(kind) && chosen.includes(kind)),
    streams: streams ?? 0,
    tuned: values.tuned,
    sopTypes: values['sop-types'],
    binaries: values.postgres,
    what,
  }
}

function whatOf(values: { readonly growth: boolean; readonly find: boolean; readonly rows?: string }): What {
  if (values.find) return { kind: 'find', rows: Number(values.rows ?? '10000000') }
  if (values.growth) return { kind: 'growth', rows: (values.rows ?? '1000000,8000000').split(',').map(Number) }
  return { kind: 'compare' }
}

/** Narrow rows, source by source. */
function rowsOf(what: What): readonly number[] {
  switch (what.kind) {
    case 'compare':
      return []
    case 'growth':
      return what.rows
    case 'find':
      return findKeys.map(() => what.rows)
    default:
      return never(what)
  }
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text)
}

async function runBench(options: Options, signal: AbortSignal): Promise<void> {
  const { scale, what } = options
  const isCompared = what.kind === 'compare'
  const rows = rowsOf(what).reduce((sum, each) => sum + each, 0)
  const needed = isCompared ? bytesAtScale1 * scale : rows * bytesPerNarrowRow
  const free = freeBytes()
  say(`needs about ${gigabytes(needed)} GB below ${tmpdir()}, where ${gigabytes(free)} GB are free`)
  if (free < needed) {
    say('not enough: set TMPDIR to a folder with more room, or take a smaller --scale')
    process.exitCode = 4
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'threeshift-bench-'))
  chmodSync(folder, 0o711)
  const started: LocalServer[] = []
  try {
    const fieldBytes = isCompared ? fieldBytesAtScale1 * scale : rows * 80
    const source = await startSource(join(folder, 'source'), fieldBytes, signal)
    started.push(source)
    const settings = { ...stockSettings, ...(options.tuned ? tunedSettings : {}) }
    const target = await startTarget(join(folder, 'target'), options.binaries, settings, signal)
    started.push(target.server)
    const bench = { folder, source, target, streams: options.streams, sopTypes: options.sopTypes, signal }
    const result = await measureWhat(bench, options)
    const { how, stdout: commit } = await git(signal, 'rev-parse', 'HEAD')
    const { stdout: changes } = await git(signal, 'status', '--porcelain', '--', 'src', 'bin')
    writeResult(isCompared ? 'system-database' : `system-database-${what.kind}`, {
      commit: how === 'exit code 0' ? commit.trim() : null,
      uncommittedChanges: changes !== '',
      machine: machine(),
      settings: {
        postgres: target.version,
        postgresSettings: options.tuned ? 'tuned' : 'stock',
        ...settings,
        mariadb: await versionOf('mariadbd', signal),
        pgloader: await versionOf('pgloader', signal),
        rounds: options.rounds,
        scale: isCompared ? scale : null,
        streams: options.streams,
        pgloaderTypes: options.sopTypes ? 'its own' : 'ours',
      },
      ...result,
    })
  } finally {
    await Promise.all(started.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
}

function measureWhat(bench: Omit<Bench, 'data'>, options: Options): Promise<object> {
  const { what } = options
  switch (what.kind) {
    case 'compare':
      return compare(bench, options)
    case 'growth':
      return grow(bench, options, what.rows)
    case 'find':
      return find(bench, options, what.rows)
    default:
      return never(what)
  }
}

async function compare(base: Omit<Bench, 'data'>, options: Options): Promise<object> {
  const { signal } = base
  const startedMs = performance.now()
  const bench = { ...base, data: await fillSource(base.source, options.scale, signal) }
  say(`made in ${((performance.now() - startedMs) / 1000).toFixed(0)} s: ${shapeText(bench.data)}`)
  const first = await firstCopy(bench)
  const samples = new Map<Kind, Outcome[]>(options.kinds.map((kind) => [kind, []]))
  let holdsCopy = false
  for (let round = 1; round <= options.rounds; round++) {
    for (const kind of options.kinds) {
      const before = samples.get(kind) ?? []
      if (before.some((outcome) => outcome.kind === 'failed')) continue
      if (kind === 'verify' && !holdsCopy) mustHaveWorked(await copyWithOurs(bench, first, ['--no-reread']))
      const outcome = await measure(kind, bench, first)
      if (kind !== 'emit') holdsCopy = kind.startsWith('ours') && outcome.kind === 'took'
      before.push(outcome)
      say(`round ${round} ${kinds[kind]}: ${outcomeText(outcome)}`)
    }
  }
  const summary = summarize(samples, availableParallelism())
  process.stdout.write(
    `${shapeText(bench.data)}\nPostgreSQL ${base.target.version}, ${options.tuned ? 'tuned' : 'stock'} settings\n`,
  )
  process.stdout.write(summaryText(summary))
  // That pgloader fails is a result; that ours or the floor does is not.
  if ([...samples].some(([kind, all]) => !kind.startsWith('pgloader') && all.some((each) => each.kind === 'failed')))
    process.exitCode = 1
  return { shape: bench.data.tables, ...summary, samples: Object.fromEntries(samples) }
}

/** Warms the source up, and gives the tuples and the types that all kinds are measured with. */
async function firstCopy(bench: Bench): Promise<FirstCopy> {
  mustHaveWorked(await copyWithOurs(bench, null, ['--no-reread']))
  const state = await inspectTarget(bench.target.server, bench.data, bench.signal)
  return { state, tuples: await takeTuples(bench.target, bench.data, bench.signal) }
}

async function grow(base: Omit<Bench, 'data'>, options: Options, rowCounts: readonly number[]): Promise<object> {
  const sources: SourceData[] = []
  for (const rows of rowCounts) {
    sources.push(await fillNarrow(base.source, rows, base.signal))
    say(`made ${rows} narrow rows`)
  }
  const growth = await measureGrowth(base, sources, options.rounds, say)
  process.stdout.write(growthText(growth))
  return { ...growth }
}

/** By a key that is one number, and by one that is not: the first is narrowed by ranges, the other by its hash. */
const findKeys = ['id', 'id, kind'] as const

async function find(base: Omit<Bench, 'data'>, options: Options, rows: number): Promise<object> {
  const findings: Finding[] = []
  for (const key of findKeys) {
    const data = await fillNarrow(base.source, rows, base.signal, key)
    say(`made ${rows} narrow rows with the key (${key})`)
    findings.push(await measureFinding(base, data, key, options.rounds, say))
  }
  process.stdout.write(findingText(findings))
  return { findings }
}

function mustHaveWorked(outcome: Outcome): void {
  if (outcome.kind === 'failed') throw new Error(`db copy did not copy: ${outcome.why.join('; ')}`)
}

function shapeText({ tables }: SourceData): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const bytes = tables.reduce((sum, table) => sum + table.fieldBytes, 0)
  return `${tables.length} tables, ${rows} rows, ${(bytes / 1e6).toFixed(0)} MB of field bytes`
}

function outcomeText(outcome: Outcome): string {
  return outcome.kind === 'took' ? `${Math.round(outcome.ms)} ms` : `failed: ${outcome.why.join('; ')}`
}

function writeResult(name: string, result: object): void {
  const at = new Date().toISOString()
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const file = `${name}-${at.slice(0, 10)}.json`
  writeFileSync(join(results, file), `${JSON.stringify({ at, ...result }, undefined, 2)}\n`)
  process.stdout.write(`written: bench/results/${file}\n`)
}

function machine() {
  return {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
  }
}

/** Reads only; without the locks that would keep somebody else's git waiting. */
function git(signal: AbortSignal, ...args: readonly string[]) {
  return runMeasured('git', ['--no-optional-locks', '-C', join(import.meta.dirname, '..'), ...args], { signal })
}

async function versionOf(program: string, signal: AbortSignal): Promise<string> {
  const run = await runMeasured(program, ['--version'], { signal })
  return run.stdout.split('\n')[0]?.trim() ?? ''
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir())
  return bavail * bsize
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
