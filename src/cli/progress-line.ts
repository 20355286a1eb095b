import type { TableProgress } from '../ports/system-database.ts'
import type { CliContext } from './context.ts'

// Without a terminal a line is worth it for tables of this many rows and more.
const worthALine = 10_000

/** What `--json` does to a command that shows progress. */
export const jsonOptionSays = 'print one JSON object as the last line of stdout; progress on stderr is JSON lines too'

/** What shows progress; `end` leaves a terminal clean, and may be called more than once. */
export interface ProgressPrinter<Progress> {
  readonly show: (progress: Progress) => void
  readonly end: () => void
}

/** Shows progress on stderr; without a terminal and without `--json` it is a line per large table. */
export function tableProgressPrinter(context: CliContext, json: boolean): ProgressPrinter<TableProgress> {
  return progressPrinter(context, json, progressLine, (progress) => progress.done && progress.rows >= worthALine)
}

/**
 * Shows progress on stderr: on a terminal one line that is rewritten; elsewhere with `json` every record as a line
 * `{"kind":"progress",…}`, without it a line for each that is `notable`.
 */
export function progressPrinter<Progress extends object>(
  context: CliContext,
  json: boolean,
  lineOf: (progress: Progress) => string,
  notable: (progress: Progress) => boolean,
): ProgressPrinter<Progress> {
  const { stderr } = context
  const terminal = stderr.isTTY === true
  const live = terminal && context.env('TERM') !== 'dumb'
  let shown = false
  return {
    show(progress) {
      if (live) {
        const columns = stderr.columns ?? 80
        stderr.write(`\r\u001B[2K${lineOf(progress).slice(0, columns - 1)}`)
        shown = true
      } else if (json && !terminal) {
        stderr.write(`${JSON.stringify({ kind: 'progress', ...progress })}\n`)
      } else if (notable(progress)) {
        stderr.write(`${lineOf(progress)}\n`)
      }
    },
    end() {
      if (shown) stderr.write('\r\u001B[2K')
      shown = false
    },
  }
}

/** `copy  [12/90] messages  41,200 of ~50,000 rows · 8.1 MB | all 62 % · 120,000 rows/s · 8 s to 11 s left`. */
export function progressLine(progress: TableProgress): string {
  const seconds = progress.elapsedMs / 1000
  const rate = seconds > 0.2 ? progress.allRows / seconds : 0
  const share = progress.allEstimatedRows === 0 ? 1 : progress.allRows / progress.allEstimatedRows
  // 100 % is said by the verdict, never by an estimate.
  const percent = Math.min(99, Math.floor(share * 100))
  const rows = progress.done
    ? `${count(progress.rows)} rows`
    : `${count(progress.rows)} of ~${count(progress.estimatedRows)} rows`
  return (
    `${progress.phase.padEnd(6)} [${progress.tableNumber}/${progress.tableCount}] ${progress.table}  ${rows} · ${bytes(progress.bytes)}` +
    ` | all ${percent} % · ${rate === 0 ? '–' : `${count(Math.round(rate))} rows/s`}${left(progress.remainingMs)}`
  )
}

function left(remainingMs: TableProgress['remainingMs']): string {
  if (remainingMs === null) return ''
  const [least, most] = remainingMs.map((ms) => duration(ms / 1000))
  return least === most ? ` · about ${least} left` : ` · ${least} to ${most} left`
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** Bytes with a decimal unit. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let unit = 0
  let size = value
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}

/** Seconds as `8 s`, `4 min 10 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
