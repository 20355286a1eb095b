import type { Party } from './party.ts'

/** Who has to agree before a row's `apply` runs. Whoever asked for the run never suffices alone. */
export interface Gate {
  /** What is asked, in one sentence that can be answered with yes or no. */
  readonly question: string
  /** How many people have to agree. */
  readonly approvals: number
  /** The parties whose people may agree or reject. */
  readonly parties: readonly Party[]
  /** How many different parties must be among those who agreed. */
  readonly differentParties: number
  /** After so many milliseconds without an answer, `escalation` is said wherever the baton is shown. */
  readonly escalateAfterMs: number
  readonly escalation: string
  /** After so many milliseconds what was shown is out of date: the row is checked and explained again, and asked anew. */
  readonly lapseAfterMs: number
}

/** One person's answer. */
export interface Answer {
  readonly party: Party
  readonly name: string
  readonly verdict: 'approved' | 'rejected'
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export type GateVerdict =
  | { readonly kind: 'approved' }
  | { readonly kind: 'rejected'; readonly by: Answer }
  | { readonly kind: 'open'; readonly missing: readonly string[] }

/**
 * Whether a gate lets a row pass: the only place where that is decided.
 *
 * Counts people by name, whatever the case of its letters and whatever party they say they are of, so nobody counts
 * twice. Answers of parties that are not asked count for nothing. One rejection is enough to reject.
 */
export function gateVerdict(gate: Gate, requester: { readonly name: string }, answers: readonly Answer[]): GateVerdict {
  const asked = answers.filter((answer) => gate.parties.includes(answer.party))
  const rejection = asked.find((answer) => answer.verdict === 'rejected')
  if (rejection !== undefined) return { kind: 'rejected', by: rejection }
  const people = new Map<string, Answer>()
  for (const answer of asked) {
    const person = personOf(answer.name)
    if (!people.has(person)) people.set(person, answer)
  }
  const missing: string[] = []
  const lacking = gate.approvals - people.size
  if (lacking > 0) missing.push(`${lacking} more of ${gate.parties.join(', ')}`)
  const parties = new Set([...people.values()].map((answer) => answer.party)).size
  if (parties < gate.differentParties) missing.push(`people of ${gate.differentParties} different parties`)
  if ([...people.keys()].every((person) => person === personOf(requester.name))) {
    missing.push(`somebody other than ${requester.name}, who asked for the run`)
  }
  return missing.length === 0 ? { kind: 'approved' } : { kind: 'open', missing }
}

/** A person, as gates count them. */
export function personOf(name: string): string {
  return name.trim().toLowerCase()
}
