import { parties } from '../model/party.ts'
import { expectedMs, type Forecast } from '../model/forecast.ts'
import type { Plan, PlanRow } from '../model/plan.ts'

/** The plan as `threeshift plan --json` prints it. Fields are only ever added to this shape. */
export function planJson(plan: Plan, forecast: Forecast | null = null) {
  return {
    migration: plan.migration,
    accessLevel: plan.accessLevel,
    source: plan.source,
    destination: plan.destination,
    window: plan.window ?? null,
    forecast: forecast === null ? null : { downtimeMs: forecast.downtimeMs, expectedMs: expectedMs(forecast) },
    hops: plan.hops,
    outage: plan.outage,
    pointOfNoReturn: plan.pointOfNoReturn,
    rows: plan.rows.map((row) => ({
      id: row.id,
      number: row.number,
      title: row.title,
      owner: row.owner,
      place: row.place,
      serviceAffecting: row.serviceAffecting,
      inOutage: row.inOutage,
      reversible: row.undo.kind !== 'impossible',
      undo: { kind: row.undo.kind, text: undoText(row.undo) },
      dependsOn: row.dependsOn,
      goal: row.goal,
      notes: row.notes,
    })),
    dropped: plan.dropped,
    decisions: plan.decisions,
    summary: { rows: plan.rows.length, perParty: rowsPerParty(plan), inOutage: plan.outage?.rows ?? 0 },
  }
}

/** The sentence that says how a row is taken back, or why that is not needed or not possible. */
export function undoText(undo: PlanRow['undo']): string {
  return undo.kind === 'undo' ? undo.how : undo.why
}

/** How many rows each party owns; a party without rows has 0. */
export function rowsPerParty(plan: Plan): Readonly<Record<string, number>> {
  return Object.fromEntries(parties.map((party) => [party, plan.rows.filter((row) => row.owner === party).length]))
}

export type ServiceMark = 'stops' | 'down' | 'back' | ''

/** What a row means to the customer's traffic: it stops there, is down, or comes back. */
export function serviceMark(plan: Plan, row: PlanRow): ServiceMark {
  if (row.id === plan.outage?.from) return 'stops'
  if (row.id === plan.outage?.to) return 'back'
  return row.inOutage ? 'down' : ''
}
