import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import { CanonicalRow } from './canonical-row.ts'
import { canonicalFromTarget } from './canonical.ts'
import { KeyHash } from './key-hash.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { SourceSession } from '../source-session.ts'
import { RowSum } from '../row-hash.ts'
import type { TableMove } from '../table-move.ts'
import type { TargetTable } from '../schema/target-schema.ts'

/** A column and a reason that entries of the ledger name; `position` is -1 for a column that is not there. */
export interface LedgerKind {
  readonly column: string
  readonly position: number
  readonly reason: string
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
  /** What each entry's `kind` means. */
  readonly kinds: readonly LedgerKind[]
  /** Over the entries as they stand in the ledger. */
  readonly sum: RowSum
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

/** Nothing is declared for a table. */
export function noLedger(): TableLedger {
  return { changed: noEntries(changedWords), setAside: noEntries(asideWords), kinds: [], sum: new RowSum() }
}

/**
 * Reads what the ledger declares for one table; a database without a ledger declares nothing.
 *
 * `there` is the table as the target has it, or undefined where it has none. The session must be in a snapshot: entries
 * are counted before they are read.
 */
export async function readLedger(
  target: PostgresTarget,
  move: TableMove,
  there: TargetTable | undefined,
): Promise<TableLedger> {
  const [[exists] = []] = await target.query(`SELECT to_regclass('threeshift.changed_value')`, 'looking for the ledger')
  if (exists === null) return noLedger()
  const reader = new LedgerReader(target, move, there)
  const changed = await reader.read('changed_value', changedColumns, changedWords, (entry, words, at) =>
    reader.packChanged(entry, words, at),
  )
  const setAside = await reader.read('row_set_aside', asideColumns, asideWords, (entry, words, at) =>
    reader.packAside(entry, words, at),
  )
  return { changed, setAside, kinds: reader.kinds, sum: reader.sum }
}

const changedColumns = ['source_key', 'target_key', 'column_name', 'reason', 'source_value', 'target_value', 'action']
const asideColumns = ['source_key', 'column_name', 'reason', 'cells::text']

type Entry = readonly (Buffer | null)[]

class LedgerReader {
  readonly kinds: LedgerKind[] = []
  readonly sum = new RowSum()
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
  ): LedgerKind & {
    readonly number: number
  } {
    const column = columnBytes?.toString('utf8') ?? ''
    const reason = reasonBytes?.toString('utf8') ?? ''
    const name = JSON.stringify([column, reason])
    const known = this.#kindNumbers.get(name)
    const kind = this.kinds[known ?? -1]
    if (known !== undefined && kind !== undefined) return { ...kind, number: known }
    const position = this.#move.columns.findIndex(({ source }) => source.name === column)
    const number = this.kinds.push({ column, position, reason }) - 1
    this.#kindNumbers.set(name, number)
    return { column, position, reason, number }
  }
}

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
