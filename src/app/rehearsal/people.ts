import { sleep } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { parties, type Party } from '../../model/party.ts'
import type { RowId } from '../../model/row-id.ts'
import type { PartyPerson } from '../../ports/control-plane.ts'
import type { Engine, MigrationView } from '../../ports/engine.ts'
import type { PartyTokens } from '../../ports/party-tokens.ts'
import type { RehearsalEvent } from '../../ports/rehearsal.ts'
import { controlPlaneAccess } from '../control-plane.ts'

type Played = Extract<RehearsalEvent, { readonly kind: 'played' }>

export interface PeopleOptions {
  readonly tokens: PartyTokens
  readonly engine: Pick<Engine, 'resume'>
  readonly migration: string
  /** The control plane, and the certificate that vouches for it (PEM). */
  readonly url: string
  readonly ca: string
  /** Where a party keeps its keys. */
  readonly stateOf: (party: Party) => string
  /** Does a person's work of a row in the world; false: nobody has to work there. */
  readonly byHand: (row: RowId) => boolean
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** `helpless`: somebody has to act, and it is nothing that is played. */
export type Act = Played | { readonly kind: 'nothing' } | { readonly kind: 'helpless' }

/** The people of all parties, as a rehearsal plays them. */
export interface People {
  /** Does what somebody is asked for now. */
  act(view: MigrationView): Promise<Act>
  close(): void
}

const reason = 'rehearsal'
/** What was done by hand shows in the world a moment later. */
const untilSeenMs = 1000
const mostResumes = 60

/**
 * Makes them: each comes to the control plane over HTTPS with a token of the own party, and signs with the party's own key.
 * Abort: what is being said is given up.
 */
export async function playPeople(options: PeopleOptions): Promise<People> {
  const { tokens, engine, migration, url, ca, stateOf, byHand, clock, signal } = options
  const people = new Map<Party, PartyPerson>()
  for (const party of parties) {
    const { token } = await tokens.create({ party, role: 'approver', name: playedName(party), migrations: [migration] })
    const env = (name: string) => (name === 'THREESHIFT_STATE_DIR' ? stateOf(party) : undefined)
    const access = controlPlaneAccess({ env, cwd: stateOf(party), clock, steps: new Map() })
    people.set(party, await access.visit({ server: url, token, ca, signal }))
  }
  const resumes = new Map<string, number>()

  const approve = async (party: Party, row: string, question: string, digest: string): Promise<Act> => {
    await people.get(party)?.answer({ migration, row, verdict: 'approved', reason, digest })
    return { kind: 'played', party, row, says: `approved: ${question}` }
  }

  const doByHand = async (party: Party, row: RowId, why: string): Promise<Act> => {
    const tried = resumes.get(row) ?? 0
    if (tried === mostResumes || (tried === 0 && !byHand(row))) return { kind: 'helpless' }
    resumes.set(row, tried + 1)
    await sleep(untilSeenMs, signal)
    await engine.resume({ migration, by: { party, name: playedName(party) }, reason: `${reason}: done by hand` })
    return tried === 0 ? { kind: 'played', party, row, says: `done by hand: ${why}` } : { kind: 'nothing' }
  }

  return {
    act: async ({ state, baton, gate, failure }) => {
      const { party, row } = baton
      if (state !== 'waiting-for-person' || party === 'nobody' || row === null) return { kind: 'nothing' }
      if (gate !== null) return approve(party, row, gate.gate.question, gate.digest)
      if (failure?.code !== 'STEP_BY_HAND') return { kind: 'helpless' }
      // A row's id is one of the runbook's; views have it as text.
      return doByHand(party, row as RowId, failure.cause)
    },
    close: () => {
      for (const person of people.values()) person.close()
    },
  }
}

/** The name that stands in the journal for a person who is played. */
function playedName(party: Party): string {
  return `${party} (played)`
}
