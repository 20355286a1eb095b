import { type Bench, copyWithOurs } from './kinds.ts'
import { median } from './report.ts'
import type { SourceData } from './source.ts'

export interface Growth {
  readonly steps: readonly GrowthStep[]
  /** Slowest by fastest step; 1.1 is performance.md's limit. */
  readonly spread: number
  /** The same of CPU time, client and servers together: what is left of it on a machine that others use too. */
  readonly cpuSpread: number
  readonly samples: Readonly<Record<string, readonly Sample[]>>
}

interface Sample {
  readonly tookMs: number
  readonly cpuMs: number
  readonly rssMb: number
}

interface GrowthStep {
  readonly rows: number
  readonly medianMs: number
  readonly nsPerRow: number
  /** For the rows that the step before has not: free of what every run costs once. Null for the first. */
  readonly nsPerFurtherRow: number | null
  readonly cpuNsPerRow: number
  readonly maxRssMb: number
}

/** Copies each source in turn, round by round. Time: as the command itself reports it, without the start of Node. */
export async function measureGrowth(
  base: Omit<Bench, 'data'>,
  sources: readonly SourceData[],
  rounds: number,
  say: (line: string) => void,
): Promise<Growth> {
  const samples = new Map(sources.map((source) => [source.database, [] as Sample[]]))
  for (let round = 1; round <= rounds; round++) {
    for (const data of sources) {
      const outcome = await copyWithOurs({ ...base, data }, null, ['--no-reread'])
      if (outcome.kind === 'failed') throw new Error(`db copy did not copy: ${outcome.why.join('; ')}`)
      const [tookMs, rssMb] = [outcome.tookMs ?? outcome.ms, outcome.rssMb ?? 0]
      const cpuMs = (outcome.clientCpuMs ?? 0) + outcome.postgresCpuMs + outcome.mysqlCpuMs
      samples.get(data.database)?.push({ tookMs, cpuMs, rssMb })
      say(`round ${round} ${rowsIn(data)} rows: ${Math.round(tookMs)} ms, ${Math.round(rssMb)} MB`)
    }
  }
  const steps: GrowthStep[] = []
  for (const data of sources.toSorted((a, b) => rowsIn(a) - rowsIn(b))) {
    const all = samples.get(data.database) ?? []
    const [rows, medianMs, before] = [rowsIn(data), median(all.map((sample) => sample.tookMs)) ?? 0, steps.at(-1)]
    steps.push({
      rows,
      medianMs: Math.round(medianMs),
      nsPerRow: Math.round((medianMs * 1e6) / rows),
      nsPerFurtherRow:
        before === undefined ? null : Math.round(((medianMs - before.medianMs) * 1e6) / (rows - before.rows)),
      cpuNsPerRow: Math.round(((median(all.map((sample) => sample.cpuMs)) ?? 0) * 1e6) / rows),
      maxRssMb: Math.round(Math.max(...all.map((sample) => sample.rssMb))),
    })
  }
  return {
    steps,
    spread: spreadOf(steps.map((step) => step.nsPerRow)),
    cpuSpread: spreadOf(steps.map((step) => step.cpuNsPerRow)),
    samples: Object.fromEntries(samples),
  }
}

function spreadOf(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values)
}

/** The growth as lines for a person. */
export function growthText({ steps, spread, cpuSpread }: Growth): string {
  const lines = steps.map(
    ({ rows, medianMs, nsPerRow, nsPerFurtherRow, cpuNsPerRow, maxRssMb }) =>
      `${String(rows).padStart(10)} rows ${String(medianMs).padStart(8)} ms ${String(nsPerRow).padStart(7)} ns per row ` +
      `${String(nsPerFurtherRow ?? '-').padStart(7)} ns per further row ${String(cpuNsPerRow).padStart(7)} ns of CPU per row  RSS ${maxRssMb} MB`,
  )
  const verdict = spread <= 1.1 ? 'reached' : 'NOT reached'
  return `${lines.join('\n')}\nslowest / fastest time per row ${spread.toFixed(2)}   at most 1.1: ${verdict}; of CPU time ${cpuSpread.toFixed(2)}\n`
}

function rowsIn(data: SourceData): number {
  return data.tables.reduce((sum, table) => sum + table.rows, 0)
}
