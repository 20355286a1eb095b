import type { IncomingHttpHeaders } from 'node:http'
import { type Agent, request } from 'node:https'
import { isIP } from 'node:net'
import type { PortalAddress } from '../../model/portal-address.ts'

export interface HttpQuestion {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request that did not end in a whole answer. `sent`: the other side may have got all of it, and acted. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** The system's code, or that of TLS. */
  readonly reason: string
  readonly sent: boolean

  constructor(reason: string, sent: boolean) {
    super(`no answer: ${reason}`)
    this.reason = reason
    this.sent = sent
  }
}

const connectMs = 10_000
const silenceMs = 60_000
const mostAnswerBytes = 64 * 1024 * 1024

/**
 * One request over HTTPS: to `connectTo` when the address has one, with the host's own name in the handshake and the
 * Host header, and its certificate checked for that name. Redirects are not followed.
 *
 * `agent` false: a connection of its own. Throws `NoAnswer` without the request, whose headers hold a token.
 * Abort: the connection is cut, the signal's reason is thrown.
 */
export function requestHttps(
  at: PortalAddress,
  question: HttpQuestion,
  options: { readonly agent: Agent | false; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  const { signal, agent } = options
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    let connected = false
    const outgoing = request({
      host: at.connectTo?.host ?? at.host,
      port: at.connectTo?.port ?? at.port,
      // An address cannot be named in the handshake; the certificate is then checked for the address.
      ...(isIP(at.host) === 0 ? { servername: at.host } : {}),
      ...(at.ca === undefined ? {} : { ca: at.ca }),
      agent,
      method: question.method,
      path: question.path,
      headers: {
        ...question.headers,
        host: at.port === 443 ? at.host : `${at.host}:${at.port}`,
        ...(question.body === undefined ? {} : { 'content-length': Buffer.byteLength(question.body) }),
      },
      timeout: silenceMs,
    })
    const onAbort = (): void => void outgoing.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    const connecting = setTimeout(() => outgoing.destroy(timeOut()), connectMs)
    const settle = (): void => {
      clearTimeout(connecting)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      settle()
      outgoing.destroy()
      reject(signal.aborted ? signal.reason : new NoAnswer(reasonOf(error), connected))
    }
    const ready = (): void => {
      connected = true
      clearTimeout(connecting)
    }
    outgoing.once('socket', (socket) => {
      // One that was kept from an earlier request is ready already.
      if (outgoing.reusedSocket) ready()
      else socket.once('secureConnect', ready)
    })
    outgoing.once('timeout', () => outgoing.destroy(timeOut()))
    outgoing.on('error', fail)
    outgoing.once('response', (incoming) => {
      const pieces: Buffer[] = []
      let bytes = 0
      incoming.on('error', fail)
      incoming.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > mostAnswerBytes) fail(Object.assign(new Error('too large'), { code: 'EMSGSIZE' }))
        else pieces.push(piece)
      })
      incoming.once('end', () => {
        settle()
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(pieces).toString('utf8'),
        })
      })
    })
    outgoing.end(question.body)
  })
}

function timeOut(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
