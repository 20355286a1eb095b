import { sleep } from '../../base/abort.ts'
import { Fault } from '../../base/fault.ts'
import type { CloudCall } from '../../ports/cloud.ts'
import type { MadeThing, Making } from '../../ports/ledger.ts'
import { fault } from './faults.ts'
import { type AwsSession, mayHelp } from './session.ts'

export interface Wanted<Found> {
  readonly thing: MadeThing
  readonly making: Making
  readonly details?: Readonly<Record<string, string>>
  /** What is there under this name or these marks; null: nothing. */
  readonly look: () => Promise<Found | null>
  /** Whether what was found bears the mark of this migration. */
  readonly isOurs: (found: Found) => boolean | Promise<boolean>
  /** Makes it, marks included, in one call. */
  readonly create: () => Promise<unknown>
  readonly idOf: (found: Found) => string | null
}

/**
 * Gives what is there, or makes it: entered in the ledger before, and after. When it is not known whether a call has made
 * it (the connection was lost), it is looked for again before it is asked for again.
 *
 * Faults: CLOUD_NAME_TAKEN for something that bears no mark of ours; CLOUD_NOT_SEEN when it was made and cannot be found.
 */
export async function ensure<Found>(session: AwsSession, wanted: Wanted<Found>, call: CloudCall): Promise<Found> {
  const { thing, making, details = {} } = wanted
  const found = (await wanted.look()) ?? (await make(session, wanted, call))
  if (!(await wanted.isOurs(found))) throw fault('CLOUD_NAME_TAKEN', { what: nameOf(thing) })
  // It may be there from a run whose ledger is not this one.
  await session.ledger.intend(thing, making, details)
  await session.ledger.confirm(thing, wanted.idOf(found), details)
  return found
}

async function make<Found>(session: AwsSession, wanted: Wanted<Found>, call: CloudCall): Promise<Found> {
  const { thing, making, details = {} } = wanted
  await session.identity(call)
  await session.ledger.intend(thing, making, details)
  const waits = [...session.pace.backOffMs]
  for (;;) {
    try {
      await wanted.create()
      return await seen(session, wanted, call)
    } catch (error) {
      const wait = waits.shift()
      if (!(error instanceof Fault) || !mayHelp(error) || wait === undefined) throw error
      await sleep(wait, call.signal)
      const found = await wanted.look()
      if (found !== null) return found
    }
  }
}

/** Services do not all know at once what one of them has just made. */
async function seen<Found>(session: AwsSession, wanted: Wanted<Found>, call: CloudCall): Promise<Found> {
  const until = session.clock.elapsedMs() + session.pace.settleMs
  for (;;) {
    const found = await wanted.look()
    if (found !== null) return found
    if (session.clock.elapsedMs() > until) throw fault('CLOUD_NOT_SEEN', { what: nameOf(wanted.thing) })
    await sleep(session.pace.lookEveryMs, call.signal)
  }
}

export function nameOf({ kind, name }: MadeThing): string {
  return `${kind} ${name}`
}
