import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { Stop } from '../../src/base/stop.ts'
import type { Decisions } from '../../src/model/decision.ts'
import { type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

const replaceAll: Decisions = {
  'zero-date': 'replace',
  'invalid-date': 'replace',
  'time-out-of-range': 'replace',
  'nul-byte': 'replace',
  'undecodable-text': 'replace',
  'boolean-out-of-range': 'replace',
  orphan: 'quarantine',
}

const hasCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code

/** Copies with every decision made, and expects it to verify equal. */
async function copyAndVerify(databases: Databases, decisions: Decisions = replaceAll) {
  const copied = await mover.copy(moveRequest(databases, { decisions }))
  assert.equal(copied.verdict, 'copied')
  const verified = await mover.verify(moveRequest(databases))
  assert.deepEqual(verified.differences, [])
  assert.deepEqual(verified.declared, { cells: copied.changed, rows: copied.setAside })
  return copied
}

test('a user who may only SELECT is refused, for the rules of foreign keys are hidden from it', async () => {
  const databases = await freshDatabases(servers)
  const { database } = databases.source
  await databases.mysql(
    'CREATE TABLE p (id int PRIMARY KEY)',
    'CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id))',
    `CREATE USER reader_${database} IDENTIFIED BY 'pw'`,
    `GRANT SELECT ON ${database}.* TO reader_${database}`,
  )
  const source = { ...databases.source, user: `reader_${database}`, password: new Secret('pw') }
  await assert.rejects(mover.copy(moveRequest({ ...databases, source })), hasCode('DB_FOREIGN_KEYS_HIDDEN'))
  await databases.mysql(`GRANT REFERENCES ON ${database}.* TO reader_${database}`)
  await copyAndVerify({ ...databases, source })
})

test('a server-wide limit on rows does not cut the copy', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t SELECT seq FROM seq_1_to_50')
  await databases.mysql('SET GLOBAL sql_select_limit = 7')
  try {
    const copied = await copyAndVerify(databases)
    assert.equal(copied.tables[0]?.rows, 50)
  } finally {
    await databases.mysql('SET GLOBAL sql_select_limit = DEFAULT')
  }
})

test('versioned tables are carried, sequences and foreign engines are named', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE v (id int PRIMARY KEY, x int) WITH SYSTEM VERSIONING',
    'INSERT INTO v VALUES (1, 1)',
    'UPDATE v SET x = 2',
    'CREATE SEQUENCE s',
    'CREATE TABLE m (id int PRIMARY KEY) ENGINE = MyISAM',
    'CREATE TRIGGER own BEFORE INSERT ON m FOR EACH ROW SET NEW.id = NEW.id',
  )
  const { notes } = await copyAndVerify(databases)
  assert.deepEqual(await databases.postgres('SELECT x FROM v'), [['2']])
  for (const word of ['v keeps its history', 's is a sequence', 'm is of the engine MyISAM', 'trigger own']) {
    assert.ok(notes.join('\n').includes(word), word)
  }
})

test('text that has no counterpart in Unicode is found, and never becomes a question mark unseen', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (id int PRIMARY KEY, g varchar(9) CHARACTER SET greek, c varchar(9) CHARACTER SET cp1251, l varchar(9) CHARACTER SET latin1)',
    "INSERT INTO t VALUES (1, x'e1', x'cf', x'80'), (2, x'd2ff', x'98', x'81')",
  )
  const report = await mover.assess(moveRequest(databases))
  assert.deepEqual(
    report.findings.map(({ class: valueClass, column, examples }) => [valueClass, column, ...examples]),
    [
      ['undecodable-text', 'g', '2'],
      ['undecodable-text', 'c', '2'],
    ],
  )
  await copyAndVerify(databases)
  assert.deepEqual(await databases.postgres('SELECT g, c, l FROM t WHERE id = 1'), [['α', 'П', '€']])
})

test('defaults keep their bytes and are never run', async () => {
  const databases = await freshDatabases(servers)
  const texts = ['a\nb', "it's", 'back\\slash', '(current_user)', '(none)', '', 'tab\there', "nextval('x')"]
  const quoted = texts.map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)
  await databases.mysql(
    `CREATE TABLE t (id int PRIMARY KEY, ${quoted.map((text, i) => `c${i} varchar(40) DEFAULT ${text}`).join(', ')},
       d6 datetime(6) DEFAULT '2020-01-01 00:00:00.000000', t3 time(3) DEFAULT '01:02:03.500', at timestamp NULL DEFAULT '2020-01-01 00:00:00')`,
  )
  await copyAndVerify(databases)
  const [row = []] = await databases.postgres('INSERT INTO t (id) VALUES (1)', 'SELECT * FROM t')
  assert.deepEqual(row.slice(1), [...texts, '2020-01-01 00:00:00', '01:02:03.5', '2020-01-01 00:00:00+00'])
})

test('a 3scale of an unknown release is not taken for any other database', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY)',
    "INSERT INTO schema_migrations VALUES ('20190101000000')",
    'CREATE TABLE accounts (id bigint PRIMARY KEY)',
    'CREATE TABLE cinstances (id bigint PRIMARY KEY)',
  )
  await assert.rejects(mover.assess(moveRequest(databases)), hasCode('DB_RELEASE_UNKNOWN'))
})

test('names that PostgreSQL has no room for are changed and said: indexes of one name, and names of 64 bytes', async () => {
  const databases = await freshDatabases(servers)
  const long = 'i'.repeat(64)
  await databases.mysql(
    `CREATE TABLE a (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, x int, KEY same (x), KEY b (x), KEY ${long} (x))`,
    'CREATE TABLE b (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, x int, t text, u blob, KEY same (x), KEY head (t(20)), UNIQUE KEY bytes (u(4)))',
    'INSERT INTO a VALUES (7, 1)',
    `INSERT INTO b VALUES (9223372036854775806, 1, repeat('x', 9000), x'00ff00ff01')`,
  )
  const { notes } = await copyAndVerify(databases)
  assert.equal(notes.filter((note) => note.includes('is called')).length, 3)
  await assert.rejects(databases.postgres(`INSERT INTO b (u) VALUES ('\\x00ff00ff02')`), /bytes/)
  assert.deepEqual(await databases.postgres('INSERT INTO a (x) VALUES (2) RETURNING id'), [['8']])
  const name = 't'.repeat(64)
  const other = await freshDatabases(servers)
  await other.mysql(`CREATE TABLE ${name} (id int PRIMARY KEY)`)
  await assert.rejects(mover.copy(moveRequest(other)), hasCode('DB_NAME_TOO_LONG'))
})

test('orphans are judged as PostgreSQL will judge them, and changed or quarantined parents make them', async () => {
  const databases = await freshDatabases(servers, 'CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci')
  await databases.mysql(
    'CREATE TABLE p (k varchar(9) PRIMARY KEY)',
    'CREATE TABLE c (id int PRIMARY KEY, k varchar(9), CONSTRAINT c_p FOREIGN KEY (k) REFERENCES p (k))',
    "INSERT INTO p VALUES ('abc')",
    "INSERT INTO c VALUES (1, 'ABC'), (2, 'abc')",
    'CREATE TABLE z (id int(3) zerofill PRIMARY KEY, d date)',
    'CREATE TABLE y (id int PRIMARY KEY, z int(5) unsigned zerofill)',
    'CREATE TABLE chain (id int PRIMARY KEY, up int, d date, CONSTRAINT chain_up FOREIGN KEY (up) REFERENCES chain (id))',
    "INSERT INTO chain VALUES (1, NULL, '0000-00-00'), (2, 1, NULL), (3, 2, NULL), (4, NULL, NULL)",
  )
  const copied = await copyAndVerify(databases, { ...replaceAll, 'zero-date': 'quarantine', 'orphan@c.k': 'null' })
  assert.deepEqual([copied.changed, copied.setAside], [1, 3])
  assert.deepEqual(await databases.postgres('SELECT id, k FROM c ORDER BY id'), [
    ['1', null],
    ['2', 'abc'],
  ])
  assert.deepEqual(await databases.postgres('SELECT id FROM chain'), [['4']])
})

test('tables without a key account for equal rows one by one', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (d date, x int)',
    "INSERT INTO t VALUES ('0000-00-00', 1), ('0000-00-00', 1), ('1970-01-01', 1), ('2020-02-02', 2)",
    'CREATE TABLE q (s time, x int)',
    "INSERT INTO q VALUES ('30:00:00', 1), ('30:00:00', 1), ('01:00:00', 1)",
    'CREATE TABLE stamped (at timestamp NULL, k varchar(5) PRIMARY KEY)',
    "INSERT INTO stamped VALUES ('0000-00-00 00:00:00', 'a\\0b'), (NULL, 'ok')",
  )
  const copied = await copyAndVerify(databases, { ...replaceAll, 'time-out-of-range': 'quarantine' })
  assert.deepEqual([copied.changed, copied.setAside], [4, 2])
})

test('a ledger that declares what is not so does not pass', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE p (id int PRIMARY KEY)',
    'INSERT INTO p VALUES (1)',
    'CREATE TABLE t (id int PRIMARY KEY, d date, p int, CONSTRAINT t_p FOREIGN KEY (p) REFERENCES p (id))',
    "INSERT INTO t VALUES (1, '0000-00-00', 1), (2, '2020-02-02', 1), (3, '2021-03-03', 1)",
  )
  await copyAndVerify(databases, { ...replaceAll, 'zero-date': 'quarantine' })
  const says = async () =>
    (await mover.verify(moveRequest(databases))).differences.map((d) => ('says' in d ? d.says : d.kind))
  await databases.postgres(
    'DELETE FROM t WHERE id = 2',
    `INSERT INTO threeshift.row_set_aside VALUES ('t', '2', 'd', 'zero-date', '{"id": "32", "d": "323032302d30322d3032", "p": "31"}')`,
  )
  assert.deepEqual(await says(), ['the ledger calls a value zero-date that is not'])
  await databases.postgres(`UPDATE threeshift.row_set_aside SET cells = '{}' WHERE source_key = '2'`)
  assert.deepEqual(await says(), ['the ledger sets another row aside than the source holds'])
  await databases.postgres(
    `UPDATE threeshift.row_set_aside SET column_name = 'p', reason = 'orphan', cells = '{"id": "32", "d": "323032302d30322d3032", "p": "31"}' WHERE source_key = '2'`,
  )
  assert.deepEqual(await says(), ['the ledger calls a row an orphan that is not'])
})

test('a target that only looks as planned does not pass', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE p (id int NOT NULL AUTO_INCREMENT PRIMARY KEY)',
    'CREATE TABLE t (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, p int, x int, UNIQUE KEY once (x), CONSTRAINT t_p FOREIGN KEY (p) REFERENCES p (id))',
  )
  for (const [change, word] of [
    ['ALTER TABLE t ALTER id DROP DEFAULT', 'default'],
    ['DROP INDEX once; CREATE UNIQUE INDEX once ON t (x) WHERE false', 'partial'],
    [
      'ALTER TABLE t DROP CONSTRAINT t_p; ALTER TABLE t ADD CONSTRAINT t_p FOREIGN KEY (p) REFERENCES p (id) NOT VALID',
      'not checked',
    ],
    ['ALTER TABLE t DISABLE TRIGGER ALL', 'not enabled'],
    ['ALTER TABLE t SET UNLOGGED', 'not logged'],
    ['ALTER TABLE t ADD CHECK (id < 8)', 'not planned'],
    ['ALTER TABLE t ENABLE ROW LEVEL SECURITY', 'row security'],
    ['ALTER SEQUENCE t_id_seq INCREMENT -1 MINVALUE -5 MAXVALUE 9', 'count up'],
  ] as const) {
    await copyAndVerify(databases)
    await databases.postgres(change)
    const report = await mover.verify(moveRequest(databases))
    assert.equal(report.verdict, 'different', change)
    const said = report.differences.map((d) => ('says' in d ? d.says : '')).join('; ')
    assert.ok(said.includes(word), `${change}: ${said}`)
  }
})

test('a second copy does not take rows, views or keys away that others have put there since', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE t (id int PRIMARY KEY, v int)', 'INSERT INTO t VALUES (1, 1), (2, 2)')
  await copyAndVerify(databases)
  await copyAndVerify(databases)
  await databases.postgres('UPDATE t SET v = 9 WHERE id = 1')
  await assert.rejects(mover.copy(moveRequest(databases)), hasCode('DB_TARGET_HAS_ROWS'))
  await mover.copy(moveRequest(databases, { emptyTarget: true }))
  await databases.postgres('INSERT INTO t VALUES (99, 99)')
  await assert.rejects(mover.copy(moveRequest(databases)), hasCode('DB_TARGET_HAS_ROWS'))
  await databases.postgres('DELETE FROM t WHERE id = 99', 'CREATE SCHEMA mine', 'CREATE VIEW mine.v AS SELECT * FROM t')
  await assert.rejects(mover.copy(moveRequest(databases)), hasCode('DB_TARGET_DEPENDENTS'))
  assert.deepEqual(await databases.postgres('SELECT count(*) FROM mine.v'), [['2']])
})

test('a target that is not UTF-8, or whose role has odd defaults, is refused or put right', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE t (id int PRIMARY KEY, at datetime, v varchar(9))',
    "INSERT INTO t VALUES (1, '2020-01-01 12:00:00', 'é')",
  )
  const ascii = `${databases.target.database}_ascii`
  await databases.postgres(`CREATE DATABASE ${ascii} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`)
  const target = { ...databases.target, database: ascii }
  await assert.rejects(mover.copy(moveRequest({ ...databases, target })), hasCode('DB_TARGET_ENCODING'))
  for (const setting of [
    "timezone = 'America/New_York'",
    'default_transaction_read_only = on',
    'statement_timeout = 1',
    'idle_session_timeout = 1',
    "search_path = 'nowhere'",
    'standard_conforming_strings = off',
    "datestyle = 'German'",
    "bytea_output = 'escape'",
    'extra_float_digits = 0',
  ]) {
    await databases.postgres(`ALTER DATABASE ${databases.target.database} SET ${setting}`).catch(() => undefined)
  }
  await copyAndVerify(databases)
})

test('an abort is heard while a server is silent: in the handshake, on both sides', { timeout: 20_000 }, async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE t (id int PRIMARY KEY)')
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  try {
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    for (const side of ['source', 'target'] as const) {
      const stopping = new AbortController()
      const request = moveRequest(databases, { signal: stopping.signal, [side]: { ...databases[side], port } })
      const copying = mover.copy(request)
      setTimeout(() => stopping.abort(new Stop('operator')), 200)
      await assert.rejects(copying, (error) => error instanceof Stop)
    }
  } finally {
    silent.close()
  }
})

test('a decision for a column that does not exist is a usage fault, not silence', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE t (id int PRIMARY KEY)')
  await assert.rejects(
    mover.assess(moveRequest(databases, { decisions: { 'zero-date@tt.id': 'null' } })),
    (error) => error instanceof Fault && error.code === 'DB_DECISION_UNKNOWN' && error.exit === 64,
  )
})

test('a CA file that cannot be read is a fault that names it', async () => {
  const databases = await freshDatabases(servers)
  const tls = { kind: 'verified', checkHost: true, caFile: '/nosuch/ca.pem' } as const
  for (const side of ['source', 'target'] as const) {
    const request = moveRequest(databases, { [side]: { ...databases[side], tls } })
    await assert.rejects(mover.copy(request), hasCode('DB_TLS_FAILED'))
  }
})
