import type { Gate } from '../model/gate.ts'
import type { Party } from '../model/party.ts'
import type { Plan, PlanRow } from '../model/plan.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/**
 * Where a migration waits for people, by row id: at the row that stops the traffic, and at the point of no return, which
 * two parties have to cross together.
 */
export function gatesOf(plan: Plan): Readonly<Record<string, Gate>> {
  const stops = plan.outage?.from
  return Object.fromEntries(
    plan.rows.flatMap((row): [string, Gate][] => {
      if (row.undo.kind === 'impossible') return [[row.id, noReturn(plan, row)]]
      return row.id === stops ? [[row.id, stopTraffic(plan, row)]] : []
    }),
  )
}

function stopTraffic(plan: Plan, row: PlanRow): Gate {
  return {
    question: `${row.title}: may the traffic of ${plan.source.wildcardDomain} be stopped now?`,
    approvals: 1,
    parties: ['customer'],
    differentParties: 1,
    escalateAfterMs: 15 * minuteMs,
    escalation: `Nobody has answered for a quarter of an hour, and the window is running: call ${contactOf(plan, 'customer')}.`,
    lapseAfterMs: dayMs,
  }
}

function noReturn(plan: Plan, row: PlanRow): Gate {
  return {
    question: `${row.title}: this cannot be undone. May the traffic go to ${plan.destination.domain} now?`,
    approvals: 2,
    parties: ['customer', 'rhoam-eng'],
    differentParties: 2,
    escalateAfterMs: 15 * minuteMs,
    escalation: `The service is down and two parties have to agree: call ${contactOf(plan, 'customer')} and ${contactOf(plan, 'rhoam-eng')}.`,
    lapseAfterMs: dayMs,
  }
}

function contactOf(plan: Plan, party: Party): string {
  return plan.contacts[party] ?? party
}
