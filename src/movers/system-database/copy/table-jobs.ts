import type { Clock } from '../../../base/clock.ts'
import type { CopyReport } from '../../../ports/system-database.ts'
import { fault } from '../faults.ts'
import type { PhaseProgress } from '../progress.ts'
import { RowSum } from '../row-hash.ts'
import {
  addForeignKey,
  adoptPrimaryIndex,
  createIndex,
  createPrimaryIndex,
  createSequence,
  createTable,
  setSequence,
} from '../schema/target-ddl.ts'
import type { TargetSchema, TargetTable } from '../schema/target-schema.ts'
import { quotePostgres } from '../schema/target-schema.ts'
import type { TableMove } from '../table-move.ts'
import { type CommitPolicy, copyRange, type CopyStream, type RangeWork } from './copy-range.ts'
import type { Job } from './jobs.ts'
import type { CopyLimits, TablePlan } from './plan-ranges.ts'
import { forgetRanges, type RangeState, saveRange } from './range-ledger.ts'
import type { RowRules } from './row-pass.ts'

/** What all tables of one copy share. */
export interface CopyWork {
  readonly rules: RowRules
  readonly progress: PhaseProgress
  readonly halt: RangeWork['halt']
  readonly spare: RangeWork['spare']
  /** True when the copy makes the tables, false when it fills those that are there. */
  readonly create: boolean
  readonly reread: boolean
  readonly limits: CopyLimits
  /** Tables, indexes and keys that an earlier run has made already. */
  readonly there: TargetSchema
  readonly clock: Clock
  readonly copied: CopyReport['tables'][number][]
}

type CopyJob = Job<CopyStream>

/**
 * The jobs of one table: fill it (in one go or range by range), read it back, index it, note that it is whole.
 *
 * Out: the jobs, and the last of them. Each does nothing that an earlier run has done.
 */
export function tableJobs(
  work: CopyWork,
  plan: TablePlan,
): { readonly jobs: readonly CopyJob[]; readonly whole: CopyJob } {
  if (plan.how === 'ranges') return rangesJobs(work, plan)
  return plan.move.source.estimatedBytes <= work.limits.smallTableBytes
    ? smallTable(work, plan)
    : largeTable(work, plan)
}

/** Foreign keys come when both of their tables are whole. */
export function foreignKeyJobs(
  work: CopyWork,
  moves: readonly TableMove[],
  whole: ReadonlyMap<string, CopyJob>,
): readonly CopyJob[] {
  return moves.flatMap((move) =>
    move.target.foreignKeys.map((key): CopyJob => {
      const { name } = move
      const isThere = tableOf(work.there, name)?.foreignKeys.some((other) => other.name === key.name) === true
      return {
        weight: weightOf(move, 0.1),
        after: [name, key.refTable].flatMap((table) => whole.get(table) ?? []),
        locks: [name, key.refTable],
        run: async ({ target }) => {
          if (isThere || work.halt.halted) return
          await target.query(addForeignKey(move.target, key), `adding a foreign key of ${name}`)
        },
      }
    }),
  )
}

/** One job, for several would cost more than they save. */
function smallTable(work: CopyWork, plan: TablePlan) {
  const { move } = plan
  const whole: CopyJob = {
    weight: weightOf(move, 1),
    after: [],
    locks: [],
    run: async (stream) => {
      const startedMs = work.clock.elapsedMs()
      const progress = work.progress.begin(move.name, move.source.estimatedRows)
      await fillWhole(stream, work, plan, progress)
      if (work.halt.halted) return
      for (const sql of indexStatements(work, move)) await stream.target.query(sql, `indexing ${move.name}`)
      await compareStored(stream, work, plan)
      await finishTable(stream, work, plan)
      progress.end()
      noteCopied(work, plan, work.clock.elapsedMs() - startedMs)
    },
  }
  return { jobs: [whole], whole }
}

/** Filled in one transaction, and indexed by as many streams as it has indexes. */
function largeTable(work: CopyWork, plan: TablePlan) {
  const { move } = plan
  let startedMs = 0
  let progress: RangeWork['progress'] | undefined
  const fill: CopyJob = {
    weight: weightOf(move, 1),
    after: [],
    locks: [],
    run: async (stream) => {
      startedMs = work.clock.elapsedMs()
      progress = work.progress.begin(move.name, move.source.estimatedRows)
      await fillWhole(stream, work, plan, progress)
    },
  }
  const end = () => {
    progress?.end()
    noteCopied(work, plan, work.clock.elapsedMs() - startedMs)
  }
  return withIndexes(work, plan, [fill], end)
}

function rangesJobs(work: CopyWork, plan: TablePlan) {
  const { move, states } = plan
  const { name } = move
  const progress = work.progress.begin(name, move.source.estimatedRows)
  let startedMs = 0
  const make: CopyJob = {
    weight: Infinity,
    after: [],
    locks: [],
    run: async (stream) => {
      startedMs = work.clock.elapsedMs()
      await makeTable(stream.target, work, plan)
    },
  }
  const policy: CommitPolicy = { frozen: false, chunkBytes: work.limits.chunkBytes }
  const fill = states.map(
    (state): CopyJob => ({
      weight: weightOf(move, 1 / states.length),
      after: [make],
      locks: [],
      run: async (stream) => {
        if (state.complete) return
        await stream.target.query('BEGIN', `beginning a part of ${name}`)
        await copyRange(stream, { ...work, ...plan, progress }, state, policy)
        await endFilling(stream, work, `committing a part of ${name}`)
      },
    }),
  )
  const end = () => {
    progress.end()
    noteCopied(work, plan, work.clock.elapsedMs() - startedMs)
  }
  const { jobs, whole } = withIndexes(work, plan, fill, end)
  return { jobs: [make, ...jobs], whole }
}

/** What follows when a table is filled: a job for each index, one that reads back, and one that finishes. */
function withIndexes(work: CopyWork, plan: TablePlan, fill: readonly CopyJob[], end: () => void) {
  const { move } = plan
  const job = (share: number, after: readonly CopyJob[], run: CopyJob['run']): CopyJob => ({
    weight: weightOf(move, share),
    after,
    locks: [],
    run: async (stream) => {
      if (!work.halt.halted) await run(stream)
    },
  })
  const index = indexStatements(work, move).map((sql) =>
    job(0.5, fill, async ({ target }) => {
      await target.query(sql, `indexing ${move.name}`)
    }),
  )
  const readBack = job(0.4, fill, (stream) => compareStored(stream, work, plan))
  const whole = job(0.3, [...fill, ...index, readBack], async (stream) => {
    await finishTable(stream, work, plan)
    end()
  })
  return { jobs: [...fill, ...index, readBack, whole], whole }
}

/** Makes the table (unless it is adopted) and fills it, in one transaction. */
async function fillWhole(
  stream: CopyStream,
  work: CopyWork,
  plan: TablePlan,
  progress: RangeWork['progress'],
): Promise<void> {
  const { move } = plan
  const { target } = stream
  const [state] = plan.states
  if (state === undefined) throw new Error(`bug: ${move.name} has no range`)
  if (state.complete) return
  await target.query('BEGIN', `beginning ${move.name}`)
  if (work.create) {
    for (const sql of [createTable(move.target), ...createSequence(move.target)]) {
      await target.query(sql, `creating ${move.name}`)
    }
  }
  await noteTable(target, move.name, work.create, null)
  await copyRange(stream, { ...work, ...plan, progress }, state, { frozen: work.create, chunkBytes: Infinity })
  await endFilling(stream, work, `committing ${move.name}`)
}

/** Another table may have halted the copy when this one was filled already: its transaction must not stay open. */
async function endFilling({ target }: CopyStream, work: CopyWork, doing: string): Promise<void> {
  await target.query(work.halt.halted ? 'ROLLBACK' : 'COMMIT', doing)
}

/** The primary key, the sequence's next value, statistics; and the ledger's word that the table is whole. */
async function finishTable(stream: CopyStream, work: CopyWork, plan: TablePlan): Promise<void> {
  const { target } = stream
  const { move } = plan
  const { name } = move
  const key = move.target.primaryKey
  await target.query('BEGIN', `finishing ${name}`)
  if (work.create && key !== null && tableOf(work.there, name)?.primaryKey?.name !== key.name) {
    await target.query(adoptPrimaryIndex(move.target, key), `adding the primary key of ${name}`)
  }
  const sequence = setSequence(move.target)
  if (sequence !== null) await target.query(sequence, `setting the sequence of ${name}`)
  await target.query(`ANALYZE public.${quotePostgres(name)}`, `gathering statistics of ${name}`)
  await noteTable(target, name, work.create, { sent: sumOf(plan.states), reread: work.reread })
  await target.query('COMMIT', `committing ${name}`)
}

/** Makes an empty table and notes its ranges, so that a later run divides it in the same way. */
export async function makeTable(
  target: CopyStream['target'],
  work: Pick<CopyWork, 'create' | 'there'>,
  plan: TablePlan,
): Promise<void> {
  const { move, states } = plan
  const { name } = move
  if (isBegun(states) || (work.create && tableOf(work.there, name) !== undefined)) return
  await target.query('BEGIN', `beginning ${name}`)
  if (work.create) {
    for (const sql of [createTable(move.target), ...createSequence(move.target)]) {
      await target.query(sql, `creating ${name}`)
    }
  }
  await noteTable(target, name, work.create, null)
  for (const state of states) await saveRange(target, name, state)
  await target.query('COMMIT', `committing ${name}`)
}

function isBegun(states: readonly RangeState[]): boolean {
  return states.some((state) => state.complete || state.lastKey !== null)
}

/** Those that are not there yet; an adopted schema has its own. */
function indexStatements(work: CopyWork, move: TableMove): readonly string[] {
  if (!work.create) return []
  const there = tableOf(work.there, move.name)
  const names = new Set(there?.indexes.map((index) => index.name))
  const key = move.target.primaryKey
  // Made, but not yet the primary key, it is an index like any other.
  const keyIsThere = key === null || there?.primaryKey?.name === key.name || names.has(key.name)
  return [
    ...(keyIsThere ? [] : [createPrimaryIndex(move.target, key)]),
    ...move.target.indexes.filter((index) => !names.has(index.name)).map((index) => createIndex(move.target, index)),
  ]
}

/** `whole`: what is in, when all of it is. */
async function noteTable(
  target: CopyStream['target'],
  name: string,
  made: boolean,
  whole: { readonly sent: RowSum; readonly reread: boolean } | null,
): Promise<void> {
  const [rows, digest, reread] = whole === null ? [null, null, false] : [whole.sent.rows, whole.sent.hex, whole.reread]
  await target.query(
    `INSERT INTO threeshift.copied_table VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (table_name) DO UPDATE SET rows = excluded.rows, digest = excluded.digest, reread = excluded.reread`,
    `noting ${name}`,
    [name, String(made), rows === null ? null : String(rows), digest, String(reread)],
  )
}

/**
 * Reads the table back and compares it with the sum of what was sent.
 *
 * Faults: DB_STORED_DIFFERENTLY; the ledger then no longer says that anything of the table is in, so that the next run
 * copies it afresh.
 */
async function compareStored({ target }: CopyStream, work: CopyWork, plan: TablePlan): Promise<void> {
  if (work.halt.halted || !work.reread) return
  const { move } = plan
  const sent = sumOf(plan.states)
  const columns = move.target.columns.map((column) => quotePostgres(column.name)).join(', ')
  const sql = `COPY public.${quotePostgres(move.name)} (${columns}) TO STDOUT (FORMAT binary)`
  const rows = await target.copyRows(sql, `reading ${move.name} back`)
  const stored = new RowSum()
  try {
    while (await rows.more()) while (rows.next()) stored.addRow(rows.bytes, rows.start, rows.end)
  } finally {
    rows.abandon()
  }
  if (stored.equals(sent)) return
  await forgetRanges(target, move.name)
  throw fault('DB_STORED_DIFFERENTLY', { table: move.name, sent: sent.rows, stored: stored.rows })
}

function noteCopied(work: CopyWork, plan: TablePlan, tookMs: number): void {
  const sent = sumOf(plan.states)
  work.copied.push({
    name: plan.move.name,
    rows: sent.rows,
    digest: sent.hex,
    bytes: plan.states.reduce((sum, state) => sum + state.bytes, 0),
    stored: work.reread ? 'equal' : 'not-read',
    tookMs,
  })
}

export function sumOf(states: readonly RangeState[]): RowSum {
  const sum = new RowSum()
  for (const state of states) sum.merge(state.sent)
  return sum
}

function weightOf(move: TableMove, share: number): number {
  return Math.max(move.source.estimatedBytes, 1) * share
}

function tableOf(schema: TargetSchema, name: string): TargetTable | undefined {
  return schema.tables.find((table) => table.name === name)
}
