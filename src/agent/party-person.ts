import type { Clock } from '../base/clock.ts'
import { answerStatement } from '../evidence/answer-statement.ts'
import type { SigningKey } from '../evidence/signing-key.ts'
import type { Party } from '../model/party.ts'
import type { PartyPerson } from '../ports/control-plane.ts'
import { approvalsAnswer, statusAnswer } from '../server/api.ts'
import { type ControlClient, Unreachable } from './control-client.ts'
import { fault } from './faults.ts'

export interface PersonOptions {
  readonly client: ControlClient
  /** Where the control plane is, for messages. */
  readonly url: string
  /** The key of this party, on this machine. */
  readonly key: (party: Party) => Promise<SigningKey>
  readonly clock: Clock
  /** Abort: gives the request up; what it asked may have been done, and may be asked again. */
  readonly signal: AbortSignal
}

/**
 * A party's person at the control plane: sees what the party may see, and answers what it is asked, signed with the party's own key.
 *
 * Nothing is tried again: somebody is there to do so. Faults: AGENT_SERVER_UNREACHABLE, AGENT_NOTHING_ASKED, those of the client, and
 * what the control plane refuses.
 */
export function partyPerson(options: PersonOptions): PartyPerson {
  const { client, url, clock, signal } = options
  const told = <Result>(call: Promise<Result | null>): Promise<Result | null> =>
    call.catch((error: unknown) => {
      if (!(error instanceof Unreachable)) throw error
      throw fault('AGENT_SERVER_UNREACHABLE', { url, reason: error.message }, error)
    })
  const status = async () => {
    const answer = await told(client.call('GET', '/v1/status', { answer: statusAnswer, signal }))
    if (answer === null) throw fault('AGENT_ANSWER_MALFORMED', { url, route: '/v1/status' })
    return answer
  }
  return {
    status,
    async answer({ migration, row, verdict, reason, digest }) {
      const { party, name } = await status()
      const asked = await told(client.call('GET', '/v1/approvals', { answer: approvalsAnswer, signal }))
      const question = asked?.approvals.find((each) => each.migration === migration && each.row === row)
      if (question === undefined) throw fault('AGENT_NOTHING_ASKED', { migration, row, party })
      const { generation, seen } = question
      const given = { migration, row, generation, verdict, reason, digest: digest ?? question.digest }
      const key = await options.key(party)
      await told(client.call('POST', '/v1/keys', { body: { lineage: key.lineage }, signal }))
      const statement = answerStatement(given, { party, actor: name, at: clock.now(), seen })
      const { generation: _, ...sent } = given
      const body = { ...sent, statement, signature: key.sign('statement', statement) }
      await told(client.call('POST', '/v1/approvals', { body, signal }))
    },
    close: () => client.close(),
  }
}
