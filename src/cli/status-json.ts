import type { Baton, MigrationView } from '../ports/engine.ts'

/** What `status --json` and `run --json` say of migrations. Times are ISO 8601, UTC. */
export function migrationsJson(views: readonly MigrationView[]): Record<string, unknown> {
  return { migrations: views.map(migrationJson) }
}

function migrationJson(view: MigrationView): Record<string, unknown> {
  const { id, customer, state, generation, direction, startedAt, requestedBy, baton, gate, failure, rows } = view
  return {
    id,
    state,
    customer,
    direction,
    generation,
    startedAt: iso(startedAt),
    requestedBy,
    baton: batonJson(baton),
    gate:
      gate === null
        ? null
        : {
            question: gate.gate.question,
            askedAt: iso(gate.askedAt),
            digest: gate.digest,
            explanation: gate.explanation,
            answers: gate.answers.map((answer) => ({ ...answer, at: iso(answer.at) })),
            missing: gate.missing,
          },
    failure,
    rows: rows.map(({ id, number, title, owner, undo, state, progress }) => ({
      id,
      number,
      title,
      owner,
      state: state.kind,
      undo,
      detail: state,
      progress,
    })),
  }
}

function batonJson({ party, row, since, why, unblock }: Baton): Record<string, unknown> {
  return { party, row, since: iso(since), why, unblock }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
