import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import type { Decisions } from '../../src/model/decision.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import type { CopyReport, MoveRequest } from '../../src/ports/system-database.ts'
import { type Databases, freshDatabases, moveRequest } from '../support/databases.ts'
import { startServer, temporaryFolder, withServers } from '../support/servers.ts'

// With a log, which is not believed about the time between two runs: a writer may keep out of it.
const servers = withServers({
  mariadb: { 'log-bin': 'log', 'server-id': '1', 'log-slave-updates': 'ON' },
  postgres: true,
})

/** A table of more than so many bytes is divided into ranges, and these into chunks. */
const dividing = (wholeTableBytes: number) =>
  systemDatabaseMover(systemClock, {
    smallTableBytes: wholeTableBytes,
    wholeTableBytes,
    rangeBytes: 700_000,
    chunkBytes: 256 * 1024,
  })
const mover = dividing(2_000_000)

const hasCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code
const ledgerSql = readFileSync(new URL('../../src/movers/system-database/copy/ledger.sql', import.meta.url), 'utf8')

/** Copies until a row that satisfies `when` (SQL over NEW) is about to be written to `threeshift.copied_range`. */
async function copyUntil(
  databases: Databases,
  when: string,
  changes: Partial<MoveRequest> = {},
  by = mover,
): Promise<void> {
  await databases.postgres(
    ledgerSql,
    `CREATE FUNCTION threeshift.cut() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF ${when} THEN RAISE EXCEPTION 'cut' USING ERRCODE = '57P01'; END IF;
        RETURN NEW;
      END $$`,
    'CREATE TRIGGER cut BEFORE INSERT ON threeshift.copied_range FOR EACH ROW EXECUTE FUNCTION threeshift.cut()',
  )
  await assert.rejects(by.copy(moveRequest(databases, changes)), hasCode('DB_CONNECTION_LOST'))
  await databases.postgres('DROP FUNCTION threeshift.cut CASCADE')
}

/** Two tables that go as a whole, one of many ranges, one with a key of two columns, and one that comes last. */
async function dividedSource(from = servers): Promise<Databases> {
  const databases = await freshDatabases(from)
  await databases.mysql(
    ...['steady', 'bystander'].flatMap((name) => [
      `CREATE TABLE ${name} (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, v varchar(100))`,
      `INSERT INTO ${name} SELECT seq, concat(md5(seq), md5(-seq)) FROM seq_1_to_8000`,
    ]),
    'CREATE TABLE divided (id int PRIMARY KEY, v varchar(100))',
    'INSERT INTO divided SELECT seq, concat(md5(seq), md5(-seq)) FROM seq_1_to_60000',
    'CREATE TABLE pairs (a int, b varchar(20), v varchar(100), PRIMARY KEY (a, b))',
    "INSERT INTO pairs SELECT seq DIV 100, concat('b', seq MOD 100), md5(seq) FROM seq_1_to_30000",
    'CREATE TABLE last (id int NOT NULL AUTO_INCREMENT PRIMARY KEY)',
    'INSERT INTO last SELECT seq FROM seq_1_to_10',
    'ANALYZE TABLE steady, bystander, divided, pairs, last',
  )
  return databases
}

const dividedTables = ['bystander', 'divided', 'pairs', 'steady']
/** At the end of a range in the middle, when some are whole, this one has chunks, and others have not begun. */
const midway = "NEW.table_name = 'divided' AND NEW.number = 3 AND NEW.complete"

/** The file of each table, which is another one when the table was made again. */
async function filesOf(databases: Databases): Promise<ReadonlyMap<string, string>> {
  const rows = await databases.postgres(
    "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
  )
  return new Map(rows.map(([name, file]) => [String(name), String(file)]))
}

/** Copies once more; gives the report, and which tables are new since. */
async function goOn(databases: Databases, changes: Partial<MoveRequest> = {}, by = mover) {
  const before = await filesOf(databases)
  const report = await by.copy(moveRequest(databases, changes))
  assert.equal(report.verdict, 'copied')
  const now = await filesOf(databases)
  return { report, fresh: [...before.keys()].filter((name) => now.get(name) !== before.get(name)).toSorted() }
}

function copiedAfresh(report: CopyReport): readonly string[] {
  const [note] = report.notes.filter((line) => line.includes('copied afresh'))
  return note === undefined ? [] : (/copied (.*): copied afresh/.exec(note)?.[1]?.split(', ') ?? [])
}

async function assertEqualNow(databases: Databases): Promise<void> {
  assert.deepEqual((await mover.verify(moveRequest(databases))).differences, [])
}

/** What happens at the source between the cut and the next run, and which tables that run has to copy afresh. */
const happenings: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['nothing has happened since', [], []],
  [
    'a row was changed in a table that is whole, by a writer who keeps out of the log',
    ['SET SESSION sql_log_bin = 0', "UPDATE steady SET v = 'x' WHERE id = 2000"],
    ['steady'],
  ],
  ['a row was changed in a chunk that is in', ["UPDATE divided SET v = 'x' WHERE id = 3"], ['divided']],
  ['a row was deleted from a chunk that is in', ["DELETE FROM pairs WHERE a = 1 AND b = 'b7'"], ['pairs']],
  ['a row was added behind the last key of a table that is whole', ["INSERT INTO steady (v) VALUES ('x')"], ['steady']],
  ['a row was added between keys that are in', ["INSERT INTO pairs VALUES (0, 'c', 'x')"], ['pairs']],
  [
    'rows were changed where the copy had not come yet',
    ["INSERT INTO divided VALUES (1000000, 'x')", "UPDATE divided SET v = 'x' WHERE id = 59999", 'DELETE FROM last'],
    [],
  ],
  ['an id was given and taken back', ["INSERT INTO steady (v) VALUES ('x')", 'DELETE FROM steady WHERE id > 8000'], []],
]

describe('a copy that was cut off is gone on with, when', () => {
  for (const [name, statements, changed] of happenings) {
    test(name, async () => {
      const databases = await dividedSource()
      await copyUntil(databases, midway)
      assert.deepEqual([...(await filesOf(databases)).keys()].toSorted(), dividedTables)
      if (statements.length > 0) await databases.mysql(...statements)
      const { report, fresh } = await goOn(databases)
      assert.equal(report.resumed, true)
      assert.deepEqual(copiedAfresh(report), changed)
      assert.deepEqual(fresh, changed)
      await assertEqualNow(databases)
    })
  }
})

test('rows are in together with what the ledger says of them, or not at all', async () => {
  for (const when of ["NEW.table_name = 'divided' AND NEW.number = 3 AND NEW.last_key IS NOT NULL", midway]) {
    const databases = await dividedSource()
    await copyUntil(databases, when)
    const noted = await databases.postgres(
      'SELECT table_name, sum(rows)::bigint FROM threeshift.copied_range GROUP BY table_name ORDER BY table_name',
    )
    const counts = dividedTables.map((name) => `SELECT '${name}', count(*) FROM ${name}`).join(' UNION ALL ')
    assert.deepEqual(await databases.postgres(`${counts} ORDER BY 1`), noted)
  }
})

/** Keys of every sort that a table can be gone on by: definition, and the key of row number `seq`. */
const keys: readonly (readonly [string, string, string])[] = [
  ['k bigint', 'k', '(cast(seq AS int) - 3000) * 1000000000000'],
  ['k bigint unsigned', 'k', '18446744073709551615 - seq'],
  ['k varchar(40)', 'k', 'md5(seq)'],
  ['k varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci', 'k', "concat(IF(seq MOD 2, 'ä', 'Z'), md5(seq))"],
  ['k char(40)', 'k', "concat('é', md5(seq))"],
  ['k varbinary(40)', 'k', 'unhex(md5(seq))'],
  ['k decimal(20,4)', 'k', '(cast(seq AS int) - 3000) / 7'],
  ['k datetime(6)', 'k', "'2024-01-01' + INTERVAL seq * 1000003 MICROSECOND"],
  ['k int, l varchar(40), m date', 'k, l, m', "seq DIV 1000, md5(seq DIV 10), '2024-01-01' + INTERVAL seq DAY"],
]

test('a table is gone on with after the last key that is in, by keys of every sort', async () => {
  for (const [definition, key, values] of keys) {
    const databases = await freshDatabases(servers)
    await databases.mysql(
      `CREATE TABLE t (${definition}, v varchar(100), PRIMARY KEY (${key}))`,
      `INSERT INTO t SELECT ${values}, concat(md5(seq), md5(-seq), md5(seq + 1)) FROM seq_1_to_9000`,
      'ANALYZE TABLE t',
    )
    const whole = dividing(400_000)
    await copyUntil(databases, 'NEW.complete', { streams: 1 }, whole)
    const [[rows] = []] = await databases.postgres(
      'SELECT sum(rows) FROM threeshift.copied_range WHERE last_key IS NOT NULL',
    )
    assert.ok(Number(rows) > 1000, `${definition}: ${String(rows)} rows were in`)
    const { report, fresh } = await goOn(databases, {}, whole)
    assert.deepEqual([report.resumed, fresh, copiedAfresh(report)], [true, [], []], definition)
    await assertEqualNow(databases)
  }
})

const decided = (action: 'null' | 'replace'): Decisions => ({ 'zero-date': action })

test('a copy with other decisions than the one that was cut off starts afresh', async () => {
  const databases = await dividedSource()
  await databases.mysql(
    'CREATE TABLE dates (id int PRIMARY KEY, d date, v varchar(100))',
    "INSERT INTO dates SELECT seq, IF(seq = 5, '0000-00-00', '2024-01-01'), md5(seq) FROM seq_1_to_100",
  )
  await copyUntil(databases, midway, { decisions: decided('null') })
  const { report, fresh } = await goOn(databases, { decisions: decided('replace') })
  assert.equal(report.resumed, false)
  assert.deepEqual(
    fresh,
    [...(await filesOf(databases)).keys()].filter((name) => name !== 'last' && name !== 'dates').toSorted(),
  )
  assert.equal(report.changed, 1)
  assert.deepEqual(await databases.postgres('SELECT target_value FROM threeshift.changed_value'), [
    [`\\x${Buffer.from('1970-01-01').toString('hex')}`],
  ])
  await assertEqualNow(databases)
})

const moveLastKey = (databases: Databases, by: number) =>
  databases.postgres(
    `UPDATE threeshift.copied_range SET last_key = ARRAY[convert_to((convert_from(last_key[1], 'UTF8')::int + ${by})::text, 'UTF8')]
      WHERE table_name = 'divided' AND number = 3`,
  )

describe('a ledger that is not true', () => {
  test('about how far a range came is found when the source is read again', async () => {
    for (const by of [7, -7]) {
      const databases = await dividedSource()
      await copyUntil(databases, midway)
      await moveLastKey(databases, by)
      const { report } = await goOn(databases)
      assert.deepEqual(copiedAfresh(report), ['divided'])
      await assertEqualNow(databases)
    }
  })

  test('about a table that is whole is found when it is read back, and the next run copies that table afresh', async () => {
    const databases = await dividedSource()
    await copyUntil(databases, midway)
    await databases.postgres('DELETE FROM steady WHERE id = 9')
    await assert.rejects(mover.copy(moveRequest(databases)), hasCode('DB_STORED_DIFFERENTLY'))
    const { fresh, report } = await goOn(databases)
    assert.equal(report.resumed, true)
    assert.ok(fresh.includes('steady') && !fresh.includes('bystander'), fresh.join())
    await assertEqualNow(databases)
  })
})

test('an index that the sessions of a killed run are still building is not built beside them', async () => {
  const databases = await dividedSource()
  await databases.mysql('ALTER TABLE divided ADD KEY by_v (v)')
  await copyUntil(databases, midway)
  const { host, port, user, password, database } = databases.target
  const blocker = new Client({ host, port, user, password: password.reveal('hold a lock'), database })
  await blocker.connect()
  try {
    // As long as this is held, an index is begun and does not come to its end.
    await blocker.query('BEGIN')
    await blocker.query('LOCK TABLE divided IN ROW EXCLUSIVE MODE')
    const first = mover.copy(moveRequest(databases)).catch((error: unknown) => error)
    await until(() =>
      isTrue(
        databases,
        `EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE%INDEX%')`,
      ),
    )
    // What a process leaves behind that is killed: sessions at work, and nobody who holds the claim.
    await databases.postgres(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    const second = mover.copy(moveRequest(databases))
    assert.ok(hasCode('DB_CONNECTION_LOST')(await first))
    await blocker.query('ROLLBACK')
    assert.equal((await second).verdict, 'copied')
  } finally {
    await blocker.end()
  }
  await assertEqualNow(databases)
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(2)
}

async function isTrue(databases: Databases, condition: string): Promise<boolean> {
  const [[value] = []] = await databases.postgres(`SELECT ${condition}`)
  return value === 't'
}

test('a target that is full in the middle of a chunk is gone on with as soon as it has space', async (context) => {
  const dir = temporaryFolder()
  const own = await startServer('postgres', { dir: join(dir, 'postgres') })
  const space = join(dir, 'space')
  mkdirSync(space)
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', space]).status === 0
  try {
    const { uid } = statSync(`/proc/${own.pid}`)
    if (!mount(`size=2m,mode=700,uid=${uid}`)) {
      context.skip('this needs the right to mount a small file system')
      return
    }
    const databases = await dividedSource({ ...servers, postgres: () => own })
    await databases.postgres(`CREATE TABLESPACE small LOCATION '${space}'`)
    await databases.postgres(`ALTER DATABASE ${databases.target.database} SET default_tablespace = small`)
    await assert.rejects(mover.copy(moveRequest(databases)), hasCode('DB_TARGET_FULL'))
    const [[chunks] = []] = await databases.postgres(
      'SELECT count(*) FROM threeshift.copied_range WHERE last_key IS NOT NULL',
    )
    assert.ok(Number(chunks) > 0, 'some of a range was in')
    assert.ok(mount(`remount,size=100m`))
    const { report, fresh } = await goOn(databases)
    assert.deepEqual([report.resumed, fresh], [true, []])
    await assertEqualNow(databases)
  } finally {
    await own.stop()
    spawnSync('umount', [space])
    rmSync(dir, { recursive: true, force: true })
  }
})
