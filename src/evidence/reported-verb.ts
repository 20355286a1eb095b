import { canonicalJson } from '../base/canonical-json.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Statement } from '../model/evidence.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { Party } from '../model/party.ts'
import { bodyMembers } from './body-members.ts'
import { redact } from './redact.ts'
import { digestOf } from './signing-key.ts'

/** A verb that an agent has run. `outcome`: a `VerbOutcome`. */
export interface RunVerb {
  readonly id: string
  readonly migration: string
  readonly row: string
  readonly verb: string
  readonly generation: number
  readonly outcome: JsonObject
  readonly tookMs: number
}

/**
 * What a party states about a verb that its agent has run: the outcome as far as it may be shown, and the hash of all of it.
 *
 * Agent and control plane make it by the same code, so that nothing else can be signed into the journal.
 */
export function reportedVerb(
  run: RunVerb,
  by: { readonly party: Party; readonly actor: string; readonly at: EpochMs; readonly seen: Statement['seen'] },
): Statement {
  const { id, migration, row, verb, generation, outcome, tookMs } = run
  const body = { task: id, outcome, outcomeHash: outcomeHash(outcome), tookMs }
  // What `redact` gives is JSON; zod's type of it lacks the `readonly`.
  const kept = redact(body, bodyMembers) as Record<string, Json>
  return { ...by, migration, kind: 'verb-reported', row, verb, generation, body: kept }
}

/** The hash that names an outcome. */
export function outcomeHash(outcome: JsonObject): string {
  return digestOf(canonicalJson(outcome))
}
