import type { Clock } from '../../base/clock.ts'
import type { TableProgress } from '../../ports/system-database.ts'

const everyMs = 1000

/** Counts rows and bytes of one phase and reports them on a clock, not per row. */
export class PhaseProgress {
  readonly #phase: TableProgress['phase']
  readonly #clock: Clock
  readonly #report: (progress: TableProgress) => void
  readonly #startedMs: number
  readonly #tableCount: number
  readonly #allEstimatedRows: number
  #lastMs: number
  #table = ''
  #tableNumber = 0
  #estimatedRows = 0
  #rows = 0
  #bytes = 0
  #allRows = 0
  #allBytes = 0

  constructor(
    phase: TableProgress['phase'],
    tables: readonly { readonly estimatedRows: number }[],
    clock: Clock,
    report: (progress: TableProgress) => void,
  ) {
    this.#phase = phase
    this.#clock = clock
    this.#report = report
    this.#startedMs = clock.elapsedMs()
    this.#lastMs = this.#startedMs
    this.#tableCount = tables.length
    this.#allEstimatedRows = tables.reduce((sum, table) => sum + table.estimatedRows, 0)
  }

  begin(table: string, estimatedRows: number): void {
    this.#table = table
    this.#tableNumber++
    this.#estimatedRows = estimatedRows
    this.#rows = 0
    this.#bytes = 0
    this.#emit(false)
  }

  add(rows: number, bytes: number): void {
    this.#rows += rows
    this.#bytes += bytes
    this.#allRows += rows
    this.#allBytes += bytes
    if (this.#clock.elapsedMs() - this.#lastMs >= everyMs) this.#emit(false)
  }

  end(): void {
    this.#emit(true)
  }

  get rows(): number {
    return this.#rows
  }

  get bytes(): number {
    return this.#bytes
  }

  #emit(done: boolean): void {
    const now = this.#clock.elapsedMs()
    this.#lastMs = now
    this.#report({
      phase: this.#phase,
      table: this.#table,
      tableNumber: this.#tableNumber,
      tableCount: this.#tableCount,
      rows: this.#rows,
      estimatedRows: this.#estimatedRows,
      bytes: this.#bytes,
      allRows: this.#allRows,
      allEstimatedRows: Math.max(this.#allEstimatedRows, this.#allRows),
      allBytes: this.#allBytes,
      elapsedMs: now - this.#startedMs,
      done,
    })
  }
}
