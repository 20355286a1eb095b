import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { freshDatabases, moveRequest, mover } from '../support/databases.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })

/** MySQL type, PostgreSQL type, and values: as written for MySQL → as PostgreSQL prints them (null: the same). */
const matrix: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    'tinyint(1)',
    'boolean',
    [
      ['0', 'f'],
      ['1', 't'],
    ],
  ],
  [
    'tinyint',
    'smallint',
    [
      ['-128', '-128'],
      ['127', '127'],
    ],
  ],
  [
    'tinyint(1) unsigned',
    'smallint',
    [
      ['0', '0'],
      ['255', '255'],
    ],
  ],
  ['smallint unsigned', 'integer', [['65535', '65535']]],
  ['mediumint unsigned', 'integer', [['16777215', '16777215']]],
  [
    'int',
    'integer',
    [
      ['-2147483648', '-2147483648'],
      ['2147483647', '2147483647'],
    ],
  ],
  [
    'int(6) unsigned zerofill',
    'bigint',
    [
      ['42', '42'],
      ['0', '0'],
      ['4294967295', '4294967295'],
    ],
  ],
  [
    'bigint',
    'bigint',
    [
      ['-9223372036854775808', '-9223372036854775808'],
      ['9223372036854775807', '9223372036854775807'],
    ],
  ],
  ['bigint unsigned', 'numeric(20,0)', [['18446744073709551615', '18446744073709551615']]],
  [
    'decimal(20,4)',
    'numeric(20,4)',
    [
      ['-9999999999999999.9999', '-9999999999999999.9999'],
      ['0', '0.0000'],
    ],
  ],
  [
    'decimal(6,2) zerofill',
    'numeric(6,2)',
    [
      ['3.5', '3.50'],
      ['0.25', '0.25'],
    ],
  ],
  [
    'float',
    'real',
    [
      ['16777216', '1.6777216e+07'],
      ['3.4028234663852886e38', '3.4028235e+38'],
      ['-0.1', '-0.1'],
    ],
  ],
  [
    'double',
    'double precision',
    [
      ['1e300', '1e+300'],
      ['0.1', '0.1'],
      ['-1.7976931348623157e308', '-1.7976931348623157e+308'],
    ],
  ],
  [
    'bit(1)',
    'bit(1)',
    [
      ["b'1'", '1'],
      ["b'0'", '0'],
    ],
  ],
  [
    'bit(10)',
    'bit(10)',
    [
      ["b'1000000001'", '1000000001'],
      ["b'1'", '0000000001'],
    ],
  ],
  [
    'year',
    'integer',
    [
      ['2155', '2155'],
      ['1901', '1901'],
    ],
  ],
  [
    'date',
    'date',
    [
      ["'1000-01-01'", '1000-01-01'],
      ["'9999-12-31'", '9999-12-31'],
      ["'0001-02-03'", '0001-02-03'],
    ],
  ],
  [
    'time',
    'time without time zone',
    [
      ["'00:00:00'", '00:00:00'],
      ["'24:00:00'", '24:00:00'],
    ],
  ],
  [
    'time(3)',
    'time(3) without time zone',
    [
      ["'12:34:56.700'", '12:34:56.7'],
      ["'00:00:00.000'", '00:00:00'],
    ],
  ],
  [
    'datetime',
    'timestamp without time zone',
    [
      ["'9999-12-31 23:59:59'", '9999-12-31 23:59:59'],
      ["'2024-02-29 00:00:00'", '2024-02-29 00:00:00'],
    ],
  ],
  [
    'datetime(6)',
    'timestamp(6) without time zone',
    [
      ["'2024-01-02 03:04:05.000001'", '2024-01-02 03:04:05.000001'],
      ["'2024-01-02 03:04:05.500000'", '2024-01-02 03:04:05.5'],
    ],
  ],
  ['timestamp NULL', 'timestamp with time zone', [["'2024-07-01 12:00:00'", '2024-07-01 12:00:00+00']]],
  ['char(5)', 'character varying(5)', [["'ab '", 'ab']]],
  [
    'varchar(5)',
    'character varying(5)',
    [
      ["'ab '", 'ab '],
      ["''", ''],
      ["_utf8mb4'日本語€ß'", '日本語€ß'],
    ],
  ],
  ['varchar(20) CHARACTER SET latin1', 'character varying(20)', [["_latin1 x'80e9819d'", '€é\u0081\u009d']]],
  ['varchar(20) CHARACTER SET cp1251', 'character varying(20)', [["_utf8mb4'Привет'", 'Привет']]],
  ['varchar(20) CHARACTER SET ucs2', 'character varying(20)', [["_utf8mb4'Ωmega'", 'Ωmega']]],
  ['varchar(20) CHARACTER SET ascii', 'character varying(20)', [["'plain'", 'plain']]],
  [
    'varchar(20) CHARACTER SET utf8mb4',
    'character varying(20)',
    [["_utf8mb4'😀 \\n\\t\\\\N \\\\.'", '😀 \n\t\\N \\.']],
  ],
  ['tinytext', 'text', [["'tiny'", 'tiny']]],
  ['longtext', 'text', [["repeat('x\\\\y\\n', 1000)", 'x\\y\n'.repeat(1000)]]],
  [
    "enum('a','b c','d''e')",
    'text',
    [
      ["'b c'", 'b c'],
      ["'d''e'", "d'e"],
      ["'nosuch'", ''],
    ],
  ],
  [
    "set('x','y','z')",
    'text',
    [
      ["'x,z'", 'x,z'],
      ["''", ''],
    ],
  ],
  ['binary(4)', 'bytea', [["x'00ff'", '\\x00ff0000']]],
  [
    'varbinary(4)',
    'bytea',
    [
      ["x'5c4e0a09'", '\\x5c4e0a09'],
      ["''", '\\x'],
    ],
  ],
  ['longblob', 'bytea', [["x'0001027f80ff'", '\\x0001027f80ff']]],
]

test('every type of MySQL arrives as the planned type with the same values, and verifies equal', async () => {
  const databases = await freshDatabases(servers)
  const columns = matrix.map(([type], i) => `c${i} ${type}`)
  const depth = Math.max(...matrix.map(([, , values]) => values.length))
  const rows = Array.from({ length: depth }, (_, row) => matrix.map(([, , values]) => values[row]))
  await databases.mysql(
    `CREATE TABLE matrix (id int PRIMARY KEY, ${columns.join(', ')}) ROW_FORMAT=DYNAMIC`,
    ...rows.map(
      (cells, row) => `INSERT INTO matrix VALUES (${[row, ...cells.map((cell) => cell?.[0] ?? 'NULL')].join(', ')})`,
    ),
  )

  const copied = await mover.copy(moveRequest(databases))
  assert.equal(copied.verdict, 'copied')
  const types = await databases.postgres(
    `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'matrix'::regclass AND attnum > 1 ORDER BY attnum`,
  )
  assert.deepEqual(
    types.flat(),
    matrix.map(([, type]) => type),
  )
  const stored = await databases.postgres('SET extra_float_digits = 1', 'SELECT * FROM matrix ORDER BY id')
  assert.deepEqual(
    stored.map((row) => row.slice(1)),
    rows.map((cells) => cells.map((cell) => cell?.[1] ?? null)),
  )

  const verified = await mover.verify(moveRequest(databases))
  assert.deepEqual(verified.differences, [])
  assert.equal(verified.verdict, 'equal')
})

test('defaults, generated columns and keys of a schema that is not 3scale’s are converted by the same rules', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    `CREATE TABLE parent (code varchar(10) NOT NULL, region int NOT NULL, PRIMARY KEY (region, code))`,
    `CREATE TABLE child (
       id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
       code varchar(10) DEFAULT 'it''s', region int, amount decimal(8,3) NOT NULL DEFAULT 1.500,
       active tinyint(1) NOT NULL DEFAULT 1, made timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
       doubled decimal(9,3) AS (amount * 2) STORED, flags bit(3) DEFAULT b'101',
       KEY by_amount (amount), UNIQUE KEY short_code (code(3)), FULLTEXT KEY words (code),
       CONSTRAINT child_parent FOREIGN KEY (region, code) REFERENCES parent (region, code) ON DELETE CASCADE ON UPDATE SET NULL
     ) AUTO_INCREMENT = 500`,
    `CREATE VIEW seen AS SELECT 1`,
    `INSERT INTO parent VALUES ('a', 1)`,
    `INSERT INTO child (code, region) VALUES ('a', 1)`,
  )
  const copied = await mover.copy(moveRequest(databases))
  assert.equal(copied.verdict, 'copied')
  const about = copied.notes.join('\n')
  for (const word of ['seen', 'doubled', 'made', 'words']) assert.ok(about.includes(word), `a note about ${word}`)
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')

  const [row] = await databases.postgres(
    `INSERT INTO parent VALUES ('it''s', 7)`,
    `INSERT INTO child (region) VALUES (7) RETURNING id, code, amount, active, flags, doubled, made > now() - interval '1 minute'`,
  )
  assert.deepEqual(row, ['501', "it's", '1.500', 't', '101', null, 't'])
  await assert.rejects(databases.postgres(`INSERT INTO child (code, region) VALUES ('no', 7)`), /child_parent/)
  await assert.rejects(
    databases.postgres(
      `INSERT INTO parent VALUES ('it''x', 8)`,
      `INSERT INTO child (code, region) VALUES ('it''x', 8)`,
    ),
    /short_code/,
  )
})

test('a spatial column is refused by name before anything is written', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql('CREATE TABLE places (id int PRIMARY KEY, spot point)')
  await assert.rejects(mover.copy(moveRequest(databases)), (error) => {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'DB_UNSUPPORTED_COLUMN')
    assert.match(error.message, /places\.spot is of type point/)
    return true
  })
  assert.deepEqual(
    await databases.postgres(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
    [],
  )
})

test('composite, text and missing keys all verify, and a changed row is named under each of them', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    'CREATE TABLE composite (a int, b varchar(10), v int, PRIMARY KEY (a, b))',
    "INSERT INTO composite VALUES (1, 'x', 1), (1, 'y,z', 2), (2, 'x', 3)",
    'CREATE TABLE textual (k varchar(20) PRIMARY KEY, v int)',
    "INSERT INTO textual VALUES ('secret-name', 1), ('other', 2)",
    'CREATE TABLE keyless (a int, b int)',
    'INSERT INTO keyless VALUES (1, 1), (1, 1), (NULL, 2)',
  )
  await mover.copy(moveRequest(databases))
  assert.equal((await mover.verify(moveRequest(databases))).verdict, 'equal')
  await databases.postgres(
    "UPDATE composite SET v = 9 WHERE b = 'y,z'",
    "UPDATE textual SET v = 9 WHERE k = 'secret-name'",
    'DELETE FROM keyless WHERE ctid = (SELECT min(ctid) FROM keyless WHERE a = 1)',
  )
  const report = await mover.verify(moveRequest(databases))
  assert.equal(report.verdict, 'different')
  const kinds = report.differences.map(
    (d) => `${d.table} ${d.kind}${d.kind === 'changed-row' ? ` ${d.columns.join()}` : ''}`,
  )
  assert.deepEqual(kinds, ['composite changed-row v', 'keyless missing-row', 'textual changed-row v'])
  assert.ok(!JSON.stringify(report).includes('secret-name'), 'a key that is a customer’s value is not shown')
})
