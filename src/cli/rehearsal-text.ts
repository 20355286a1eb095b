import type { MigrationView, RowView } from '../ports/engine.ts'
import type { Paint } from './print-fault.ts'
import { count, duration } from './progress-line.ts'

/** When the service went down, and came back; milliseconds since 1970. */
export interface Down {
  readonly from: number | null
  readonly until: number | null
}

/** `  ✓   5 convert-to-postgres      rhoam-eng    12 s  90 tables are equal`. */
export function rowEndLine({ number, id, owner, state }: RowView, tookMs: number, paint: Paint): string {
  const says = state.kind === 'done' ? state.says : ''
  const took = duration(tookMs / 1000).padStart(7)
  return `  ${paint('green', '✓')} ${number.padStart(4)} ${id.padEnd(24)} ${owner.padEnd(10)}${took}  ${says}`
}

/** The row that runs with its progress, who has to act, and the clocks. */
export function nowLines(
  view: MigrationView,
  { now, down }: { readonly now: number; readonly down: Down },
): readonly string[] {
  const { rows, baton, startedAt } = view
  const row = rows.find(({ id }) => id === baton.row)
  const done = rows.filter(({ state }) => state.kind === 'done').length
  const who = baton.party === 'nobody' ? 'nobody' : baton.party
  const since = duration(Math.max(0, now - baton.since) / 1000)
  return [
    row === undefined ? '▶ –' : `▶ ${row.number} ${row.id}: ${row.title}${verbText(row)}${progressText(row)}`,
    `  baton: ${who}, for ${since}: ${baton.why}`,
    `  ${done} of ${rows.length} rows · ${duration((now - startedAt) / 1000)} · ${downText(down, now)}`,
  ]
}

function verbText({ state }: RowView): string {
  return 'verb' in state && state.verb !== null ? ` · ${state.verb}` : ` · ${state.kind}`
}

function progressText({ progress }: RowView): string {
  if (progress === null) return ''
  const { done, total, unit, exact } = progress
  if (total === 0) return ` · ${count(done)} ${unit}`
  return ` · ${exact ? '' : '~'}${Math.min(100, Math.floor((done / total) * 100))} % of ${count(total)} ${unit}`
}

function downText({ from, until }: Down, now: number): string {
  if (from === null) return 'the service is up'
  if (until !== null) return `the service was down for ${duration((until - from) / 1000)}`
  return `downtime ${duration((now - from) / 1000)} and counting`
}
