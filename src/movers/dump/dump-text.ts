import type { DumpFormat } from '../../ports/dump.ts'

/** How much of a dump's beginning and end is looked at, in bytes. */
export const headBytes = 4096
export const tailBytes = 1024

/**
 * The line that each program writes last, and only when it has written everything.
 *
 * Since the security releases of 2025 pg_dump ends with `\unrestrict` after it. mysqldump may leave the date out.
 */
const trailers: Readonly<Record<DumpFormat, RegExp>> = {
  postgres: /\n-- PostgreSQL database dump complete\n--\n\n(?:\\unrestrict \w+\n\n)?$/,
  mysql: /\n-- Dump completed(?: on [^\n]*)?\n$/,
}

const programs: Readonly<Record<DumpFormat, RegExp>> = {
  postgres: /^-- Dumped by (pg_dump version [\w. ()~+-]+)$/m,
  mysql: /^-- ((?:MariaDB|MySQL) dump [\w.,() -]+)$/m,
}

export function endsWhole(format: DumpFormat, tail: Buffer): boolean {
  return trailers[format].test(tail.toString('latin1'))
}

/** How the program that made the dump names itself. */
export function programOf(format: DumpFormat, head: Buffer): string {
  return programs[format].exec(head.toString('latin1'))?.[1]?.trim() ?? 'unknown'
}

/** Keeps the first and the last bytes of what goes by. */
export class DumpEnds {
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)

  add(piece: Uint8Array): void {
    if (this.#head.length < headBytes) this.#head = Buffer.concat([this.#head, piece]).subarray(0, headBytes)
    // Long pieces push the rest out; only short ones are put together.
    const last = piece.subarray(Math.max(0, piece.length - tailBytes))
    this.#tail = Buffer.concat([this.#tail, last]).subarray(-tailBytes)
  }

  get head(): Buffer {
    return this.#head
  }

  get tail(): Buffer {
    return this.#tail
  }
}
