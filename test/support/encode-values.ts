import * as fc from 'fast-check'
import { planTargetSchema } from '../../src/movers/system-database/schema/plan-target-schema.ts'
import type { SourceColumn } from '../../src/movers/system-database/schema/source-catalog.ts'
import { mysqlDialect } from '../../src/movers/system-database/mysql-dialect.ts'
import { planMoves, type TableMove } from '../../src/movers/system-database/table-move.ts'

/** A column type of MySQL, and values of it that are of no class, as the server sends them for the codec's `select`. */
export interface ValuesOfType {
  readonly type: string
  readonly charset: string | null
  readonly values: fc.Arbitrary<Buffer>
}

/** The move of a table `encoded` with one column per type: `c0`, `c1` and so on. */
export function moveOfTypes(types: readonly Pick<ValuesOfType, 'type' | 'charset'>[]): TableMove {
  const table = {
    name: 'encoded',
    columns: types.map(({ type, charset }, i) => columnOf(`c${i}`, type, charset)),
    primaryKey: [],
    indexes: [],
    foreignKeys: [],
    nextId: null,
    engine: 'InnoDB',
    estimatedRows: 0,
    estimatedBytes: 0,
  }
  const facts = { product: 'mariadb', version: '10.11.0', release: null, tables: 1, snapshot: '' } as const
  const catalog = { facts, tables: [table], notes: [] }
  const [move] = planMoves(catalog, planTargetSchema(catalog).schema, mysqlDialect)
  if (move === undefined) throw new Error('no move was planned')
  return move
}

function columnOf(name: string, columnType: string, charset: string | null): SourceColumn {
  const dataType = /^[a-z]+/.exec(columnType)?.[0] ?? ''
  const [first = null, second = null] = [...columnType.matchAll(/\d+/g)].map(Number)
  return {
    name,
    dataType,
    columnType,
    nullable: true,
    default: null,
    defaultIsExpression: false,
    characterLength: first === null ? null : BigInt(first),
    numericPrecision: first,
    numericScale: second,
    fractionDigits: /^(?:time|datetime)/.test(dataType) ? (first ?? 0) : 0,
    charset,
    collation: charset === null ? null : `${charset}_bin`,
    autoIncrement: false,
    generated: false,
    updatesItself: false,
  }
}

const utf8Text = fc.oneof(
  fc.constantFrom('', '\u0001', '\u007f', '\uFFFF', '\u{10FFFF}', 'a'.repeat(64), 'é'.repeat(32), 'é'.repeat(33)),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', maxLength: 100 }),
)
const text = utf8Text.map((value) => Buffer.from(value.replaceAll('\0', '\t')))
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))

/** Every type that `planType` knows, with every way in which a character set is sent. */
export const valuesOfTypes: readonly ValuesOfType[] = [
  of('tinyint(1)', fc.constantFrom('0', '1')),
  of('tinyint(4)', whole(-128n, 127n)),
  of('tinyint(1) unsigned', whole(0n, 255n)),
  of('smallint(6)', whole(-(2n ** 15n), 2n ** 15n - 1n)),
  of('smallint(5) unsigned', whole(0n, 2n ** 16n - 1n)),
  of('mediumint(8) unsigned', whole(0n, 2n ** 24n - 1n)),
  of('mediumint(9)', whole(-(2n ** 23n), 2n ** 23n - 1n)),
  of('int(11)', whole(-(2n ** 31n), 2n ** 31n - 1n)),
  of('int(10) unsigned', whole(0n, 2n ** 32n - 1n)),
  of('int(6) unsigned zerofill', zerofill(whole(0n, 2n ** 32n - 1n), 6)),
  of('int(255) unsigned zerofill', zerofill(whole(0n, 2n ** 32n - 1n), 255)),
  of('bigint(20)', whole(-(2n ** 63n), 2n ** 63n - 1n)),
  of('bigint(20) unsigned', whole(0n, 2n ** 64n - 1n)),
  of('bigint(20) unsigned zerofill', zerofill(whole(0n, 2n ** 64n - 1n), 20)),
  ...[
    [20, 4],
    [6, 2],
    [10, 0],
    [65, 30],
    [30, 30],
    [5, 5],
    [38, 7],
    [9, 1],
  ].map(([precision = 0, scale = 0]) => of(`decimal(${precision},${scale})`, decimal(precision, scale))),
  of('decimal(8,2) unsigned zerofill', zerofill(decimal(8, 2, 0n), 9)),
  of('float', fc.float({ noNaN: true, noDefaultInfinity: true }).map(printed)),
  of(
    'float(7,4)',
    decimal(7, 4).map((value) => printed(Math.fround(Number(value)))),
  ),
  of('double', double()),
  of('double(12,2) zerofill', zerofill(decimal(12, 2, 0n), 12)),
  of('year(4)', whole(1901n, 2155n)),
  ...[1, 8, 10, 63, 64].map((bits) => ({ type: `bit(${bits})`, charset: null, values: bitsOf(bits) })),
  of('date', date()),
  ...[0, 1, 3, 6].flatMap((digits) => {
    const suffix = digits === 0 ? '' : `(${digits})`
    const ofDay = timeOf(digits)
    const late = fc.constant(`24:00:00${digits === 0 ? '' : `.${'0'.repeat(digits)}`}`)
    const moment = fc.tuple(date(), ofDay).map(([day, time]) => `${day} ${time}`)
    return [
      of(`time${suffix}`, fc.oneof({ weight: 9, arbitrary: ofDay }, late)),
      of(`datetime${suffix}`, moment),
      of(`timestamp${suffix}`, moment),
    ]
  }),
  ...['utf8mb3', 'utf8mb4', 'latin1', 'ucs2'].map((charset) => ({ type: 'varchar(2000)', charset, values: text })),
  { type: 'char(40)', charset: 'ascii', values: fc.stringMatching(/^[ -~]{0,40}$/).map((value) => Buffer.from(value)) },
  { type: 'longtext', charset: 'utf8mb4', values: text },
  {
    type: "enum('a','é')",
    charset: 'utf8mb3',
    values: fc.constantFrom('', 'a', 'é').map((value) => Buffer.from(value)),
  },
  { type: 'json', charset: null, values: fc.json().map((value) => Buffer.from(value)) },
  {
    type: 'tinytext',
    charset: 'cp1251',
    values: fc.constantFrom('', 'Привет', 'x').map((value) => Buffer.from(value)),
  },
  {
    type: "set('x','y','z')",
    charset: 'utf8mb3',
    values: fc.constantFrom('', 'x,z').map((value) => Buffer.from(value)),
  },
  {
    type: 'binary(4)',
    charset: null,
    values: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => Buffer.from(b)),
  },
  { type: 'varbinary(200)', charset: null, values: bytes },
  { type: 'longblob', charset: null, values: bytes },
]

function of(type: string, values: fc.Arbitrary<string>): ValuesOfType {
  return { type, charset: null, values: values.map((value) => Buffer.from(value, 'latin1')) }
}

function whole(min: bigint, max: bigint): fc.Arbitrary<string> {
  const edges = [min, max, 0n, -1n, 9n, 10n, 9999n, 10_000n, 2n ** 31n, 2n ** 32n, -(2n ** 32n), 10n ** 15n - 1n]
  const around = [
    10n ** 15n,
    2n ** 53n - 1n,
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    10n ** 18n,
    10n ** 16n,
    -(2n ** 63n) + 1n,
  ]
  const within = [...edges, ...around].filter((value) => value >= min && value <= max)
  const random = fc.bigInt({ min, max })
  const short = fc.tuple(random, fc.nat(19)).map(([value, digits]) => value % 10n ** BigInt(digits))
  const inside = short.map((value) => (value < min ? min : value))
  return fc.oneof(fc.constantFrom(...within), random, inside).map(String)
}

function zerofill(values: fc.Arbitrary<string>, width: number): fc.Arbitrary<string> {
  return values.map((value) => value.padStart(width, '0'))
}

/** Zeros are put at both ends often: they decide the form of a numeric. */
function decimal(precision: number, scale: number, sign = -1n): fc.Arbitrary<string> {
  const max = 10n ** BigInt(precision) - 1n
  const random = fc.bigInt({ min: sign * max, max: max })
  const sparse = fc
    .tuple(random, fc.nat(precision), fc.nat(precision))
    .map(([value, digits, zeros]) => (value % 10n ** BigInt(digits)) * 10n ** BigInt(zeros))
    .filter((value) => value <= max && value >= -max)
  return fc.oneof(fc.constantFrom(0n, 1n, sign, max, sign * max), random, sparse).map((value) => {
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
    const point = digits.length - scale
    return `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : '.'}${digits.slice(point)}`
  })
}

function double(): fc.Arbitrary<string> {
  const edges = [
    '0',
    '-0',
    '0.1',
    '-0.30',
    '1e22',
    '1e23',
    '123456789012345678',
    '9007199254740993',
    '0.000001',
    '8.5e15',
  ]
  const limits = [
    '5e-324',
    '2.2250738585072014e-308',
    '1.7976931348623157e308',
    '-1.7976931348623157e308',
    '1e-22',
    '1e-23',
  ]
  const short = fc.tuple(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), fc.integer({ min: -40, max: 40 }))
  return fc.oneof(
    fc.constantFrom(...edges, ...limits),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(printed),
    short.map(([digits, power]) => `${digits}e${power}`),
    decimal(17, 5),
  )
}

/** As MySQL prints a double: without a plus sign in the exponent. */
function printed(value: number): string {
  return String(value).replace('e+', 'e')
}

function bitsOf(count: number): fc.Arbitrary<Buffer> {
  const max = 2n ** BigInt(count) - 1n
  const width = Math.ceil(count / 8) * 2
  return fc
    .oneof(fc.constantFrom(0n, 1n, max), fc.bigInt({ min: 0n, max }))
    .map((value) => Buffer.from(value.toString(16).padStart(width, '0'), 'hex'))
}

function date(): fc.Arbitrary<string> {
  const edges = ['0001-01-01', '0001-12-31', '0004-02-29', '1582-10-04', '1582-10-10', '1582-10-15', '1899-12-31']
  const later = [
    '1900-02-28',
    '1970-01-01',
    '1999-12-31',
    '2000-01-01',
    '2000-02-29',
    '2000-03-01',
    '2038-01-19',
    '9999-12-31',
  ]
  const random = fc.tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 31 }),
  )
  return fc.oneof(
    fc.constantFrom(...edges, ...later),
    random.map(([year, month, day]) => {
      const longest = month === 2 ? 28 : [4, 6, 9, 11].includes(month) ? 30 : 31
      return `${pad(year, 4)}-${pad(month, 2)}-${pad(Math.min(day, longest), 2)}`
    }),
  )
}

function timeOf(digits: number): fc.Arbitrary<string> {
  const parts = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(10 ** digits - 1))
  return fc
    .oneof(fc.constant([0, 0, 0, 0] as const), fc.constant([23, 59, 59, 10 ** digits - 1] as const), parts)
    .map(([hour, minute, second, fraction]) => {
      const time = [hour, minute, second].map((part) => pad(part, 2)).join(':')
      return digits === 0 ? time : `${time}.${pad(fraction, digits)}`
    })
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/** A row as a packet of MySQL's text protocol has it. */
export function rowPacket(values: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(values.flatMap((value) => (value === null ? [Buffer.from([0xfb])] : [lengthOf(value), value])))
}

function lengthOf(value: Buffer): Buffer {
  if (value.length < 0xfb) return Buffer.from([value.length])
  const [first, width] = value.length < 0x1_0000 ? [0xfc, 2] : value.length < 0x100_0000 ? [0xfd, 3] : [0xfe, 8]
  const head = Buffer.alloc(1 + width)
  head[0] = first
  head.writeUIntLE(value.length, 1, Math.min(width, 6))
  return head
}
