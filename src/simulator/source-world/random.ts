/** A stream of pseudo-random numbers that depends on its seed and label alone. Not for anything secret. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** Streams with different labels are independent, so a table's rows do not change when another table's do. */
  constructor(seed: number, label: string) {
    let hash = 0x811c9dc5 ^ (seed | 0)
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193)
    this.#a = hash
    this.#b = Math.imul(hash ^ Math.floor(seed / 0x1_0000_0000), 0x85ebca6b)
    this.#c = 0x9e3779b9
    for (let i = 0; i < 12; i++) this.uint32()
  }

  /** The next whole number from 0 to 2^32 - 1 (sfc32). */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit)
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True in `share` (0 to 1) of the calls. */
  chance(share: number): boolean {
    return this.uint32() < share * 0x1_0000_0000
  }

  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('bug: pick from an empty list')
    return item
  }

  /** Lower-case hexadecimal digits. */
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.uint32().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }

  uuid(): string {
    const h = this.hex(32)
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`
  }
}

/** The same `digits` hexadecimal digits for the same seed, purpose and id: values that MySQL and Redis must agree on. */
export function hexOf(seed: number, purpose: string, id: number, digits = 32): string {
  return new Random(seed, `${purpose}:${id}`).hex(digits)
}
