import { type Kind, kinds, type Outcome } from './kinds.ts'

export type Samples = ReadonlyMap<Kind, readonly Outcome[]>

type Took = Extract<Outcome, { readonly kind: 'took' }>

export interface Row {
  readonly kind: string
  /** Null when it failed, which is never a time. */
  readonly medianMs: number | null
  readonly fastestMs: number | null
  readonly slowestMs: number | null
  readonly clientCpuMs: number | null
  readonly postgresCpuMs: number | null
  readonly mysqlCpuMs: number | null
  /** Of what the cores could have done meanwhile, everybody else's part: 0 to 1. */
  readonly othersShare: number | null
  readonly maxRssMb: number | null
  readonly storedMb: number | null
  readonly failed: readonly string[]
  readonly otherTypes: readonly string[]
}

/** A figure of performance.md's targets; null when one of its kinds was not measured, or failed. */
export interface Ratio {
  readonly says: string
  readonly value: number | null
  readonly target: string
  readonly reached: boolean | null
}

export interface Summary {
  readonly rows: readonly Row[]
  /** What the floors' CPU seconds take when they are perfectly packed on all cores; medians over the rounds. */
  readonly boundMs: number | null
  readonly boundWithRereadMs: number | null
  readonly floorParts: Readonly<Record<string, { readonly ms: number; readonly cpuMs: number }>> | null
  readonly ratios: readonly Ratio[]
}

export function summarize(samples: Samples, cores: number): Summary {
  const tookOf = (kind: Kind) => (samples.get(kind) ?? []).filter((outcome) => outcome.kind === 'took')
  // A kind that failed in any round has no time at all.
  const isWhole = (kind: Kind) => (samples.get(kind) ?? []).every((outcome) => outcome.kind === 'took')
  const timeOf = (kind: Kind) => (isWhole(kind) ? median(tookOf(kind).map((sample) => sample.ms)) : null)

  const [floors, emits] = [tookOf('floor'), tookOf('emit')]
  const floorCpuMs = sum(median(floors.map((each) => each.postgresCpuMs)), median(emits.map((each) => each.mysqlCpuMs)))
  const rereadCpuMs = sum(floorCpuMs, median(floors.flatMap((each) => each.parts?.reread.cpuMs ?? [])))
  const [bound, boundWithReread] = [ratio(floorCpuMs, cores), ratio(rereadCpuMs, cores)]

  const ofPgloader = Object.keys(kinds).flatMap((kind) => (isPgloader(kind) ? (timeOf(kind) ?? []) : []))
  const peer = ofPgloader.length === 0 ? null : Math.min(...ofPgloader)
  const memory = (['ours', 'ours-pglz', 'ours-reread', 'verify'] as const).flatMap((kind) =>
    tookOf(kind).map((each) => each.rssMb ?? 0),
  )
  return {
    rows: [...samples].flatMap(([kind, all]) => (all.length === 0 ? [] : [rowOf(kind, all, cores)])),
    boundMs: bound,
    boundWithRereadMs: boundWithReread,
    floorParts: partsOf(floors),
    ratios: [
      atLeast('ours, times as fast as pgloader at its best', ratio(peer, timeOf('ours')), 5),
      atLeast('ours with pglz, times as fast as pgloader', ratio(peer, timeOf('ours-pglz')), 3),
      atLeast('ours with re-read, times as fast as pgloader without', ratio(peer, timeOf('ours-reread')), 4.5),
      atMost(`ours / ${cores}-core bound`, ratio(timeOf('ours'), bound), 1.3),
      atMost(
        `ours with re-read / ${cores}-core bound with re-read`,
        ratio(timeOf('ours-reread'), boundWithReread),
        1.25,
      ),
      atMost('db verify / ours', ratio(timeOf('verify'), timeOf('ours')), 0.6),
      atMost('greatest RSS of ours, MB', memory.length === 0 ? null : Math.max(...memory), 150),
    ],
  }
}

function atLeast(says: string, value: number | null, limit: number): Ratio {
  return { says, value, target: `at least ${limit}`, reached: value === null ? null : value >= limit }
}

function atMost(says: string, value: number | null, limit: number): Ratio {
  return { says, value, target: `at most ${limit}`, reached: value === null ? null : value <= limit }
}

function rowOf(kind: Kind, outcomes: readonly Outcome[], cores: number): Row {
  const failures = outcomes.filter((outcome) => outcome.kind === 'failed')
  const all = failures.length > 0 ? [] : outcomes.filter((outcome) => outcome.kind === 'took')
  const of = (pick: (sample: Took) => number | null) => median(all.flatMap((sample) => pick(sample) ?? []))
  const rss = outcomes.flatMap((outcome) => outcome.rssMb ?? [])
  const bytes = of((sample) => sample.storedBytes)
  return {
    kind: kinds[kind],
    medianMs: rounded(of((sample) => sample.ms)),
    fastestMs: all.length === 0 ? null : Math.round(Math.min(...all.map((sample) => sample.ms))),
    slowestMs: all.length === 0 ? null : Math.round(Math.max(...all.map((sample) => sample.ms))),
    clientCpuMs: rounded(of((sample) => sample.clientCpuMs)),
    postgresCpuMs: rounded(of((sample) => sample.postgresCpuMs)),
    mysqlCpuMs: rounded(of((sample) => sample.mysqlCpuMs)),
    othersShare: hundredths(of((sample) => sample.othersCpuMs / (sample.ms * cores))),
    maxRssMb: rss.length === 0 ? null : Math.round(Math.max(...rss)),
    storedMb: bytes === null ? null : Math.round(bytes / 1e6),
    failed: failures.map(({ why, afterMs }) => `after ${seconds(afterMs)} s: ${shortened(why)}`),
    otherTypes: all[0]?.otherTypes ?? [],
  }
}

/** The samples have them all. */
function shortened(why: readonly string[]): string {
  const most = 6
  const more = why.length > most ? [`and ${why.length - most} more`] : []
  return [...why.slice(0, most), ...more].join('; ')
}

function partsOf(floors: readonly Took[]): Summary['floorParts'] {
  const parts = floors.flatMap((each) => (each.parts === null ? [] : [each.parts]))
  if (parts.length === 0) return null
  return Object.fromEntries(
    (['copy', 'indexes', 'keys', 'reread'] as const).map((name) => [
      name,
      {
        ms: Math.round(median(parts.map((part) => part[name].ms)) ?? 0),
        cpuMs: Math.round(median(parts.map((part) => part[name].cpuMs)) ?? 0),
      },
    ]),
  )
}

/** The summary as lines for a person. */
export function summaryText(summary: Summary): string {
  const lines = [
    `${''.padEnd(31)}${'median s'.padStart(9)}  ${'fastest to slowest'.padEnd(18)}  CPU s: client / PG / MySQL  others %  RSS MB  stored MB`,
    ...summary.rows.flatMap((row) => [rowText(row), ...row.failed.map((why) => `    failed ${why}`)]),
  ]
  for (const row of summary.rows) {
    if (row.otherTypes.length === 0) continue
    lines.push(`${row.kind}: ${row.otherTypes.length} columns have other types than ours: ${row.otherTypes.join(', ')}`)
  }
  const parts = Object.entries(summary.floorParts ?? {}).map(
    ([name, part]) => `${name} ${seconds(part.ms)} (CPU ${seconds(part.cpuMs)})`,
  )
  if (parts.length > 0) lines.push(`floor, s: ${parts.join(', ')}`)
  lines.push(`bound: ${seconds(summary.boundMs)} s, with re-read ${seconds(summary.boundWithRereadMs)} s`)
  for (const { says, value, target, reached } of summary.ratios) {
    const verdict = reached === null ? 'not measured' : reached ? 'reached' : 'NOT reached'
    lines.push(`${says.padEnd(54)} ${(value === null ? '-' : value.toFixed(2)).padStart(7)}   ${target}: ${verdict}`)
  }
  return `${lines.join('\n')}\n`
}

function rowText(row: Row): string {
  const range = row.medianMs === null ? '' : `${seconds(row.fastestMs)} to ${seconds(row.slowestMs)}`
  const cpu = [row.clientCpuMs, row.postgresCpuMs, row.mysqlCpuMs].map((ms) => seconds(ms).padStart(7)).join(' / ')
  return (
    `${row.kind.padEnd(31)}${(row.failed.length > 0 ? 'failed' : seconds(row.medianMs)).padStart(9)}  ${range.padEnd(18)}  ${cpu}` +
    (row.othersShare === null ? '-' : String(Math.round(row.othersShare * 100))).padStart(11) +
    `${String(row.maxRssMb ?? '-').padStart(8)}${String(row.storedMb ?? '-').padStart(11)}`
  )
}

function isPgloader(kind: string): kind is Extract<Kind, `pgloader-${string}`> {
  return kind.startsWith('pgloader-')
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

function ratio(dividend: number | null, divisor: number | null): number | null {
  return dividend === null || divisor === null ? null : dividend / divisor
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value)
}

function hundredths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100
}

function seconds(ms: number | null): string {
  return ms === null ? '-' : (ms / 1000).toFixed(2)
}
