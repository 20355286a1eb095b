import type { Caller } from '../ports/agent-desk.ts'
import type { Engine, MigrationView } from '../ports/engine.ts'
import type { ApprovalsAnswer, StatusAnswer } from './api.ts'

/** The migrations that a caller may know of. */
export async function migrationsOf(engine: Pick<Engine, 'list'>, caller: Caller): Promise<readonly MigrationView[]> {
  return engine.list(caller.migrations === null ? {} : { ids: [...caller.migrations] })
}

/** What a party may see of migrations: whose turn it is, and its own rows. */
export function statusFor(views: readonly MigrationView[], { party, name }: Caller): StatusAnswer {
  return {
    party,
    name,
    migrations: views.map(({ id, state, baton, rows }) => ({
      id,
      state,
      baton: { ...baton },
      rows: rows.filter(({ owner }) => owner === party).map((row) => ({ id: row.id, state: row.state })),
    })),
  }
}

/** The open questions that a party may answer. */
export function approvalsFor(views: readonly MigrationView[], { party }: Caller): ApprovalsAnswer {
  return {
    approvals: views.flatMap(({ id, gate, rows }) => {
      const row = rows.find(({ state }) => state.kind === 'held')
      if (gate === null || row === undefined || !gate.gate.parties.includes(party)) return []
      const { explanation, digest, askedAt, missing } = gate
      return [
        {
          migration: id,
          row: row.id,
          question: gate.gate.question,
          summary: explanation.summary,
          diff: [...explanation.diff],
          digest,
          askedAt,
          missing: [...missing],
        },
      ]
    }),
  }
}
