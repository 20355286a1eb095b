import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * Keeps a password, a key or a URL that holds one. A template, `JSON.stringify` or `console.log` that meets it shows
 * `[secret]` in its place.
 *
 * The only way to the value is `reveal`. Its argument does nothing but say, to whoever reads the call, what for.
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
