import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import type { Difference } from '../../../ports/system-database.ts'
import { canonicalFromTarget } from './canonical.ts'
import type { DeclaredCell, DeclaredTable } from './declared-table.ts'
import {
  asideAt,
  asideWords,
  changedAt,
  changedWords,
  type EntryOrigin,
  EntryPacker,
  fieldsOf,
  GrowingEntries,
  type LedgerKind,
  type PackedEntries,
  saysBoth,
} from './packed-entries.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import { readRenames } from './read-renames.ts'
import { RowSum } from '../row-hash.ts'
import type { SourceSession } from '../source-session.ts'
import type { TableMove } from '../table-move.ts'
import { literal, type TargetTable } from '../schema/target-schema.ts'

/**
 * One table's declared differences, as hashes: 52 bytes per changed cell and 28 per row set aside, whatever they held.
 */
export interface TableLedger {
  readonly changed: PackedEntries
  readonly setAside: PackedEntries
  /** How many of the changed cells are of each origin. */
  readonly counts: Readonly<Record<EntryOrigin, number>>
  /** What each entry's `kind` means. */
  readonly kinds: readonly LedgerKind[]
  /** Over the entries of the copy as they stand in its account. */
  readonly sum: RowSum
  readonly filters: DeclaredTable['filters']
  /** Entries of an account that cannot be true, whatever the rows hold. */
  readonly untrue: readonly Difference[]
}

/**
 * Whether both sides hold the account of one and the same copy: the target is then a copy of what came of it, by a dump for
 * instance, and what that account lists is no difference between the two.
 */
export async function holdsSameAccount(source: SourceSession, target: PostgresTarget): Promise<boolean> {
  if (source.product !== 'postgresql') return false
  const doing = 'looking whose account of a copy the ledger is'
  const exists = `SELECT to_regclass('threeshift.copy')`
  const account = 'SELECT plan, snapshot, started_at::text FROM threeshift.copy'
  for (const side of [source, target]) {
    const [[there = null] = []] = await side.query(exists, doing)
    if (there === null) return false
  }
  const [[ours], [theirs]] = [await source.query(account, doing), await target.query(account, doing)]
  return ours !== undefined && theirs !== undefined && ours.every((value, i) => value === theirs[i])
}

/**
 * Reads what is declared for one table: by the target's accounts of the copy and of renamed hosts, and by `declared`. A
 * database without accounts declares nothing, nor do those that both sides hold.
 *
 * `there` is the table as the target has it, or undefined where it has none. The session must be in a snapshot: entries
 * are counted before they are read.
 */
export async function readLedger(
  target: PostgresTarget,
  move: TableMove,
  there: TargetTable | undefined,
  declared: DeclaredTable,
  isSameCopy: boolean,
): Promise<TableLedger> {
  const packer = new EntryPacker(move)
  const reader = new CopyLedger(target, move, there, packer)
  const exist = `SELECT to_regclass('threeshift.changed_value'), to_regclass('threeshift.renamed_host')`
  const [[copies, renames] = []] = isSameCopy ? [[null, null]] : await target.query(exist, 'looking for the ledger')
  const changed = copies === null ? noEntries(changedWords) : await reader.readChanged()
  const setAside = copies === null ? noEntries(asideWords) : await reader.readAside()
  const all = new GrowingEntries(changed)
  const { added, untrue } =
    renames === null || declared.renames.length === 0
      ? { added: 0, untrue: [] }
      : await readRenames(target, move.name, declared.renames, packer, all)
  packCells(declared.cells, packer, all)
  return {
    changed: all.entries(),
    setAside,
    counts: { copy: changed.count, rename: added, declaration: declared.cells.length },
    kinds: packer.kinds,
    sum: reader.sum,
    filters: declared.filters,
    untrue,
  }
}

/** Adds an entry per declared cell. */
function packCells(cells: readonly DeclaredCell[], packer: EntryPacker, all: GrowingEntries): void {
  for (const { column, key, after } of cells) {
    const { words, at } = all.add()
    const says = { source: false, target: after !== undefined }
    const cell = after === undefined || after === null ? null : Buffer.from(after, 'utf8')
    packer.putKey(Buffer.from(key, 'utf8'), words, at + changedAt.sourceKey)
    packer.putKey(Buffer.from(key, 'utf8'), words, at + changedAt.targetKey)
    packer.putCell(cell, words, at + changedAt.targetCell)
    const reason = says.target ? 'declared with its value' : 'declared'
    words[at + changedAt.kind] = packer.kindNumber(column, reason, 'declaration', says)
  }
}

const changedColumns = ['source_key', 'target_key', 'column_name', 'reason', 'source_value', 'target_value', 'action']
const asideColumns = ['source_key', 'column_name', 'reason', 'cells::text']

type Entry = readonly (Buffer | null)[]

/** The account that the copy has left in the target, of one table. */
class CopyLedger {
  readonly sum = new RowSum()
  readonly #target: PostgresTarget
  readonly #move: TableMove
  readonly #there: TargetTable | undefined
  readonly #packer: EntryPacker

  constructor(target: PostgresTarget, move: TableMove, there: TargetTable | undefined, packer: EntryPacker) {
    this.#target = target
    this.#move = move
    this.#there = there
    this.#packer = packer
  }

  readChanged(): Promise<PackedEntries> {
    return this.#read('changed_value', changedColumns, changedWords, (entry, words, at) =>
      this.#packChanged(entry, words, at),
    )
  }

  readAside(): Promise<PackedEntries> {
    return this.#read('row_set_aside', asideColumns, asideWords, (entry, words, at) =>
      this.#packAside(entry, words, at),
    )
  }

  async #read(
    table: string,
    columns: readonly string[],
    wordsPerEntry: number,
    pack: (entry: Entry, words: Uint32Array, at: number) => void,
  ): Promise<PackedEntries> {
    const from = `FROM threeshift.${table} WHERE table_name = ${literal(this.#move.name)}`
    const doing = `reading the ledger of ${this.#move.name}`
    const [[counted] = []] = await this.#target.query(`SELECT count(*) ${from}`, doing)
    const count = Number(counted)
    const words = new Uint32Array(count * wordsPerEntry)
    if (count === 0) return { words, wordsPerEntry, count }
    const fields = new TupleFields(columns.length)
    const sql = `COPY (SELECT ${columns.join(', ')} ${from}) TO STDOUT (FORMAT binary)`
    const rows = await this.#target.copyRows(sql, doing)
    try {
      let at = 0
      while (await rows.more()) {
        while (rows.next()) {
          this.sum.addRow(rows.bytes, rows.start, rows.end)
          fields.parse(rows.bytes, rows.start, rows.end)
          pack(fieldsOf(fields, rows.bytes), words, at)
          at += wordsPerEntry
        }
      }
    } finally {
      rows.abandon()
    }
    return { words, wordsPerEntry, count }
  }

  #packChanged(entry: Entry, words: Uint32Array, at: number): void {
    const [sourceKey, targetKey, column, reason, source, target] = entry
    const kind = this.#kindOf(column, reason)
    const move = this.#move.columns[kind.position]
    const there = this.#there?.columns.find((candidate) => candidate.name === kind.column)
    const packer = this.#packer
    packer.putKey(sourceKey ?? empty, words, at + changedAt.sourceKey)
    packer.putKey(targetKey ?? empty, words, at + changedAt.targetKey)
    packer.putCell(
      source === null ? null : (move?.canonical(source ?? empty) ?? null),
      words,
      at + changedAt.sourceCell,
    )
    const held = target === null || move === undefined ? null : canonicalFromTarget(there?.type ?? '')(target ?? empty)
    packer.putCell(held, words, at + changedAt.targetCell)
    words[at + changedAt.kind] = kind.number
  }

  #packAside([sourceKey, column, reason, cells]: Entry, words: Uint32Array, at: number): void {
    const packer = this.#packer
    packer.putKey(sourceKey ?? empty, words, at + asideAt.sourceKey)
    // Written by `LedgerWriter` as an object of column to hexadecimal text.
    const hexes = JSON.parse(cells?.toString('utf8') ?? '{}') as Readonly<Record<string, string | null>>
    packer.cells.take(
      this.#move.columns.map(({ source: { name }, canonical }) => {
        const hex = hexes[name] ?? null
        return hex === null ? null : canonical(Buffer.from(hex, 'hex'))
      }),
    )
    words.set(packer.cells.digest(), at + asideAt.row)
    words[at + asideAt.kind] = this.#kindOf(column, reason).number
  }

  #kindOf(
    columnBytes: Buffer | null | undefined,
    reasonBytes: Buffer | null | undefined,
  ): LedgerKind & { readonly number: number } {
    const column = columnBytes?.toString('utf8') ?? ''
    const number = this.#packer.kindNumber(column, reasonBytes?.toString('utf8') ?? '', 'copy', saysBoth)
    const kind = this.#packer.kinds[number]
    if (kind === undefined) throw new Error('bug: a kind has a number and is not there')
    return { ...kind, number }
  }
}

const empty = Buffer.alloc(0)

function noEntries(wordsPerEntry: number): PackedEntries {
  return { words: new Uint32Array(0), wordsPerEntry, count: 0 }
}
