import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalFromTarget } from '../../src/movers/system-database/verify/canonical.ts'
import { CanonicalRow } from '../../src/movers/system-database/verify/canonical-row.ts'
import { writeFromTarget } from '../../src/movers/system-database/verify/canonical-target.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import type { Difference, VerifyReport } from '../../src/ports/system-database.ts'
import { TupleFields } from '../../src/wire/postgres/tuple-fields.ts'
import { type Databases, freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

async function copied(...statements: readonly string[]): Promise<Databases> {
  const databases = await freshDatabases(servers)
  await databases.mysql(...statements)
  assert.equal((await mover.copy(moveRequest(databases))).verdict, 'copied')
  assert.deepEqual((await verify(databases)).differences, [])
  return databases
}

function verify(databases: Databases): Promise<VerifyReport> {
  return mover.verify(moveRequest(databases))
}

function inWords(difference: Difference): string {
  if (difference.kind === 'changed-row') return `changed ${difference.key} ${difference.columns.join()}`
  return 'key' in difference ? `${difference.kind} ${difference.key}` : difference.kind
}

test('every value of a wide table is seen: one changed cell of 500 columns is named', async () => {
  const kinds = ['int', 'varchar(9)', 'datetime']
  const columns = Array.from({ length: 500 }, (_, i) => `c${i} ${kinds[i % 3]}`)
  const cells = Array.from({ length: 500 }, (_, i) => ['7', "'text'", "'2020-02-03 04:05:06'"][i % 3])
  const databases = await copied(
    `CREATE TABLE wide (id int PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO wide VALUES (1, ${cells.join(', ')}), (2, ${cells.join(', ')})`,
  )
  for (const [change, column] of [
    ['c0 = 8', 'c0'],
    ["c250 = ''", 'c250'],
    ['c250 = NULL', 'c250'],
    ["c497 = c497 + interval '1 microsecond'", 'c497'],
    ["c499 = 'texu'", 'c499'],
  ] as const) {
    await databases.postgres(`UPDATE wide SET ${change} WHERE id = 2`)
    assert.deepEqual((await verify(databases)).differences.map(inWords), [`changed 2 ${column}`], change)
    await databases.postgres(`UPDATE wide SET ${column} = (SELECT ${column} FROM wide WHERE id = 1)`)
  }
})

test('keys are found wherever they lie: negative, beyond 2^53, unsigned, at both ends, and outside the other side’s range', async () => {
  const databases = await copied(
    'CREATE TABLE low (id bigint PRIMARY KEY, v int)',
    'INSERT INTO low VALUES (-9000, 1), (-1, 2), (0, 3), (5, 4), (123456789, 5)',
    'CREATE TABLE high (id bigint unsigned PRIMARY KEY, v int)',
    'INSERT INTO high VALUES (0, 1), (9007199254740993, 2), (9007199254740992, 3), (18446744073709551615, 4)',
    'CREATE TABLE unsigned_low (id int(10) unsigned zerofill PRIMARY KEY, v int)',
    'INSERT INTO unsigned_low VALUES (1, 1), (4294967295, 2)',
    'CREATE TABLE nothing (id int PRIMARY KEY)',
  )
  await databases.postgres(
    'UPDATE low SET v = 9 WHERE id IN (-9000, 123456789)',
    'DELETE FROM low WHERE id = 0',
    'INSERT INTO low VALUES (-10000, 1), (200000000, 1)',
    'UPDATE high SET v = 9 WHERE id IN (9007199254740993, 18446744073709551615)',
    'UPDATE unsigned_low SET v = 9 WHERE id = 4294967295',
    'INSERT INTO nothing VALUES (7)',
  )
  const { differences } = await verify(databases)
  const of = (table: string) =>
    differences
      .filter((d) => d.table === table)
      .map(inWords)
      .toSorted()
  assert.deepEqual(of('low'), [
    'changed -9000 v',
    'changed 123456789 v',
    'extra-row -10000',
    'extra-row 200000000',
    'missing-row 0',
  ])
  assert.deepEqual(of('high'), ['changed 18446744073709551615 v', 'changed 9007199254740993 v'])
  assert.deepEqual(of('unsigned_low'), ['changed 4294967295 v'])
  assert.deepEqual(of('nothing'), ['extra-row 7'])
})

test('one key far from the others does not hide a difference among many: a bucket with many rows is divided again', async () => {
  const databases = await copied(
    'CREATE TABLE sparse (id bigint PRIMARY KEY, v int)',
    'INSERT INTO sparse SELECT seq, seq MOD 7 FROM seq_1_to_300000',
    'INSERT INTO sparse VALUES (900000000000000, 1)',
  )
  await databases.postgres(
    'UPDATE sparse SET v = 9 WHERE id = 123456',
    'DELETE FROM sparse WHERE id IN (300000, 900000000000000)',
  )
  const report = await verify(databases)
  assert.deepEqual(report.differences.map(inWords), [
    'changed 123456 v',
    'missing-row 300000',
    'missing-row 900000000000000',
  ])
  assert.equal(report.truncated, false)
})

test('more differences than are listed are said to be more, under every sort of key', async () => {
  const databases = await copied(
    ...['id int PRIMARY KEY', 'id varchar(20) PRIMARY KEY', 'id int'].flatMap((key, i) => [
      `CREATE TABLE many${i} (${key}, v int)`,
      `INSERT INTO many${i} SELECT seq, seq FROM seq_1_to_5000`,
    ]),
  )
  for (const table of ['many0', 'many1', 'many2']) {
    await databases.postgres(`UPDATE ${table} SET v = 0 WHERE v <= 20`)
    const listed = await verify(databases)
    assert.equal(listed.differences.length, 20)
    assert.equal(listed.truncated, table === 'many2', 'without a key a change is two differences')
    await databases.postgres(`UPDATE ${table} SET v = -1 WHERE v > 2500`)
    const cut = await verify(databases)
    assert.equal(cut.differences.length, 20)
    assert.equal(cut.truncated, true)
    await databases.postgres(`UPDATE ${table} SET v = id::int`)
  }
})

test('values of types that the copy does not make are compared as text', async () => {
  const databases = await copied(
    'CREATE TABLE t (id int PRIMARY KEY, v varchar(40), w datetime)',
    "INSERT INTO t VALUES (1, 'a', '2020-01-02 03:04:05'), (2, NULL, NULL)",
  )
  await databases.postgres('ALTER TABLE t ALTER v TYPE name, ALTER w TYPE text, ALTER id TYPE numeric')
  const { differences } = await verify(databases)
  assert.deepEqual([...new Set(differences.map(({ kind }) => kind))], ['schema'], 'the rows are still the same')
})

/** Types that are read in binary form, and values of them as PostgreSQL takes them. */
const binaryForms: readonly (readonly [type: string, values: readonly string[]])[] = [
  ['smallint', ['-32768', '32767', '0']],
  ['integer', ['-2147483648', '2147483647', '1000000000', '-10']],
  ['bigint', ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-9007199254740993', '4294967296']],
  [
    'numeric',
    ['0', '-0.5', '0.0001', '0.00001', '10000', '100000000', '1.50', '-12345678901234567890.00012300', '1e-20', '1e40'],
  ],
  ['numeric(20,0)', ['18446744073709551615', '0', '10000000000000000000']],
  ['numeric(30,10)', ['0', '0.0000000001', '-99999999999999999999.9999999999', '12.34']],
  ['numeric', ['NaN', 'Infinity', '-Infinity']],
  ['real', ['-0', '1.5e-45', '3.4028235e38', 'NaN', 'Infinity', '0.1']],
  ['double precision', ['-0', '5e-324', '1.7976931348623157e308', '-Infinity', '0.1']],
  ['boolean', ['t', 'f']],
  [
    'date',
    ['0001-01-01', '1582-10-04', '1900-02-28', '2000-02-29', '9999-12-31', '20000-03-01', '0044-03-15 BC', 'infinity'],
  ],
  ['time without time zone', ['00:00:00', '23:59:59.999999', '24:00:00', '01:02:03.04']],
  [
    'timestamp without time zone',
    [
      '0001-01-01 00:00:00',
      '1969-12-31 23:59:59.999999',
      '2000-01-01',
      '9999-12-31 23:59:59.9',
      '-infinity',
      '0044-03-15 BC',
    ],
  ],
  ['timestamp(3) with time zone', ['1000-01-01 00:00:00.125+00', '2038-01-19 03:14:08+00', 'infinity']],
  ['bit(1)', ['1', '0']],
  ['bit(10)', ['1000000001', '0000000001']],
  ['bit(64)', ['1'.repeat(64), `${'0'.repeat(63)}1`]],
  ['bytea', ['\\x', '\\x00ff5c']],
  ['text', ['', 'ä\\,']],
  ['character varying(9)', ['x']],
  ['character(5)', ['ab']],
  ['json', ['{"a": [1, 2]}']],
  ['uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000']],
]

test('the target’s binary values come to the same canonical form as their text', async () => {
  const databases = await freshDatabases(servers)
  const target = await PostgresTarget.open(databases.target, new AbortController().signal)
  try {
    for (const [type, values] of binaryForms) {
      const write = writeFromTarget(type)
      assert.ok(write !== null, type)
      for (const value of values) {
        const literal = `'${value}'::${type}`
        const [[text] = []] = await target.query(`SELECT ${literal}`, 'reading text')
        const row = new CanonicalRow(new TupleFields(1), [write])
        const rows = await target.copyRows(`COPY (SELECT ${literal}) TO STDOUT (FORMAT binary)`, 'reading binary')
        assert.ok((await rows.more()) && rows.next())
        row.read(rows.bytes, rows.start, rows.end)
        const plain = canonicalFromTarget(type)(Buffer.from(text ?? ''))
        assert.deepEqual(row.cell(0), plain, `${literal}: ${row.cell(0)?.toString()} ${plain.toString()}`)
        assert.equal(await rows.more(), false)
      }
    }
  } finally {
    await target.close()
  }
})
