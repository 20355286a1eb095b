import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { z } from 'zod'
import { Fault } from '../base/fault.ts'
import type { Secret } from '../base/secret.ts'
import { refusal } from '../server/api.ts'
import { fault } from './faults.ts'

/** The control plane cannot be reached for now, or cannot answer: ask again. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

export interface ControlClient {
  /**
   * One request; the decoded answer, or null when there is none. Abort: gives the request up; what it asked may have been done.
   *
   * Throws `Unreachable` for what passes, else a fault: the control plane's own, AGENT_SERVER_UNTRUSTED or AGENT_ANSWER_MALFORMED.
   */
  call<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    route: string,
    options: { readonly body?: object; readonly answer?: Schema; readonly signal: AbortSignal },
  ): Promise<z.output<Schema> | null>
  close(): void
}

/** Silence after which a request counts as lost, in milliseconds; a lease is answered within 25 s. */
const silenceMs = 40_000
const longestAnswerBytes = 8 * 1024 * 1024

/** What may stand in a request's header, and what the control plane takes for a token. */
const tokenPattern = /^[\w-]{1,200}$/

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/

/**
 * Speaks to the control plane at `url`, over HTTPS only. `ca` (PEM): the one certificate that vouches for it; null: what the
 * system trusts. `proxy`: environment variables such as HTTPS_PROXY and NO_PROXY.
 *
 * Faults: AGENT_SERVER_ADDRESS, AGENT_TOKEN_MALFORMED.
 */
export function controlClient(options: {
  readonly url: string
  readonly token: Secret
  readonly ca: string | null
  readonly proxy: Readonly<Record<string, string>>
}): ControlClient {
  const base = baseOf(options.url)
  const token = options.token.reveal('authenticate to the control plane')
  if (!tokenPattern.test(token)) throw fault('AGENT_TOKEN_MALFORMED', {})
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    minVersion: 'TLSv1.2',
    proxyEnv: options.proxy,
    ...(options.ca === null ? {} : { ca: options.ca }),
  })
  const exchange = (method: string, route: string, body: string | null, signal: AbortSignal) =>
    new Promise<{ readonly status: number; readonly content: string }>((resolve, reject) => {
      const sent = request(
        new URL(route, base),
        {
          method,
          agent,
          signal,
          timeout: silenceMs,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (answer) => {
          if (Number(answer.headers['content-length'] ?? 0) > longestAnswerBytes) answer.destroy()
          text(answer).then((content) => resolve({ status: answer.statusCode ?? 0, content }), reject)
        },
      )
      sent.once('timeout', () => sent.destroy(new Error('silence')))
      sent.once('error', reject)
      sent.end(body ?? undefined)
    })

  return {
    async call(method, route, { body, answer, signal }) {
      signal.throwIfAborted()
      const { status, content } = await exchange(
        method,
        route,
        body === undefined ? null : JSON.stringify(body),
        signal,
      ).catch((cause: unknown) => {
        signal.throwIfAborted()
        const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
        if (untrusted.test(code)) throw fault('AGENT_SERVER_UNTRUSTED', { url: base.origin, reason: code }, cause)
        throw new Unreachable(code, { cause })
      })
      if (status === 204) return null
      const decoded = parse(content)
      if (status !== 200) throw refused(status, decoded, base.origin, route)
      if (answer === undefined) return null
      const result = answer.safeParse(decoded)
      if (!result.success) throw fault('AGENT_ANSWER_MALFORMED', { url: base.origin, route })
      return result.data
    },
    close: () => agent.destroy(),
  }
}

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null
  if (
    base === null ||
    base.protocol !== 'https:' ||
    base.username !== '' ||
    base.password !== '' ||
    base.pathname !== '/'
  ) {
    // Whatever stands there in its place may be a secret.
    throw fault('AGENT_SERVER_ADDRESS', { url: base === null ? 'what was given' : base.host })
  }
  return base
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}

/** A refusal as what it is; that of a proxy in between, and of a control plane in trouble, passes. */
function refused(status: number, body: unknown, url: string, route: string): Error {
  if (status >= 500) return new Unreachable(`status ${status}`)
  const decoded = refusal.safeParse(body)
  if (!decoded.success) return fault('AGENT_ANSWER_MALFORMED', { url, route })
  const { code, ...told } = decoded.data.fault
  return new Fault(code, { ...told, details: {} })
}
