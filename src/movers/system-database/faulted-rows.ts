import type { PulledRows } from '../../wire/pulled-rows.ts'

/** Rows whose failures are told as `faultOf` has them. */
export class FaultedRows implements PulledRows {
  readonly #rows: PulledRows
  readonly #faultOf: (error: unknown) => Error

  constructor(rows: PulledRows, faultOf: (error: unknown) => Error) {
    this.#rows = rows
    this.#faultOf = faultOf
  }

  get columnCount(): number {
    return this.#rows.columnCount
  }

  get bytes(): Buffer {
    return this.#rows.bytes
  }

  get start(): number {
    return this.#rows.start
  }

  get end(): number {
    return this.#rows.end
  }

  next(): boolean {
    return this.#rows.next()
  }

  async more(): Promise<boolean> {
    try {
      return await this.#rows.more()
    } catch (error) {
      throw this.#faultOf(error)
    }
  }

  abandon(): void {
    this.#rows.abandon()
  }
}
