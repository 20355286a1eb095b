import type { Statement } from '../model/evidence.ts'
import type { Party } from '../model/party.ts'
import type { Caller } from '../ports/agent-desk.ts'
import type { Engine, MigrationView } from '../ports/engine.ts'
import type { ApprovalsAnswer, StatusAnswer } from './api.ts'

/** The migrations that a caller may know of. */
export async function migrationsOf(engine: Pick<Engine, 'list'>, caller: Caller): Promise<readonly MigrationView[]> {
  return engine.list(caller.migrations === null ? {} : { ids: [...caller.migrations] })
}

/** What a party may see of migrations: whose turn it is, its own rows, what failed of them, and what is asked of it. */
export function statusFor(views: readonly MigrationView[], { party, name }: Caller): StatusAnswer {
  return { party, name, migrations: views.map((view) => partyView(view, party)) }
}

function partyView(view: MigrationView, party: Party): MigrationView {
  const rows = view.rows.filter(({ owner }) => owner === party)
  return {
    ...view,
    rows,
    gate: view.gate?.gate.parties.includes(party) ? view.gate : null,
    failure: rows.some(({ id }) => id === view.failure?.row) ? view.failure : null,
  }
}

/** The open questions that a party may answer; `seenIn` tells where a migration's journal ends. */
export async function approvalsFor(
  views: readonly MigrationView[],
  { party }: Caller,
  seenIn: (migration: string) => Promise<Statement['seen']>,
): Promise<ApprovalsAnswer> {
  const asked = views.flatMap((view) => {
    const row = view.rows.find(({ state }) => state.kind === 'held')
    const { gate } = view
    return gate === null || row === undefined || !gate.gate.parties.includes(party) ? [] : [{ view, row, gate }]
  })
  const approvals = asked.map(async ({ view, row, gate }) => ({
    migration: view.id,
    generation: view.generation,
    row: row.id,
    question: gate.gate.question,
    summary: gate.explanation.summary,
    diff: [...gate.explanation.diff],
    digest: gate.digest,
    askedAt: gate.askedAt,
    missing: [...gate.missing],
    seen: await seenIn(view.id),
  }))
  return { approvals: await Promise.all(approvals) }
}
