import { readFile } from 'node:fs/promises'
import { Client, type ClientConfig } from 'pg'
import { untilAborted } from '../../base/abort.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { CopyIn } from '../../wire/postgres/copy-in.ts'
import { CopyOut } from '../../wire/postgres/copy-out.ts'
import type { PulledRows } from '../../wire/pulled-rows.ts'
import { RingSocket } from '../../wire/ring-socket.ts'
import { driverFault, type Side } from './driver-faults.ts'
import { FaultedRows } from './faulted-rows.ts'
import { fault } from './faults.ts'

const connectTimeoutMs = 15_000
const goodbyeMs = 3000

// Values stay the text that the server sent; the mover gives them their meaning.
const asText = { getTypeParser: () => (value: string) => value }

/** A COPY FROM STDIN under way; what is thrown and rejected are faults of `driverFault`, or the reason of an abort. */
export interface PostgresCopyIn {
  /**
   * Takes whole CopyData messages, such as `TupleWriter.take` gives; the bytes are the connection's from now on.
   *
   * Null: there is room for more. Otherwise wait for it.
   */
  write(message: Buffer, onSent?: (message: Buffer) => void): Promise<void> | null
  /** Ends the data; the rows as the server counted them, once the session is ready for another statement. */
  end(): Promise<bigint>
  /**
   * Tells the server to give up, and waits until it has. `reason` goes into the server's log. Changes nothing when the
   * COPY has ended or failed already.
   */
  fail(reason: string): Promise<void>
}

/** Which side a session is of, and what its servers must be. */
export interface SessionKind {
  readonly side: Side
  /** The oldest major version that will do. */
  readonly oldestMajor: number
  /** Set before anything else, beside those of every session; what a server does not know is left out. */
  readonly settings: Readonly<Record<string, string>>
}

/** A role or a database may carry defaults for any of these; not every version has all of the time-outs. */
const settingsOfAll: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  search_path: 'public',
  standard_conforming_strings: 'on',
  jit: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
}

/** One session of a PostgreSQL: UTC, ISO dates, UTF-8, no time-outs, schema `public`. */
export class PostgresSession {
  readonly address: DatabaseAddress
  /** `15.14`, as the server calls it. */
  version = ''
  /** `15`. */
  major = 0
  protected readonly signal: AbortSignal
  readonly #kind: SessionKind
  readonly #client: Client
  readonly #onAbort: () => void
  #copy: CopyIn | CopyOut | null = null

  protected constructor(kind: SessionKind, client: Client, address: DatabaseAddress, signal: AbortSignal) {
    this.#kind = kind
    this.#client = client
    this.address = address
    this.signal = signal
    // Ending the socket makes the server roll the open transaction back.
    this.#onAbort = () => client.connection.stream.destroy()
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Connects, makes a session of the client by `make`, and prepares it.
   *
   * Faults: DB_TOO_OLD and those of `driverFault`. Abort: the connection is closed at once.
   */
  protected static async connect<Session extends PostgresSession>(
    address: DatabaseAddress,
    side: Side,
    signal: AbortSignal,
    make: (client: Client) => Session,
  ): Promise<Session> {
    signal.throwIfAborted()
    let client: Client | undefined
    try {
      const made = new Client(await clientConfig(address, side))
      client = made
      // Errors between statements surface at the next one; without a listener they would end the process.
      made.on('error', () => undefined)
      await untilAborted(signal, () => made.connect())
      const session = make(made)
      await session.prepare()
      return session
    } catch (error) {
      client?.connection.stream.destroy()
      signal.throwIfAborted()
      throw driverFault(error, side, address, 'connecting')
    }
  }

  /** Runs one statement and gives its rows as text. Faults: those of `driverFault`, with `doing` as the action. */
  async query(
    sql: string,
    doing: string,
    values: readonly (string | Buffer | null)[] = [],
  ): Promise<(string | null)[][]> {
    this.#beginStatement()
    try {
      const result = await this.#client.query<(string | null)[]>({ text: sql, values: [...values], rowMode: 'array' })
      return result.rows
    } catch (error) {
      throw this.#faultOf(error, doing)
    }
  }

  /** Sends a COPY FROM STDIN; resolves when the server is ready for data. Faults: those of `driverFault`. */
  async copyIn(sql: string, doing: string): Promise<PostgresCopyIn> {
    this.#beginStatement()
    const faulted = <Result>(work: Promise<Result>) =>
      work.catch((error: unknown) => {
        throw this.#faultOf(error, doing)
      })
    const copy = await faulted(CopyIn.start(this.#client, sql))
    this.#copy = copy
    return {
      write: (message, onSent) => {
        const room = copy.write(message, onSent)
        return room === null ? null : faulted(room)
      },
      end: () => faulted(copy.end()),
      fail: (reason) => copy.fail(reason),
    }
  }

  /**
   * The rows of a COPY TO STDOUT: in the binary format a tuple each, for `TupleFields`; in the text format a line with
   * its end.
   *
   * Backpressure: the server is held back while rows wait to be pulled. Abort: the connection is closed at once.
   * Faults: those of `driverFault`, here and from `more`; with `doing` as the action.
   */
  async copyRows(sql: string, doing: string): Promise<PulledRows> {
    this.#beginStatement()
    try {
      const copy = await CopyOut.start(this.#client, sql)
      this.#copy = copy
      return new FaultedRows(copy, (error) => this.#faultOf(error, doing))
    } catch (error) {
      throw this.#faultOf(error, doing)
    }
  }

  /** Says good-bye, and hangs up on a server that does not answer. */
  async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.#onAbort)
    const patience = setTimeout(() => this.#client.connection.stream.destroy(), goodbyeMs)
    await this.#client.end().catch(() => undefined)
    clearTimeout(patience)
  }

  /** A statement behind an unfinished COPY would wait for ever. */
  #beginStatement(): void {
    this.signal.throwIfAborted()
    if (this.#copy?.open === true) throw new Error('bug: a statement while a COPY is under way')
  }

  #faultOf(error: unknown, doing: string): Error {
    return this.signal.aborted ? asError(this.signal.reason) : driverFault(error, this.#kind.side, this.address, doing)
  }

  /** Refuses old servers, and settles what a role or a database may have set in another way. */
  protected async prepare(): Promise<void> {
    const { side, oldestMajor } = this.#kind
    const [[number, version] = []] = await this.query(
      `SELECT current_setting('server_version_num'), current_setting('server_version')`,
      'reading the version',
    )
    this.major = Math.floor(Number(number) / 10_000)
    this.version = /^[\d.]+/.exec(version ?? '')?.[0] ?? String(this.major)
    if (this.major < oldestMajor) {
      const [address, wanted] = [describeAddress(this.address), `PostgreSQL ${oldestMajor}`]
      throw fault('DB_TOO_OLD', { side, address, version: `PostgreSQL ${this.version}`, wanted })
    }
    const settings = Object.entries({ ...settingsOfAll, ...this.#kind.settings })
    await this.query(
      `SELECT set_config(name, settings.value, false)
       FROM pg_settings JOIN (VALUES ${settings.map((_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(', ')}) AS settings (wanted, value)
         ON lower(name) = lower(wanted)`,
      'preparing the session',
      settings.flat(),
    )
  }
}

async function clientConfig(address: DatabaseAddress, side: Side): Promise<ClientConfig> {
  const { tls } = address
  return {
    host: address.socket ?? address.host,
    port: address.port,
    user: address.user,
    // An empty one would make the driver look for PGPASSWORD.
    password: () => address.password.reveal(`log in to the ${side}`),
    database: address.database,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ...(tls.kind === 'off' ? { stream: () => new RingSocket() } : {}),
    application_name: 'threeshift',
    types: asText,
    ssl:
      tls.kind === 'off'
        ? false
        : {
            rejectUnauthorized: true,
            ...(tls.checkHost ? {} : { checkServerIdentity: () => undefined }),
            ...(tls.caFile === undefined ? {} : { ca: await readFile(tls.caFile) }),
          },
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`bug: aborted with ${typeof reason}`)
}
