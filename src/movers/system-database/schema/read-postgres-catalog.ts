import type { PostgresSession } from '../postgres-session.ts'
import {
  type ForeignKeyAction,
  literal,
  quotePostgres,
  type TargetDefault,
  type TargetIndexPart,
  type TargetSchema,
  type TargetTable,
} from './target-schema.ts'

/**
 * Reads what is really in schema `public`, in the same form as a plan.
 *
 * Source of truth: PostgreSQL manual, "System Catalogs".
 */
export async function readPostgresCatalog(session: PostgresSession): Promise<TargetSchema> {
  const read = async (what: string, sql: string) => session.query(sql, `reading the catalog (${what})`)
  const byTable = async (what: string, sql: string) => Map.groupBy(await read(what, sql), (row) => row[0] ?? '')
  const columns = await byTable('columns', columnsSql)
  const keys = await byTable('keys', constraintsSql)
  const indexes = await byTable('indexes', indexesSql(session.major))
  const triggers = await byTable('triggers', triggersSql)
  const peculiarities = await byTable('peculiarities', peculiaritiesSql)
  const tables = await read('tables', tablesSql)
  const next = await nextValues(
    session,
    [...columns.values()].flatMap((rows) => rows.flatMap((row) => row[5] ?? [])),
  )
  return {
    tables: tables.map(([name]): TargetTable => {
      const table = name ?? ''
      const constraints = keys.get(table) ?? []
      const primary = constraints.find((row) => row[2] === 'p')
      const own = columns.get(table) ?? []
      const owner = own.find((row) => row[5] !== null)
      const sequence = owner?.[5] ?? ''
      return {
        name: table,
        columns: own.map((row) => ({
          name: row[1] ?? '',
          type: row[2] ?? '',
          nullable: row[3] === 'f',
          default: row[5] === null ? bareDefault(row[4] ?? null) : null,
        })),
        primaryKey: primary === undefined ? null : { name: primary[1] ?? '', columns: list(primary[3]) },
        indexes: (indexes.get(table) ?? []).map((row) => ({
          name: row[1] ?? '',
          unique: row[2] === 't',
          parts: list(row[3]).map(indexPart),
          special: row[4] ?? null,
        })),
        foreignKeys: constraints
          .filter((row) => row[2] === 'f')
          .map((row) => ({
            name: row[1] ?? '',
            columns: list(row[3]),
            refTable: row[4] ?? '',
            refColumns: list(row[5]),
            onDelete: actions[row[6] ?? ''] ?? 'no action',
            onUpdate: actions[row[7] ?? ''] ?? 'no action',
          })),
        sequence:
          owner === undefined ? null : { name: sequence, column: owner[1] ?? '', next: next.get(sequence) ?? 1n },
        triggers: (triggers.get(table) ?? []).map((row) => row[1] ?? ''),
        peculiarities: (peculiarities.get(table) ?? []).map((row) => row[1] ?? ''),
      }
    }),
  }
}

/** What each sequence gives next; asked of the sequences, for the catalog does not tell a fresh one from one set back. */
async function nextValues(
  session: PostgresSession,
  sequences: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  if (sequences.length === 0) return new Map()
  const each = sequences.map(
    (name) => `SELECT ${literal(name)}, last_value + is_called::int::numeric FROM public.${quotePostgres(name)}`,
  )
  const rows = await session.query(each.join(' UNION ALL '), 'reading the sequences')
  return new Map(rows.map(([name, value]) => [name ?? '', BigInt(value ?? '1')]))
}

const actions: Readonly<Record<string, ForeignKeyAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
}

const inPublic = `n.nspname = 'public'`
const tablesSql = `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${inPublic} AND c.relkind IN ('r', 'p') ORDER BY 1`
const columnsSql = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text::char(1),
    pg_get_expr(d.adbin, d.adrelid), s.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN (pg_depend p JOIN pg_class s ON s.oid = p.objid AND s.relkind = 'S')
    ON p.refobjid = c.oid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i')
    AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
    AND s.relnamespace = c.relnamespace
  WHERE ${inPublic} AND c.relkind IN ('r', 'p')
  ORDER BY c.relname, a.attnum`
const constraintsSql = `SELECT c.relname, k.conname, k.contype,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
    f.relname,
    (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, n)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
    k.confdeltype, k.confupdtype
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class f ON f.oid = k.confrelid
  WHERE ${inPublic} AND k.contype IN ('p', 'f') ORDER BY c.relname, k.conname`
/** An index is ordinary when nothing follows its columns in its definition, and nothing is said of how they are sorted. */
const indexesSql = (major: number) => `SELECT t.relname, i.relname, x.indisunique::text::char(1),
    (SELECT json_agg(pg_get_indexdef(x.indexrelid, g.n, true) ORDER BY g.n) FROM generate_series(1, ${keyColumns(major)}) g(n)),
    nullif(substring(pg_get_indexdef(x.indexrelid) FROM position(' USING ' IN pg_get_indexdef(x.indexrelid))),
      ' USING btree (' || (SELECT string_agg(pg_get_indexdef(x.indexrelid, g.n, false), ', ' ORDER BY g.n)
        FROM generate_series(1, ${keyColumns(major)}) g(n)) || ')')
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE ${inPublic} AND NOT x.indisprimary ORDER BY t.relname, i.relname`
const triggersSql = `SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${inPublic} AND NOT t.tgisinternal ORDER BY 1, 2`
/** Without those that an index only carries along, which are none before 11. */
function keyColumns(major: number): string {
  return major < 11 ? 'x.indnatts' : 'x.indnkeyatts'
}
// What no plan asks for, and what makes a table that looks as planned behave in another way.
const tableOf = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`
const peculiaritiesSql = `
  SELECT c.relname, 'the table is not logged: a crash empties it' FROM ${tableOf} WHERE ${inPublic} AND c.relkind = 'r' AND c.relpersistence <> 'p'
  UNION ALL SELECT c.relname, 'row security hides rows of the table' FROM ${tableOf} WHERE ${inPublic} AND c.relkind = 'r' AND c.relrowsecurity
  UNION ALL SELECT c.relname, 'trigger ' || t.tgname || ' is not enabled for ordinary sessions'
    FROM pg_trigger t JOIN ${tableOf} ON c.oid = t.tgrelid WHERE ${inPublic} AND t.tgenabled <> 'O'
  UNION ALL SELECT c.relname, 'constraint ' || k.conname || ' was not checked against the rows'
    FROM pg_constraint k JOIN ${tableOf} ON c.oid = k.conrelid WHERE ${inPublic} AND NOT k.convalidated
  UNION ALL SELECT c.relname, 'constraint ' || k.conname || ' is deferrable'
    FROM pg_constraint k JOIN ${tableOf} ON c.oid = k.conrelid WHERE ${inPublic} AND k.condeferrable
  UNION ALL SELECT c.relname, 'constraint ' || k.conname || ' is not planned'
    FROM pg_constraint k JOIN ${tableOf} ON c.oid = k.conrelid WHERE ${inPublic} AND k.contype IN ('c', 'x', 'u')
  UNION ALL SELECT c.relname, 'index ' || i.relname || ' is not usable, partial, or no btree'
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam JOIN ${tableOf} ON c.oid = x.indrelid
    WHERE ${inPublic} AND (NOT x.indisvalid OR x.indpred IS NOT NULL OR a.amname <> 'btree')
  UNION ALL SELECT c.relname, 'sequence ' || s.relname || ' does not count up by one from one'
    FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid JOIN pg_depend p ON p.objid = s.oid AND p.deptype IN ('a', 'i')
      AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass JOIN ${tableOf} ON c.oid = p.refobjid
    WHERE ${inPublic} AND (q.seqincrement <> 1 OR q.seqcycle OR q.seqmin > 1)
  UNION ALL SELECT c.relname, 'column ' || a.attname || ' does not take its default from its sequence'
    FROM pg_class s JOIN pg_depend p ON p.objid = s.oid AND p.deptype = 'a' AND p.classid = 'pg_class'::regclass
      AND p.refclassid = 'pg_class'::regclass JOIN ${tableOf} ON c.oid = p.refobjid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.refobjsubid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE ${inPublic} AND s.relkind = 'S'
      AND NOT EXISTS (SELECT FROM pg_depend u WHERE u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refobjid = s.oid)`

function list(json: string | null | undefined): readonly string[] {
  // json_agg of names gives an array of strings, or null for none.
  return json === null || json === undefined ? [] : (JSON.parse(json) as string[])
}

/** `'fix'::character varying` is the literal `fix`; what is no literal stays an expression. */
function bareDefault(expression: string | null): TargetDefault | null {
  if (expression === null) return null
  const quoted = /^'((?:[^']|'')*)'(?:::["a-z ]+(?:\(\d+(?:,\d+)?\))?)?$/s.exec(expression)
  if (quoted !== null) return { kind: 'literal', value: (quoted[1] ?? '').replaceAll("''", "'") }
  const bare = /^(?:-?[\d.]+|true|false)$/.test(expression)
  return bare ? { kind: 'literal', value: expression } : { kind: 'expression', sql: expression }
}

/** pg_get_indexdef quotes names where it must, and prints our prefixes in forms of its own. */
function indexPart(printed: string): TargetIndexPart {
  const name = '("(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)'
  const plain = new RegExp(`^${name}$`).exec(printed)
  if (plain !== null) return { kind: 'column', column: unquoted(plain[1] ?? '') }
  const left = new RegExp(`^"left"\\(${name}(?:::text)?, (\\d+)\\)$`).exec(printed.replace(/\((\S+)\)::text/, '$1'))
  if (left !== null) return { kind: 'prefix', column: unquoted(left[1] ?? ''), length: Number(left[2]), bytes: false }
  const part = new RegExp(`^[Ss](?:ubstring|UBSTRING)\\(${name}(?: FROM 1 FOR |, 1, )(\\d+)\\)$`).exec(printed)
  if (part !== null) return { kind: 'prefix', column: unquoted(part[1] ?? ''), length: Number(part[2]), bytes: true }
  return { kind: 'other', sql: printed }
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
