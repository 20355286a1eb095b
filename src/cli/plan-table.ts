import { parties } from '../model/party.ts'
import type { Plan } from '../model/plan.ts'
import { rowsPerParty, serviceMark, undoText } from './plan-json.ts'
import type { Paint } from './print-fault.ts'

const headings = ['#', 'Row', 'Owner', 'Place', 'Service', 'Undo']

/** The plan as a table and a summary, for a person. Lines are cut at `columns`; `Infinity` cuts nothing. */
export function planTable(
  plan: Plan,
  look: { readonly paint: Paint; readonly columns: number; readonly downtime?: string },
): string {
  const { paint } = look
  const cells = plan.rows.map((row) => [
    row.number,
    row.title,
    row.owner,
    row.place,
    serviceMark(plan, row),
    row.undo.kind === 'undo' ? row.undo.how : `${row.undo.kind === 'impossible' ? 'NO. ' : '– '}${undoText(row.undo)}`,
  ])
  const widths = headings.map((heading, at) => Math.max(heading.length, ...cells.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    cut(row.map((cell, at) => cell.padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0))).join('  '), look.columns)

  const table = plan.rows.map((row, at) => {
    const text = line(cells[at] ?? [])
    if (row.undo.kind === 'impossible') return paint(['bold', 'red'], text)
    return row.inOutage ? paint('yellow', text) : text
  })
  const perParty = rowsPerParty(plan)
  const numberOf = (id: string | null | undefined) => plan.rows.find((row) => row.id === id)?.number ?? '–'
  const notes = plan.rows.flatMap((row) => row.notes.map((note) => `${row.number} ${row.id}: ${note}`))
  const decisions = Object.entries(plan.decisions).map(([key, action]) => `${key}=${action}`)

  return [
    paint('bold', `Plan of ${plan.migration}`),
    `3scale ${plan.source.release} on ${plan.source.databaseKind} ${plan.source.databaseVersion} (${plan.source.wildcardDomain})` +
      ` → RHOAM ${plan.destination.rhoamVersion} with 3scale ${plan.destination.release} (${plan.destination.domain}),` +
      ` access level ${plan.accessLevel}`,
    '',
    paint('bold', line(headings)),
    ...table,
    ...(plan.dropped.length === 0 ? [] : ['', paint('bold', 'Not needed in this migration')]),
    ...plan.dropped.map((row) => `${row.number.padEnd(widths[0] ?? 0)}  ${row.title}: ${row.reasons.join('; ')}`),
    ...(notes.length === 0 ? [] : ['', paint('bold', 'Mind'), ...notes]),
    '',
    paint('bold', 'Summary'),
    `Rows      ${plan.rows.length}: ${parties.map((party) => `${party} ${perParty[party] ?? 0}`).join(', ')}`,
    plan.outage === null
      ? 'Downtime  none'
      : `Downtime  ${plan.outage.rows} rows, from ${numberOf(plan.outage.from)} ${plan.outage.from} to ${numberOf(plan.outage.to)} ${plan.outage.to}`,
    `Window    ${plan.window === undefined ? 'not agreed yet' : `${plan.window.start}, at most ${plan.window.limit}`}`,
    ...(look.downtime === undefined ? [] : [`Forecast  ${look.downtime}`]),
    `Upgrade   ${plan.hops.length === 0 ? 'none' : [plan.source.release, ...plan.hops].join(' → ')}`,
    `No return ${plan.pointOfNoReturn === null ? 'none' : `${numberOf(plan.pointOfNoReturn)} ${plan.pointOfNoReturn}; every row before it can be undone`}`,
    `Decisions ${decisions.length === 0 ? 'none: a value that PostgreSQL cannot store stops the copy' : decisions.join(', ')}`,
    '',
  ].join('\n')
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text.trimEnd() : `${text.slice(0, Math.max(1, columns - 1)).trimEnd()}…`
}
