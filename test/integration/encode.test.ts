import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { DanglingKeys } from '../../src/movers/system-database/values/dangling.ts'
import { encodePlain } from '../../src/movers/system-database/values/encode-plain.ts'
import { RowEncoder } from '../../src/movers/system-database/values/encode-row.ts'
import { MysqlSource } from '../../src/movers/system-database/mysql-source.ts'
import { planTargetSchema } from '../../src/movers/system-database/schema/plan-target-schema.ts'
import { PostgresTarget } from '../../src/movers/system-database/postgres-target.ts'
import { readMysqlCatalog } from '../../src/movers/system-database/schema/read-mysql-catalog.ts'
import { mysqlDialect } from '../../src/movers/system-database/mysql-dialect.ts'
import { planMoves, type TableMove } from '../../src/movers/system-database/table-move.ts'
import { createTable } from '../../src/movers/system-database/schema/target-ddl.ts'
import { transformRow } from '../../src/movers/system-database/values/transform.ts'
import { TupleFields } from '../../src/wire/postgres/tuple-fields.ts'
import { TupleWriter } from '../../src/wire/postgres/tuple-writer.ts'
import { CopyTextWriter } from '../support/copy-text.ts'
import { type Databases, freshDatabases } from '../support/databases.ts'
import { moveOfTypes, rowPacket, type ValuesOfType, valuesOfTypes } from '../support/encode-values.ts'
import { withServers } from '../support/servers.ts'

const servers = withServers({ mariadb: true, postgres: true })
const signal = new AbortController().signal

/** The same values every time: the unit tests look for others. */
const sample = (numRuns: number) => ({ numRuns, seed: 20_261_123 })

type Row = readonly (Buffer | null)[]

/** Fills a table by binary COPY; gives the tuples as they were sent. */
async function copyBinary(
  target: PostgresTarget,
  table: string,
  move: TableMove,
  rows: readonly Row[],
  encode: (row: Row, out: TupleWriter) => void,
): Promise<readonly Buffer[]> {
  const out = new TupleWriter()
  const ends: number[] = []
  out.begin()
  const start = out.at
  for (const row of rows) {
    encode(row, out)
    ends.push(out.at)
  }
  out.end()
  const message = out.take()
  const tuples = ends.map((end, i) => Buffer.from(message?.subarray(ends[i - 1] ?? start, end) ?? []))
  await send(target, `COPY ${table} (${columnsOf(move)}) FROM STDIN (FORMAT binary)`, message)
  return tuples
}

/** Fills a table by COPY text. */
async function copyText(target: PostgresTarget, table: string, move: TableMove, rows: readonly Row[]): Promise<void> {
  const writer = new CopyTextWriter()
  for (const row of rows) {
    for (const [position, value] of row.entries()) {
      const codec = move.columns[position]?.codec
      writer.field(value === null || codec === undefined ? null : codec.toPostgres(value))
    }
    writer.endRow()
  }
  const lines = writer.take()
  const head = Buffer.from('d\0\0\0\0')
  head.writeInt32BE(lines.length + 4, 1)
  await send(target, `COPY ${table} (${columnsOf(move)}) FROM STDIN (FORMAT text)`, Buffer.concat([head, lines]))
}

async function send(target: PostgresTarget, sql: string, message: Buffer | null): Promise<void> {
  const copy = await target.copyIn(sql, 'filling encoded')
  if (message !== null) await copy.write(message)
  await copy.end()
}

function columnsOf(move: TableMove): string {
  return move.target.columns.map(({ name }) => name).join(', ')
}

/** All tuples of a table, as PostgreSQL sends them, in the order in which they were sent to it: it stores them in another. */
async function tuplesOf(target: PostgresTarget, table: string, move: TableMove): Promise<readonly Buffer[]> {
  const tuples: Buffer[] = []
  const select = `SELECT ${columnsOf(move)} FROM ${table} ORDER BY sent`
  const rows = await target.copyRows(`COPY (${select}) TO STDOUT (FORMAT binary)`, 'reading encoded')
  while (await rows.more()) while (rows.next()) tuples.push(Buffer.from(rows.bytes.subarray(rows.start, rows.end)))
  return tuples
}

function assertSameTuples(move: TableMove, found: readonly Buffer[], wanted: readonly Buffer[], what: string): void {
  assert.equal(found.length, wanted.length, what)
  for (const [row, tuple] of wanted.entries()) {
    const other = found[row] ?? tuple
    if (other.equals(tuple)) continue
    const [one, two] = [fieldsOf(move, other), fieldsOf(move, tuple)]
    const position = two.findIndex((field, i) => field !== one[i])
    assert.equal(one[position], two[position], `${what}: row ${row}, a ${move.columns[position]?.targetType}`)
  }
}

/** The fields of a tuple in hexadecimal. */
function fieldsOf(move: TableMove, tuple: Buffer): readonly (string | null)[] {
  const fields = new TupleFields(move.columns.length)
  fields.parse(tuple, 0, tuple.length)
  return [...fields.starts].map((start, i) => (start < 0 ? null : tuple.toString('hex', start, fields.ends[i])))
}

/** Sends rows of no class by the fast encoder, by the plain one and as text, and holds the three tables equal. */
async function assertAllWaysEqual(target: PostgresTarget, move: TableMove, rows: readonly Row[]): Promise<void> {
  await makeTables(target, move)
  const encoder = new RowEncoder(move)
  const fast = await copyBinary(target, 'fast', move, rows, (row, out) => {
    const packet = rowPacket(row)
    assert.ok(encoder.encode(packet, 0, packet.length, out), 'every row is plain')
  })
  const plain = await copyBinary(target, 'plain', move, rows, (row, out) => encodePlain(move, row, out))
  await copyText(target, 'encoded', move, rows)
  const stored = await tuplesOf(target, 'encoded', move)
  assertSameTuples(move, plain, stored, 'the plain encoder sends what PostgreSQL makes of the text')
  assertSameTuples(move, fast, stored, 'and so does the fast one')
  for (const table of ['fast', 'plain']) {
    assertSameTuples(move, await tuplesOf(target, table, move), stored, `what is read from ${table} is what was sent`)
    for (const [one, other] of [[table, 'encoded'] as const, ['encoded', table] as const]) {
      const left = `SELECT count(*) FROM (SELECT t::text FROM ${one} t EXCEPT ALL SELECT t::text FROM ${other} t) AS d`
      assert.deepEqual(await target.query(left, 'comparing'), [['0']])
    }
  }
}

async function makeTables(target: PostgresTarget, move: TableMove): Promise<void> {
  await target.query(createTable(move.target), 'creating')
  for (const name of ['fast', 'plain']) await target.query(`CREATE TABLE ${name} (LIKE encoded)`, 'creating')
  for (const name of ['encoded', 'fast', 'plain']) {
    await target.query(`ALTER TABLE ${name} ADD sent bigint GENERATED ALWAYS AS IDENTITY`, 'creating')
  }
}

/** The source's table `encoded`: its move, and its rows as the server sends them. */
async function readEncoded(databases: Databases): Promise<{ readonly move: TableMove; readonly rows: readonly Row[] }> {
  const source = await MysqlSource.open(databases.source, signal)
  try {
    await source.beginSnapshot()
    const catalog = await readMysqlCatalog(source)
    const [move] = planMoves(catalog, planTargetSchema(catalog).schema, mysqlDialect)
    assert.ok(move !== undefined)
    const rows: Row[] = []
    const select = move.columns.map((column) => column.codec.select).join(', ')
    for await (const batch of source.read(`SELECT ${select} FROM encoded`, 'reading encoded')) {
      for (const row of batch) rows.push(row.map((value) => (value === null ? null : Buffer.from(value))))
    }
    return { move, rows }
  } finally {
    source.close()
  }
}

async function onTarget(databases: Databases, work: (target: PostgresTarget) => Promise<void>): Promise<void> {
  const target = await PostgresTarget.open(databases.target, signal)
  try {
    await work(target)
  } finally {
    await target.close()
  }
}

test('rows of every type are stored alike by the fast encoder, by the plain one and as text', async () => {
  const rows = fc.sample(
    fc.tuple(...valuesOfTypes.map(({ values }) => fc.option(values, { nil: null, freq: 9 }))),
    1500,
  )
  await onTarget(await freshDatabases(servers), (target) => {
    return assertAllWaysEqual(target, moveOfTypes(valuesOfTypes), rows)
  })
})

test('what a real server holds of every type is plain, and is stored alike in all three ways', async () => {
  const databases = await freshDatabases(servers)
  const columns = valuesOfTypes.map(({ type, charset }, i) => {
    return `c${i} ${type.replace(/( unsigned.*)?$/, '$1')}${charset === null ? '' : ` CHARACTER SET ${charset}`} NULL`
  })
  const literals = fc.tuple(
    ...valuesOfTypes.map((kind) => fc.option(kind.values, { nil: null, freq: 9 }).map((value) => literal(kind, value))),
  )
  const wanted = fc.sample(literals, sample(300))
  await databases.mysql(
    `CREATE TABLE encoded (${columns.join(', ')}) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
    ...wanted.map((row) => `INSERT INTO encoded VALUES (${row.join(', ')})`),
  )
  const { move, rows } = await readEncoded(databases)
  assert.equal(rows.length, wanted.length)
  await onTarget(databases, (target) => assertAllWaysEqual(target, move, rows))
})

function literal({ type, charset }: ValuesOfType, value: Buffer | null): string {
  if (value === null) return 'NULL'
  if (charset !== null || type === 'json') return `_utf8mb4 x'${value.toString('hex')}'`
  if (/^bit|binary|blob/.test(type)) return `x'${value.toString('hex')}'`
  // TIMESTAMP begins in 1970 and ends in 2038.
  if (!type.startsWith('timestamp')) return `'${value.toString('latin1')}'`
  const year = 1971 + (Number(value.toString('latin1', 0, 4)) % 66)
  return `'${year}${value.toString('latin1', 4).replace('-02-29', '-02-28')}'`
}

test('rows that are not plain are found, and stored after a decision as they are stored as text', async () => {
  const databases = await freshDatabases(servers)
  await databases.mysql(
    `CREATE TABLE encoded (id int, day date, moment datetime(6), seen timestamp(3) NULL, clock time(2), flag tinyint(1),
       words varchar(20) CHARACTER SET utf8mb4, western varchar(20) CHARACTER SET latin1, picture blob)`,
    `INSERT INTO encoded VALUES
       (1, '2020-01-01', '2020-01-01', '2020-01-01', '24:00:00', 1, 'plain', 'é', x'00ff'),
       (2, '0000-00-00', '2020-01-01', '2020-01-01', '24:00:00', 1, 'plain', 'é', x'00ff'),
       (3, '2020-00-10', '0000-00-00', '0000-00-00', '24:00:01.25', 7, 'n\\0l', 'n\\0l', x''),
       (4, NULL, '2020-00-10 01:02:03.45', NULL, '-01:00:00.5', -1, NULL, NULL, NULL),
       (5, '2021-01-01', '2021-01-00', '2021-01-01', '838:59:59', 0, '', '', x'00')`,
  )
  const { move, rows } = await readEncoded(databases)
  const decisions = {
    'zero-date': 'replace',
    'invalid-date': 'replace',
    'time-out-of-range': 'replace',
    'nul-byte': 'replace',
    'boolean-out-of-range': 'replace',
  } as const
  const encoder = new RowEncoder(move)
  const plain = rows.map((row) => encoder.encode(rowPacket(row), 0, rowPacket(row).length, new TupleWriter()))
  assert.deepEqual(plain, [true, false, false, false, false])
  const decided = rows.map((row): Row => {
    const outcome = transformRow(move, row, decisions, new DanglingKeys())
    if (outcome.kind !== 'changed') return row
    return row.map((value, i) => outcome.changes.find(({ position }) => position === i)?.value ?? value)
  })
  await onTarget(databases, (target) => assertAllWaysEqual(target, move, decided))
})

test('a text that is too long for its column is refused by PostgreSQL in both formats', async () => {
  const move = moveOfTypes([{ type: 'varchar(3)', charset: 'utf8mb4' }])
  const rows = [[Buffer.from('abéd')]]
  const encoder = new RowEncoder(move)
  await onTarget(await freshDatabases(servers), async (target) => {
    await makeTables(target, move)
    const refused = { code: 'DB_STATEMENT_FAILED', message: /22001/ }
    await assert.rejects(copyText(target, 'encoded', move, rows), refused)
    const binary = copyBinary(target, 'fast', move, rows, (row, out) => {
      assert.ok(encoder.encode(rowPacket(row), 0, rowPacket(row).length, out))
    })
    await assert.rejects(binary, refused)
  })
})
