import { Client, type QueryResult } from 'pg'
import { rest } from '../base/abort.ts'
import type { Secret } from '../base/secret.ts'
import { Stop } from '../base/stop.ts'
import type { OnEvent } from './events.ts'
import { codeOf } from './store.ts'

/** A lock that this process holds. `signal` aborts when somebody else may have got it, or `release` was called. */
export interface Held {
  readonly signal: AbortSignal
  release(): Promise<void>
}

export interface LeaseOptions {
  readonly url: Secret
  readonly executor: string
  readonly onEvent: OnEvent
  /** Milliseconds between beats. */
  readonly beatMs: number
}

const betweenTriesMs = 100

/**
 * Shows that this process is alive, and keeps what it works on to itself: one session of PostgreSQL that holds an
 * advisory lock for the executor's id and one for each thing held, and that counts beats.
 *
 * Locks go with the session. When it is lost another is opened, and the locks are taken again; one that somebody else
 * has by then is lost. A process that is stopped (SIGSTOP) keeps its session and its locks, but its beat stands still:
 * a peer ends the session then, and this process notices as soon as it goes on.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #held = new Map<string, AbortController>()
  readonly #closing = new AbortController()
  #client: Client
  #turn: Promise<void> = Promise.resolve()
  #beating: Promise<void> = Promise.resolve()

  private constructor(options: LeaseOptions, client: Client) {
    this.#options = options
    this.#client = client
  }

  /** Returns once the executor's lock is held and its first beat is counted. */
  static async open(options: LeaseOptions): Promise<Lease> {
    const client = await connect(options)
    const lease = new Lease(options, client)
    try {
      await lease.#takeUp(client)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
    lease.#beating = lease.#beat()
    return lease
  }

  /** Waits until nobody else holds `name`. Abort: throws the reason, with nothing held. */
  async hold(name: string, signal: AbortSignal): Promise<Held> {
    const stop = AbortSignal.any([signal, this.#closing.signal])
    for (;;) {
      stop.throwIfAborted()
      if (!this.#held.has(name) && (await this.#tryLock(name))) break
      await rest(betweenTriesMs, stop)
    }
    const lost = new AbortController()
    this.#held.set(name, lost)
    return {
      signal: lost.signal,
      release: async () => {
        if (this.#held.get(name) !== lost) return
        this.#held.delete(name)
        lost.abort(new Stop('sibling-failed'))
        await this.#query(unlock, [name]).catch(() => undefined)
      },
    }
  }

  /** Runs `work` with another executor's lock when nobody holds that; false when it is held. */
  async withLockOf(executor: string, work: () => Promise<void>): Promise<boolean> {
    const name = lockOf(executor)
    if (!(await this.#tryLock(name))) return false
    try {
      await work()
      return true
    } finally {
      await this.#query(unlock, [name]).catch(() => undefined)
    }
  }

  /** Gives all locks back. May be called again. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new Stop('shutdown'))
    await this.#beating
    await this.#client
      .query('DELETE FROM threeshift.executors WHERE id = $1', [this.#options.executor])
      .catch(() => undefined)
    await this.#client.end().catch(() => undefined)
  }

  /** One after the other: a session of PostgreSQL runs one statement at a time. */
  #query(sql: string, values: readonly string[]): Promise<QueryResult<Record<string, unknown>>> {
    const result = this.#turn.then(() => this.#client.query<Record<string, unknown>>(sql, [...values]))
    this.#turn = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  async #tryLock(name: string): Promise<boolean> {
    try {
      const { rows } = await this.#query(tryLock, [name])
      return rows[0]?.['got'] === true
    } catch {
      // The session is lost; the next beat finds out and opens another.
      return false
    }
  }

  /** The executor's lock, its row, and what is held. The lock may be with a peer for a moment: one that takes over. */
  async #takeUp(client: Client): Promise<void> {
    const { executor } = this.#options
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [lockOf(executor)])
    await client.query(
      `INSERT INTO threeshift.executors (id, backend) VALUES ($1, pg_backend_pid())
       ON CONFLICT (id) DO UPDATE SET backend = pg_backend_pid(), beat = threeshift.executors.beat + 1, seen_at = clock_timestamp()`,
      [executor],
    )
    for (const [name, lost] of this.#held) {
      const { rows } = await client.query<{ got: boolean }>(tryLock, [name])
      if (rows[0]?.got === true) continue
      this.#held.delete(name)
      this.#options.onEvent({ kind: 'lock-lost', lock: name })
      lost.abort(new Stop('sibling-failed'))
    }
  }

  async #beat(): Promise<void> {
    const { executor, beatMs } = this.#options
    while (!this.#closing.signal.aborted) {
      try {
        const { rowCount } = await this.#query(
          'UPDATE threeshift.executors SET beat = beat + 1, seen_at = clock_timestamp() WHERE id = $1',
          [executor],
        )
        // A peer took over what this process had: take up again under the same id.
        if (rowCount === 0) await this.#takeUp(this.#client)
      } catch (error) {
        this.#options.onEvent({ kind: 'database-lost', reason: codeOf(error) })
        await this.#reopen()
      }
      await rest(beatMs, this.#closing.signal)
    }
  }

  async #reopen(): Promise<void> {
    await this.#client.end().catch(() => undefined)
    while (!this.#closing.signal.aborted) {
      const client = await connect(this.#options).catch(() => undefined)
      if (client !== undefined) {
        this.#client = client
        const isUp = await this.#takeUp(client).then(
          () => true,
          () => false,
        )
        if (isUp) {
          this.#options.onEvent({ kind: 'database-back' })
          return
        }
        await client.end().catch(() => undefined)
      }
      await rest(betweenTriesMs, this.#closing.signal)
    }
  }
}

const tryLock = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got'
const unlock = 'SELECT pg_advisory_unlock(hashtextextended($1, 0))'

function lockOf(executor: string): string {
  return `threeshift executor ${executor}`
}

async function connect({ url, executor }: LeaseOptions): Promise<Client> {
  const client = new Client({
    connectionString: url.reveal("the engine's lease"),
    application_name: `threeshift lease ${executor}`,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  })
  // Whoever queries next hears of it.
  client.on('error', () => undefined)
  await client.connect()
  return client
}
