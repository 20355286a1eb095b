import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../kube-object.ts'
import { Refusal, type Status } from '../refusal.ts'

const texts = new WeakMap<object, string>()

/** An object of the store as JSON; worked out once, for the store never changes one in place. */
export function jsonOf(object: KubeObject): string {
  let text = texts.get(object)
  if (text === undefined) {
    text = JSON.stringify(object)
    texts.set(object, text)
  }
  return text
}

export function sendText(
  response: ServerResponse,
  code: number,
  text: string | Buffer,
  type = 'application/json',
): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-cache, private' })
  response.end(text)
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  sendText(response, code, JSON.stringify(body))
}

export function sendStatus(response: ServerResponse, status: Status): void {
  const { retryAfterSeconds } = status.details ?? {}
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
  sendJson(response, status.code, status)
}

/** What the API says of an error: a refusal's own status, or 500 for what is a bug of the simulator. */
export function statusOf(error: unknown): Status {
  if (error instanceof Refusal) return error.status
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new Refusal(500, 'InternalError', `Internal error occurred: bug: ${message}`).status
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** A scripted refusal, worded as the API words one of that code. */
export function scriptedRefusal(
  code: number,
  message: string | undefined,
  retryAfterSeconds: number | undefined,
): Refusal {
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return new Refusal(code, reasons[code] ?? 'Unknown', message ?? `scripted: ${reasons[code] ?? code}`, details)
}
