import { type ValueClass, valueClasses } from '../../model/decision.ts'
import type { Difference } from '../../ports/system-database.ts'
import { isOfClass } from './declared-class.ts'
import { type DigestCell, masked, rowDigest } from './digest.ts'
import type { ChangedValue, RowSetAside } from './ledger.ts'
import type { CanonicalRow, Side } from './side.ts'
import { describeKey, type TableMove } from './table-move.ts'

/** A row as the ledger lets it be compared. `key` is the row's name at the source, on both sides. */
export type DeclaredRow =
  | { readonly kind: 'set-aside' }
  | { readonly kind: 'compared'; readonly key: string; readonly cells: readonly DigestCell[] }

/** The ledger says that `column` of a row named a row that is not there. */
export interface OrphanClaim {
  readonly column: string
  readonly row: CanonicalRow
  readonly key: string
}

/**
 * Holds the ledger against the rows of one side, one after the other.
 *
 * Each entry stands for one row: where a table has no key, equal rows have equal names, and an entry is used up by the
 * first of them. Every entry that is met is checked: that this side holds what it declares, and that the old value really
 * is of the class that it claims.
 */
export class LedgerCheck {
  readonly #side: Side
  readonly #move: TableMove
  readonly #changed = new Map<string, readonly (readonly ChangedValue[])[]>()
  readonly #setAside = new Map<string, RowSetAside[]>()
  readonly #used = new Map<string, number>()
  readonly #differences: Difference[] = []
  readonly #orphans: OrphanClaim[] = []
  #matchedCells = 0
  #matchedRows = 0

  constructor(side: Side, move: TableMove) {
    this.#side = side
    this.#move = move
    for (const [key, entries] of side.declared) this.#changed.set(key, perRow(entries))
    for (const [key, entries] of side.setAside) this.#setAside.set(key, [...entries])
  }

  meet(row: CanonicalRow): DeclaredRow {
    const key = this.#side.keyOf(row)
    const aside = this.#setAside.get(key)?.pop()
    if (aside !== undefined) {
      this.#matchedRows++
      this.#checkSetAside(row, key, aside)
      return { kind: 'set-aside' }
    }
    const used = this.#used.get(key) ?? 0
    const entries = this.#changed.get(key)?.[used]
    if (entries === undefined) return { kind: 'compared', key, cells: row }
    this.#used.set(key, used + 1)
    this.#matchedCells += entries.length
    const cells: DigestCell[] = [...row]
    for (const entry of entries) {
      const position = this.#move.columns.findIndex((column) => column.source.name === entry.column)
      this.#checkChanged(row, key, entry, position)
      if (position >= 0) cells[position] = masked
    }
    return { kind: 'compared', key: entries[0]?.sourceKey ?? key, cells }
  }

  result(): {
    readonly matchedCells: number
    readonly setAside: number
    readonly ledgerDifferences: readonly Difference[]
    readonly orphans: readonly OrphanClaim[]
  } {
    return {
      matchedCells: this.#matchedCells,
      setAside: this.#matchedRows,
      ledgerDifferences: this.#differences,
      orphans: this.#orphans,
    }
  }

  #checkChanged(row: CanonicalRow, key: string, entry: ChangedValue, position: number): void {
    const held = row[position] ?? null
    const declared = this.#side.declaredCell(entry, position)
    const same = held === null || declared === null ? held === declared : held.equals(declared)
    if (!same) this.#differ(key, entry.column, `the ledger declares another value than the ${this.#side.name} holds`)
    else if (this.#side.name === 'source') this.#checkClass(row, key, entry.column, entry.reason)
  }

  #checkSetAside(row: CanonicalRow, key: string, entry: RowSetAside): void {
    if (!rowDigest(this.#side.declaredRow(entry)).equals(rowDigest(row))) {
      this.#differ(key, entry.column, 'the ledger sets another row aside than the source holds')
    } else this.#checkClass(row, key, entry.column, entry.reason)
  }

  /** `reason` names one class, or several in the order in which they were found, of which the first is the value's own. */
  #checkClass(row: CanonicalRow, key: string, column: string, reason: string): void {
    const [first] = reason.split('+')
    const cell = row[this.#move.columns.findIndex((candidate) => candidate.source.name === column)] ?? null
    if (first === 'orphan') this.#orphans.push({ column, row, key })
    else if (cell === null || !isClass(first) || !isOfClass(first, cell)) {
      this.#differ(key, column, `the ledger calls a value ${reason} that is not`)
    }
  }

  #differ(key: string, column: string, says: string): void {
    this.#differences.push({ kind: 'ledger', table: this.#move.name, key: describeKey(this.#move, key), column, says })
  }
}

/** Entries of one name, a list for each row: a column comes once per row. */
function perRow(entries: readonly ChangedValue[]): readonly (readonly ChangedValue[])[] {
  const rows: ChangedValue[][] = []
  for (const entry of entries) {
    const row = rows.find((candidate) => candidate.every(({ column }) => column !== entry.column))
    if (row === undefined) rows.push([entry])
    else row.push(entry)
  }
  return rows
}

function isClass(text: string | undefined): text is Exclude<ValueClass, 'orphan'> {
  return text !== undefined && text !== 'orphan' && Object.hasOwn(valueClasses, text)
}
