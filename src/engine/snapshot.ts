import type { Answer, Gate } from '../model/gate.ts'
import type { Plan, PlanRow } from '../model/plan.ts'
import type { Progress } from '../model/progress.ts'
import type { RowState } from '../model/row-state.ts'
import { rowStateSchema } from '../model/row-state.ts'
import type { Actor } from '../ports/journal.ts'
import type { Explanation } from '../ports/step.ts'
import type { Transaction } from './store.ts'

/** All that is stored about one migration, at one moment. Times are milliseconds since 1970. */
export interface Snapshot {
  readonly id: string
  readonly customer: string
  readonly plan: Plan
  readonly gates: Readonly<Record<string, Gate>>
  readonly generation: number
  readonly requestedBy: Actor
  readonly backTo: string | null
  readonly control: 'run' | 'paused' | 'cancelled'
  readonly controlDeed: { readonly by: Actor; readonly reason: string; readonly at: number } | null
  readonly ended: 'done' | 'rolled-back' | null
  readonly endedAt: number | null
  readonly startedAt: number
  readonly now: number
  /** Processes that have given a sign of life lately. */
  readonly workers: number
  readonly rows: readonly SnapshotRow[]
}

export interface SnapshotRow {
  readonly id: string
  readonly state: RowState
  readonly touched: boolean
  readonly progress: Progress | null
  readonly ask: {
    readonly generation: number
    readonly explanation: Explanation
    readonly digest: string
    readonly askedAt: number
    readonly answers: readonly Answer[]
  } | null
}

/** A row with its plan. */
export interface PlannedRow extends SnapshotRow {
  readonly plan: PlanRow
}

/** Reads the migrations of these ids, or all, in one statement, by the time of their start. */
export async function readSnapshots(tx: Transaction, ids: readonly string[] | null): Promise<readonly Snapshot[]> {
  const { rows } = await tx.query<Snapshot>(snapshotSql, [ids])
  return rows.map((snapshot) => ({
    ...snapshot,
    rows: snapshot.rows.map((row) => ({ ...row, state: rowStateSchema.parse(row.state) })),
  }))
}

const ms = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`

const snapshotSql = `
SELECT m.id, m.customer, m.plan, m.gates, m.generation, m.requested_by AS "requestedBy", m.back_to AS "backTo",
       m.control, m.control_deed AS "controlDeed", m.ended, ${ms('m.ended_at')} AS "endedAt",
       ${ms('m.started_at')} AS "startedAt", ${ms('clock_timestamp()')} AS now,
       (SELECT count(*)::int FROM threeshift.executors WHERE seen_at > clock_timestamp() - interval '20 seconds') AS workers,
       (SELECT json_agg(json_build_object(
          'id', r.id, 'state', r.state, 'touched', r.touched, 'progress', r.progress,
          'ask', CASE WHEN a.id IS NULL THEN NULL ELSE json_build_object(
            'generation', a.generation, 'explanation', a.explanation, 'digest', a.digest, 'askedAt', ${ms('a.asked_at')},
            'answers', (SELECT coalesce(json_agg(json_build_object('party', p.party, 'name', p.name, 'verdict', p.verdict,
                          'reason', p.reason, 'at', ${ms('p.at')}) ORDER BY p.at, p.person), '[]')
                        FROM threeshift.approvals p WHERE p.ask = a.id)) END) ORDER BY r.position)
        FROM threeshift.rows r LEFT JOIN threeshift.asks a ON a.id = r.ask WHERE r.migration = m.id) AS rows
FROM threeshift.migrations m WHERE $1::text[] IS NULL OR m.id = ANY($1) ORDER BY m.started_at, m.id`
