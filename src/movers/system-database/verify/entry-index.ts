import type { PackedEntries } from './packed-entries.ts'

const none = -1

/**
 * Finds ledger entries by key and column, and gives each of them once.
 *
 * A hash table over the packed entries: 8 to 12 bytes per entry, nothing per key.
 */
export class EntryIndex {
  readonly #words: Uint32Array
  readonly #wordsPerEntry: number
  readonly #keyAt: number
  readonly #columnOf: (entry: number) => number
  readonly #firsts: Int32Array
  readonly #nexts: Int32Array
  readonly #lastSlot: number

  /** `keyAt` is where an entry has its key's two words; `columnOf` takes the place of an entry's first word. */
  constructor(entries: PackedEntries, keyAt: number, columnOf: (entry: number) => number) {
    this.#words = entries.words
    this.#wordsPerEntry = entries.wordsPerEntry
    this.#keyAt = keyAt
    this.#columnOf = columnOf
    this.#lastSlot = 2 ** Math.ceil(Math.log2(Math.max(1, entries.count))) - 1
    this.#firsts = new Int32Array(entries.count === 0 ? 0 : this.#lastSlot + 1).fill(none)
    this.#nexts = new Int32Array(entries.count)
    for (let i = 0; i < entries.count; i++) {
      const at = i * this.#wordsPerEntry
      const slot = this.#slotOf(this.#words[at + keyAt] ?? 0, columnOf(at))
      this.#nexts[i] = this.#firsts[slot] ?? none
      this.#firsts[slot] = i
    }
  }

  get size(): number {
    return this.#nexts.length
  }

  /** The place of an entry's first word, which no later call gives again; -1 when there is none. */
  take(high: number, low: number, column: number): number {
    if (this.size === 0) return none
    const slot = this.#slotOf(high, column)
    let before = none
    for (let i = this.#firsts[slot] ?? none; i !== none; i = this.#nexts[i] ?? none) {
      const at = i * this.#wordsPerEntry
      const same =
        this.#words[at + this.#keyAt] === high &&
        this.#words[at + this.#keyAt + 1] === low &&
        this.#columnOf(at) === column
      if (same) {
        if (before === none) this.#firsts[slot] = this.#nexts[i] ?? none
        else this.#nexts[before] = this.#nexts[i] ?? none
        return at
      }
      before = i
    }
    return none
  }

  #slotOf(high: number, column: number): number {
    return (high + Math.imul(column, 0x9e3779b1)) & this.#lastSlot
  }
}
