import { type ClientBase, Pool } from 'pg'
import { rest } from '../base/abort.ts'
import type { Secret } from '../base/secret.ts'
import type { OnEvent } from './events.ts'

/** A connection within a transaction of the engine's database. */
export type Transaction = ClientBase

const betweenTriesMs = 200

/**
 * The engine's own tables.
 *
 * A lost connection is no failure: the work is tried again until it is through or `close` is called, so it must come to
 * the same when it has been committed before.
 */
export class Store {
  readonly #pool: Pool
  readonly #onEvent: OnEvent
  readonly #closing = new AbortController()
  #isLost = false

  /** Connects when it is first used. */
  constructor(url: Secret, onEvent: OnEvent) {
    this.#onEvent = onEvent
    this.#pool = new Pool({
      connectionString: url.reveal("the engine's own tables"),
      max: 6,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    })
    // The pool drops a connection that breaks while nobody uses it.
    this.#pool.on('error', () => undefined)
  }

  /** One transaction, read committed. What `work` throws rolls it back. */
  async write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        const result = await this.#once(work)
        this.#found()
        return result
      } catch (error) {
        if (!isLostConnection(error) || this.#closing.signal.aborted) throw error
        this.#lost(error)
      }
      await rest(betweenTriesMs, this.#closing.signal)
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#pool.end()
  }

  async #once<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    const onError = (error: Error) => {
      broken = error
    }
    client.on('error', onError)
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      if (isLostConnection(error)) broken ??= error instanceof Error ? error : new Error('connection lost')
      else await client.query('ROLLBACK').catch((failure: Error) => (broken = failure))
      throw error
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }

  #lost(error: unknown): void {
    if (!this.#isLost) this.#onEvent({ kind: 'database-lost', reason: codeOf(error) })
    this.#isLost = true
  }

  #found(): void {
    if (this.#isLost) this.#onEvent({ kind: 'database-back' })
    this.#isLost = false
  }
}

/** The database's clock, in milliseconds since 1970: all times of the engine's tables are by it. */
export async function nowOf(tx: Transaction): Promise<number> {
  const { rows } = await tx.query<{ now: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  )
  return rows[0]?.now ?? 0
}

const lostCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
])
// Class 08: connection; 53: out of room, memory or connections; 57P0x: shutting down, crashed, starting; 58: its disk.
const lostStates = /^(?:08|53|57P0|58)/
const lostMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/

/** Whether the database is (for now) not there or cannot take anything, so that the same statement may do later. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isLostConnection)
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return lostCodes.has(code) || lostStates.test(code) || lostMessages.test(error.message)
}

/** SQLSTATE or errno; never a message, which may hold values. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}
