import { setTimeout as pause } from 'node:timers/promises'
import type { ControlClient } from '../../agent/control-client.ts'
import { controlClient } from '../../agent/control-client.ts'
import type { Secret } from '../../base/secret.ts'
import { parties, type Party } from '../../model/party.ts'
import type { RowId } from '../../model/row-id.ts'
import type { Engine, MigrationView } from '../../ports/engine.ts'
import type { PartyTokens } from '../../ports/party-tokens.ts'
import type { RehearsalEvent } from '../../ports/rehearsal.ts'
import { approvalsAnswer } from '../../server/api.ts'

type Played = Extract<RehearsalEvent, { readonly kind: 'played' }>

export interface PeopleOptions {
  readonly tokens: PartyTokens
  readonly engine: Pick<Engine, 'resume'>
  readonly migration: string
  /** The control plane, and the certificate that vouches for it (PEM). */
  readonly url: string
  readonly ca: string
  /** Does a person's work of a row in the world; false: nobody has to work there. */
  readonly byHand: (row: RowId) => boolean
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

/** The name that stands in the journal for a person who is played. */
export function playedName(party: Party): string {
  return `${party} (played)`
}

/** Makes them, each approver with a token of the own party. Abort: what is being said is given up. */
export async function playPeople(options: PeopleOptions): Promise<People> {
  const { tokens, engine, migration, url, ca, byHand, signal } = options
  const desks = new Map<Party, ControlClient>()
  for (const party of parties) {
    const { token } = await tokens.create({ party, role: 'approver', name: playedName(party), migrations: [migration] })
    desks.set(party, deskOf(url, ca, token))
  }
  const resumes = new Map<string, number>()

  const approve = async (party: Party, row: string): Promise<Act> => {
    const desk = desks.get(party)
    const open = await desk?.call('GET', '/v1/approvals', { answer: approvalsAnswer, signal })
    const asked = open?.approvals.find((approval) => approval.migration === migration && approval.row === row)
    if (desk === undefined || asked === undefined) return { kind: 'nothing' }
    const body = { migration, row, verdict: 'approved', reason, digest: asked.digest }
    await desk.call('POST', '/v1/approvals', { body, signal })
    return { kind: 'played', party, row, says: `approved: ${asked.question}` }
  }

  const doByHand = async (party: Party, row: RowId, why: string): Promise<Act> => {
    const tried = resumes.get(row) ?? 0
    if (tried === mostResumes || (tried === 0 && !byHand(row))) return { kind: 'helpless' }
    resumes.set(row, tried + 1)
    await pause(untilSeenMs, undefined, { signal })
    await engine.resume({ migration, by: { party, name: playedName(party) }, reason: `${reason}: done by hand` })
    return tried === 0 ? { kind: 'played', party, row, says: `done by hand: ${why}` } : { kind: 'nothing' }
  }

  return {
    act: async ({ state, baton, gate, failure }) => {
      const { party, row } = baton
      if (state !== 'waiting-for-person' || party === 'nobody' || row === null) return { kind: 'nothing' }
      if (gate !== null) return approve(party, row)
      if (failure?.code !== 'STEP_BY_HAND') return { kind: 'helpless' }
      // A row's id is one of the runbook's; views have it as text.
      return doByHand(party, row as RowId, failure.cause)
    },
    close: () => {
      for (const desk of desks.values()) desk.close()
    },
  }
}

function deskOf(url: string, ca: string, token: Secret): ControlClient {
  return controlClient({ url, token, ca, proxy: {} })
}
