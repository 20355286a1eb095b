import { readFile } from 'node:fs/promises'
import { Client, type ClientConfig } from 'pg'
import { untilAborted } from '../../base/abort.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { CopyIn } from '../../wire/postgres/copy-in.ts'
import { CopyOut } from '../../wire/postgres/copy-out.ts'
import type { PulledRows } from '../../wire/pulled-rows.ts'
import { RingSocket } from '../../wire/ring-socket.ts'
import { driverFault } from './driver-faults.ts'
import { FaultedRows } from './faulted-rows.ts'
import { fault } from './faults.ts'

const connectTimeoutMs = 15_000
const goodbyeMs = 3000
const oldestMajor = 13

// Values stay the text that the server sent; the mover gives them their meaning.
const asText = { getTypeParser: () => (value: string) => value }

/** A COPY FROM STDIN under way; what is thrown and rejected are faults of `driverFault`, or the reason of an abort. */
export interface TargetCopyIn {
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

/** One session on the target: UTC, ISO dates, shortest exact floats, no statement time-out, schema `public`. */
export class PostgresTarget {
  readonly address: DatabaseAddress
  readonly #client: Client
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  #copy: CopyIn | CopyOut | null = null

  private constructor(client: Client, address: DatabaseAddress, signal: AbortSignal) {
    this.#client = client
    this.address = address
    this.#signal = signal
    // Ending the socket makes the server roll the open transaction back.
    this.#onAbort = () => client.connection.stream.destroy()
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Abort: the connection is closed at once; the server rolls an open transaction back. */
  static async open(address: DatabaseAddress, signal: AbortSignal): Promise<PostgresTarget> {
    signal.throwIfAborted()
    if (address.engine !== 'postgresql') {
      throw fault('DB_WRONG_ENGINE', { side: 'target', address: describeAddress(address), wanted: 'PostgreSQL' })
    }
    let client: Client | undefined
    try {
      const made = new Client(await clientConfig(address))
      client = made
      // Errors between statements surface at the next one; without a listener they would end the process.
      made.on('error', () => undefined)
      await untilAborted(signal, () => made.connect())
      const target = new PostgresTarget(made, address, signal)
      await target.#prepare()
      return target
    } catch (error) {
      client?.connection.stream.destroy()
      signal.throwIfAborted()
      throw driverFault(error, 'target', address, 'connecting')
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
  async copyIn(sql: string, doing: string): Promise<TargetCopyIn> {
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
    this.#signal.removeEventListener('abort', this.#onAbort)
    const patience = setTimeout(() => this.#client.connection.stream.destroy(), goodbyeMs)
    await this.#client.end().catch(() => undefined)
    clearTimeout(patience)
  }

  /** A statement behind an unfinished COPY would wait for ever. */
  #beginStatement(): void {
    this.#signal.throwIfAborted()
    if (this.#copy?.open === true) throw new Error('bug: a statement while a COPY is under way')
  }

  #faultOf(error: unknown, doing: string): Error {
    return this.#signal.aborted ? asError(this.#signal.reason) : driverFault(error, 'target', this.address, doing)
  }

  async #prepare(): Promise<void> {
    const [[version] = []] = await this.query('SHOW server_version_num', 'reading the version')
    const major = Math.floor(Number(version) / 10_000)
    if (major < oldestMajor) {
      throw fault('DB_TOO_OLD', {
        side: 'target',
        address: describeAddress(this.address),
        version: `PostgreSQL ${major}`,
        wanted: `PostgreSQL ${oldestMajor}`,
      })
    }
    const [[encoding] = []] = await this.query('SHOW server_encoding', 'reading the encoding')
    if (encoding !== 'UTF8') {
      throw fault('DB_TARGET_ENCODING', { address: describeAddress(this.address), encoding: encoding ?? 'unknown' })
    }
    // A role or a database may carry defaults for any of these; not every version has all of the time-outs.
    await this.query(
      `SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; SET extra_float_digits = 1; SET bytea_output = 'hex';
       SET client_encoding = 'UTF8'; SET search_path = public; SET standard_conforming_strings = on; SET jit = off;
       SET default_transaction_read_only = off;
       SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout',
         'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`,
      'preparing the session',
    )
  }
}

async function clientConfig(address: DatabaseAddress): Promise<ClientConfig> {
  const { tls } = address
  return {
    host: address.socket ?? address.host,
    port: address.port,
    user: address.user,
    // An empty one would make the driver look for PGPASSWORD.
    password: () => address.password.reveal('log in to the target'),
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
