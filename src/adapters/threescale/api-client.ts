import { Agent } from 'node:https'
import { sleep } from '../../base/abort.ts'
import type { Fault } from '../../base/fault.ts'
import { describePortal, type PortalAddress } from '../../model/portal-address.ts'
import { fault } from './faults.ts'
import { type HttpAnswer, type HttpQuestion, NoAnswer, requestHttps } from './https-request.ts'

/**
 * How often a request may be sent. `repeatable`: twice is as good as once, so it is tried again whatever happened to the
 * first try. `once`: only when it is certain that nothing was done.
 */
export type Repetition = 'repeatable' | 'once'

export interface ClientOptions {
  /** Pauses before the second try, the third, and so on. */
  readonly waitsMs: readonly number[]
}

const longestRetryAfterMs = 30_000
const tlsReasons = /^(?:ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/
const unreachableReasons = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

/** Requests to one portal: sent, tried again where that is right, and every failure put into a fault. */
export class ApiClient {
  readonly portal: string
  readonly #at: PortalAddress
  readonly #headers: Readonly<Record<string, string>>
  readonly #waitsMs: readonly number[]
  // Connections are kept for what may be repeated: one that has gone stale is found out only by using it.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })

  /** `headers`: with every request, credentials among them. */
  constructor(at: PortalAddress, headers: Readonly<Record<string, string>>, options: ClientOptions) {
    this.#at = at
    this.#headers = headers
    this.#waitsMs = options.waitsMs
    this.portal = describePortal(at)
  }

  /**
   * The answer, whatever its status, of 429 and 5xx only the last one that there was time for.
   *
   * Faults: THREESCALE_UNREACHABLE, _TLS_FAILED, _CONNECTION_LOST, and _UNSURE for what is sent once.
   * Abort: cuts the connection and throws the reason; what was sent may be done.
   */
  async send(question: HttpQuestion, repetition: Repetition, signal: AbortSignal): Promise<HttpAnswer> {
    for (let attempt = 0; ; attempt++) {
      const wait = this.#waitsMs[attempt]
      const outcome = await this.#try(question, repetition, signal)
      if (outcome instanceof NoAnswer) {
        if (wait === undefined || !mayRepeat(outcome, repetition)) throw this.#unanswered(question, outcome, repetition)
        await sleep(wait, signal)
        continue
      }
      const { status } = outcome
      // 429 is said before anything is done; a failure may have come after.
      const again = status === 429 || (repetition === 'repeatable' && [500, 502, 503, 504].includes(status))
      if (!again || wait === undefined) return outcome
      await sleep(Math.max(wait, retryAfterMs(outcome)), signal)
    }
  }

  async #try(question: HttpQuestion, repetition: Repetition, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
    const agent = repetition === 'repeatable' ? this.#agent : false
    const headers = { ...this.#headers, ...question.headers }
    try {
      return await requestHttps(this.#at, { ...question, headers }, { agent, signal })
    } catch (error) {
      if (error instanceof NoAnswer) return error
      throw error
    }
  }

  #unanswered(question: HttpQuestion, { reason, sent }: NoAnswer, repetition: Repetition): Fault {
    const of = { portal: this.portal, call: callOf(question), reason }
    if (tlsReasons.test(reason)) return fault('THREESCALE_TLS_FAILED', of)
    if (!sent && unreachableReasons.has(reason)) return fault('THREESCALE_UNREACHABLE', of)
    return fault(sent && repetition === 'once' ? 'THREESCALE_UNSURE' : 'THREESCALE_CONNECTION_LOST', of)
  }

  /** The fault that an answer stands for, or null for a success. */
  faultOf(question: HttpQuestion, answer: HttpAnswer, repetition: Repetition): Fault | null {
    const { status } = answer
    const of = { portal: this.portal, call: callOf(question) }
    if (status >= 200 && status < 300) return null
    if (status === 401) return fault('THREESCALE_UNAUTHORIZED', of)
    if (status === 403) return fault('THREESCALE_FORBIDDEN', of)
    if (status === 404) return fault('THREESCALE_NOT_FOUND', of)
    if (status === 409) return fault('THREESCALE_CONFLICT', of)
    if (status === 422 || status === 400) return fault('THREESCALE_INVALID', { ...of, errors: errorsIn(answer) })
    if (status === 429) return fault('THREESCALE_BUSY', of)
    if (status < 500) return fault('THREESCALE_REFUSED', { ...of, status })
    // The router's 503 is the one failure that surely came before anything was done.
    return repetition === 'once' && status !== 503
      ? fault('THREESCALE_UNSURE', { ...of, reason: `HTTP ${status}` })
      : fault('THREESCALE_FAILED', { ...of, status })
  }

  /**
   * Whether a portal itself says that there is no such thing. A host that nobody has, a path that a release has not, and
   * a router say 404 too, and not in JSON: then nothing is known of the thing.
   */
  isAbsent({ status, headers }: HttpAnswer): boolean {
    return status === 404 && (headers['content-type'] ?? '').includes('json')
  }

  missing(question: HttpQuestion): Fault {
    return fault('THREESCALE_NOT_FOUND', { portal: this.portal, call: callOf(question) })
  }

  unreadable(question: HttpQuestion, reason: string): Fault {
    return fault('THREESCALE_UNREADABLE', { portal: this.portal, call: callOf(question), reason })
  }
}

/** What only could not be sent may be sent again, however often it may be done. */
function mayRepeat({ reason, sent }: NoAnswer, repetition: Repetition): boolean {
  return !tlsReasons.test(reason) && (repetition === 'repeatable' || !sent)
}

function retryAfterMs({ headers }: HttpAnswer): number {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestRetryAfterMs) : 0
}

function callOf({ method, path }: HttpQuestion): string {
  return `${method} ${path.split('?', 1)[0]}`
}

/** What is said to be wrong, attribute by attribute; only plain words, for a message could quote what was sent. */
function errorsIn({ body }: HttpAnswer): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(body)
    // Whatever it is, its parts are looked at one by one.
    const { errors, error } = Object(parsed) as { errors?: unknown; error?: unknown }
    if (typeof errors === 'object' && errors !== null) {
      return Object.entries(errors).flatMap(([name, texts]) =>
        (Array.isArray(texts) ? texts : [texts]).map((text) => `${plain(name)} ${plain(text)}`),
      )
    }
    return [plain(error)]
  } catch {
    return ['not valid']
  }
}

function plain(text: unknown): string {
  return typeof text === 'string' && /^[\w ,.'()-]{1,120}$/.test(text) ? text : 'not valid'
}
