import type { EpochMs } from '../base/clock.ts'
import type { Statement } from '../model/evidence.ts'
import type { Answer } from '../model/gate.ts'
import type { Json } from '../model/json.ts'
import type { Party } from '../model/party.ts'
import { bodyMembers } from './body-members.ts'
import { redact } from './redact.ts'

/** A person's answer to what a row asks. `digest`: of what was shown. */
export interface GivenAnswer {
  readonly migration: string
  readonly row: string
  readonly generation: number
  readonly verdict: Answer['verdict']
  readonly reason: string
  readonly digest: string
}

/**
 * What a person states who answers a row's question.
 *
 * The person's machine and the control plane make it by the same code, so that nothing else can be signed into the journal.
 */
export function answerStatement(
  given: GivenAnswer,
  by: { readonly party: Party; readonly actor: string; readonly at: EpochMs; readonly seen: Statement['seen'] },
): Statement {
  const { migration, row, generation, verdict, reason, digest } = given
  // What `redact` gives is JSON; zod's type of it lacks the `readonly`.
  const body = redact({ reason, digest }, bodyMembers) as Record<string, Json>
  return { ...by, migration, kind: verdict, row, verb: 'apply', generation, body }
}
