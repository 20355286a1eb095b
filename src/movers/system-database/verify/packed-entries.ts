import { TupleFields } from '../../../wire/postgres/tuple-fields.ts'
import type { TableMove } from '../table-move.ts'
import { CanonicalRow } from './canonical-row.ts'
import { KeyHash } from './key-hash.ts'

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

/** Of a changed cell, and of a row that was set aside. */
export const changedWords = 13
export const asideWords = 7

/** Entries of changed cells, to which more come. */
export class GrowingEntries {
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

/** What an entry says of the cell at both ends. */
export const saysBoth = { source: true, target: true } as const

/** Packs what entries of one table say into words, and numbers their kinds. */
export class EntryPacker {
  readonly kinds: LedgerKind[] = []
  /** What canonical cells are packed by; `take` and `digest` are its callers' to use. */
  readonly cells = new CanonicalRow(new TupleFields(0), [])
  readonly #move: TableMove
  readonly #kindNumbers = new Map<string, number>()
  readonly #keys: KeyHash

  constructor(move: TableMove) {
    this.#move = move
    this.#keys = new KeyHash(move)
  }

  /** The two words that a key is packed as; valid until the next call. */
  keyWords(key: Buffer): readonly [number, number] {
    const hash = this.#keys.ofBytes(key)
    return [hash[0] ?? 0, hash[1] ?? 0]
  }

  putKey(key: Buffer, words: Uint32Array, at: number): void {
    words.set(this.keyWords(key), at)
  }

  /** `cell` in canonical form. */
  putCell(cell: Buffer | null, words: Uint32Array, at: number): void {
    this.cells.take([cell])
    words.set(this.cells.digest(), at)
  }

  kindNumber(column: string, reason: string, origin: EntryOrigin, says: LedgerKind['says']): number {
    const name = JSON.stringify([column, reason, origin])
    const known = this.#kindNumbers.get(name)
    if (known !== undefined) return known
    const number = this.kinds.push({ column, position: this.positionOf(column), reason, origin, says }) - 1
    this.#kindNumbers.set(name, number)
    return number
  }

  /** -1 for a column that is not there. */
  positionOf(column: string): number {
    return this.#move.columns.findIndex(({ source }) => source.name === column)
  }
}

/** The fields of a binary tuple; valid as long as its bytes. */
export function fieldsOf(fields: TupleFields, bytes: Buffer): readonly (Buffer | null)[] {
  return Array.from(fields.starts, (start, i) => (start < 0 ? null : bytes.subarray(start, fields.ends[i])))
}
