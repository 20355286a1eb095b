import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { writeLedger } from './ledger.ts'
import type { PostgresCopyIn } from '../postgres-session.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { TableProgressPart } from '../progress.ts'
import { quotePostgres } from '../schema/target-schema.ts'
import type { SourceSession } from '../source-session.ts'
import type { TableMove } from '../table-move.ts'
import { type KeyRange, whereInRange } from './key-range.ts'
import { type RangeState, saveRange } from './range-ledger.ts'
import { RowPass, type RowRules } from './row-pass.ts'

/** What one of the copy's streams works with; nobody else uses its sessions. */
export interface CopyStream {
  readonly source: SourceSession
  readonly target: PostgresTarget
  readonly out: TupleWriter
}

/** What the ranges of one table share. */
export interface RangeWork {
  readonly move: TableMove
  readonly rules: RowRules
  /** Positions of the key that the table is read by; empty: as the source gives it. */
  readonly key: readonly number[]
  readonly progress: TableProgressPart
  /** Shared by all tables: once a value is undecided nothing is written any more, and all is only counted. */
  readonly halt: { halted: boolean }
  /** Waited for after each message; null when nothing is to be spared. */
  readonly spare: () => Promise<void> | null
}

/** How the rows of a range are committed. */
export interface CommitPolicy {
  /** True: FREEZE, for the table was made in the very transaction that is open. */
  readonly frozen: boolean
  /** After so many bytes what is in is committed, and the copy goes on; Infinity: the caller commits. */
  readonly chunkBytes: number
}

/**
 * Copies what is still missing of a range. A transaction is open before and after; with a finite `chunkBytes` each chunk
 * is committed together with the range's state and its ledger entries.
 *
 * When the copy is halted, by this range or another, the transaction is rolled back and the rest only read and counted.
 */
export async function copyRange(
  stream: CopyStream,
  work: RangeWork,
  state: RangeState,
  policy: CommitPolicy,
): Promise<void> {
  const { move, key, halt, progress } = work
  const { out } = stream
  const pass = new RowPass(move, work.rules, state, out)
  const rows = await openRange(stream.source, move, key, remaining(state))
  const sink = new Sink(stream, work, policy)
  await sink.open()
  try {
    while (await rows.more()) {
      let taken = 0
      let bytes = 0
      while (rows.next()) {
        pass.take(rows.bytes, rows.start, rows.end)
        taken++
        bytes += rows.end - rows.start
        if (halt.halted) out.clear()
        if (!out.full && !pass.hasManyEntries) continue
        await sink.send()
        if (sink.chunkIsFull || pass.hasManyEntries) {
          state.lastKey = pass.keyCells(rows.bytes, key)
          await sink.cut(pass, state)
        }
      }
      progress.add(taken, bytes)
      if (pass.undecided) halt.halted = true
      if (halt.halted) await sink.giveUp()
    }
    state.complete = true
    state.findings = pass.findings
    await sink.close(pass, state)
  } catch (error) {
    await sink.giveUp()
    throw error
  } finally {
    out.clear()
    rows.abandon()
  }
}

/** Reads what was copied of a range once more at the source, through the same conversions, and writes nothing. */
export async function recountRange(
  stream: CopyStream,
  work: RangeWork,
  copied: RangeState,
  into: RangeState,
): Promise<void> {
  const { out } = stream
  const range = { ...copied.range, upTo: copied.complete ? copied.range.upTo : copied.lastKey }
  const pass = new RowPass(work.move, work.rules, into, out)
  const rows = await openRange(stream.source, work.move, work.key, range)
  try {
    while (await rows.more()) {
      let taken = 0
      while (rows.next()) {
        pass.take(rows.bytes, rows.start, rows.end)
        out.clear()
        taken++
      }
      pass.takeEntries()
      work.progress.add(taken, 0)
    }
  } finally {
    out.clear()
    rows.abandon()
  }
}

function remaining(state: RangeState): KeyRange {
  return state.lastKey === null ? state.range : { ...state.range, after: state.lastKey }
}

function openRange(source: SourceSession, move: TableMove, key: readonly number[], range: KeyRange) {
  const columns = move.columns.map((column) => column.codec.select).join(', ')
  const sql = `SELECT ${columns} FROM ${move.dialect.from(move.source)}${whereInRange(move, key, range)}`
  return source.rows(sql, `reading ${move.name}`)
}

/** The target's end of a range: one COPY after the other. */
class Sink {
  readonly #stream: CopyStream
  readonly #work: RangeWork
  readonly #policy: CommitPolicy
  #copy: PostgresCopyIn | null = null
  #chunkBytes = 0

  constructor(stream: CopyStream, work: RangeWork, policy: CommitPolicy) {
    this.#stream = stream
    this.#work = work
    this.#policy = policy
  }

  get chunkIsFull(): boolean {
    return this.#chunkBytes >= this.#policy.chunkBytes
  }

  async open(): Promise<void> {
    const { move } = this.#work
    const columns = move.target.columns.map((column) => quotePostgres(column.name)).join(', ')
    const options = this.#policy.frozen ? 'FORMAT binary, FREEZE' : 'FORMAT binary'
    const sql = `COPY public.${quotePostgres(move.name)} (${columns}) FROM STDIN WITH (${options})`
    this.#copy = await this.#stream.target.copyIn(sql, `filling ${move.name}`)
    this.#stream.out.begin()
    this.#chunkBytes = 0
  }

  async send(): Promise<void> {
    const message = this.#stream.out.take()
    if (message === null || this.#copy === null) return
    this.#chunkBytes += message.length
    const room = this.#copy.write(message, (sent) => this.#stream.out.recycle(sent))
    if (room !== null) await room
    const spared = this.#work.spare()
    if (spared !== null) await spared
  }

  /** Ends the COPY that is running, notes what is in (and commits it), and begins the next one. */
  async cut(pass: RowPass, state: RangeState): Promise<void> {
    if (this.#copy === null) return
    await this.#end(pass)
    if (this.#policy.chunkBytes !== Infinity) {
      const { target } = this.#stream
      await this.#note(pass, state)
      await target.query('COMMIT', `committing a part of ${this.#work.move.name}`)
      await target.query('BEGIN', `going on with ${this.#work.move.name}`)
    }
    await this.open()
  }

  async close(pass: RowPass, state: RangeState): Promise<void> {
    if (this.#copy === null) return
    await this.#end(pass)
    await this.#note(pass, state)
  }

  /** Takes everything back that is not committed. The session is then outside of any transaction. */
  async giveUp(): Promise<void> {
    const copy = this.#copy
    if (copy === null) return
    this.#copy = null
    await copy.fail('given up').catch(() => undefined)
    await this.#stream.target.query('ROLLBACK', `taking back ${this.#work.move.name}`).catch(() => undefined)
  }

  async #end(pass: RowPass): Promise<void> {
    this.#stream.out.end()
    await this.send()
    await this.#copy?.end()
    await writeLedger(this.#stream.target, pass.takeEntries())
  }

  async #note(pass: RowPass, state: RangeState): Promise<void> {
    state.findings = pass.findings
    await saveRange(this.#stream.target, this.#work.move.name, state)
  }
}
