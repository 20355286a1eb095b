import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * A value that must not be seen: it prints as `[secret]` in strings, JSON and inspection.
 *
 * `reveal` takes the purpose so that every place that opens a secret can be found by searching.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(_purpose: string): string {
    return this.#value
  }

  /** Compares in constant time for values of equal length. */
  equals(other: Secret): boolean {
    const mine = Buffer.from(this.#value)
    const theirs = Buffer.from(other.#value)
    return mine.length === theirs.length && timingSafeEqual(mine, theirs)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
