import { never } from '../base/never.ts'
import type { FailureCard, MigrationStateKind, MigrationView, OpenGate, RowView } from '../ports/engine.ts'
import type { Paint } from './print-fault.ts'
import { duration } from './progress-line.ts'

/** One migration for a person: where it stands, who has to act, what is asked or has failed; `rows` lists them all. */
export function migrationText(
  view: MigrationView,
  options: { readonly paint: Paint; readonly now: number; readonly rows: boolean },
): string {
  const { paint, now } = options
  const { id, customer, state, direction, rows, baton, gate, failure } = view
  const done = rows.filter((row) => row.state.kind === 'done').length
  const back = direction === 'back' ? ', going back' : ''
  const who = baton.party === 'nobody' ? 'nobody has to act' : `${baton.party} has to act`
  const row = baton.row === null ? '' : ` on ${baton.row}`
  const lines = [
    `${paint('bold', id)}  ${paint(colorOf(state), state)}${back}  ${done} of ${rows.length} rows done  (${customer})`,
    `  ${who}${row}, for ${duration(Math.max(0, now - baton.since) / 1000)}: ${baton.why}`,
    ...(baton.unblock === '' ? [] : [`  ${paint('bold', 'Next:')} ${baton.unblock}`]),
    ...(gate === null ? [] : gateLines(gate)),
    ...(failure === null ? [] : cardLines(failure, paint)),
    ...(options.rows ? rows.map((row) => `  ${rowLine(row)}`) : []),
  ]
  return `${lines.join('\n')}\n`
}

function gateLines(gate: OpenGate): readonly string[] {
  const { explanation, answers } = gate
  return [
    `  It would: ${explanation.summary}`,
    ...explanation.diff.flatMap(({ what, before, after }) => [
      `    ${what}`,
      ...(before === null ? [] : [`    - ${before}`]),
      ...(after === null ? [] : [`    + ${after}`]),
    ]),
    ...answers.map(({ name, party, verdict, reason }) => `  ${name} (${party}) ${verdict}: ${reason}`),
  ]
}

function cardLines(card: FailureCard, paint: Paint): readonly string[] {
  return [
    `  ${paint('bold', card.code)}`,
    ...card.evidence.map((fact) => `  · ${fact}`),
    `  ${paint('bold', 'Safe now:')} ${card.safeNow}`,
    `  ${card.walkAway}`,
  ]
}

function rowLine({ id, number, owner, state, progress }: RowView): string {
  const share =
    progress === null || progress.total === 0
      ? ''
      : `  ${progress.exact ? '' : '~'}${Math.min(100, Math.floor((progress.done / progress.total) * 100))} %`
  return `${number.padStart(4)}  ${id.padEnd(24)} ${owner.padEnd(10)} ${stateText(state)}${share}`
}

function stateText(state: RowView['state']): string {
  switch (state.kind) {
    case 'waiting':
    case 'held':
      return state.kind
    case 'running':
    case 'with-agent':
      return `${state.kind} (${state.verb})`
    case 'retrying':
      return `retrying: ${state.fault.message}`
    case 'failed':
      return `failed: ${state.fault.message}`
    case 'done':
    case 'undone':
      return `${state.kind}: ${state.says}`
    default:
      return never(state)
  }
}

function colorOf(state: MigrationStateKind): 'green' | 'yellow' | 'red' | 'cyan' {
  switch (state) {
    case 'done':
    case 'rolled-back':
      return 'green'
    case 'running':
      return 'cyan'
    case 'waiting-for-person':
    case 'waiting-for-agent':
    case 'paused':
    case 'cancelled':
    case 'no-worker':
      return 'yellow'
    case 'failed-safe':
    case 'needs-rollback':
      return 'red'
    default:
      return never(state)
  }
}
