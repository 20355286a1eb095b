import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { Secret } from '../../src/base/secret.ts'
import { sharePostgresSnapshot } from '../../src/movers/system-database/copy/share-postgres-snapshot.ts'
import { systemDatabaseMover } from '../../src/movers/system-database/mover.ts'
import { PostgresSource } from '../../src/movers/system-database/postgres-source.ts'
import { readPostgresSource } from '../../src/movers/system-database/schema/read-postgres-source.ts'
import type { MoveRequest } from '../../src/ports/system-database.ts'
import { freshPostgresPair, moveRequest, mover, type PostgresPair, urlOf } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ postgres: true })

const hasCode =
  (code: string, words = '') =>
  (error: unknown): true => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.includes(words), error.message)
    return true
  }

/** Copies, and expects both sides to be equal afterwards. */
async function copyAndVerify(pair: Pick<PostgresPair, 'source' | 'target'>, changes: Partial<MoveRequest> = {}) {
  const copied = await mover.copy(moveRequest(pair, changes))
  assert.equal(copied.verdict, 'copied')
  const verified = await mover.verify(moveRequest(pair))
  assert.deepEqual(verified.differences, [])
  assert.deepEqual(verified.declared, { cells: copied.changed, rows: copied.setAside })
  return copied
}

/** Types, and values of them as PostgreSQL takes them; each column has NULL and, where there is one, the empty value too. */
const types: readonly (readonly [type: string, ...values: string[]])[] = [
  ['boolean', 't', 'f'],
  ['smallint', '-32768', '32767'],
  ['integer', '-2147483648', '2147483647'],
  ['bigint', '-9223372036854775808', '9223372036854775807'],
  ['numeric', 'NaN', '1.50', '-0.00001', `1${'0'.repeat(200)}.${'3'.repeat(200)}`],
  ['numeric(20,4)', '-9999999999999999.9999', '0'],
  ['real', '-0', 'NaN', 'Infinity', '1e-45', '3.4028235e38'],
  ['double precision', '-0', 'NaN', '-Infinity', '5e-324', '1.7976931348623157e308'],
  ['date', 'infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '2000-02-29'],
  ['time without time zone', '00:00:00', '24:00:00', '23:59:59.999999'],
  ['time(3) with time zone', '12:34:56.789+05:45'],
  ['timestamp without time zone', 'infinity', '4713-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999'],
  ['timestamp(3) with time zone', '-infinity', '0044-03-15 12:00:00.125+00 BC', '2038-01-19 03:14:08-07'],
  ['interval', '1 year -2 mons +3 days 04:05:06.789', '24:00:00', '1 day'],
  ['text', '', 'äöü €😀\t\\N\n', 'x'.repeat(20_000)],
  ['character varying(5)', '', 'ab   ', '日本語'],
  ['character varying', 'z'],
  ['character(5)', '', 'ab'],
  ['"char"', 'c'],
  ['name', 'a name'],
  ['bytea', '\\x', '\\x00ff5c27', `\\x${'ab'.repeat(5000)}`],
  ['bit(3)', '101'],
  ['bit varying(9)', '', '1', '01', '000000001'],
  ['json', '{"a" : [1,  2], "a": null}', '""'],
  ['jsonb', '{"b": {"c": [1.50, null, "x"]}}', '[]'],
  ['xml', '<a>b</a>'],
  ['uuid', '00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['inet', '192.168.0.1/24', '::1'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['point', '(1.5,-2)'],
  ['int4range', 'empty', '[1,10)'],
  ['tsvector', "'a':1 'cat':5"],
  ['oid', '4294967295'],
  ['integer[]', '{}', '{1,NULL,3}', '[2:3]={7,8}'],
  ['text[]', '{"","a,b",NULL}', '{{a,b},{c,d}}'],
  ['timestamp without time zone[]', '{infinity,"2020-01-01 00:00:00"}'],
]

test('every type that a plain PostgreSQL has arrives with the same bytes, and verifies equal', async () => {
  const pair = await freshPostgresPair(servers)
  const depth = Math.max(...types.map((type) => type.length))
  const rows = Array.from({ length: depth }, (_, row) =>
    types.map(([type, ...values]) =>
      values[row] === undefined ? 'NULL' : `'${values[row].replaceAll("'", "''")}'::${type}`,
    ),
  )
  await pair.onSource(
    `CREATE TABLE t (id int PRIMARY KEY, ${types.map(([type], i) => `c${i} ${type}`).join(', ')})`,
    ...rows.map((cells, row) => `INSERT INTO t VALUES (${row}, ${cells.join(', ')})`),
  )
  await copyAndVerify(pair)
  const all = ['SET TimeZone = UTC', 'SET extra_float_digits = 1', 'SELECT * FROM t ORDER BY id'] as const
  assert.deepEqual(await pair.onTarget(...all), await pair.onSource(...all))
  for (const [i, [type]] of types.entries()) {
    const [[found] = []] = await pair.onTarget(
      `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c${i}'`,
    )
    assert.equal(found, type)
  }
})

test('defaults, keys, indexes and sequences of a schema that is not 3scale’s are the same on the target', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource(
    `CREATE TABLE parent (code varchar(10), region int, PRIMARY KEY (region, code))`,
    `CREATE TABLE child (id bigserial PRIMARY KEY, code varchar(10) DEFAULT 'it''s', region int, at timestamptz NOT NULL DEFAULT now(),
       tags text[] NOT NULL DEFAULT '{}', about jsonb DEFAULT '{"a": 1}', price numeric(8,3) DEFAULT -1.5, made int DEFAULT (1 + 2),
       CONSTRAINT child_parent FOREIGN KEY (region, code) REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL)`,
    `CREATE UNIQUE INDEX some_codes ON child (lower(code)) WHERE region > 5`,
    `CREATE INDEX newest ON child (at DESC, id) INCLUDE (price)`,
    `CREATE INDEX by_tag ON child USING gin (tags)`,
    `CREATE TABLE "Odd ""Name" (g int GENERATED ALWAYS AS IDENTITY, u int UNIQUE, CHECK (u < 100))`,
    `INSERT INTO parent VALUES ('a', 1)`,
    `INSERT INTO child (code, region, tags) VALUES ('a', 1, '{x,y}'), ('a', 1, '{}')`,
    `DELETE FROM child WHERE id = 2`,
    `INSERT INTO "Odd ""Name" (u) VALUES (1)`,
    `CREATE TABLE fresh (id serial PRIMARY KEY)`,
  )
  const { notes } = await copyAndVerify(pair)
  assert.deepEqual(
    await pair.onTarget(`INSERT INTO child (region) VALUES (NULL) RETURNING id, code, tags, about, price, made`),
    [['3', "it's", '{}', '{"a": 1}', '-1.500', '3']],
  )
  assert.deepEqual(await pair.onTarget(`INSERT INTO "Odd ""Name" (u) VALUES (5) RETURNING g`), [['2']])
  assert.deepEqual(await pair.onTarget('INSERT INTO fresh DEFAULT VALUES RETURNING id'), [['1']])
  const indexes = `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`
  assert.deepEqual(await pair.onTarget(indexes), await pair.onSource(indexes))
  for (const words of ['identity', 'check constraint', 'becomes a unique index']) {
    assert.ok(
      notes.some((note) => note.includes(words)),
      words,
    )
  }
})

test('what is not carried is named, and nothing of it stands in the way', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource(
    'CREATE FUNCTION double(x int) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT x * 2$$',
    'CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$',
    'CREATE SEQUENCE lonely',
    `CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('lonely'), x int DEFAULT double(2), y int GENERATED ALWAYS AS (x + 1) STORED, z text COLLATE "C")`,
    'CREATE INDEX doubled ON t (double(x))',
    'CREATE TRIGGER touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()',
    'CREATE RULE ruled AS ON DELETE TO t DO ALSO SELECT 1',
    'CREATE VIEW seen AS SELECT 1 AS one',
    'CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one',
    'CREATE SCHEMA other',
    'CREATE TABLE other.p (id int PRIMARY KEY)',
    'INSERT INTO other.p VALUES (1)',
    'CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES other.p)',
    'INSERT INTO c VALUES (1, 1)',
    'INSERT INTO t (id, x) VALUES (1, 20)',
    'CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)',
    `CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`,
    `CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')`,
    `INSERT INTO parts VALUES (1, '2020-05-05'), (2, '2021-05-05')`,
    'CREATE TABLE heir (extra int) INHERITS (t)',
    'INSERT INTO heir VALUES (7, 8, DEFAULT, $$z$$, 9)',
    'CREATE UNLOGGED TABLE quick (id int)',
    'ALTER TABLE c ADD n int GENERATED BY DEFAULT AS IDENTITY (INCREMENT 10)',
    'SELECT lo_create(0)',
  )
  const { notes } = await copyAndVerify(pair)
  assert.deepEqual(await pair.onTarget('SELECT * FROM t'), [['1', '20', '21', null]])
  assert.deepEqual(await pair.onTarget('SELECT id FROM parts ORDER BY 1'), [['1'], ['2']])
  assert.deepEqual(await pair.onTarget('SELECT * FROM heir'), [['7', '8', '9', 'z', '9']])
  const said = notes.join('\n')
  for (const words of [
    'routine double',
    'trigger touched of t',
    'rule ruled',
    'sequence lonely',
    'default of t.id',
    'default of t.x',
    't.y is a generated column',
    'collation of t.z',
    'doubled of t',
    'view seen',
    'materialized view kept',
    'schema other',
    'c_p_fkey of c cannot',
    'parts is partitioned',
    'heir inherits',
    'quick is not logged',
    'Large objects',
    'c_n_seq counts up by one',
  ]) {
    assert.ok(said.includes(words), `${words}: ${said}`)
  }
})

test('a column of a type that the target would not have is refused by name before anything is written', async () => {
  for (const [make, column, type] of [
    [`CREATE TYPE mood AS ENUM ('sad')`, 'm mood', 'mood'],
    ['CREATE TYPE pair AS (a int)', 'm pair[]', 'pair[]'],
    ['CREATE DOMAIN positive AS int CHECK (VALUE > 0)', 'm positive', 'positive'],
    ['SELECT 1', 'm regclass', 'regclass'],
    ['SELECT 1', 'm money', 'money'],
  ] as const) {
    const pair = await freshPostgresPair(servers)
    await pair.onSource(make, `CREATE TABLE t (id int PRIMARY KEY, ${column})`)
    await assert.rejects(mover.copy(moveRequest(pair)), hasCode('DB_UNSUPPORTED_COLUMN', `t.m is of type ${type}`))
    assert.deepEqual(await pair.onTarget(`SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`), [])
  }
})

test('composite, text and missing keys verify, and each kind of difference is named under each of them', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource(
    'CREATE TABLE composite (a int, b varchar(10), v text, PRIMARY KEY (a, b))',
    `INSERT INTO composite VALUES (1, 'x', ''), (1, 'y,z', NULL), (2, 'x', 'c')`,
    'CREATE TABLE textual (k text PRIMARY KEY, v int)',
    `INSERT INTO textual VALUES ('secret-name', 1), ('other', 2)`,
    'CREATE TABLE by_uuid (k uuid PRIMARY KEY, v numeric)',
    `INSERT INTO by_uuid VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1.5)`,
    'CREATE TABLE keyless (a int, b int)',
    'INSERT INTO keyless VALUES (1, 1), (1, 1), (NULL, 2)',
    'CREATE TABLE whole (id bigint PRIMARY KEY, v bit varying(5))',
    `INSERT INTO whole SELECT n, '1' FROM generate_series(-5, 1000) n`,
  )
  await copyAndVerify(pair)
  await pair.onTarget(
    `UPDATE composite SET v = NULL WHERE b = 'x' AND a = 1`,
    `UPDATE composite SET v = '' WHERE b = 'y,z'`,
    `UPDATE textual SET v = 9 WHERE k = 'secret-name'`,
    'UPDATE by_uuid SET v = 1.50',
    'DELETE FROM keyless WHERE ctid = (SELECT min(ctid) FROM keyless WHERE a = 1)',
    'DELETE FROM whole WHERE id = -5',
    `INSERT INTO whole VALUES (2000, '1')`,
    `UPDATE whole SET v = '01' WHERE id = 700`,
  )
  const report = await mover.verify(moveRequest(pair))
  const said = report.differences
    .map((d) => [d.table, d.kind, ...('columns' in d ? d.columns : [])].join(' '))
    .toSorted()
  assert.deepEqual(said, [
    'by_uuid changed-row v',
    'composite changed-row v',
    'composite changed-row v',
    'keyless missing-row',
    'textual changed-row v',
    'whole changed-row v',
    'whole extra-row',
    'whole missing-row',
  ])
  assert.ok(!JSON.stringify(report).includes('secret-name'), 'a key that is a customer’s value is not shown')
})

test('rows that name no parent are found, need a decision, and are accounted for', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource(
    'CREATE TABLE p (id int PRIMARY KEY)',
    'INSERT INTO p VALUES (1)',
    'CREATE TABLE c (id int PRIMARY KEY, p int, v jsonb)',
    `INSERT INTO c VALUES (1, 1, '{}'), (2, 77, '{"x": 1}'), (3, NULL, NULL)`,
    'ALTER TABLE c ADD CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p NOT VALID',
    'CREATE TABLE d (c int REFERENCES c, p numeric NOT NULL)',
    'ALTER TABLE d DISABLE TRIGGER ALL',
    'INSERT INTO d VALUES (1, 1.0), (88, 1.00)',
    'CREATE TABLE n (k numeric PRIMARY KEY)',
    'INSERT INTO n VALUES (5)',
    'CREATE TABLE m (k numeric REFERENCES n)',
    'ALTER TABLE m DISABLE TRIGGER ALL',
    'INSERT INTO m VALUES (5.0), (6.0), (6.00)',
  )
  const assessed = await mover.assess(moveRequest(pair))
  assert.deepEqual(assessed.findings.map((f) => `${f.class} ${f.table} ${f.column} ${f.count}`).toSorted(), [
    'orphan c p 1',
    'orphan d c 1',
    'orphan m k 2',
  ])
  assert.deepEqual(assessed.tables.find(({ name }) => name === 'p')?.rows, 1)
  assert.equal((await mover.copy(moveRequest(pair))).verdict, 'stopped')
  // Row 2 of c is set aside, and takes no child with it; the others lose their parent.
  const decisions = { orphan: 'quarantine', 'orphan@m.k': 'null' } as const
  const copied = await copyAndVerify(pair, { decisions })
  assert.deepEqual([copied.changed, copied.setAside], [2, 2])
  assert.deepEqual(await pair.onTarget('SELECT id FROM c ORDER BY 1'), [['1'], ['3']])
  assert.deepEqual(await pair.onTarget('SELECT k FROM m ORDER BY 1'), [['5.0'], [null], [null]])
})

test('a user who may not see everything is told what it lacks', async () => {
  const pair = await freshPostgresPair(servers)
  const user = `reader_${pair.source.database}`
  const as = { ...pair, source: { ...pair.source, user, password: new Secret('pw') } }
  const refused = (code: string, words: string) => assert.rejects(mover.copy(moveRequest(as)), hasCode(code, words))
  await pair.onSource(`CREATE ROLE ${user} LOGIN PASSWORD 'pw'`, 'CREATE TABLE t (id bigserial PRIMARY KEY, v int)')
  await pair.onSource('INSERT INTO t (v) VALUES (1), (2)')
  await refused('DB_FORBIDDEN', 'reading t')
  await pair.onSource(`GRANT SELECT ON t TO ${user}`)
  await refused('DB_FORBIDDEN', 't_id_seq')
  await pair.onSource(`GRANT SELECT ON t_id_seq TO ${user}`)
  await pair.onSource('ALTER TABLE t ENABLE ROW LEVEL SECURITY', 'CREATE POLICY ones ON t USING (v = 1)')
  await refused('DB_ROWS_HIDDEN', 'rows of t')
  await pair.onSource(`ALTER ROLE ${user} BYPASSRLS`)
  const { notes } = await copyAndVerify(as)
  assert.ok(notes.includes('The row security of t is not carried.'))
  const wrong = { ...as, source: { ...as.source, password: new Secret('wrong-canary') } }
  await assert.rejects(mover.copy(moveRequest(wrong)), hasCode('DB_LOGIN_REFUSED', `user ${user}`))
  const away = { ...as, source: { ...as.source, port: 1 } }
  await assert.rejects(mover.assess(moveRequest(away)), hasCode('DB_UNREACHABLE', 'source'))
  const unknown = { ...as, source: { ...as.source, database: 'nosuch' } }
  await assert.rejects(mover.assess(moveRequest(unknown)), hasCode('DB_UNKNOWN_DATABASE', 'source'))
})

test('a database is not copied into itself, whatever it is called', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource('CREATE TABLE t (id int PRIMARY KEY)')
  const target = { ...pair.source, host: 'localhost' }
  for (const verb of ['copy', 'verify'] as const) {
    await assert.rejects(mover[verb](moveRequest({ ...pair, target })), hasCode('DB_SAME_DATABASE'))
  }
  await assert.rejects(mover.assess(moveRequest({ ...pair, source: pair.target })), hasCode('DB_SOURCE_EMPTY'))
})

test('text of another encoding arrives as UTF-8, and text that is none stops the copy', async () => {
  const latin = await freshPostgresPair(servers, `ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
  await latin.onSource('CREATE TABLE t (k text PRIMARY KEY)', `INSERT INTO t VALUES ('é'), ('ß')`)
  await copyAndVerify(latin)
  assert.deepEqual(await latin.onTarget('SELECT k FROM t ORDER BY k'), [['ß'], ['é']])
  const ascii = await freshPostgresPair(servers, `ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`)
  await ascii.onSource('CREATE TABLE t (k text PRIMARY KEY)', String.raw`INSERT INTO t VALUES (E'\xe9')`)
  await assert.rejects(mover.copy(moveRequest(ascii)), hasCode('DB_TEXT_UNDECODABLE', 't'))
})

const never = new AbortController().signal

test('a table that is emptied between the snapshot and its first read is not taken for an empty one', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource('CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1)')
  const source = await PostgresSource.open(pair.source, never)
  const late = await PostgresSource.open(pair.source, never)
  try {
    await source.beginSnapshot()
    await readPostgresSource(source)
    await assert.rejects(pair.onSource(`SET lock_timeout = '50ms'`, 'TRUNCATE t'), /lock timeout/)
    await late.beginSnapshot()
    await source.close()
    await pair.onSource('TRUNCATE t')
    await assert.rejects(readPostgresSource(late), hasCode('DB_SOURCE_CHANGED', 'table t'))
  } finally {
    await source.close()
    await late.close()
  }
})

test('all sessions see one moment, and only the same moment again has its position', async () => {
  const pair = await freshPostgresPair(servers)
  await pair.onSource('CREATE TABLE t (id int PRIMARY KEY)', 'INSERT INTO t VALUES (1)')
  const first = await PostgresSource.open(pair.source, never)
  const second = await PostgresSource.open(pair.source, never)
  const opened: { close(): unknown }[] = [first, second]
  try {
    await first.beginSnapshot()
    const { sources, position, notes } = await sharePostgresSnapshot(first, 3)
    opened.push(...sources)
    assert.deepEqual([sources.length, notes], [3, []])
    await pair.onSource('INSERT INTO t VALUES (2)')
    for (const source of sources) {
      assert.deepEqual(await source.query('SELECT count(*) FROM t', 'counting'), [['1']])
      await assert.rejects(source.query('INSERT INTO t VALUES (9)', 'writing'), hasCode('DB_STATEMENT_FAILED', '25006'))
    }
    await second.beginSnapshot()
    assert.ok(position !== null && second.position !== null)
    assert.notEqual(second.position, position)
  } finally {
    for (const session of opened) await session.close()
  }
})

const limits = { smallTableBytes: 64 * 1024, wholeTableBytes: 1024 ** 2, rangeBytes: 1024 ** 2, chunkBytes: 128 * 1024 }
const program = fileURLToPath(new URL('../support/programs/db-command.ts', import.meta.url))

/** Kills a copy of its own process when so many chunks of the first ids are committed; true when it was still at work. */
async function killCopy(pair: PostgresPair, chunks: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, 'db', 'copy', '--source', 'env:SOURCE', '--target', 'env:TARGET'], {
    env: { ...process.env, SOURCE: urlOf(pair.source), TARGET: urlOf(pair.target), LIMITS: JSON.stringify(limits) },
    stdio: 'ignore',
  })
  const exited = once(child, 'exit')
  while (child.exitCode === null && !(await hasChunks(pair, chunks))) await setTimeout(5)
  child.kill('SIGKILL')
  await exited
  return child.signalCode === 'SIGKILL'
}

async function hasChunks(pair: PostgresPair, chunks: number): Promise<boolean> {
  const sql = `SELECT rows >= ${chunks * 1500} FROM threeshift.copied_range WHERE table_name = 'numbered' AND number = 0`
  const [[there] = []] = await pair.onTarget(sql).catch(() => [[]])
  return there === 't'
}

test('a killed copy is gone on with; what the source has changed since is copied afresh', async () => {
  const pair = await freshPostgresPair(servers)
  const limited = systemDatabaseMover(systemClock, limits)
  await pair.onSource(
    'CREATE TABLE numbered (id bigint PRIMARY KEY, v text)',
    `INSERT INTO numbered SELECT n, repeat(md5(n::text), 3) FROM generate_series(1, 60000) n`,
    'CREATE TABLE paired (a text, b timestamptz, v text, PRIMARY KEY (a, b))',
    `INSERT INTO paired SELECT 'k''\\' || n % 7, '2020-01-01'::timestamptz + n * interval '1.000001 s', repeat('x', 80) FROM generate_series(1, 40000) n`,
    'ANALYZE',
  )
  const key = (table: string) =>
    pair.onTarget(`SELECT rows FROM threeshift.copied_range WHERE table_name = '${table}' ORDER BY number`)
  assert.ok(await killCopy(pair, 3))
  const before = [await key('numbered'), await key('paired')]
  const resumed = await limited.copy(moveRequest(pair))
  assert.deepEqual([resumed.verdict, resumed.resumed], ['copied', true])
  assert.ok(before.flat(2).some((rows) => rows !== '0'))
  assert.deepEqual((await limited.verify(moveRequest(pair))).differences, [])

  // Another copy of the same, killed; the source changes below what is in already.
  await pair.onTarget('DROP SCHEMA threeshift CASCADE', 'DROP TABLE numbered, paired')
  assert.ok(await killCopy(pair, 3))
  await pair.onSource(`UPDATE numbered SET v = 'changed' WHERE id = 1`, `DELETE FROM numbered WHERE id = 30001`)
  const again = await limited.copy(moveRequest(pair))
  assert.equal(again.resumed, true)
  assert.ok(
    again.notes.some((note) => note.includes('numbered')),
    again.notes.join(),
  )
  assert.deepEqual((await limited.verify(moveRequest(pair))).differences, [])
})
