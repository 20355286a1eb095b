import type { Clock } from '../../base/clock.ts'
import type { TableProgress } from '../../ports/system-database.ts'

const everyMs = 1000
/** The pace of so many last reports stands for the near future. */
const recentReports = 15
/** Estimates of rows and bytes are the source's own, and keys and indexes come after the rows. */
const margin = { low: 0.9, high: 1.3 }

/** One table's part of a phase; several may be open at once. */
export interface TableProgressPart {
  readonly rows: number
  add(rows: number, bytes: number): void
  end(): void
}

/** What a phase is forecast from. */
export interface ExpectedTable {
  readonly name: string
  readonly estimatedRows: number
  readonly estimatedBytes: number
}

/** Counts rows and bytes of one phase and reports them on a clock, not per row. */
export class PhaseProgress {
  readonly #phase: TableProgress['phase']
  readonly #clock: Clock
  readonly #report: (progress: TableProgress) => void
  readonly #startedMs: number
  readonly #tableCount: number
  readonly #forecast: Forecast
  #lastMs: number
  #begun = 0
  #allRows = 0
  #allBytes = 0

  constructor(
    phase: TableProgress['phase'],
    tables: readonly ExpectedTable[],
    clock: Clock,
    report: (progress: TableProgress) => void,
  ) {
    this.#phase = phase
    this.#clock = clock
    this.#report = report
    this.#startedMs = clock.elapsedMs()
    this.#lastMs = this.#startedMs
    this.#tableCount = tables.length
    this.#forecast = new Forecast(tables)
  }

  begin(table: string, estimatedRows: number): TableProgressPart {
    const tableNumber = ++this.#begun
    let [rows, bytes] = [0, 0]
    const emit = (done: boolean) => {
      const elapsedMs = this.#clock.elapsedMs() - this.#startedMs
      this.#lastMs = elapsedMs + this.#startedMs
      this.#report({
        phase: this.#phase,
        table,
        tableNumber,
        tableCount: this.#tableCount,
        rows,
        estimatedRows,
        bytes,
        allRows: this.#allRows,
        allEstimatedRows: this.#forecast.rows,
        allBytes: this.#allBytes,
        elapsedMs,
        remainingMs: this.#forecast.remaining(elapsedMs),
        done,
      })
    }
    emit(false)
    return {
      get rows() {
        return rows
      },
      add: (moreRows, moreBytes) => {
        rows += moreRows
        bytes += moreBytes
        this.#allRows += moreRows
        this.#allBytes += moreBytes
        this.#forecast.advance(table, rows)
        if (this.#clock.elapsedMs() - this.#lastMs >= everyMs) emit(false)
      },
      end: () => {
        this.#forecast.finish(table, rows)
        emit(true)
      },
    }
  }
}

/** How much of a phase is done, by the bytes that its tables are expected to have, corrected as they end. */
class Forecast {
  readonly #tables: Map<string, { expectedRows: number; readonly bytes: number; rows: number }>
  readonly #allBytes: number
  /** Elapsed milliseconds and done share at the last reports. */
  #recent: (readonly [number, number])[] = [[0, 0]]

  constructor(tables: readonly ExpectedTable[]) {
    this.#tables = new Map(
      tables.map((table) => [
        table.name,
        // A table costs something even when it is empty.
        { expectedRows: table.estimatedRows, bytes: Math.max(table.estimatedBytes, 1), rows: 0 },
      ]),
    )
    this.#allBytes = [...this.#tables.values()].reduce((sum, table) => sum + table.bytes, 0)
  }

  get rows(): number {
    return [...this.#tables.values()].reduce((sum, table) => sum + Math.max(table.expectedRows, table.rows), 0)
  }

  advance(name: string, rows: number): void {
    const table = this.#tables.get(name)
    if (table !== undefined) table.rows = rows
  }

  finish(name: string, rows: number): void {
    const table = this.#tables.get(name)
    if (table !== undefined) table.rows = table.expectedRows = rows
  }

  /** The least and the most milliseconds that are left; null while too little is known. */
  remaining(elapsedMs: number): readonly [number, number] | null {
    const share = this.#share()
    this.#recent = [...this.#recent.slice(1 - recentReports), [elapsedMs, share]]
    const [thenMs, thenShare] = this.#recent[0] ?? [0, 0]
    if (elapsedMs < 2 * everyMs || share < 0.01 || share <= thenShare) return null
    const overall = (elapsedMs * (1 - share)) / share
    const recently = ((elapsedMs - thenMs) * (1 - share)) / (share - thenShare)
    return [Math.min(overall, recently) * margin.low, Math.max(overall, recently) * margin.high]
  }

  #share(): number {
    let done = 0
    for (const { expectedRows, bytes, rows } of this.#tables.values()) {
      done += bytes * (expectedRows === 0 ? 0 : Math.min(1, rows / expectedRows))
    }
    return done / this.#allBytes
  }
}
