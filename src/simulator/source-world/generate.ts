import { setImmediate } from 'node:timers/promises'
import { systemClock, type Clock } from '../../base/clock.ts'
import type { SourceWorld, SourceWorldReport, SourceWorldRequest } from '../../ports/source-world.ts'
import { mysqlSchema } from '../../threescale/mysql-schema.ts'
import { mysqlTriggers } from '../../threescale/tenant-rules.ts'
import { WorldDatabase } from './connect.ts'
import { advancedCounters } from './advanced-counters.ts'
import { driftStatements, edgeCasesOf, edgeStatement, largestEdgeBytes } from './edge-rows.ts'
import { encodeInserts } from './encode-insert.ts'
import { worldFault } from './faults.ts'
import { drawOutline } from './draw-outline.ts'
import { wildcardDomain, type Outline } from './outline.ts'
import { WorldRedis } from './redis.ts'
import { worldTables } from './world-tables.ts'

const mostBatchBytes = 64 * 1024
const commitBytes = 16_000_000

// What 3scale has long gone without: constraints are kept by how the rows are made, not checked one by one.
const sessionStatements = [
  "SET SESSION sql_mode = '', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0, autocommit = 0",
]

/**
 * A 3scale in MySQL or MariaDB, with a backend Redis that agrees with it.
 *
 * Rows are made as they are sent, one batch at a time. Triggers and the procedure come last, so that they change nothing.
 * Faults: WORLD_*; what was written until then stays, so the database must be dropped before the next try.
 * Abort: cuts the connections and throws the signal's reason.
 */
export function mysqlSourceWorld(clock: Clock = systemClock): SourceWorld {
  return { generate: (request) => generate(request, clock) }
}

async function generate(request: SourceWorldRequest, clock: Clock): Promise<SourceWorldReport> {
  const started = clock.elapsedMs()
  const database = await WorldDatabase.open(request.mysql, request.signal)
  try {
    const redis = request.redis === undefined ? undefined : await WorldRedis.open(request.redis, request.signal)
    try {
      const batchBytes = await checkDatabase(database, request)
      const outline = drawOutline(request)
      await createTables(database, request)
      const counts = await fillTables(database, outline, batchBytes, request)
      if (request.edgeRows) await addEdgeRows(database, outline, counts)
      await finish(database, outline)
      const keys = (await redis?.fill(outline)) ?? 0
      const tables = [...counts].map(([name, rows]) => ({ name, rows })).sort((a, b) => (a.name < b.name ? -1 : 1))
      const rows = tables.reduce((sum, table) => sum + table.rows, 0)
      return { release: request.release, wildcardDomain, tables, rows, keys, tookMs: clock.elapsedMs() - started }
    } finally {
      await redis?.close()
    }
  } finally {
    await database.close()
  }
}

/** Refuses what is not empty or not permitted, and returns the size of a batch in bytes. */
async function checkDatabase(database: WorldDatabase, request: SourceWorldRequest): Promise<number> {
  const { place } = database
  const found = await database.run(
    `SELECT name FROM (
       SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()
       UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()) AS things
     ORDER BY name`,
    'the list of tables',
  )
  if (found.length > 0) {
    throw worldFault('WORLD_NOT_EMPTY', { place, tables: found.length, example: String(found[0]?.['name']) })
  }
  const [limits] = await database.run('SELECT @@max_allowed_packet AS packet', 'the server’s limits')
  const packet = Number(limits?.['packet'])
  const needed = request.edgeRows ? largestEdgeBytes + 1024 * 1024 : 256 * 1024
  if (packet < needed) throw worldFault('WORLD_PACKET', { place, bytes: packet, needed })
  await checkPrivileges(database)
  // A batch ends with the row that passes the limit, hence half of a packet at most.
  return Math.min(mostBatchBytes, Math.floor(packet / 2))
}

/** Makes and drops one thing of each sort: what is forbidden fails now, and not after the last row. */
async function checkPrivileges(database: WorldDatabase): Promise<void> {
  const probe = 'threeshift_probe'
  await database.run(`CREATE TABLE ${probe} (id int)`, 'tables')
  try {
    await database.run(`CREATE TRIGGER ${probe} BEFORE INSERT ON ${probe} FOR EACH ROW SET NEW.id = 1`, 'triggers')
    await database.run(`CREATE PROCEDURE ${probe}() SELECT 1`, 'procedures')
    await database.run(`DROP PROCEDURE ${probe}`, 'procedures')
  } finally {
    await database.run(`DROP TABLE ${probe}`, 'tables')
  }
}

async function createTables(database: WorldDatabase, request: SourceWorldRequest): Promise<void> {
  for (const statement of sessionStatements) await database.run(statement, 'the session')
  for (const statement of mysqlSchema(request.release)) await database.run(statement, 'the schema')
  if (request.edgeRows) for (const statement of driftStatements) await database.run(statement, 'the schema')
}

async function fillTables(
  database: WorldDatabase,
  outline: Outline,
  batchBytes: number,
  request: SourceWorldRequest,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  let allRows = 0
  for (const source of worldTables(outline)) {
    const { table } = source
    let rows = 0
    let uncommitted = 0
    let inFlight: Promise<unknown> = Promise.resolve()
    try {
      for (const batch of encodeInserts(source, outline.columnsOf(table), batchBytes)) {
        // While the server works on one batch, the next one is made.
        await inFlight
        inFlight = database.send(batch.sql, table)
        // Its failure is met at the next `await inFlight`; until then nobody listens.
        inFlight.catch(() => undefined)
        rows += batch.rows
        allRows += batch.rows
        uncommitted += batch.sql.length
        if (uncommitted >= commitBytes) {
          await inFlight
          await database.run('COMMIT', table)
          uncommitted = 0
          request.onProgress({ table, rows, allRows })
        }
        // Lets the socket take the batch before the next one keeps this thread busy.
        await setImmediate()
      }
    } finally {
      await inFlight
    }
    await database.run('COMMIT', table)
    counts.set(table, rows)
    request.onProgress({ table, rows, allRows })
  }
  return counts
}

async function addEdgeRows(database: WorldDatabase, outline: Outline, counts: Map<string, number>): Promise<void> {
  await database.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'", 'the session')
  for (const edge of edgeCasesOf(outline.release)) {
    await database.run(edgeStatement(edge, outline.columnsOf(edge.table)), edge.table)
    counts.set(edge.table, (counts.get(edge.table) ?? 0) + 1)
  }
  await database.run('COMMIT', 'edge rows')
  await database.run("SET SESSION sql_mode = ''", 'the session')
}

async function finish(database: WorldDatabase, outline: Outline): Promise<void> {
  for (const { table, nextId } of advancedCounters) {
    await database.run(`ALTER TABLE ${table} AUTO_INCREMENT = ${nextId}`, table)
  }
  // The mode that 3scale creates them in is stored with each of them.
  await database.run("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES'", 'the session')
  for (const statement of mysqlTriggers(outline.release)) await database.run(statement, 'triggers')
}
