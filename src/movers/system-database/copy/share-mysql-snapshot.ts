import { Fault } from '../../../base/fault.ts'
import type { MysqlSource } from '../mysql-source.ts'
import { quoteMysql } from '../quote-mysql.ts'
import { openOthers, type SharedSnapshot } from './shared-snapshot.ts'

const attemptsWithoutLock = 3
/** While somebody waits for a lock on all tables, nobody else may write; no longer than this. */
const lockWaitSeconds = 5

/**
 * Gives `first` and up to `wanted - 1` further sessions one common snapshot.
 *
 * Under `FLUSH TABLES WITH READ LOCK`, or `LOCK TABLES` where this user may not flush, held for as long as the sessions take
 * to begin; where neither is allowed, without a lock if the source's log holds every write and did not move meanwhile (a
 * session that keeps its writes out of the log, with `sql_log_bin = 0`, cannot be seen so). Where nothing of this is
 * possible, `first` reads alone: one session always sees one moment.
 *
 * Source: MySQL and MariaDB manuals, "START TRANSACTION … WITH CONSISTENT SNAPSHOT", "FLUSH", "LOCK TABLES",
 * "log_slave_updates"; MariaDB, "Enhancements for START TRANSACTION WITH CONSISTENT SNAPSHOT" (binlog_snapshot_position).
 */
export async function shareMysqlSnapshot(
  first: MysqlSource,
  tables: readonly string[],
  wanted: number,
): Promise<SharedSnapshot> {
  const others = await openOthers(() => first.openAnother(), wanted - 1)
  const sources = [first, ...others] as const
  const log = (await logsEveryWrite(first)) ? 'tells' : 'silent'
  if (others.length === 0) return { sources, position: await beginAll(sources, log), notes: [] }
  const lock = await first.openAnother()
  try {
    if (await lockTables(lock, tables)) {
      return { sources, position: await beginAll(sources, log === 'tells' ? 'stands' : log), notes: [] }
    }
  } finally {
    // Its end is the locks' end.
    lock.close()
  }
  for (let attempt = log === 'tells' ? 0 : attemptsWithoutLock; attempt < attemptsWithoutLock; attempt++) {
    const position = await beginAll(sources, log)
    if (position !== null) return { sources, position, notes: [agreedByLog] }
  }
  for (const source of others) source.close()
  return { sources: [first], position: await beginAll([first], log), notes: [readAlone] }
}

const agreedByLog =
  'The source lets this user not lock tables (RELOAD, LOCK TABLES); that all sessions read one moment is what its log says, ' +
  'in which a writer with sql_log_bin = 0 would not be seen.'
const readAlone =
  'The source lets this user not lock tables (RELOAD, LOCK TABLES), and its log does not show every write to it, so one ' +
  'session read all of it: slower, and as consistent.'

/** False for a log with filters, for a replica that leaves out what it is told, and where this user may not ask. */
async function logsEveryWrite(source: MysqlSource): Promise<boolean> {
  const status = await logStatus(source)
  const [, , onlyDatabases, ignoredDatabases] = status ?? []
  // `log_slave_updates`, or `log_replica_updates` in newer servers.
  const updates = await source.query("SHOW VARIABLES LIKE 'log\\_%\\_updates'", 'asking what is logged')
  return status !== null && !onlyDatabases && !ignoredDatabases && updates.some(([, value]) => value === 'ON')
}

/**
 * Begins all snapshots. Gives the log's position when it shows that all of them are of one moment, otherwise null.
 *
 * `silent`: some writes may not be in the log. `tells`: each is, but it is there a moment before snapshots see it, so that
 * only what the snapshots themselves say counts. `stands`: nobody can commit meanwhile.
 */
async function beginAll(sources: readonly MysqlSource[], log: 'silent' | 'tells' | 'stands'): Promise<string | null> {
  const [first] = sources
  if (first === undefined) throw new Error('bug: no session to read with')
  const before = await serverPosition(first)
  for (const source of sources) await source.beginSnapshot()
  if (log === 'silent') return null
  const own = await snapshotPositions(sources)
  if (own.every((position) => position !== null && position === own[0])) return own[0] ?? null
  if (log === 'tells') return null
  const after = await serverPosition(first)
  return before === after ? before : null
}

/**
 * Each session's, twice over and one after the other: the server keeps them in one place for all sessions, so that a
 * session may be told what another has asked for at the same time.
 */
async function snapshotPositions(sources: readonly MysqlSource[]): Promise<readonly (string | null)[]> {
  const positions: (string | null)[] = []
  for (const source of [...sources, ...sources]) positions.push(await snapshotPosition(source))
  return positions
}

/** MariaDB says for each snapshot where in the log it is; to everybody. */
async function snapshotPosition(source: MysqlSource): Promise<string | null> {
  if (source.product !== 'mariadb') return null
  const rows = await source.query("SHOW STATUS LIKE 'binlog\\_snapshot\\_%'", 'asking for the log position')
  const values = new Map(rows.map(([name, value]) => [name?.toLowerCase(), value]))
  const file = values.get('binlog_snapshot_file')
  return file ? `${file}:${values.get('binlog_snapshot_position')}` : null
}

/** Where the log stands now; null without a log, or without the right to ask. */
async function serverPosition(source: MysqlSource): Promise<string | null> {
  const status = await logStatus(source)
  return status === null ? null : status.filter((value) => value !== null && value !== '').join(':')
}

/** File, position, the only databases in it, those that are not, and on MySQL the transactions' names. */
async function logStatus(source: MysqlSource): Promise<readonly (string | null)[] | null> {
  for (const sql of ['SHOW MASTER STATUS', 'SHOW BINARY LOG STATUS']) {
    try {
      const [row] = await source.query(sql, 'asking for the log position')
      return row ?? null
    } catch (error) {
      if (!(error instanceof Fault) || error.retry === 'same-input') throw error
    }
  }
  return null
}

async function lockTables(session: MysqlSource, tables: readonly string[]): Promise<boolean> {
  await session.query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`, 'preparing the session')
  const all = tables.map((table) => `${quoteMysql(table)} READ`).join(', ')
  for (const sql of ['FLUSH TABLES WITH READ LOCK', `LOCK TABLES ${all}`]) {
    try {
      await session.query(sql, 'locking the tables for a moment')
      return true
    } catch (error) {
      if (!(error instanceof Fault) || error.retry === 'same-input') throw error
    }
  }
  return false
}
