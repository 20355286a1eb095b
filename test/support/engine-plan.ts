import type { Gate } from '../../src/model/gate.ts'
import { parties, type Party } from '../../src/model/party.ts'
import type { Plan, PlanRow } from '../../src/model/plan.ts'
import type { RowId } from '../../src/model/row-id.ts'
import { compile } from '../../src/runbook/compile.ts'
import { runbook } from '../../src/runbook/rows.ts'
import type { StartRequest } from '../../src/ports/engine.ts'
import { migrationWith } from './migrations.ts'

export interface FakeRow {
  readonly id: string
  readonly owner?: Party
  readonly undo?: PlanRow['undo']
  readonly inOutage?: boolean
}

/** A plan of made-up rows, each after the one before it. */
function planOf(migration: string, rows: readonly FakeRow[]): Plan {
  const real = compile(runbook, migrationWith())
  return {
    ...real,
    migration,
    rows: rows.map(({ id, owner, undo, inOutage }, at) => ({
      // The engine takes ids as they come; only the runbook's own are in the type.
      id: id as RowId,
      number: String(at + 1),
      title: `Row ${at + 1}`,
      owner: owner ?? 'rhoam-eng',
      place: 'migration',
      serviceAffecting: false,
      inOutage: inOutage ?? false,
      undo: undo ?? { kind: 'undo', how: 'take it away' },
      dependsOn: [],
      notes: [],
      goal: '',
      why: '',
      what: '',
      doneWhen: '',
      risks: [],
    })),
    dropped: [],
  }
}

/** A gate that one person of the customer opens, unless said otherwise. */
export function gateWith(traits: Partial<Gate> = {}): Gate {
  return {
    question: 'May it go on?',
    approvals: 1,
    parties: ['customer'],
    differentParties: 1,
    escalateAfterMs: 3600_000,
    escalation: 'Call the customer.',
    lapseAfterMs: 7 * 24 * 3600_000,
    ...traits,
  }
}

/** What starts a migration of these rows, asked for by ops of rhoam-eng. */
export function startOf(
  migration: string,
  rows: readonly FakeRow[],
  traits: Partial<Pick<StartRequest, 'gates' | 'agents' | 'customer'>> = {},
): StartRequest {
  return {
    settings: { ...migrationWith(), name: migration },
    plan: planOf(migration, rows),
    gates: {},
    customer: 'acme',
    agents: [],
    by: { party: 'rhoam-eng', name: 'ops' },
    ...traits,
  }
}

/** So many rows, which these owners have in turn. */
export function rowsNamed(count: number, owners: readonly Party[] = ['rhoam-eng']): readonly FakeRow[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `row-${String(at + 1).padStart(2, '0')}`,
    owner: owners[at % owners.length] ?? 'rhoam-eng',
  }))
}

/**
 * What starts a migration whose rows the three parties have in turn, two of them with agents of their own. Every tenth
 * row asks the customer, and the last one two parties.
 */
export function startOfParties(migration: string, count: number): StartRequest {
  const rows = rowsNamed(count, parties)
  const asked = rows.filter((_, at) => at % 10 === 5).map(({ id }) => [id, gateWith()] as const)
  const twoParties = gateWith({ approvals: 2, parties: ['customer', 'bu-srep'], differentParties: 2 })
  const gates = { ...Object.fromEntries(asked), [rows.at(-1)?.id ?? '']: twoParties }
  return startOf(migration, rows, { gates, agents: ['customer', 'bu-srep'] })
}
