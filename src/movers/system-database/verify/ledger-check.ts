import { type ValueClass, valueClasses } from '../../../model/decision.ts'
import type { Difference } from '../../../ports/system-database.ts'
import type { CanonicalRow } from './canonical-row.ts'
import { isOfClass } from '../values/declared-class.ts'
import { EntryIndex } from './entry-index.ts'
import { KeyHash } from './key-hash.ts'
import { OrphanClaims } from './orphan-claims.ts'
import type { RowFilter } from './declared-table.ts'
import { asideAt, changedAt, type EntryOrigin, type LedgerKind, type TableLedger } from './read-ledger.ts'
import type { Side } from './side.ts'
import { describeKey, type TableMove } from '../table-move.ts'

// More than a report lists.
const mostDifferences = 100

/** What came of holding the ledger against all rows of one side. */
export interface LedgerOutcome {
  /** Entries that were met on this side. */
  readonly matched: Readonly<Record<EntryOrigin, number>>
  readonly setAside: number
  /** Rows that were left out, as they are declared to be on this side, or not to be compared. */
  readonly leftOut: number
  readonly ledgerDifferences: readonly Difference[]
  /** Keys of other tables that the ledger calls missing. */
  readonly orphans: OrphanClaims
}

/**
 * Holds the ledger against the rows of one side, one after the other.
 *
 * Each entry stands for one row: where a table has no key, equal rows have equal names, and an entry is used up by the
 * first of them. Every entry that is met is checked: that this side holds what it declares, and that the old value really
 * is of the class that it claims.
 *
 * For each row `meet`, then `mask`, then `identify`.
 */
export class LedgerCheck {
  readonly #side: Side
  readonly #move: TableMove
  readonly #ledger: TableLedger
  readonly #isSource: boolean
  readonly #keys: KeyHash
  readonly #changed: EntryIndex
  readonly #aside: EntryIndex
  /** The columns that entries name. */
  readonly #columns: readonly string[]
  readonly #differences: Difference[] = []
  readonly #orphans: OrphanClaims
  readonly #masked = new Set<number>()
  readonly #sourceKey = new Uint32Array(2)
  #isDeclared = false
  readonly #matched: Record<EntryOrigin, number> = { copy: 0, rename: 0, declaration: 0 }
  readonly #filters: readonly RowFilter[]
  #leftOut = 0
  #matchedRows = 0

  constructor(side: Side, move: TableMove) {
    this.#side = side
    this.#move = move
    this.#ledger = side.ledger
    this.#isSource = side.name === 'source'
    this.#keys = new KeyHash(move)
    this.#orphans = new OrphanClaims(move)
    this.#filters = side.ledger.filters[side.name]
    const { changed, setAside, kinds } = side.ledger
    this.#columns = [...new Set(kinds.map((kind) => kind.column))]
    const columnOf = kinds.map((kind) => this.#columns.indexOf(kind.column))
    const keyAt = this.#isSource ? changedAt.sourceKey : changedAt.targetKey
    this.#changed = new EntryIndex(changed, keyAt, (entry) => columnOf[changed.words[entry + changedAt.kind] ?? 0] ?? 0)
    // What was set aside is on the source only.
    const none = { ...setAside, count: 0 }
    this.#aside = new EntryIndex(this.#isSource ? setAside : none, asideAt.sourceKey, () => 0)
  }

  /** True when the row is to be compared, false when it is declared to be on this side only. */
  meet(row: CanonicalRow): boolean {
    this.#isDeclared = false
    if (this.#filters.some((holds) => holds(row))) {
      this.#leftOut++
      return false
    }
    if (this.#changed.size === 0 && this.#aside.size === 0) return true
    const key = this.#keys.of(row)
    const [high = 0, low = 0] = key
    const aside = this.#aside.take(high, low, 0)
    if (aside >= 0) {
      this.#matchedRows++
      this.#checkSetAside(row, aside)
      return false
    }
    this.#masked.clear()
    for (let column = 0; column < this.#columns.length; column++) {
      const entry = this.#changed.take(high, low, column)
      if (entry >= 0) this.#meetChanged(row, entry)
    }
    return true
  }

  /** True when the row that was met last has declared cells. */
  get isDeclared(): boolean {
    return this.#isDeclared
  }

  /** Masks what the ledger declares of the row that was met last. */
  mask(row: CanonicalRow): void {
    if (this.#isDeclared) row.mask(this.#masked)
  }

  /**
   * Two words that name the row that was met last, the same on both sides: the hash of its key at the source or, where
   * nothing is a key, of the row. Valid until the next call.
   */
  identify(row: CanonicalRow): Uint32Array {
    if (this.#isDeclared) return this.#sourceKey
    return this.#move.key.length === 0 ? row.digest() : this.#keys.of(row)
  }

  /** The key on this side, for a row that is not masked. */
  nameOf(row: CanonicalRow): string {
    return this.#keys.text(row)
  }

  result(): LedgerOutcome {
    return {
      matched: this.#matched,
      setAside: this.#matchedRows,
      leftOut: this.#leftOut,
      ledgerDifferences: this.#differences,
      orphans: this.#orphans,
    }
  }

  #meetChanged(row: CanonicalRow, entry: number): void {
    const { words } = this.#ledger.changed
    const kind = this.#kindOf(words[entry + changedAt.kind])
    this.#matched[kind.origin]++
    this.#isDeclared = true
    this.#sourceKey[0] = words[entry + changedAt.sourceKey] ?? 0
    this.#sourceKey[1] = words[entry + changedAt.sourceKey + 1] ?? 0
    const declaredAt = entry + (this.#isSource ? changedAt.sourceCell : changedAt.targetCell)
    // What is no column of the table is declared to hold nothing.
    const same =
      kind.position < 0 || !kind.says[this.#side.name] || areEqual(row.cellDigest(kind.position), words, declaredAt)
    if (!same) {
      const who = kind.origin === 'declaration' ? 'the declaration names' : 'the ledger declares'
      this.#differ(row, kind.column, `${who} another value than the ${this.#side.name} holds`)
    } else if (this.#isSource && kind.origin === 'copy') this.#checkClass(row, kind)
    if (kind.position >= 0) this.#masked.add(kind.position)
  }

  #checkSetAside(row: CanonicalRow, entry: number): void {
    const { words } = this.#ledger.setAside
    const kind = this.#kindOf(words[entry + asideAt.kind])
    if (areEqual(row.digest(), words, entry + asideAt.row)) this.#checkClass(row, kind)
    else this.#differ(row, kind.column, 'the ledger sets another row aside than the source holds')
  }

  /** `reason` names one class, or several in the order in which they were found, of which the first is the value's own. */
  #checkClass(row: CanonicalRow, { column, position, reason }: LedgerKind): void {
    const [first] = reason.split('+')
    const cell = row.cell(position)
    if (first === 'orphan') this.#orphans.add(row, this.nameOf(row), column)
    else if (cell === null || !isClass(first) || !isOfClass(first, cell)) {
      this.#differ(row, column, `the ledger calls a value ${reason} that is not`)
    }
  }

  #differ(row: CanonicalRow, column: string, says: string): void {
    if (this.#differences.length >= mostDifferences) return
    const key = describeKey(this.#move, this.nameOf(row))
    this.#differences.push({ kind: 'ledger', table: this.#move.name, key, column, says })
  }

  #kindOf(number: number | undefined): LedgerKind {
    const kind = this.#ledger.kinds[number ?? -1]
    if (kind === undefined) throw new Error('bug: an entry of the ledger has no kind')
    return kind
  }
}

function areEqual(hash: Uint32Array, words: Uint32Array, at: number): boolean {
  return hash[0] === words[at] && hash[1] === words[at + 1] && hash[2] === words[at + 2] && hash[3] === words[at + 3]
}

function isClass(text: string | undefined): text is Exclude<ValueClass, 'orphan'> {
  return text !== undefined && text !== 'orphan' && Object.hasOwn(valueClasses, text)
}
