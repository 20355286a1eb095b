import { Fault } from '../../base/fault.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import type { PulledRows } from '../../wire/pulled-rows.ts'
import { postgresDialect } from './postgres-dialect.ts'
import { PostgresSession, type SessionKind } from './postgres-session.ts'
import { readBatches } from './read-batches.ts'
import { literal } from './schema/target-schema.ts'
import type { RawRow, SourceSession } from './source-session.ts'

const kind: SessionKind = {
  side: 'source',
  oldestMajor: 10,
  settings: {
    extra_float_digits: '3',
    default_transaction_read_only: 'on',
    // Rows that a policy hides are an error, and not a silent loss.
    row_security: 'off',
    // What is read in the order of its key is read by index: a sort would wait for the whole range, and fill the source's disk.
    enable_sort: 'off',
    max_parallel_workers_per_gather: '0',
  },
}

const beginSql = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * One session of a PostgreSQL source. Text arrives as UTF-8, converted by the server where the database has another
 * encoding; rows are tuples of binary COPY.
 */
export class PostgresSource extends PostgresSession implements SourceSession {
  readonly dialect = postgresDialect
  readonly product = 'postgresql'
  #snapshot = 'none'
  #position: string | null = null

  /** Abort: the connection is closed at once, and with it whatever the server was doing for it. */
  static async open(address: DatabaseAddress, signal: AbortSignal): Promise<PostgresSource> {
    return this.connect(address, kind.side, signal, (client) => new PostgresSource(kind, client, address, signal))
  }

  openAnother(): Promise<PostgresSource> {
    return PostgresSource.open(this.address, this.signal)
  }

  get snapshot(): string {
    return this.#snapshot
  }

  /**
   * Two snapshots at one position see the same rows; null when this user may not ask. It moves with every write to any
   * database of the server, and with the server's own.
   */
  get position(): string | null {
    return this.#position
  }

  async beginSnapshot(): Promise<void> {
    // Asked before: a commit is in the log before it is seen. Which commits are seen is what the second part says.
    const log = await this.#logPosition()
    await this.query(beginSql, 'beginning a snapshot')
    const [[at, seen] = []] = await this.query(
      `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), txid_current_snapshot()`,
      'beginning a snapshot',
    )
    this.#snapshot = `consistent snapshot at ${at}`
    this.#position = log === null ? null : `${log}:${seen}`
  }

  /** The name by which other sessions may join the snapshot, for as long as this one is open. */
  async exportSnapshot(): Promise<string> {
    const [[name] = []] = await this.query('SELECT pg_export_snapshot()', 'exporting the snapshot')
    return name ?? ''
  }

  async joinSnapshot(name: string): Promise<void> {
    await this.query(beginSql, 'joining a snapshot')
    await this.query(`SET TRANSACTION SNAPSHOT ${literal(name)}`, 'joining a snapshot')
  }

  /** The SELECT as a binary COPY: each row is a tuple for `TupleFields`. Faults come here and from `more`. */
  rows(sql: string, doing: string): Promise<PulledRows> {
    return this.copyRows(`COPY (${sql}) TO STDOUT (FORMAT binary)`, doing)
  }

  async *read(sql: string, doing: string): AsyncGenerator<readonly RawRow[]> {
    const rows = await this.rows(sql, doing)
    yield* readBatches(rows, this.dialect.fields(rows.columnCount))
  }

  /** The server, its timeline and how far its log goes. Source: PostgreSQL manual, "System Information Functions". */
  async #logPosition(): Promise<string | null> {
    const sql = `SELECT concat_ws(':', system_identifier, timeline_id,
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)
      FROM pg_control_system(), pg_control_checkpoint()`
    try {
      const [[position = null] = []] = await this.query(sql, 'asking for the log position')
      return position
    } catch (error) {
      if (!(error instanceof Fault) || error.retry === 'same-input') throw error
      return null
    }
  }
}
