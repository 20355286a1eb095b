import { type Bench, copyWithOurs, threeshift } from './kinds.ts'
import { median } from './report.ts'
import type { SourceData } from './source.ts'
import { onTarget, type Run, targetDatabase } from './target.ts'

/** One row of the target that is made to differ, and what the verification has to call it. */
interface Damage {
  readonly kind: 'changed-row' | 'missing-row' | 'extra-row'
  readonly make: (run: Run, id: number) => Promise<unknown>
  readonly undo: (run: Run, id: number) => Promise<unknown>
}

const set = 'UPDATE events SET amount = amount'
const damages: readonly Damage[] = [
  {
    kind: 'changed-row',
    make: (run, id) => run(`${set} + 1 WHERE id = ${id}`),
    undo: (run, id) => run(`${set} - 1 WHERE id = ${id}`),
  },
  {
    kind: 'missing-row',
    // Out of the way, in a schema that nobody compares.
    make: (run, id) =>
      run(`CREATE SCHEMA aside; CREATE TABLE aside.lost AS SELECT * FROM events WHERE id = ${id};
        DELETE FROM events WHERE id = ${id}`),
    undo: (run) => run('INSERT INTO events SELECT * FROM aside.lost; DROP SCHEMA aside CASCADE'),
  },
  {
    kind: 'extra-row',
    make: (run, id) =>
      run(
        `INSERT INTO events SELECT -id, project_id, user_id, kind, billable, amount, created_at FROM events WHERE id = ${id}`,
      ),
    undo: (run, id) => run(`DELETE FROM events WHERE id = -${id}`),
  },
]

export interface Finding {
  readonly key: string
  readonly rows: number
  readonly cleanMs: number
  /** Of the median time of a clean verification, by what was to be found; 2 is the limit. */
  readonly timesClean: Readonly<Record<string, number>>
  readonly maxRssMb: number
  readonly samples: Readonly<Record<string, readonly number[]>>
}

/** Verifies a copy of `data`, round by round: as it is, with one cell changed, with one row lost, with one too many. */
export async function measureFinding(
  base: Omit<Bench, 'data'>,
  data: SourceData,
  key: string,
  rounds: number,
  say: (line: string) => void,
): Promise<Finding> {
  const bench = { ...base, data }
  const copied = await copyWithOurs(bench, null, ['--no-reread'])
  if (copied.kind === 'failed') throw new Error(`db copy did not copy: ${copied.why.join('; ')}`)
  const rows = data.tables.reduce((sum, table) => sum + table.rows, 0)
  const samples: Record<string, number[]> = {}
  let maxRssMb = 0
  const verify = async (name: string, expected: object | null) => {
    const run = await threeshift(bench, 'verify', [])
    const { differences, tookMs } = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '{}')
    const found = JSON.stringify(differences)
    if (found !== JSON.stringify(expected === null ? [] : [expected]))
      throw new Error(`${name}: db verify found ${found}`)
    ;(samples[name] ??= []).push(tookMs)
    maxRssMb = Math.max(maxRssMb, run.rssMb)
    say(`${key}: ${name}: ${Math.round(tookMs)} ms`)
  }
  await onTarget(base.target.server, targetDatabase, base.signal, async (run) => {
    for (let round = 1; round <= rounds; round++) {
      await verify('clean', null)
      // Somewhere else each time, spread without chance.
      const id = 1 + ((round * 2_654_435_761) % rows)
      for (const damage of damages) {
        await damage.make(run, id)
        await verify(damage.kind, differenceOf(damage, key, id))
        await damage.undo(run, id)
      }
    }
  })
  const cleanMs = median(samples['clean'] ?? []) ?? 0
  return {
    key,
    rows,
    cleanMs: Math.round(cleanMs),
    timesClean: Object.fromEntries(
      damages.map(({ kind }) => [kind, Math.round(((median(samples[kind] ?? []) ?? 0) / cleanMs) * 100) / 100]),
    ),
    maxRssMb: Math.round(maxRssMb),
    samples,
  }
}

function differenceOf({ kind }: Damage, key: string, id: number): object {
  const named = `${kind === 'extra-row' ? -id : id}`
  // The second column of the composite key: `kind` is what event-rows.sql makes of the id.
  const name = key === 'id' ? named : `${named},${((id * 2_654_435_761) % 2 ** 32) % 12}`
  return { kind, table: 'events', key: name, ...(kind === 'changed-row' ? { columns: ['amount'] } : {}) }
}

/** The measurements as lines for a person. */
export function findingText(findings: readonly Finding[]): string {
  return findings
    .map(({ key, rows, cleanMs, timesClean, maxRssMb }) => {
      const times = Object.entries(timesClean).map(([name, times]) => `${name} ${times.toFixed(2)} x`)
      const verdict = Object.values(timesClean).every((times) => times < 2) ? 'reached' : 'NOT reached'
      return `${rows} rows by (${key}): clean ${cleanMs} ms; ${times.join(', ')}   under 2: ${verdict}   RSS ${maxRssMb} MB\n`
    })
    .join('')
}
