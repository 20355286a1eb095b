import type { IncomingMessage } from 'node:http'
import { sleep } from '../../base/abort.ts'
import { never } from '../../base/never.ts'
import type { Dialer } from './access.ts'
import { type Failure, mayHaveHappened, type Question } from './failure.ts'
import { askOnce, type HttpRequest, type Outcome, openOnce, type Timing } from './http.ts'

/** One cluster to be asked. */
export interface Link {
  readonly dialer: Dialer
  readonly timing: Timing
}

export interface Ask extends Omit<HttpRequest, 'silenceMs'>, Omit<Question, 'server'> {
  /**
   * `again`: asking twice has the effect of asking once. `once`: what may have happened is not asked again; the failure
   * comes back, and the caller finds out.
   */
  readonly repeat: 'again' | 'once'
  /** A 409 is a race of others that is over at the next try, and not an answer to a condition of ours. */
  readonly conflictPasses?: boolean
}

const longestWaitMs = 60_000

/** Asks, and asks again as far as that is safe, until there is a result or the waits of `timing` are used up. */
export function ask(link: Link, what: Ask): Promise<Outcome<unknown>> {
  return persist(link, what, (request) => askOnce(link.dialer, request, link.timing.requestMs))
}

/** As `ask`, for an answer that is read as it comes. */
export function askForStream(link: Link, what: Ask): Promise<Outcome<IncomingMessage>> {
  return persist(link, what, (request) => openOnce(link.dialer, request))
}

/** The tries of `ask`, for any way of sending. */
export async function persist<Result>(
  link: Link,
  what: Ask,
  send: (request: HttpRequest) => Promise<Outcome<Result>>,
): Promise<Outcome<Result>> {
  const { dialer, timing } = link
  const request = { silenceMs: timing.silenceMs, ...what }
  // A change that may have been made stays so, whatever the later tries come to.
  let lost: Failure | null = null
  for (let tries = 0; ; tries++) {
    const { generation } = dialer
    const outcome = await send(request)
    if (outcome.kind === 'ok') return outcome
    if (what.changes && mayHaveHappened(outcome)) lost = outcome
    // A refused credential has had no effect, whatever was asked.
    if (outcome.kind === 'refused' && outcome.status === 401 && (await dialer.renew(generation))) {
      if (tries < timing.waitsMs.length) continue
    }
    const waitMs = mayRepeat(outcome, what) ? timing.waitsMs[tries] : undefined
    if (waitMs === undefined) return lost !== null && tellsNothing(outcome) ? lost : outcome
    await sleep(Math.max(waitMs, asked(outcome)), what.signal)
  }
}

function mayRepeat(failure: Failure, { repeat, conflictPasses = false }: Ask): boolean {
  switch (failure.kind) {
    case 'unsent':
      return true
    case 'unverified':
      return false
    case 'cut':
      return repeat === 'again'
    case 'refused':
      if (failure.status === 429) return true
      if (failure.status === 409) return conflictPasses && failure.answer.managers.length === 0
      return failure.status >= 500 && repeat === 'again'
    default:
      return never(failure)
  }
}

/** Of what a later try was refused for without a look at the object, nothing follows for an earlier one. */
function tellsNothing(failure: Failure): boolean {
  return failure.kind !== 'refused' || [401, 403, 429].includes(failure.status)
}

function asked(failure: Failure): number {
  return failure.kind === 'refused' ? Math.min(failure.answer.retryAfterMs ?? 0, longestWaitMs) : 0
}
