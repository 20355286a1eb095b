import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import type { LocalServer } from '../../src/adapters/servers/local-server.ts'
import { never } from '../../src/base/never.ts'
import { type FloorPart, type Part, runFloor, type Tuples } from './floor.ts'
import { compareTypes, inspectTarget, type TargetState } from './inspect-target.ts'
import { pgloaderComplaints, type PgloaderOptions, runPgloader } from './pgloader.ts'
import { machineCpuMs, treeCpuMs } from './process-cpu.ts'
import { type MeasuredRun, runMeasured } from './run-measured.ts'
import type { SourceData } from './source.ts'
import { emptyTarget, type Target, targetDatabase, untilAlone } from './target.ts'

/** What is measured, in the order of a round. */
export const kinds = {
  floor: 'floor: COPY, indexes, keys',
  emit: 'floor: MariaDB emits all rows',
  'pgloader-10000': 'pgloader, prefetch 10000 (SOP)',
  'pgloader-1000': 'pgloader, prefetch 1000',
  'pgloader-8gb': 'pgloader, SOP, 8 GB heap',
  'pgloader-8gb-lz4': 'pgloader, SOP, 8 GB heap, lz4',
  ours: 'ours',
  'ours-pglz': 'ours, pglz',
  'ours-reread': 'ours, with re-read',
  verify: 'ours: db verify',
} as const
export type Kind = keyof typeof kinds

export type Outcome =
  | {
      readonly kind: 'took'
      readonly ms: number
      /** Null where nobody but the servers did anything. */
      readonly clientCpuMs: number | null
      readonly postgresCpuMs: number
      readonly mysqlCpuMs: number
      /** Of everybody else on this machine meanwhile: a time is worth little where they had much of it. */
      readonly othersCpuMs: number
      readonly rssMb: number | null
      /** What the command itself says that it took: without the start of Node. */
      readonly tookMs: number | null
      readonly storedBytes: number | null
      readonly parts: Readonly<Record<FloorPart, Part>> | null
      /** Columns whose types are not ours. */
      readonly otherTypes: readonly string[]
    }
  /** Never a time: what ended early or left something out did not do the work. */
  | { readonly kind: 'failed'; readonly why: readonly string[]; readonly afterMs: number; readonly rssMb: number }

export interface Bench {
  readonly folder: string
  readonly source: LocalServer
  readonly data: SourceData
  readonly target: Target
  readonly streams: number
  readonly sopTypes: boolean
  readonly signal: AbortSignal
}

/** What a first copy of ours gives to all that follows. */
export interface FirstCopy {
  readonly tuples: Tuples
  readonly state: TargetState
}

/** Measures one kind, into a freshly emptied target where it writes to one. `verify` reads what a copy just left. */
export async function measure(kind: Kind, bench: Bench, first: FirstCopy): Promise<Outcome> {
  switch (kind) {
    case 'floor':
      return measureFloor(bench, first)
    case 'emit':
      return emitRows(bench)
    case 'pgloader-10000':
      return pgloader(bench, first, { prefetchRows: 10_000, heapMb: null, compression: 'pglz' })
    case 'pgloader-1000':
      return pgloader(bench, first, { prefetchRows: 1000, heapMb: null, compression: 'pglz' })
    case 'pgloader-8gb':
      return pgloader(bench, first, { prefetchRows: 10_000, heapMb: 8192, compression: 'pglz' })
    case 'pgloader-8gb-lz4':
      return pgloader(bench, first, { prefetchRows: 10_000, heapMb: 8192, compression: 'lz4' })
    case 'ours':
      return copyWithOurs(bench, first, ['--no-reread'])
    case 'ours-pglz':
      return copyWithOurs(bench, first, ['--no-reread', '--compression', 'pglz'])
    case 'ours-reread':
      return copyWithOurs(bench, first, [])
    case 'verify':
      return counted(bench, first, () => threeshift(bench, 'verify', []), complaintsOf)
    default:
      return never(kind)
  }
}

/** Copies with ours, and measures that. Every later kind can be compared with what it leaves. */
export async function copyWithOurs(bench: Bench, first: FirstCopy | null, args: readonly string[]): Promise<Outcome> {
  const { streams, signal } = bench
  await emptyTarget(bench.target.server, signal)
  const all = ['--streams', String(streams), '--decide', 'zero-date=null', ...args]
  return counted(bench, first, () => threeshift(bench, 'copy', all), complaintsOf)
}

async function measureFloor(bench: Bench, first: FirstCopy): Promise<Outcome> {
  const { target, data, signal } = bench
  await emptyTarget(target.server, signal)
  const before = cpuOf(bench)
  const parts = await runFloor(target, first.tuples, signal)
  const cpu = cpuSince(bench, before)
  const state = await inspectTarget(target.server, data, signal)
  const done = [parts.copy, parts.indexes, parts.keys]
  const ms = done.reduce((sum, part) => sum + part.ms, 0)
  if (state.problems.length > 0) return { kind: 'failed', why: state.problems, afterMs: ms, rssMb: 0 }
  return {
    kind: 'took',
    ms,
    clientCpuMs: null,
    postgresCpuMs: done.reduce((sum, part) => sum + part.cpuMs, 0),
    mysqlCpuMs: cpu.mysqlMs,
    othersCpuMs: Math.max(0, cpu.allMs - cpu.postgresMs - cpu.mysqlMs),
    rssMb: null,
    tookMs: null,
    storedBytes: state.bytes,
    parts,
    otherTypes: compareTypes(first.state, state),
  }
}

/** The target has no part in it, and is left as it is. */
async function emitRows(bench: Bench): Promise<Outcome> {
  const { source, data, folder, signal } = bench
  const login = join(folder, 'client.cnf')
  const password = source.password.reveal('let the client in, by a file that only its owner reads')
  const lines = [
    '[client]',
    `host=${source.host}`,
    `port=${source.port}`,
    `user=${source.user}`,
    `password=${password}`,
  ]
  await writeFile(login, `${lines.join('\n')}\n`, { mode: 0o600 })
  const sql = data.tables.map(({ name }) => `SELECT * FROM ${name};`).join(' ')
  const args = [
    `--defaults-file=${login}`,
    '--default-character-set=utf8mb4',
    '--quick',
    '-BN',
    '-e',
    sql,
    data.database,
  ]
  const before = cpuOf(bench)
  const run = await runMeasured('mariadb', args, { keepStdout: false, signal })
  if (run.how !== 'exit code 0') return failed(run, complaintsOf(run))
  return { ...took(bench, run, before), storedBytes: null, otherTypes: [] }
}

function pgloader(bench: Bench, first: FirstCopy, options: Omit<PgloaderOptions, 'sopTypes'>): Promise<Outcome> {
  const { folder, source, target, data, sopTypes, signal } = bench
  const servers = { source, target: target.server }
  const run = () => runPgloader(join(folder, 'pgloader'), servers, data.database, { ...options, sopTypes }, signal)
  return emptyTarget(target.server, signal).then(() => counted(bench, first, run, pgloaderComplaints))
}

/** Runs a client and looks at what it left; what is not all there has failed. */
async function counted(
  bench: Bench,
  first: FirstCopy | null,
  run: () => Promise<MeasuredRun>,
  complaints: (run: MeasuredRun) => readonly string[],
): Promise<Outcome> {
  const { target, data, signal } = bench
  const before = cpuOf(bench)
  const measured = await run()
  await untilAlone(target.server, signal)
  const sample = took(bench, measured, before)
  const state = await inspectTarget(target.server, data, signal)
  if (state.problems.length > 0 || measured.how !== 'exit code 0') {
    return failed(measured, [...complaints(measured), ...state.problems])
  }
  return { ...sample, storedBytes: state.bytes, otherTypes: first === null ? [] : compareTypes(first.state, state) }
}

function threeshift(bench: Bench, verb: 'copy' | 'verify', args: readonly string[]): Promise<MeasuredRun> {
  const { source, target, data, signal } = bench
  const program = join(import.meta.dirname, '../../bin/threeshift')
  const all = ['db', verb, '--source', 'env:SOURCE', '--target', 'env:TARGET', '--json', ...args]
  const env = {
    SOURCE: url('mysql', source, data.database),
    TARGET: url('postgresql', target.server, targetDatabase),
  }
  return runMeasured(program, all, { env, signal })
}

function url(scheme: string, server: LocalServer, database: string): string {
  const { user, host, port } = server
  return `${scheme}://${user}:${encodeURIComponent(server.password.reveal('measure a copy'))}@${host}:${port}/${database}`
}

/** CPU time so far, in milliseconds. */
interface Cpu {
  readonly postgresMs: number
  readonly mysqlMs: number
  /** Of everything on this machine. */
  readonly allMs: number
}

function cpuOf({ source, target }: Bench): Cpu {
  return { postgresMs: treeCpuMs(target.server.pid), mysqlMs: treeCpuMs(source.pid), allMs: machineCpuMs() }
}

function cpuSince(bench: Bench, before: Cpu): Cpu {
  const after = cpuOf(bench)
  return {
    postgresMs: after.postgresMs - before.postgresMs,
    mysqlMs: after.mysqlMs - before.mysqlMs,
    allMs: after.allMs - before.allMs,
  }
}

function took(bench: Bench, run: MeasuredRun, before: Cpu) {
  const cpu = cpuSince(bench, before)
  return {
    kind: 'took',
    ms: run.ms,
    clientCpuMs: run.cpuMs,
    postgresCpuMs: cpu.postgresMs,
    mysqlCpuMs: cpu.mysqlMs,
    othersCpuMs: Math.max(0, cpu.allMs - cpu.postgresMs - cpu.mysqlMs - run.cpuMs),
    rssMb: run.rssMb,
    tookMs: tookMsIn(run.stdout),
    parts: null,
  } as const
}

function failed(run: MeasuredRun, why: readonly string[]): Outcome {
  return { kind: 'failed', why, afterMs: run.ms, rssMb: run.rssMb }
}

/** How the command ended, and the end of what it said. */
function complaintsOf(run: MeasuredRun): readonly string[] {
  const lastLines = run.stderr.trimEnd().split('\n').slice(-4).join(' | ')
  return run.how === 'exit code 0' ? [] : [`${run.how}: ${lastLines}`]
}

/** Of the last line, when it is the one JSON object of `--json`. */
function tookMsIn(stdout: string): number | null {
  const lastLine = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (!lastLine.startsWith('{')) return null
  const { tookMs } = JSON.parse(lastLine)
  return typeof tookMs === 'number' ? tookMs : null
}
