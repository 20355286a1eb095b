import { exitCode, type FaultCatalogue, faultsOf, kind } from '../base/fault.ts'

const refused = { exit: exitCode.usage, retry: 'after-remedy' } as const
const safe = { exit: exitCode.failedSafe } as const

function inMinutes(ms: number): string {
  return `${Math.round(ms / 60_000)} minutes`
}

/** Faults of the engine: of what it is asked to do, of gates, and of rows that do not come out as they should. */
export const engineFaults = {
  ENGINE_DATABASE_UNREACHABLE: kind<{ reason: string }>({
    ...safe,
    retry: 'same-input',
    says: (d) => `the engine's database does not let us in (${d.reason})`,
    remedy: () => 'See that the PostgreSQL of THREESHIFT_DATABASE_URL runs and takes connections, then try again.',
  }),
  ENGINE_STEP_UNKNOWN: kind<{ row: string; verb: string }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) => `this process has nothing that could ${d.verb} the row ${d.row}`,
    remedy: () => 'Run the engine with the version of Threeshift that started the migration, then resume.',
  }),
  ENGINE_CHUNK_UNKNOWN: kind<{ kind: string }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) => `this process has nothing that could do chunks of the kind ${d.kind}`,
    remedy: () => 'Run every worker with the same version of Threeshift, then resume.',
  }),
  ENGINE_STEP_BROKE: kind<{ row: string; verb: string; error: string }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) => `${d.verb} of ${d.row} ended with an error that nobody foresaw (${d.error})`,
    remedy: () =>
      'Report it as a bug with the log of the engine; resuming looks at the row again before it does anything.',
  }),
  ENGINE_NOT_CONFIRMED: kind<{ row: string; unequal: readonly string[] }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) =>
      d.unequal.length === 0
        ? `confirm of ${d.row} measured nothing, so nothing shows that it is done`
        : `${d.row} is not as it should be: ${d.unequal.join('; ')}`,
    remedy: () => 'Put right what differs, then resume: the row is looked at, and done again where it has to be.',
  }),
  ENGINE_RECORD_FAILED: kind<{ row: string; verb: string; error: string }>({
    ...safe,
    retry: 'same-input',
    says: (d) => `${d.verb} of ${d.row} could not be written down (${d.error})`,
    remedy: () => 'See that the journal can be written, then resume.',
  }),
  ENGINE_GATE_REJECTED: kind<{ row: string; by: string; reason: string }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) => `${d.by} rejected ${d.row}: ${d.reason}`,
    remedy: () => 'Settle what was objected to, then resume: the row is explained and asked for again.',
  }),
  ENGINE_WINDOW_TOO_SHORT: kind<{ row: string; expectedMs: number; limitMs: number }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) =>
      `${d.row} would stop the traffic for ${inMinutes(d.expectedMs)} as it is forecast, and the window's limit is ${inMinutes(d.limitMs)}`,
    remedy: () =>
      'Agree on a longer window.limit in migration.yaml, or rehearse again for a better forecast; then `threeshift run --forecast FILE`, and resume.',
  }),
  ENGINE_UNDO_IMPOSSIBLE: kind<{ row: string; why: string }>({
    ...safe,
    retry: 'after-remedy',
    says: (d) => `${d.row} cannot be undone: ${d.why}`,
    remedy: (d) => `The rows before it stay as they are. Go forward again: rewind to the row after ${d.row}.`,
  }),
  ENGINE_ROW_UNKNOWN: kind<{ migration: string; row: string }>({
    ...refused,
    says: (d) => `the plan of ${d.migration} has no row ${d.row}`,
    remedy: () => 'See `threeshift status` for the rows there are.',
  }),
  ENGINE_PLAN_CHANGED: kind<{ migration: string }>({
    ...refused,
    says: (d) => `${d.migration} runs already, from a migration.yaml that differs from this one`,
    remedy: () => 'Give the changed migration another name, or run it from the file that it was started with.',
  }),
  ENGINE_CUSTOMER_LIMIT: kind<{ customer: string; limit: number }>({
    ...refused,
    says: (d) => `${d.customer} has ${d.limit} migrations that have not ended, which is the limit`,
    remedy: () => 'Let one of them end, or cancel one.',
  }),
  ENGINE_REASON_MISSING: kind<{ deed: string }>({
    ...refused,
    says: (d) => `a reason is missing, and nobody can ${d.deed} without one`,
    remedy: () => 'Say why with --reason; it is kept with your name.',
  }),
  ENGINE_NOTHING_ASKED: kind<{ migration: string; row: string }>({
    ...refused,
    says: (d) => `${d.row} of ${d.migration} waits for nobody's approval`,
    remedy: () => 'See `threeshift status` for what is asked.',
  }),
  ENGINE_NOT_YOURS: kind<{ party: string; row: string; parties: readonly string[] }>({
    ...refused,
    says: (d) => `${d.row} is not for ${d.party} to approve or reject`,
    remedy: (d) => `One of these parties has to: ${d.parties.join(', ')}.`,
  }),
  ENGINE_SHOWN_CHANGED: kind<{ row: string }>({
    ...refused,
    says: (d) => `what ${d.row} would change is no longer what was shown to you`,
    remedy: () => 'Look at it again with `threeshift status`, then answer.',
  }),
  ENGINE_ANSWERED_ALREADY: kind<{ name: string; row: string }>({
    ...refused,
    says: (d) => `${d.name} has answered for ${d.row} already`,
    remedy: () => 'Somebody else has to answer; one person counts once.',
  }),
  ENGINE_NOTHING_TO_RESUME: kind<{ migration: string; state: string }>({
    ...refused,
    says: (d) => `${d.migration} is ${d.state}: there is nothing to resume`,
    remedy: () => 'See `threeshift status` for who has to act.',
  }),
  ENGINE_ENDED: kind<{ migration: string; state: string }>({
    ...refused,
    says: (d) => `${d.migration} has ended (${d.state})`,
    remedy: () => 'To look at rows again, rewind to the first of them.',
  }),
  ENGINE_NO_WAY_BACK: kind<{ migration: string; row: string; beyond: string }>({
    ...refused,
    says: (d) => `${d.migration} has done ${d.beyond}, which cannot be undone, so it does not go back to ${d.row}`,
    remedy: (d) => `Choose a row after ${d.beyond}.`,
  }),
} satisfies FaultCatalogue

export const fault = faultsOf(engineFaults)
