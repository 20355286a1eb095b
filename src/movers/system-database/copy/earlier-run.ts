import { createHash } from 'node:crypto'
import type { MoveRequest } from '../../../ports/system-database.ts'
import { forgetInLedger } from './ledger.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import { quotePostgres, type TargetSchema } from '../schema/target-schema.ts'
import type { TableMove } from '../table-move.ts'
import { type CopyStream, type RangeWork, recountRange } from './copy-range.ts'
import { type Job, runJobs } from './jobs.ts'
import type { TablePlan } from './plan-ranges.ts'
import { newRange, type RangeState, readRanges } from './range-ledger.ts'

/** A copy that was cut off and may be gone on with. */
export interface EarlierRun {
  readonly ranges: ReadonlyMap<string, readonly RangeState[]>
}

/** What makes two copies the same one, as a digest: definitions on both sides, and every choice that changes a row. */
export function planDigest(moves: readonly TableMove[], request: Pick<MoveRequest, 'decisions' | 'schema'>): string {
  const tables = moves.map(({ name, source, target }) => ({
    name,
    columns: source.columns,
    key: source.primaryKey,
    // Where a sequence will begin changes with every row that the source gets.
    target: { ...target, sequence: target.sequence?.name ?? null },
  }))
  const plan = JSON.stringify(
    { format: 1, tables, decisions: request.decisions, schema: request.schema },
    (_key, value) => (typeof value === 'bigint' ? String(value) : value),
  )
  return createHash('sha256').update(plan).digest('hex')
}

/** The unfinished copy of the very same plan that the target's ledger tells of; null when there is none. */
export async function findEarlierRun(target: PostgresTarget, plan: string): Promise<EarlierRun | null> {
  const [[there] = []] = await target.query(`SELECT to_regclass('threeshift.copied_range')`, 'looking for the ledger')
  if (there === null) return null
  const rows = await target.query(
    'SELECT FROM threeshift.copy WHERE plan = $1 AND finished_at IS NULL',
    'looking for a copy that was cut off',
    [plan],
  )
  return rows.length === 0 ? null : { ranges: await readRanges(target) }
}

/**
 * Reads again at the source what an earlier run has copied, and compares.
 *
 * Out: the tables that are different now.
 */
export async function findChanged(
  streams: readonly CopyStream[],
  plans: readonly TablePlan[],
  work: Pick<RangeWork, 'rules'> & { readonly begin: (move: TableMove) => RangeWork['progress'] },
  onFailure: (error: unknown) => void,
): Promise<ReadonlySet<string>> {
  const changed = new Set<string>()
  const jobs = plans.flatMap((plan) =>
    plan.states.filter(isBegun).map(
      (copied): Job<CopyStream> => ({
        weight: plan.move.source.estimatedBytes,
        after: [],
        locks: [],
        run: async (stream) => {
          const { move, key } = plan
          const now = newRange(copied.range, copied.keyed)
          const progress = work.begin(move)
          const shared = { halt: { halted: false }, spare: () => null }
          await recountRange(stream, { move, key, rules: work.rules, progress, ...shared }, copied, now)
          if (!now.sent.equals(copied.sent) || !now.aside.equals(copied.aside)) changed.add(move.name)
        },
      }),
    ),
  )
  await runJobs(jobs, streams, onFailure)
  return changed
}

/** Takes tables of an earlier run back, with all that the ledger says of them. */
export async function forgetTables(
  target: PostgresTarget,
  there: TargetSchema,
  names: ReadonlySet<string>,
  made: boolean,
): Promise<void> {
  if (names.size === 0) return
  const keys = there.tables.flatMap((table) =>
    table.foreignKeys
      .filter((key) => names.has(key.refTable) || names.has(table.name))
      .map((key) => `ALTER TABLE public.${quotePostgres(table.name)} DROP CONSTRAINT ${quotePostgres(key.name)}`),
  )
  const tables = there.tables
    .filter((table) => names.has(table.name))
    .map((table) => `public.${quotePostgres(table.name)}`)
  const clear = tables.length === 0 ? [] : [`${made ? 'DROP TABLE' : 'TRUNCATE'} ${tables.join(', ')}`]
  for (const sql of ['BEGIN', ...keys, ...clear]) await target.query(sql, 'taking back what the source has changed')
  await forgetInLedger(target, [...names])
  await target.query('COMMIT', 'taking back what the source has changed')
}

function isBegun(state: RangeState): boolean {
  return state.complete || state.lastKey !== null
}
