import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import type { Difference } from '../../../ports/system-database.ts'
import { type DomainChange, isRename } from '../../host-names/is-rename.ts'
import { CanonicalRow } from './canonical-row.ts'
import { canonicalFromTarget } from './canonical.ts'
import type { DeclaredCell, DeclaredTable } from './declared-table.ts'
import { EntryIndex } from './entry-index.ts'
import { KeyHash } from './key-hash.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceSession } from '../source-session.ts'
import { RowSum } from '../row-hash.ts'
import type { TableMove } from '../table-move.ts'
import type { TargetTable } from '../schema/target-schema.ts'

/**
 * Who says that a cell differs: the account of the copy, that of renamed hosts, or what a row of the runbook declared.
 */
export type EntryOrigin = 'copy' | 'rename' | 'declaration'

/** A column and a reason that entries name; `position` is -1 for a column that is not there. */
export interface LedgerKind {
  readonly column: string
  readonly position: number
  readonly reason: string
  readonly origin: EntryOrigin
  /** Whether the entry says what the cell holds at the source, and at the target. */
  readonly says: { readonly source: boolean; readonly target: boolean }
}

/** Entries of one sort: so many words of 32 bits each, one after the other, at the places that are named below. */
export interface PackedEntries {
  readonly words: Uint32Array
  readonly wordsPerEntry: number
  readonly count: number
}

/** Words of a changed cell. Keys are the first half of their `KeyHash`; cells are hashed as `CanonicalRow` has them. */
export const changedAt = { sourceKey: 0, targetKey: 2, sourceCell: 4, targetCell: 8, kind: 12 } as const
/** Words of a row that was set aside. */
export const asideAt = { sourceKey: 0, row: 2, kind: 6 } as const

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

const changedWords = 13
const asideWords = 7

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
  const reader = new LedgerReader(target, move, there)
  const exist = `SELECT to_regclass('threeshift.changed_value'), to_regclass('threeshift.renamed_host')`
  const [[copies, renames] = []] = isSameCopy ? [[null, null]] : await target.query(exist, 'looking for the ledger')
  const changed =
    copies === null
      ? noEntries(changedWords)
      : await reader.read('changed_value', changedColumns, changedWords, (entry, words, at) =>
          reader.packChanged(entry, words, at),
        )
  const setAside =
    copies === null
      ? noEntries(asideWords)
      : await reader.read('row_set_aside', asideColumns, asideWords, (entry, words, at) =>
          reader.packAside(entry, words, at),
        )
  const all = new GrowingEntries(changed)
  const renamed = renames === null ? 0 : await reader.readRenames(declared.renames, all)
  const cells = reader.packCells(declared.cells, all)
  return {
    changed: all.entries(),
    setAside,
    counts: { copy: changed.count, rename: renamed, declaration: cells },
    kinds: reader.kinds,
    sum: reader.sum,
    filters: declared.filters,
    untrue: reader.untrue,
  }
}

/** Entries of changed cells, to which more come. */
class GrowingEntries {
  #words: Uint32Array
  #count: number

  constructor({ words, count }: PackedEntries) {
    this.#words = words
    this.#count = count
  }

  /** Makes room for one entry; gives all words and where its own begin. */
  add(): { readonly words: Uint32Array; readonly at: number } {
    const at = this.#count * changedWords
    if (at + changedWords > this.#words.length) {
      const larger = new Uint32Array(Math.max(2 * this.#words.length, 64 * changedWords))
      larger.set(this.#words)
      this.#words = larger
    }
    this.#count++
    return { words: this.#words, at }
  }

  entries(): PackedEntries {
    return { words: this.#words, wordsPerEntry: changedWords, count: this.#count }
  }
}

const changedColumns = ['source_key', 'target_key', 'column_name', 'reason', 'source_value', 'target_value', 'action']
const asideColumns = ['source_key', 'column_name', 'reason', 'cells::text']

type Entry = readonly (Buffer | null)[]

/** One cell in the account of renamed hosts: each change of domain that it went through, in order. */
interface RenamedCell {
  readonly key: Buffer
  readonly column: string
  readonly links: { readonly before: Buffer; readonly after: Buffer; readonly change: DomainChange }[]
}

// More than a report lists.
const mostUntrue = 100

class LedgerReader {
  readonly kinds: LedgerKind[] = []
  readonly sum = new RowSum()
  readonly untrue: Difference[] = []
  readonly #target: PostgresTarget
  readonly #move: TableMove
  readonly #there: TargetTable | undefined
  readonly #kindNumbers = new Map<string, number>()
  readonly #keys: KeyHash
  readonly #cells: CanonicalRow

  constructor(target: PostgresTarget, move: TableMove, there: TargetTable | undefined) {
    this.#target = target
    this.#move = move
    this.#there = there
    this.#keys = new KeyHash(move)
    this.#cells = new CanonicalRow(new TupleFields(0), [])
  }

  /**
   * Adds an entry per renamed cell: what it was before the first change of domain and after the last. One whose value the
   * copy had changed already becomes one entry with that. Gives how many were added.
   */
  async readRenames(changes: readonly DomainChange[], all: GrowingEntries): Promise<number> {
    if (changes.length === 0) return 0
    const { name } = this.#move
    const doing = `reading the renamed hosts of ${name}`
    const hops = changes.map(({ from, to }, place) => `(${quoteText(from)}, ${quoteText(to)}, ${place})`).join(', ')
    const of = `threeshift.renamed_host r LEFT JOIN (VALUES ${hops}) hop (from_domain, to_domain, place) USING (from_domain, to_domain)
      WHERE r.table_name = ${quoteText(name)}`
    const strangers = await this.#target.query(
      `SELECT from_domain, to_domain, count(*) FROM ${of} AND hop.place IS NULL GROUP BY 1, 2`,
      doing,
    )
    for (const [from, to, cells] of strangers) {
      this.#refuse('', '', `${cells} cells were renamed from ${from} to ${to}, which nobody declared`)
    }
    const copied = new EntryIndex(all.entries(), changedAt.targetKey, (entry) =>
      this.#columnOf(this.kinds[all.entries().words[entry + changedAt.kind] ?? 0]?.column ?? ''),
    )
    const sql = `COPY (SELECT r.id::text, r.column_name, hop.place::text, r.before, r.after FROM ${of} AND hop.place IS NOT NULL
      ORDER BY r.id, r.column_name, hop.place) TO STDOUT (FORMAT binary)`
    const rows = await this.#target.copyRows(sql, doing)
    const fields = new TupleFields(5)
    let added = 0
    let cell: RenamedCell | null = null
    const end = () => {
      if (cell !== null && this.#addRenamed(cell, copied, all)) added++
    }
    try {
      while (await rows.more()) {
        while (rows.next()) {
          fields.parse(rows.bytes, rows.start, rows.end)
          const [id, column, place, before, after] = fieldsOf(fields, rows.bytes)
          const change = changes[Number(place?.toString('latin1'))]
          if (!id || !column || !before || !after || change === undefined)
            throw new Error('bug: a renamed cell is not whole')
          const name = column.toString('utf8')
          if (cell === null || cell.column !== name || !cell.key.equals(id)) {
            end()
            cell = { key: Buffer.from(id), column: name, links: [] }
          }
          cell.links.push({ before: Buffer.from(before), after: Buffer.from(after), change })
        }
      }
      end()
    } finally {
      rows.abandon()
    }
    return added
  }

  /** False: it is in an entry of the copy. */
  #addRenamed({ key, column, links }: RenamedCell, copied: EntryIndex, all: GrowingEntries): boolean {
    const [first, last] = [links[0], links.at(-1)]
    if (first === undefined || last === undefined) throw new Error('bug: a renamed cell without a change')
    for (const [i, { before, after, change }] of links.entries()) {
      if (!isRename(before.toString('utf8'), after.toString('utf8'), change)) {
        this.#refuse(key.toString('latin1'), column, 'more than host names is called renamed')
      } else if (links[i + 1]?.before.equals(after) === false) {
        this.#refuse(key.toString('latin1'), column, 'something else was renamed later than had come of it')
      }
    }
    const hash = this.#keys.ofBytes(key)
    const [high = 0, low = 0] = hash
    const at = copied.take(high, low, this.#columnOf(column))
    if (at >= 0) {
      const { words } = all.entries()
      const had = words.slice(at + changedAt.targetCell, at + changedAt.targetCell + 4)
      this.#putCell(first.before, words, at + changedAt.targetCell)
      const isSame = had.every((word, i) => word === words[at + changedAt.targetCell + i])
      if (!isSame) this.#refuse(key.toString('latin1'), column, 'something else was renamed than the copy had written')
      this.#putCell(last.after, words, at + changedAt.targetCell)
      return false
    }
    const entry = all.add()
    this.#putKey(key, entry.words, entry.at + changedAt.sourceKey)
    this.#putKey(key, entry.words, entry.at + changedAt.targetKey)
    this.#putCell(first.before, entry.words, entry.at + changedAt.sourceCell)
    this.#putCell(last.after, entry.words, entry.at + changedAt.targetCell)
    entry.words[entry.at + changedAt.kind] = this.#kindNumber(column, 'renamed', 'rename', both)
    return true
  }

  /** Adds an entry per declared cell; gives how many were added. */
  packCells(cells: readonly DeclaredCell[], all: GrowingEntries): number {
    for (const { column, key, after } of cells) {
      const { words, at } = all.add()
      const says = { source: false, target: after !== undefined }
      this.#putKey(Buffer.from(key, 'utf8'), words, at + changedAt.sourceKey)
      this.#putKey(Buffer.from(key, 'utf8'), words, at + changedAt.targetKey)
      this.#putCell(
        after === undefined || after === null ? null : Buffer.from(after, 'utf8'),
        words,
        at + changedAt.targetCell,
      )
      words[at + changedAt.kind] = this.#kindNumber(
        column,
        says.target ? 'declared with its value' : 'declared',
        'declaration',
        says,
      )
    }
    return cells.length
  }

  async read(
    table: string,
    columns: readonly string[],
    wordsPerEntry: number,
    pack: (entry: Entry, words: Uint32Array, at: number) => void,
  ): Promise<PackedEntries> {
    const from = `FROM threeshift.${table} WHERE table_name = ${quoteText(this.#move.name)}`
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

  packChanged(entry: Entry, words: Uint32Array, at: number): void {
    const [sourceKey, targetKey, column, reason, source, target] = entry
    const kind = this.#kindOf(column, reason)
    const move = this.#move.columns[kind.position]
    const there = this.#there?.columns.find((candidate) => candidate.name === kind.column)
    this.#putKey(sourceKey, words, at + changedAt.sourceKey)
    this.#putKey(targetKey, words, at + changedAt.targetKey)
    this.#putCell(source === null ? null : (move?.canonical(source ?? empty) ?? null), words, at + changedAt.sourceCell)
    const held = target === null || move === undefined ? null : canonicalFromTarget(there?.type ?? '')(target ?? empty)
    this.#putCell(held, words, at + changedAt.targetCell)
    words[at + changedAt.kind] = kind.number
  }

  packAside([sourceKey, column, reason, cells]: Entry, words: Uint32Array, at: number): void {
    this.#putKey(sourceKey, words, at + asideAt.sourceKey)
    // Written by `LedgerWriter` as an object of column to hexadecimal text.
    const hexes = JSON.parse(cells?.toString('utf8') ?? '{}') as Readonly<Record<string, string | null>>
    this.#cells.take(
      this.#move.columns.map(({ source: { name }, canonical }) => {
        const hex = hexes[name] ?? null
        return hex === null ? null : canonical(Buffer.from(hex, 'hex'))
      }),
    )
    words.set(this.#cells.digest(), at + asideAt.row)
    words[at + asideAt.kind] = this.#kindOf(column, reason).number
  }

  #putKey(key: Buffer | null | undefined, words: Uint32Array, at: number): void {
    const hash = this.#keys.ofBytes(key ?? empty)
    words[at] = hash[0] ?? 0
    words[at + 1] = hash[1] ?? 0
  }

  #putCell(cell: Buffer | null, words: Uint32Array, at: number): void {
    this.#cells.take([cell])
    words.set(this.#cells.digest(), at)
  }

  #kindOf(
    columnBytes: Buffer | null | undefined,
    reasonBytes: Buffer | null | undefined,
  ): LedgerKind & { readonly number: number } {
    const column = columnBytes?.toString('utf8') ?? ''
    const number = this.#kindNumber(column, reasonBytes?.toString('utf8') ?? '', 'copy', both)
    const kind = this.kinds[number]
    if (kind === undefined) throw new Error('bug: a kind has a number and is not there')
    return { ...kind, number }
  }

  #kindNumber(column: string, reason: string, origin: EntryOrigin, says: LedgerKind['says']): number {
    const name = JSON.stringify([column, reason, origin])
    const known = this.#kindNumbers.get(name)
    if (known !== undefined) return known
    const position = this.#move.columns.findIndex(({ source }) => source.name === column)
    const number = this.kinds.push({ column, position, reason, origin, says }) - 1
    this.#kindNumbers.set(name, number)
    return number
  }

  #columnOf(column: string): number {
    return this.#move.columns.findIndex(({ source }) => source.name === column)
  }

  #refuse(key: string, column: string, says: string): void {
    if (this.untrue.length < mostUntrue) this.untrue.push({ kind: 'ledger', table: this.#move.name, key, column, says })
  }
}

const both = { source: true, target: true } as const
const empty = Buffer.alloc(0)

function noEntries(wordsPerEntry: number): PackedEntries {
  return { words: new Uint32Array(0), wordsPerEntry, count: 0 }
}

function fieldsOf(fields: TupleFields, bytes: Buffer): Entry {
  return Array.from(fields.starts, (start, i) => (start < 0 ? null : bytes.subarray(start, fields.ends[i])))
}

function quoteText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
