import type { z } from 'zod'
import type { Fault } from '../../base/fault.ts'
import type { Secret } from '../../base/secret.ts'
import type { PortalAddress } from '../../model/portal-address.ts'
import { ApiClient, type ClientOptions, type Repetition } from './api-client.ts'
import type { HttpAnswer, HttpQuestion } from './https-request.ts'
import { parseJson } from './parse-json.ts'

const perPage = 500

/** Values of a query; what is undefined is not sent. */
type Query = Readonly<Record<string, string | number | boolean | undefined>>
/** Values of a body of JSON. */
type Body = Readonly<Record<string, unknown>>

/**
 * Calls of a portal's JSON API with one access token, which travels as the password of Basic authentication: never in a
 * URL, for those are logged.
 *
 * Faults of every call: THREESCALE_*. Abort: cuts the connection and throws the reason.
 */
export class PortalCalls {
  readonly #client: ApiClient

  constructor(at: PortalAddress, token: Secret, options: ClientOptions) {
    const basic = Buffer.from(`:${token.reveal('authenticate to a 3scale portal')}`).toString('base64')
    this.#client = new ApiClient(at, { authorization: `Basic ${basic}`, accept: 'application/json' }, options)
  }

  get<Schema extends z.ZodType>(path: string, schema: Schema, signal: AbortSignal, query: Query = {}) {
    return this.#ask({ method: 'GET', path: withQuery(path, query), headers: {} }, schema, 'repeatable', signal)
  }

  /** As `get`; null where the portal says that there is no such thing. */
  async find<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema> | null> {
    const question: HttpQuestion = { method: 'GET', path, headers: {} }
    const answer = await this.#client.send(question, 'repeatable', signal)
    return this.#client.isAbsent(answer) ? null : this.#read(question, answer, schema, 'repeatable')
  }

  put<Schema extends z.ZodType>(path: string, body: Body, schema: Schema, signal: AbortSignal) {
    return this.#ask(withBody('PUT', path, body), schema, 'repeatable', signal)
  }

  post<Schema extends z.ZodType>(path: string, body: Body, schema: Schema, signal: AbortSignal) {
    return this.#ask(withBody('POST', path, body), schema, 'once', signal)
  }

  /** False: there was nothing, which is also what a repeated deletion finds. */
  async delete(path: string, signal: AbortSignal): Promise<boolean> {
    const question: HttpQuestion = { method: 'DELETE', path, headers: {} }
    const answer = await this.#client.send(question, 'repeatable', signal)
    if (this.#client.isAbsent(answer)) return false
    const fault = this.#client.faultOf(question, answer, 'repeatable')
    if (fault !== null) throw fault
    return true
  }

  /** The fault of something that should be there and is not. */
  missing(method: HttpQuestion['method'], path: string): Fault {
    return this.#client.missing({ method, path, headers: {} })
  }

  /** The fault of a list that is not what it should be a list of. */
  unreadable(path: string, reason: string): Fault {
    return this.#client.unreadable({ method: 'GET', path, headers: {} }, reason)
  }

  /**
   * A list, page by page, until one is short. Rows that came before are left out: 3scale does not page every list, and
   * rows that are made or deleted meanwhile move the others.
   */
  async *pages<Row extends { readonly id: string }>(
    path: string,
    schema: z.ZodType<readonly Row[]>,
    signal: AbortSignal,
    query: Query = {},
  ): AsyncGenerator<readonly Row[]> {
    const seen = new Set<string>()
    for (let page = 1; ; page++) {
      const rows = await this.get(path, schema, signal, { ...query, page, per_page: perPage })
      const fresh = rows.filter((row) => !seen.has(row.id))
      for (const row of fresh) seen.add(row.id)
      if (fresh.length > 0) yield fresh
      if (rows.length !== perPage || fresh.length === 0) return
    }
  }

  /** All of a list that fits into memory many times over. */
  async all<Row extends { readonly id: string }>(
    path: string,
    schema: z.ZodType<readonly Row[]>,
    signal: AbortSignal,
    query: Query = {},
  ): Promise<readonly Row[]> {
    const rows: Row[] = []
    for await (const page of this.pages(path, schema, signal, query)) rows.push(...page)
    return rows
  }

  async #ask<Schema extends z.ZodType>(
    question: HttpQuestion,
    schema: Schema,
    repetition: Repetition,
    signal: AbortSignal,
  ): Promise<z.output<Schema>> {
    return this.#read(question, await this.#client.send(question, repetition, signal), schema, repetition)
  }

  #read<Schema extends z.ZodType>(
    question: HttpQuestion,
    answer: HttpAnswer,
    schema: Schema,
    repetition: Repetition,
  ): z.output<Schema> {
    const fault = this.#client.faultOf(question, answer, repetition)
    if (fault !== null) throw fault
    let parsed: unknown
    try {
      parsed = parseJson(answer.body)
    } catch {
      throw this.#client.unreadable(question, 'it is no JSON')
    }
    const decoded = schema.safeParse(parsed)
    if (decoded.success) return decoded.data
    // The place says what is missing; the message could quote what is there.
    const [issue] = decoded.error.issues
    throw this.#client.unreadable(question, `at ${issue?.path.join('.') || 'its root'}`)
  }
}

function withQuery(path: string, query: Query): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? path : `${path}?${given.toString()}`
}

function withBody(method: 'POST' | 'PUT', path: string, body: Body): HttpQuestion {
  return { method, path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
