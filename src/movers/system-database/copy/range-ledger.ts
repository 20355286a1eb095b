import type { FindingCount } from '../values/findings.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import { RowSum } from '../row-hash.ts'
import type { KeyCells, KeyRange } from './key-range.ts'

/** How far the copy of one range has come; what the target's ledger says of it. */
export interface RangeState {
  readonly range: KeyRange
  /** True when the table is read in the order of its key, and may be gone on with after `lastKey`. */
  readonly keyed: boolean
  /** Of the last row that is in. */
  lastKey: KeyCells | null
  complete: boolean
  /** Of field bytes as the source sent them. */
  bytes: number
  /** Over the binary tuples that were sent. */
  readonly sent: RowSum
  /** Over the source's rows that decisions set aside. */
  readonly aside: RowSum
  findings: readonly FindingCount[]
}

export function newRange(range: KeyRange, keyed: boolean): RangeState {
  const [sent, aside] = [new RowSum(), new RowSum()]
  return { range, keyed, lastKey: null, complete: false, bytes: 0, sent, aside, findings: [] }
}

/** Writes a range's state in the transaction that is open. */
export async function saveRange(target: PostgresTarget, table: string, state: RangeState): Promise<void> {
  const { range, sent, aside } = state
  await target.query(
    `INSERT INTO threeshift.copied_range VALUES ($1, $2, $3::bytea[], $4::bytea[], $5::bytea[], $6, $7, $8, $9, $10, $11, $12, $13)
      ON CONFLICT (table_name, number) DO UPDATE SET last_key = excluded.last_key, complete = excluded.complete,
        rows = excluded.rows, bytes = excluded.bytes, sent = excluded.sent, aside_rows = excluded.aside_rows,
        aside = excluded.aside, findings = excluded.findings`,
    `noting how far ${table} is copied`,
    [
      table,
      String(range.number),
      keyText(range.after),
      keyText(range.upTo),
      keyText(state.lastKey),
      String(state.keyed),
      String(state.complete),
      String(sent.rows),
      String(state.bytes),
      sent.hex,
      String(aside.rows),
      aside.hex,
      JSON.stringify(state.findings),
    ],
  )
}

/** What is in of a table is no longer gone on with. */
export async function forgetRanges(target: PostgresTarget, table: string): Promise<void> {
  const sql = 'DELETE FROM threeshift.copied_range WHERE table_name = $1'
  await target.query(sql, `noting that ${table} has to be copied again`, [table])
}

/** All ranges of all tables that an earlier run has begun, by table. */
export async function readRanges(target: PostgresTarget): Promise<ReadonlyMap<string, readonly RangeState[]>> {
  const rows = await target.query(
    `SELECT table_name, number, after_key, up_to_key, last_key, keyed, complete, rows, bytes, sent, aside_rows, aside, findings
      FROM threeshift.copied_range ORDER BY table_name, number`,
    'reading how far an earlier copy came',
  )
  const states = rows.map((row): readonly [string, RangeState] => {
    const [table, number, after, upTo, last, keyed, complete, count, bytes, sent, asideRows, aside, findings] = row
    return [
      table ?? '',
      {
        range: { number: Number(number), after: keyOf(after), upTo: keyOf(upTo) },
        keyed: keyed === 't',
        lastKey: keyOf(last),
        complete: complete === 't',
        bytes: Number(bytes),
        sent: RowSum.restore(Number(count), sent ?? ''),
        aside: RowSum.restore(Number(asideRows), aside ?? ''),
        // Written by `saveRange`.
        findings: JSON.parse(findings ?? '[]') as readonly FindingCount[],
      },
    ]
  })
  return new Map([...Map.groupBy(states, ([table]) => table)].map(([table, all]) => [table, all.map(([, s]) => s)]))
}

/** As PostgreSQL reads a bytea[]: `{"\\x31","\\x6162"}`. */
function keyText(key: KeyCells | null): string | null {
  return key === null ? null : `{${key.map((cell) => `"\\\\x${cell.toString('hex')}"`).join(',')}}`
}

function keyOf(text: string | null | undefined): KeyCells | null {
  if (text === null || text === undefined) return null
  return [...text.matchAll(/\\\\x([0-9a-f]*)/g)].map(([, hex]) => Buffer.from(hex ?? '', 'hex'))
}
