import { never } from '../base/never.ts'
import type { Baton, FailureCard, MigrationStateKind, OpenGate } from '../ports/engine.ts'
import type { PlannedRow, Snapshot } from './snapshot.ts'

/**
 * Who has to act on a migration, on which row, since when, why, and what they do. Exactly one party has the baton, or
 * nobody while a process works and at the end.
 */
export function batonOf(
  snapshot: Snapshot,
  state: MigrationStateKind,
  current: PlannedRow | null,
  gate: OpenGate | null,
  failure: FailureCard | null,
): Baton {
  const { id, requestedBy, startedAt } = snapshot
  const row = current?.id ?? null
  const since = sinceOf(snapshot, current)
  const deed = snapshot.controlDeed
  switch (state) {
    case 'running':
      return { party: 'nobody', row, since, why: runningWhy(current), unblock: '' }
    case 'no-worker':
      return {
        party: requestedBy.party,
        row,
        since,
        why: 'no process of the engine is running',
        unblock: 'threeshift run -c migration.yaml',
      }
    case 'waiting-for-person':
      // What only a person can do, or decide: a row has failed for it.
      if (failure !== null) return failedBaton(snapshot, current, since, failure)
      return waitingBaton(snapshot, row, since, gate)
    case 'waiting-for-agent': {
      const party = current?.state.kind === 'with-agent' ? current.state.party : requestedBy.party
      const verb = current?.state.kind === 'with-agent' ? current.state.verb : 'work'
      return {
        party,
        row,
        since,
        why: `${verb} of ${row ?? id} is for the agent of ${party}`,
        unblock: 'threeshift agent, on the machine of that party',
      }
    }
    case 'paused':
      return {
        party: deed?.by.party ?? requestedBy.party,
        row,
        since: deed?.at ?? since,
        why: `${deed?.by.name ?? 'somebody'} paused: ${deed?.reason ?? ''}`,
        unblock: `threeshift resume ${id} --reason '...'`,
      }
    case 'failed-safe':
    case 'needs-rollback':
      return failedBaton(snapshot, current, since, failure)
    case 'cancelled':
      return {
        party: 'nobody',
        row,
        since: deed?.at ?? since,
        why: `${deed?.by.name ?? 'somebody'} cancelled: ${deed?.reason ?? ''}`,
        unblock: '',
      }
    case 'rolled-back':
      return {
        party: 'nobody',
        row,
        since: snapshot.endedAt ?? startedAt,
        why: 'everything asked for is undone',
        unblock: '',
      }
    case 'done':
      return { party: 'nobody', row, since: snapshot.endedAt ?? startedAt, why: 'every row is done', unblock: '' }
    default:
      return never(state)
  }
}

function waitingBaton(snapshot: Snapshot, row: string | null, since: number, gate: OpenGate | null): Baton {
  const { id, now, requestedBy } = snapshot
  const unblock = `threeshift approve ${id} ${row ?? ''} --reason '...'`
  if (gate === null) return { party: requestedBy.party, row, since, why: 'a question is open', unblock }
  const answered = new Set(gate.answers.map(({ party }) => party))
  // Where several parties have to agree, the one that has not.
  const party = gate.gate.parties.find((party) => !answered.has(party)) ?? gate.gate.parties[0] ?? requestedBy.party
  const isLate = now >= gate.askedAt + gate.gate.escalateAfterMs
  const why = `${gate.gate.question} Missing: ${gate.missing.join('; ')}.`
  return { party, row, since, why: isLate ? `${why} ${gate.gate.escalation}` : why, unblock }
}

function failedBaton(
  { requestedBy }: Snapshot,
  current: PlannedRow | null,
  since: number,
  failure: FailureCard | null,
): Baton {
  return {
    party: current?.plan.owner ?? requestedBy.party,
    row: current?.id ?? null,
    since,
    why: failure?.cause ?? '',
    unblock: failure?.nextCommand ?? '',
  }
}

function runningWhy(current: PlannedRow | null): string {
  if (current === null) return 'the last row is being finished'
  const { state, id } = current
  if (state.kind === 'running') return `${state.verb} of ${id} runs`
  if (state.kind === 'retrying') return `${id} is tried again soon: ${state.fault.message}`
  return `${id} is next`
}

function sinceOf(snapshot: Snapshot, current: PlannedRow | null): number {
  const state = current?.state
  if (state !== undefined && 'since' in state) return state.since
  // A row whose turn has just come is there since the one before it ended.
  const ends = snapshot.rows.flatMap(({ state }) => ('at' in state ? [state.at] : []))
  return Math.max(snapshot.startedAt, ...ends)
}
