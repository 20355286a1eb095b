import type { PostgresTarget } from './postgres-target.ts'
import type { ForeignKeyAction, TargetSchema } from './target-schema.ts'

/**
 * Reads what is really in schema `public` of the target, in the same form as a plan.
 *
 * Source of truth: PostgreSQL manual, "System Catalogs".
 */
export async function readPostgresCatalog(target: PostgresTarget): Promise<TargetSchema> {
  const read = async (what: string, sql: string) => target.query(sql, `reading the catalog (${what})`)
  const columns = Map.groupBy(await read('columns', columnsSql), (row) => row[0] ?? '')
  const keys = Map.groupBy(await read('keys', constraintsSql), (row) => row[0] ?? '')
  const indexes = Map.groupBy(await read('indexes', indexesSql), (row) => row[0] ?? '')
  const triggers = Map.groupBy(await read('triggers', triggersSql), (row) => row[0] ?? '')
  const tables = await read('tables', tablesSql)
  return {
    tables: tables.map(([name]) => {
      const table = name ?? ''
      const constraints = keys.get(table) ?? []
      const primary = constraints.find((row) => row[2] === 'p')
      const own = columns.get(table) ?? []
      const owner = own.find((row) => row[5] !== null)
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
          parts: list(row[3]).map(barePart),
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
          owner === undefined
            ? null
            : { name: owner[5] ?? '', column: owner[1] ?? '', next: BigInt(owner[6] ?? '0') + 1n },
        triggers: (triggers.get(table) ?? []).map((row) => row[1] ?? ''),
      }
    }),
  }
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
// A sequence that was never used has no last value; its next one is its start value.
const columnsSql = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text::char(1),
    pg_get_expr(d.adbin, d.adrelid), s.relname,
    coalesce(pg_sequence_last_value(s.oid), (SELECT seqstart - 1 FROM pg_sequence WHERE seqrelid = s.oid))::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN (pg_depend p JOIN pg_class s ON s.oid = p.objid AND s.relkind = 'S')
    ON p.refobjid = c.oid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i')
    AND p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
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
const indexesSql = `SELECT t.relname, i.relname, x.indisunique::text::char(1),
    (SELECT json_agg(pg_get_indexdef(x.indexrelid, g.n, true) ORDER BY g.n) FROM generate_series(1, x.indnkeyatts) g(n))
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE ${inPublic} AND NOT x.indisprimary ORDER BY t.relname, i.relname`
const triggersSql = `SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${inPublic} AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1, 2`

function list(json: string | null | undefined): readonly string[] {
  // json_agg of names gives an array of strings, or null for none.
  return json === null || json === undefined ? [] : (JSON.parse(json) as string[])
}

/** `'fix'::character varying` is `fix`; what is no literal stays an expression in parentheses. */
function bareDefault(expression: string | null): string | null {
  if (expression === null) return null
  const quoted = /^'((?:[^']|'')*)'(?:::["a-z ]+(?:\(\d+(?:,\d+)?\))?)?$/s.exec(expression)
  if (quoted !== null) return (quoted[1] ?? '').replaceAll("''", "'")
  return /^(?:-?[\d.]+|true|false)$/.test(expression) ? expression : `(${expression})`
}

/** pg_get_indexdef quotes where it must; the plan never does. */
function barePart(part: string): string {
  if (/^"(?:[^"]|"")*"$/.test(part)) return part.slice(1, -1).replaceAll('""', '"')
  return /^[a-z_][a-z0-9_$]*$/.test(part) ? part : `(${part})`
}
