import { never } from '../base/never.ts'
import type { Plan } from '../model/plan.ts'
import type { MigrationView, RowView } from '../ports/engine.ts'
import type { RehearsalEvent } from '../ports/rehearsal.ts'
import type { CliContext } from './context.ts'
import { painter } from './print-fault.ts'
import { duration } from './progress-line.ts'
import { type Down, nowLines, rowEndLine } from './rehearsal-text.ts'

/** What shows a rehearsal on stderr; `end` leaves a terminal clean, and may be called more than once. */
export interface RehearsalScreen {
  readonly show: (event: RehearsalEvent) => void
  readonly end: () => void
}

/**
 * A line for each stage, each row that has ended, each person who was played and both ends of the downtime. On a terminal the last
 * lines are rewritten besides: the row that runs, who has to act, and the clocks.
 */
export function rehearsalScreen(context: CliContext): RehearsalScreen {
  const { stderr, clock } = context
  const paint = painter(context, stderr)
  const live = stderr.isTTY === true && context.env('TERM') !== 'dumb'
  const lasting = lastingLines(context)
  let shown = 0

  const clear = () => {
    if (shown > 0) stderr.write(`\u001B[${shown}A\r\u001B[J`)
    shown = 0
  }
  const write = (lines: readonly string[]) => {
    if (lines.length === 0) return
    clear()
    stderr.write(lines.map((line) => `${line}\n`).join(''))
  }
  return {
    show(event) {
      write(lasting.of(event))
      if (!live || event.kind !== 'looked') return
      clear()
      const width = (stderr.columns ?? 80) - 1
      const lines = nowLines(event.view, { now: clock.now(), down: lasting.down() }).map((line) => line.slice(0, width))
      stderr.write(lines.map((line) => `${paint('dim', line)}\n`).join(''))
      shown = lines.length
    },
    end: clear,
  }
}

function lastingLines(context: CliContext): {
  readonly of: (event: RehearsalEvent) => readonly string[]
  readonly down: () => Down
} {
  const paint = painter(context, context.stderr)
  let plan: Plan | undefined
  let down: Down = { from: null, until: null }
  /** The end of the last row, from which the next one's time counts. */
  let lastEnd = 0
  const ended = new Set<string>()

  const rowsEnded = ({ startedAt, rows }: MigrationView): readonly string[] =>
    rows.flatMap((row) => {
      if (row.state.kind !== 'done' || ended.has(row.id)) return []
      const tookMs = row.state.at - Math.max(lastEnd, startedAt)
      lastEnd = row.state.at
      ended.add(row.id)
      return [rowEndLine(row, tookMs, paint)]
    })

  const downtime = ({ rows }: MigrationView): readonly string[] => {
    const outage = plan?.outage
    if (outage === undefined || outage === null) return []
    const [first, last] = [stateOf(rows, outage.from), stateOf(rows, outage.to)]
    const lines: string[] = []
    const from = down.from ?? downFrom(first)
    if (from === null) return lines
    if (down.from === null) lines.push(paint('yellow', `  ‖ the service is down from here on (${outage.from})`))
    const until = last?.kind === 'done' ? last.at : null
    if (down.until === null && until !== null) {
      lines.push(paint('green', `  ‖ the service is up again after ${duration((until - from) / 1000)}`))
    }
    down = { from, until }
    return lines
  }

  return {
    down: () => down,
    of(event) {
      switch (event.kind) {
        case 'kept':
          return [`The world is in ${event.dir}, and stays there.`]
        case 'stage-began':
          return [`${paint('bold', '▸')} ${event.says}`]
        case 'stage-ended':
          return [`  ${paint('green', '✓')} ${event.says} (${duration(event.tookMs / 1000)})`]
        case 'planned':
          plan = event.plan
          return [`${paint('bold', '▸')} Running the ${plan.rows.length} rows of the plan`]
        case 'looked': {
          const rows = rowsEnded(event.view)
          return [...rows, ...downtime(event.view)]
        }
        case 'played':
          return [`  ${paint('cyan', '☞')} ${event.party} (played), ${event.row}: ${event.says}`]
        default:
          return never(event)
      }
    },
  }
}

function stateOf(rows: readonly RowView[], id: string): RowView['state'] | undefined {
  return rows.find((row) => row.id === id)?.state
}

/** From when its first row was applied. A look that comes too late for that takes the row's end. */
function downFrom(state: RowView['state'] | undefined): number | null {
  if (state === undefined) return null
  if ((state.kind === 'running' || state.kind === 'with-agent') && state.verb === 'apply') return state.since
  return state.kind === 'done' ? state.at : null
}
