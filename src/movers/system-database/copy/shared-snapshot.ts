import { Fault } from '../../../base/fault.ts'
import { quoteMysql, type MysqlSource } from '../mysql-source.ts'

/** Sessions that all read one and the same moment of the source. */
export interface SharedSnapshot {
  readonly sources: readonly [MysqlSource, ...MysqlSource[]]
  /** Where the source's log stood at that moment; null when it does not say. */
  readonly position: string | null
  /** What could not be had, a sentence each. */
  readonly notes: readonly string[]
}

const attemptsWithoutLock = 3
/** While somebody waits for a lock on all tables, nobody else may write; no longer than this. */
const lockWaitSeconds = 5

/**
 * Gives `first` and up to `wanted - 1` further sessions one common snapshot.
 *
 * Without any lock where the source's log shows that nothing was written while the snapshots began; otherwise under
 * `FLUSH TABLES WITH READ LOCK`, or `LOCK TABLES` where this user may not flush, held for as long as the sessions take to
 * begin. Where nothing of this is allowed, `first` reads alone: one session always sees one moment.
 *
 * Source: MySQL and MariaDB manuals, "START TRANSACTION … WITH CONSISTENT SNAPSHOT", "FLUSH", "LOCK TABLES"; MariaDB,
 * "Enhancements for START TRANSACTION WITH CONSISTENT SNAPSHOT" (binlog_snapshot_position).
 */
export async function shareSnapshot(
  first: MysqlSource,
  tables: readonly string[],
  wanted: number,
): Promise<SharedSnapshot> {
  const others = await openOthers(first, wanted - 1)
  const sources = [first, ...others] as const
  if (others.length === 0) return { sources, position: await beginAll(sources), notes: [] }
  for (let attempt = 0; attempt < attemptsWithoutLock; attempt++) {
    const position = await beginAll(sources)
    if (position !== null) return { sources, position, notes: [] }
  }
  const lock = await first.openAnother()
  try {
    if (await lockTables(lock, tables)) return { sources, position: await beginAll(sources), notes: [] }
  } finally {
    // Its end is the locks' end.
    lock.close()
  }
  for (const source of others) source.close()
  const position = await beginAll([first])
  const note =
    'The source lets this user neither read its log position (REPLICATION CLIENT, BINLOG MONITOR) nor lock tables (RELOAD, ' +
    'LOCK TABLES), so one session read all of it: slower, and as consistent.'
  return { sources: [first], position, notes: [note] }
}

/** As many as the source lets us have. */
async function openOthers(first: MysqlSource, count: number): Promise<readonly MysqlSource[]> {
  const others: MysqlSource[] = []
  while (others.length < count) {
    try {
      others.push(await first.openAnother())
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      break
    }
  }
  return others
}

/** Begins all snapshots. Gives the log's position when it shows that all of them are of one moment, otherwise null. */
async function beginAll(sources: readonly MysqlSource[]): Promise<string | null> {
  const [first] = sources
  if (first === undefined) throw new Error('bug: no session to read with')
  const before = await serverPosition(first)
  for (const source of sources) await source.beginSnapshot()
  const own = await Promise.all(sources.map(snapshotPosition))
  if (own.every((position) => position !== null && position === own[0])) return own[0] ?? null
  const after = await serverPosition(first)
  return before === after ? before : null
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
  for (const sql of ['SHOW MASTER STATUS', 'SHOW BINARY LOG STATUS']) {
    try {
      const [row] = await source.query(sql, 'asking for the log position')
      return row === undefined ? null : row.filter((value) => value !== null && value !== '').join(':')
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
