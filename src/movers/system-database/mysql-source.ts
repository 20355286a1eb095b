import { readFile } from 'node:fs/promises'
import { createConnection } from 'mysql2'
import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2'
import { untilAborted } from '../../base/abort.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { driverFault } from './driver-faults.ts'
import { fault } from './faults.ts'

/** A row as the server sent it: a field's bytes, or null. Valid until the next batch is asked for. */
export type RawRow = readonly (Buffer | null)[]

const batchBytes = 1 << 20
const connectTimeoutMs = 15_000

/**
 * One connection to a MySQL or MariaDB source that reads everything from one consistent snapshot.
 *
 * The session never writes: it is opened `READ ONLY`, so a mistake here cannot change the source. Text arrives as the
 * bytes that are stored (no conversion of character sets), dates as text, time zone UTC.
 */
export class MysqlSource {
  readonly product: 'mysql' | 'mariadb'
  readonly version: string
  readonly address: DatabaseAddress
  readonly #connection: Connection
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  #snapshot = 'none'
  #reading: RowQueue | undefined
  #lost: Error | undefined

  private constructor(connection: Connection, address: DatabaseAddress, version: string, signal: AbortSignal) {
    this.#connection = connection
    this.address = address
    this.product = /mariadb/i.test(version) ? 'mariadb' : 'mysql'
    this.version = /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version
    this.#signal = signal
    this.#onAbort = () => {
      connection.destroy()
      this.#reading?.finish(signal.reason)
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
    // mysql2 tells the connection, not the query, when a query without a callback loses its server.
    connection.on('error', (error) => {
      this.#lost ??= error
      this.#reading?.finish(error)
    })
  }

  /** Abort: the connection is closed at once, and with it whatever the server was doing for it. */
  static async open(address: DatabaseAddress, signal: AbortSignal): Promise<MysqlSource> {
    if (address.engine !== 'mysql') {
      throw fault('DB_WRONG_ENGINE', { side: 'source', address: describeAddress(address), wanted: 'MySQL or MariaDB' })
    }
    let connection: Connection | undefined
    try {
      const made = createConnection(await connectionOptions(address))
      connection = made
      const version = await untilAborted(signal, async () => {
        await new Promise<void>((resolve, reject) => {
          made.once('connect', () => resolve())
          made.once('error', reject)
        })
        return firstText(made, 'SELECT VERSION()')
      })
      const source = new MysqlSource(made, address, version, signal)
      source.#refuseOldServers()
      return source
    } catch (error) {
      connection?.destroy()
      signal.throwIfAborted()
      throw driverFault(error, 'source', address, 'connecting')
    }
  }

  /** Starts the snapshot that all later reads see. Reads are repeatable until `close`. */
  async beginSnapshot(): Promise<void> {
    const settings = [
      "time_zone = '+00:00'",
      'character_set_results = NULL',
      "sql_mode = ''",
      // A server's default for this would cut every result, on both reads alike.
      'sql_select_limit = 18446744073709551615',
      // While the target builds an index, nothing is read for long.
      'wait_timeout = 28800',
      'net_read_timeout = 3600',
      'net_write_timeout = 3600',
      // MySQL 8 otherwise serves AUTO_INCREMENT from a cache that may be a day old.
      ...(this.isMysql8 ? ['information_schema_stats_expiry = 0'] : []),
      ...(this.product === 'mysql' ? ['max_execution_time = 0'] : ['max_statement_time = 0']),
      ...(this.product === 'mariadb' && this.#isAtLeast(10, 3)
        ? ['idle_transaction_timeout = 0', 'idle_readonly_transaction_timeout = 0']
        : []),
    ]
    await this.#run(`SET ${settings.map((setting) => `SESSION ${setting}`).join(', ')}`)
    await this.#run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    await this.#run('START TRANSACTION WITH CONSISTENT SNAPSHOT')
    const now = "SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')"
    const [[at] = []] = await this.query(now, 'preparing the session')
    this.#snapshot = `consistent snapshot at ${at}`
  }

  /** What the reads are consistent with, in words for a report. */
  get snapshot(): string {
    return this.#snapshot
  }

  /** All rows of a small result as text. `doing` names the action in a fault. */
  async query(sql: string, doing: string): Promise<readonly (readonly (string | null)[])[]> {
    const rows: (string | null)[][] = []
    for await (const batch of this.read(sql, doing)) {
      for (const row of batch) rows.push(row.map((field) => field?.toString('utf8') ?? null))
    }
    return rows
  }

  /**
   * Streams a result in batches of about 1 MiB.
   *
   * Backpressure: the server is paused while the caller works on a batch. Abort: the connection is closed.
   * Faults: those of `driverFault`.
   */
  async *read(sql: string, doing: string): AsyncGenerator<readonly RawRow[]> {
    this.#signal.throwIfAborted()
    const stream = new RowQueue(this.#connection, sql)
    this.#reading = stream
    // Also lost between two statements, or by this very one.
    if (this.#lost !== undefined) stream.finish(this.#lost)
    try {
      for (;;) {
        const batch = await stream.next()
        if (batch === null) return
        yield batch
      }
    } catch (error) {
      this.#signal.throwIfAborted()
      throw driverFault(error, 'source', this.address, doing)
    } finally {
      // A caller that leaves early gives the connection up: the rest of the result cannot be skipped cheaply.
      this.#reading = undefined
      if (!stream.ended) this.#connection.destroy()
    }
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#connection.destroy()
  }

  async #run(sql: string): Promise<void> {
    await this.query(sql, 'preparing the session')
  }

  get isMysql8(): boolean {
    return this.product === 'mysql' && this.#isAtLeast(8, 0)
  }

  #isAtLeast(wantedMajor: number, wantedMinor: number): boolean {
    const [major = 0, minor = 0] = this.version.split('.').map(Number)
    return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
  }

  #refuseOldServers(): void {
    const wanted = this.product === 'mariadb' ? ([10, 2] as const) : ([5, 7] as const)
    if (this.#isAtLeast(wanted[0], wanted[1])) return
    throw fault('DB_TOO_OLD', {
      side: 'source',
      address: describeAddress(this.address),
      version: `${this.product} ${this.version}`,
      wanted: `${this.product} ${wanted.join('.')}`,
    })
  }
}

/** A result being read: mysql2's events turned into batches that are pulled, with a bound on what waits. */
class RowQueue {
  readonly #connection: Connection
  #rows: RawRow[] = []
  #bytes = 0
  #failure: unknown
  #wake: (() => void) | undefined
  ended = false

  constructor(connection: Connection, sql: string) {
    this.#connection = connection
    const query = connection.query({
      sql,
      rowsAsArray: true,
      typeCast: (field) => field.buffer(),
    })
    // With `rowsAsArray` and this `typeCast`, mysql2 gives exactly a RawRow; its types do not say so.
    query.on('result', (row) => this.#take(row as unknown as RawRow))
    query.on('error', (error: unknown) => this.finish(error))
    query.on('end', () => this.finish(undefined))
  }

  async next(): Promise<readonly RawRow[] | null> {
    while (this.#bytes < batchBytes && !this.ended) {
      // Resuming may deliver rows at once, so the wait must stand before it.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#connection.resume()
      await woken
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#rows.length === 0) return null
    const batch = this.#rows
    this.#rows = []
    this.#bytes = 0
    return batch
  }

  #take(row: RawRow): void {
    // A statement without rows ends in a header object instead of a row.
    if (!Array.isArray(row)) return
    this.#rows.push(row)
    for (const field of row) this.#bytes += (field?.length ?? 0) + 8
    if (this.#bytes < batchBytes) return
    this.#connection.pause()
    this.#wake?.()
  }

  /** Ends the result; mysql2 reports nothing for a connection that was destroyed on purpose. */
  finish(error: unknown): void {
    if (this.ended) return
    this.ended = true
    this.#failure = error
    this.#wake?.()
  }
}

async function connectionOptions(address: DatabaseAddress): Promise<ConnectionOptions> {
  return {
    ...(address.socket === undefined ? { host: address.host, port: address.port } : { socketPath: address.socket }),
    user: address.user,
    password: address.password.reveal('log in to the source'),
    database: address.database,
    charset: 'utf8mb4',
    connectTimeout: connectTimeoutMs,
    multipleStatements: false,
    ...(address.tls.kind === 'off'
      ? {}
      : {
          ssl: {
            rejectUnauthorized: true,
            verifyIdentity: address.tls.checkHost,
            ...(address.tls.caFile === undefined ? {} : { ca: await readFile(address.tls.caFile) }),
          },
        }),
  }
}

function firstText(connection: Connection, sql: string): Promise<string> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>({ sql, rowsAsArray: true }, (error, rows) => {
      if (error === null) resolve(String(rows[0]?.[0] ?? ''))
      else reject(error)
    })
  })
}

/** Quotes a MySQL identifier. */
export function quoteMysql(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
