import { untilAborted } from '../../base/abort.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import type { MysqlSession } from '../../wire/mysql/mysql-session.ts'
import type { PulledRows } from '../../wire/pulled-rows.ts'
import { driverFault } from './driver-faults.ts'
import { FaultedRows } from './faulted-rows.ts'
import { fault } from './faults.ts'
import { connectMysql, type MysqlTls, mysqlTls } from './mysql-connect.ts'
import { mysqlDialect } from './mysql-dialect.ts'
import { readBatches } from './read-batches.ts'
import type { RawRow, SourceSession } from './source-session.ts'

/**
 * One connection to a MySQL or MariaDB source that reads everything from one consistent snapshot.
 *
 * The session never writes: it is opened `READ ONLY`, so a mistake here cannot change the source. Text arrives as the
 * bytes that are stored (no conversion of character sets), dates as text, time zone UTC.
 */
export class MysqlSource implements SourceSession {
  readonly dialect = mysqlDialect
  readonly product: 'mysql' | 'mariadb'
  readonly version: string
  readonly address: DatabaseAddress
  readonly #session: MysqlSession
  readonly #tls: MysqlTls | null
  readonly #versionText: string
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  #snapshot = 'none'

  private constructor(
    session: MysqlSession,
    address: DatabaseAddress,
    tls: MysqlTls | null,
    versionText: string,
    signal: AbortSignal,
  ) {
    this.#session = session
    this.address = address
    this.#tls = tls
    this.#versionText = versionText
    this.product = /mariadb/i.test(versionText) ? 'mariadb' : 'mysql'
    this.version = /\d+\.\d+\.\d+/.exec(versionText)?.[0] ?? versionText
    this.#signal = signal
    this.#onAbort = () => session.destroy(signal.reason)
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  /** Abort: the connection is closed at once, and with it whatever the server was doing for it. */
  static async open(address: DatabaseAddress, signal: AbortSignal): Promise<MysqlSource> {
    let session: MysqlSession | undefined
    try {
      const tls = await mysqlTls(address)
      const made = await connectMysql(address, tls, signal)
      session = made
      const version = await untilAborted(signal, () => versionOf(made))
      const source = new MysqlSource(session, address, tls, version, signal)
      source.#refuseOldServers()
      return source
    } catch (error) {
      session?.close()
      signal.throwIfAborted()
      throw driverFault(error, 'source', address, 'connecting')
    }
  }

  /** It sees what is committed until its own `beginSnapshot`. */
  async openAnother(): Promise<MysqlSource> {
    try {
      const session = await connectMysql(this.address, this.#tls, this.#signal)
      return new MysqlSource(session, this.address, this.#tls, this.#versionText, this.#signal)
    } catch (error) {
      this.#signal.throwIfAborted()
      throw driverFault(error, 'source', this.address, 'connecting')
    }
  }

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

  get snapshot(): string {
    return this.#snapshot
  }

  async query(sql: string, doing: string): Promise<readonly (readonly (string | null)[])[]> {
    this.#signal.throwIfAborted()
    try {
      return await this.#session.textRows(sql)
    } catch (error) {
      throw this.#faultOf(error, doing)
    }
  }

  /** Each row is a payload for `RowFields`. Faults come here and from `more`. */
  async rows(sql: string, doing: string): Promise<PulledRows> {
    this.#signal.throwIfAborted()
    try {
      return new FaultedRows(await this.#session.query(sql), (error) => this.#faultOf(error, doing))
    } catch (error) {
      throw this.#faultOf(error, doing)
    }
  }

  async *read(sql: string, doing: string): AsyncGenerator<readonly RawRow[]> {
    const rows = await this.rows(sql, doing)
    yield* readBatches(rows, this.dialect.fields(rows.columnCount))
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#session.close()
  }

  #faultOf(error: unknown, doing: string): Error {
    return driverFault(this.#signal.aborted ? this.#signal.reason : error, 'source', this.address, doing)
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

async function versionOf(session: MysqlSession): Promise<string> {
  const [[version] = []] = await session.textRows('SELECT VERSION()')
  return version ?? ''
}
