import type { Clock } from '../../../base/clock.ts'
import type { CopyReport } from '../../../ports/system-database.ts'
import { fault } from '../faults.ts'
import type { PhaseProgress } from '../progress.ts'
import { RowSum } from '../row-hash.ts'
import {
  addForeignKey,
  addPrimaryKey,
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
import type { TablePlan } from './plan-ranges.ts'
import { type RangeState, saveRange } from './range-ledger.ts'
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
  /** Tables, indexes and keys that an earlier run has made already. */
  readonly there: TargetSchema
  readonly clock: Clock
  readonly copied: CopyReport['tables'][number][]
}

type CopyJob = Job<CopyStream>

const chunkBytes = 64 * 1024 ** 2

/**
 * The jobs of one table: fill it (in one go or range by range), read it back, index it, note that it is whole.
 *
 * Out: the jobs, and the last of them. Each does nothing that an earlier run has done.
 */
export function tableJobs(
  work: CopyWork,
  plan: TablePlan,
): { readonly jobs: readonly CopyJob[]; readonly whole: CopyJob } {
  return plan.how === 'whole' ? wholeTableJobs(work, plan) : rangesJobs(work, plan)
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

function wholeTableJobs(work: CopyWork, plan: TablePlan) {
  const { move } = plan
  const [state] = plan.states
  if (state === undefined) throw new Error(`bug: ${move.name} has no range`)
  const whole: CopyJob = {
    weight: weightOf(move, 1),
    after: [],
    locks: [],
    run: async (stream) => {
      const { target } = stream
      const startedMs = work.clock.elapsedMs()
      if (!state.complete) {
        const progress = work.progress.begin(move.name, move.source.estimatedRows)
        await target.query('BEGIN', `beginning ${move.name}`)
        if (work.create) await target.query(createTable(move.target), `creating ${move.name}`)
        await copyRange(stream, { ...work, ...plan, progress }, state, { frozen: work.create, chunkBytes: Infinity })
        if (work.halt.halted) return
        if (work.create) {
          for (const sql of [...createSequence(move.target), ...keysAndIndexes(move.target)]) {
            await target.query(sql, `indexing ${move.name}`)
          }
        }
        await noteWhole(stream, work, plan)
        await target.query('COMMIT', `committing ${move.name}`)
        progress.end()
      }
      await compareStored(stream, work, plan)
      noteCopied(work, plan, work.clock.elapsedMs() - startedMs)
    },
  }
  return { jobs: [whole], whole }
}

function keysAndIndexes(table: TargetTable): readonly string[] {
  const primaryKey = addPrimaryKey(table)
  return [...(primaryKey === null ? [] : [primaryKey]), ...table.indexes.map((index) => createIndex(table, index))]
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
      await makeTable(stream, work, plan)
    },
  }
  const policy: CommitPolicy = { frozen: false, chunkBytes }
  const fill = states.map(
    (state): CopyJob => ({
      weight: weightOf(move, 1 / states.length),
      after: [make],
      locks: [],
      run: async (stream) => {
        if (state.complete) return
        await stream.target.query('BEGIN', `beginning a part of ${name}`)
        await copyRange(stream, { ...work, ...plan, progress }, state, policy)
        if (!work.halt.halted) await stream.target.query('COMMIT', `committing a part of ${name}`)
      },
    }),
  )
  const index = (work.create ? indexStatements(work, move) : []).map(
    (sql): CopyJob => ({
      weight: weightOf(move, 0.5),
      after: fill,
      locks: [],
      run: async ({ target }) => {
        if (!work.halt.halted) await target.query(sql, `indexing ${name}`)
      },
    }),
  )
  const readBack: CopyJob = {
    weight: weightOf(move, 0.4),
    after: fill,
    locks: [],
    run: (stream) => compareStored(stream, work, plan),
  }
  const whole: CopyJob = {
    weight: weightOf(move, 0.01),
    after: [...fill, ...index, readBack],
    locks: [name],
    run: async (stream) => {
      if (work.halt.halted) return
      const { target } = stream
      await target.query('BEGIN', `finishing ${name}`)
      const key = move.target.primaryKey
      const isThere = tableOf(work.there, name)?.primaryKey?.name === key?.name
      if (work.create && key !== null && !isThere) {
        await target.query(adoptPrimaryIndex(move.target, key), `adding the primary key of ${name}`)
      }
      await noteWhole(stream, work, plan)
      await target.query('COMMIT', `committing ${name}`)
      progress.end()
      noteCopied(work, plan, work.clock.elapsedMs() - startedMs)
    },
  }
  return { jobs: [make, ...fill, ...index, readBack, whole], whole }
}

/** Makes an empty table and notes its ranges, so that a later run divides it in the same way. */
async function makeTable({ target }: CopyStream, work: CopyWork, plan: TablePlan): Promise<void> {
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

function indexStatements(work: CopyWork, move: TableMove): readonly string[] {
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

async function noteWhole({ target }: CopyStream, work: CopyWork, plan: TablePlan): Promise<void> {
  const { move } = plan
  const sequence = setSequence(move.target)
  if (sequence !== null) await target.query(sequence, `setting the sequence of ${move.name}`)
  await noteTable(target, move.name, work.create, sumOf(plan.states))
}

async function noteTable(target: CopyStream['target'], name: string, made: boolean, sum: RowSum | null): Promise<void> {
  await target.query(
    `INSERT INTO threeshift.copied_table VALUES ($1, $2, $3, $4)
      ON CONFLICT (table_name) DO UPDATE SET rows = excluded.rows, digest = excluded.digest`,
    `noting ${name}`,
    [name, String(made), sum === null ? null : String(sum.rows), sum?.hex ?? null],
  )
}

/** Reads the table back and compares it with the sum of what was sent. Faults: DB_STORED_DIFFERENTLY. */
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
