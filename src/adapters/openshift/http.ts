import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Dialer } from './access.ts'
import { type Failure, failureOf } from './failure.ts'
import { readStatus } from './status.ts'

/** How long things may take, in milliseconds. `waitsMs`: the pauses between tries; as many tries as that and one. */
export interface Timing {
  readonly waitsMs: readonly number[]
  /** Of a connection on which nothing passes, before and while the answer comes. */
  readonly silenceMs: number
  /** Of one request with its answer, however it drips. */
  readonly requestMs: number
  /** The cluster is asked to end a watch after so long, and is asked for everything anew. */
  readonly watchMs: number
  /** Of a watch on which nothing passes; a healthy one has a bookmark every minute. */
  readonly watchSilenceMs: number
  /** Between two pings on an exec; two without an answer are its end. */
  readonly pingMs: number
}

/** An API server that restarts is away for a minute or two, and all three of them for several times that. */
export const usualTiming: Timing = {
  waitsMs: [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 30_000],
  silenceMs: 30_000,
  requestMs: 120_000,
  watchMs: 300_000,
  watchSilenceMs: 90_000,
  pingMs: 20_000,
}

/** A result, or why there is none. */
export type Outcome<Result> = { readonly kind: 'ok'; readonly result: Result } | Failure

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** With its query, from the root of the API. */
  readonly path: string
  /** JSON text; may hold secrets. */
  readonly body?: string
  readonly contentType?: string
  readonly silenceMs: number
  readonly signal: AbortSignal
}

const notJson = 'the answer is not JSON'
const largestAnswerBytes = 256 * 2 ** 20

/** Sends a request once and reads the whole answer as JSON. Throws only when aborted. */
export async function askOnce(dialer: Dialer, request: HttpRequest, requestMs: number): Promise<Outcome<unknown>> {
  const timer = new AbortController()
  const tooLong = setTimeout(() => timer.abort(), requestMs)
  const signal = AbortSignal.any([request.signal, timer.signal])
  try {
    const opened = await openOnce(dialer, { ...request, signal })
    if (opened.kind !== 'ok') return opened
    return await readJson(opened.result, signal)
  } catch (error) {
    request.signal.throwIfAborted()
    if (timer.signal.aborted) return { kind: 'cut', reason: 'ETIMEDOUT' }
    throw error
  } finally {
    clearTimeout(tooLong)
  }
}

/**
 * Sends a request once. Out: the answer with its body still to come, when its status is 200 or 201; whoever gets it
 * reads or destroys it. Throws only when aborted; that ends the connection.
 */
export async function openOnce(dialer: Dialer, request: HttpRequest): Promise<Outcome<IncomingMessage>> {
  const { method, path, body, contentType = 'application/json', silenceMs, signal } = request
  signal.throwIfAborted()
  const options = await dialer.options()
  const content = body === undefined ? null : Buffer.from(body)
  const headers = {
    ...options.headers,
    accept: 'application/json, */*;q=0.5',
    'user-agent': 'threeshift',
    ...(content === null ? {} : { 'content-type': contentType, 'content-length': content.length }),
  }
  const answered = Promise.withResolvers<Outcome<IncomingMessage>>()
  let sent = false
  const outgoing = httpsRequest(`${dialer.server}${path}`, { ...options, method, headers, signal, timeout: silenceMs })
  outgoing.on('socket', (socket) => {
    // The agent of https gives sockets of TLS. One that was used before takes the request at once.
    const { encrypted } = socket as TLSSocket
    if (outgoing.reusedSocket || !encrypted) sent = true
    else socket.once('secureConnect', () => (sent = true))
  })
  outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })))
  outgoing.on('error', (error) => answered.resolve(failureOf(error, sent)))
  outgoing.on('response', (answer) => void take(answer, signal).then(answered.resolve, answered.reject))
  outgoing.end(content ?? undefined)
  const outcome = await answered.promise
  signal.throwIfAborted()
  return outcome
}

async function take(answer: IncomingMessage, signal: AbortSignal): Promise<Outcome<IncomingMessage>> {
  const status = answer.statusCode ?? 0
  if (status === 200 || status === 201 || status === 202) return { kind: 'ok', result: answer }
  const read = await readJson(answer, signal)
  // Half a refusal is none: what it is about stands in its body. A page of something in between has no such body.
  if (read.kind === 'cut' && read.reason !== notJson) return read
  const body = read.kind === 'ok' ? read.result : null
  const after = answer.headers['retry-after']
  return { kind: 'refused', status, answer: readStatus(body, after) }
}

/** The whole body as JSON. A body that breaks off, or is no JSON, is an answer that did not come. */
async function readJson(answer: IncomingMessage, signal: AbortSignal): Promise<Outcome<unknown>> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of answer) {
      // A message without an encoding gives buffers.
      pieces.push(piece as Buffer)
      bytes += pieces.at(-1)?.length ?? 0
      if (bytes > largestAnswerBytes) return { kind: 'cut', reason: 'the answer is larger than 256 MiB' }
    }
  } catch (error) {
    signal.throwIfAborted()
    return failureOf(error, true)
  }
  try {
    return { kind: 'ok', result: JSON.parse(Buffer.concat(pieces).toString()) as unknown }
  } catch {
    return { kind: 'cut', reason: notJson }
  }
}
