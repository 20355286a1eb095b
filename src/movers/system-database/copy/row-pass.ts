import type { TupleWriter } from '../../../wire/postgres/tuple-writer.ts'
import { canonicalFromTarget } from '../verify/canonical.ts'
import type { Decisions } from '../../../model/decision.ts'
import type { DanglingKeys } from '../values/dangling.ts'
import { encodePlain } from '../values/encode-plain.ts'
import { type FindingCount, Tally } from '../values/findings.ts'
import type { ChangedValue, RowSetAside } from './ledger.ts'
import type { TupleEncoder } from '../source-dialect.ts'
import type { RawRow } from '../source-session.ts'
import type { Fields } from '../verify/canonical-row.ts'
import { rowKey, type TableMove } from '../table-move.ts'
import { type CellChange, type RowOutcome, transformRow } from '../values/transform.ts'
import type { KeyCells } from './key-range.ts'
import type { RangeState } from './range-ledger.ts'

const entriesAtOnce = 2000
const entryBytesAtOnce = 8 << 20

/** What decides over a row that cannot travel as it is. */
export interface RowRules {
  readonly decisions: Decisions
  readonly dangling: DanglingKeys
}

/**
 * Turns the rows of one range into tuples, and keeps account: sums, findings, ledger entries.
 *
 * Nearly all rows are encoded from the source's bytes in one go. One that holds a value of some class, or names no
 * parent, takes the slow way by `transformRow` and `encodePlain`.
 */
export class RowPass {
  /** True once a value was met that nobody has decided about; its row was not encoded. */
  undecided = false
  #entries: (ChangedValue | RowSetAside)[] = []
  #entryBytes = 0
  readonly #move: TableMove
  readonly #rules: RowRules
  readonly #state: RangeState
  readonly #tally: Tally
  readonly #out: TupleWriter
  readonly #encoder: TupleEncoder
  readonly #mayDangle: boolean

  constructor(move: TableMove, rules: RowRules, state: RangeState, out: TupleWriter) {
    this.#move = move
    this.#rules = rules
    this.#state = state
    this.#tally = new Tally(move)
    this.#tally.merge(state.findings)
    this.#out = out
    this.#encoder = move.dialect.encoder(move.columns.map((column) => column.targetType))
    this.#mayDangle = rules.dangling.touches(move)
  }

  /** Takes the row packet in `bytes[start, end)`; appends its tuple, unless it is set aside or undecided. */
  take(bytes: Buffer, start: number, end: number): void {
    const out = this.#out
    const before = out.at
    this.#state.bytes += end - start
    const plain = this.#encoder.encode(bytes, start, end, out)
    if (!plain || (this.#mayDangle && this.#dangles(bytes))) {
      out.at = before
      this.#takeSlowly(bytes, start, end)
    }
    if (out.at > before) this.#state.sent.addRow(out.bytes, before, out.at)
  }

  /** True when so many ledger entries wait that they should be written. */
  get hasManyEntries(): boolean {
    return this.#entries.length >= entriesAtOnce || this.#entryBytes >= entryBytesAtOnce
  }

  /** The ledger entries since the last call. */
  takeEntries(): readonly (ChangedValue | RowSetAside)[] {
    const entries = this.#entries
    this.#entries = []
    this.#entryBytes = 0
    return entries
  }

  /** What was found so far, that of earlier runs included. */
  get findings(): readonly FindingCount[] {
    return this.#tally.counts
  }

  /** The key of the row that was taken last; a copy. */
  keyCells(bytes: Buffer, key: readonly number[]): KeyCells | null {
    if (key.length === 0) return null
    const { starts, ends } = this.#encoder.fields
    return key.map((position) => Buffer.from(bytes.subarray(starts[position], ends[position])))
  }

  #dangles(bytes: Buffer): boolean {
    return this.#rules.dangling.orphanKeys(this.#move, rawRow(bytes, this.#encoder.fields)).length > 0
  }

  #takeSlowly(bytes: Buffer, start: number, end: number): void {
    const move = this.#move
    const row = rawRow(bytes, this.#encoder.fields)
    const outcome = transformRow(move, row, this.#rules.decisions, this.#rules.dangling)
    this.#tally.count(row, outcome)
    if (outcome.kind === 'refused') {
      this.undecided ||= outcome.refusals.some((refusal) => refusal.action === 'stop')
      this.#state.aside.addRow(bytes, start, end)
      this.#noteAside(row, outcome)
      return
    }
    if (outcome.kind === 'changed') this.#noteChanges(row, outcome.changes)
    const values = valuesOf(row, outcome)
    if (!this.#encoder.encodeValues(values, this.#out)) encodePlain(move, values, this.#out)
  }

  #noteAside(row: RawRow, outcome: RowOutcome & { readonly kind: 'refused' }): void {
    const move = this.#move
    const [first] = outcome.refusals
    if (first === undefined) throw new Error('bug: a row was refused for nothing')
    this.#add(row, {
      table: move.name,
      sourceKey: rowKey(move, canonicalRow(move, row)),
      column: move.columns[first.position]?.source.name ?? '',
      reason: first.valueClass,
      cells: Object.fromEntries(move.columns.map(({ source }, i) => [source.name, row[i]?.toString('hex') ?? null])),
    })
  }

  #noteChanges(row: RawRow, changes: readonly CellChange[]): void {
    const move = this.#move
    const cells = canonicalRow(move, row)
    const keys = { sourceKey: rowKey(move, cells), targetKey: rowKey(move, targetCells(move, cells, changes)) }
    for (const { position, classes, action, value } of changes) {
      const column = move.columns[position]
      const sourceValue = row[position]
      if (column === undefined || sourceValue === null || sourceValue === undefined)
        throw new Error('bug: NULL was changed')
      this.#add([sourceValue, value], {
        table: move.name,
        ...keys,
        column: column.source.name,
        reason: classes.join('+'),
        action,
        sourceValue: Buffer.from(sourceValue),
        targetValue: value === null ? null : Buffer.from(column.codec.toPostgres(value)),
      })
    }
  }

  #add(cells: RawRow, entry: ChangedValue | RowSetAside): void {
    this.#entries.push(entry)
    for (const cell of cells) this.#entryBytes += cell?.length ?? 0
  }
}

function rawRow(bytes: Buffer, fields: Fields): RawRow {
  return Array.from({ length: fields.count }, (_, i) =>
    (fields.starts[i] ?? -1) < 0 ? null : bytes.subarray(fields.starts[i], fields.ends[i]),
  )
}

function valuesOf(row: RawRow, outcome: RowOutcome): RawRow {
  if (outcome.kind !== 'changed') return row
  const values = [...row]
  for (const { position, value } of outcome.changes) values[position] = value
  return values
}

function canonicalRow(move: TableMove, row: RawRow): (Buffer | null)[] {
  return move.columns.map((column, position) => {
    const cell = row[position]
    return cell === null || cell === undefined ? null : column.canonical(cell)
  })
}

/** The canonical cells that the target's row will have; its key may be among what changed. */
function targetCells(
  move: TableMove,
  cells: readonly (Buffer | null)[],
  changes: readonly CellChange[],
): (Buffer | null)[] {
  const changed = [...cells]
  for (const { position, value } of changes) {
    const column = move.columns[position]
    if (column === undefined) throw new Error(`bug: ${move.name} has no column ${position}`)
    changed[position] = value === null ? null : canonicalFromTarget(column.targetType)(column.codec.toPostgres(value))
  }
  return changed
}
