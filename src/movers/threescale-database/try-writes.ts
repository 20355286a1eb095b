import type { TriedWrites } from '../../ports/threescale-database.ts'
import { PostgresTarget } from '../system-database/postgres-target.ts'
import { readPostgresCatalog } from '../system-database/schema/read-postgres-catalog.ts'
import { quotePostgres as q } from '../system-database/schema/target-schema.ts'

/** So many of a table's newest rows are tried: they are what the triggers of today's 3scale made. */
const triedRows = 20
const copy = 'threeshift_trial'

/** See `ThreescaleDatabase.tryWrites`. */
export async function tryWrites(session: PostgresTarget): Promise<TriedWrites> {
  const { tables } = await readPostgresCatalog(session)
  const failing: string[] = []
  let tried = 0
  for (const { name, columns } of tables) {
    const outcome = await tryTrigger(
      session,
      name,
      columns.map((column) => column.name),
    )
    if (outcome === 'nothing to try') continue
    tried++
    if (outcome === 'fails') failing.push(name)
  }
  const sequences = tables.flatMap(({ name, sequence }) => (sequence === null ? [] : [{ name, sequence }]))
  const colliding: string[] = []
  for (const { name, sequence } of sequences) {
    const [[taken = null] = []] = await session.query(
      `SELECT max(${q(sequence.column)}) FROM public.${q(name)}`,
      `finding the last id of ${name}`,
    )
    if (taken !== null && BigInt(taken) >= sequence.next) colliding.push(name)
  }
  return { triggers: { tried, failing }, sequences: { tried: sequences.length, colliding } }
}

/** A table like the real one, with its trigger, gets rows without tenant: no key, no lock and no row of the real one is touched. */
async function tryTrigger(
  session: PostgresTarget,
  table: string,
  columns: readonly string[],
): Promise<'works' | 'fails' | 'nothing to try'> {
  const doing = `trying the trigger of ${table}`
  if (!columns.includes('tenant_id')) return 'nothing to try'
  const [[routine] = []] = await session.query(
    `SELECT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = to_regclass($1) AND t.tgname = $2 AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')`,
    doing,
    [`public.${q(table)}`, `${table}_tenant_id`],
  )
  if (routine === undefined || routine === null) return 'nothing to try'
  const values = columns.map((column) => (column === 'tenant_id' ? 'NULL' : q(column))).join(', ')
  const newest = `SELECT *, row_number() OVER () AS "${copy}_place" FROM
    (SELECT * FROM public.${q(table)} WHERE tenant_id IS NOT NULL ORDER BY 1 DESC LIMIT ${triedRows}) newest`
  await session.query('BEGIN', doing)
  try {
    await session.query(
      `CREATE TEMP TABLE ${copy} (LIKE public.${q(table)}) ON COMMIT DROP;
       CREATE TRIGGER trial BEFORE INSERT ON ${copy} FOR EACH ROW EXECUTE FUNCTION public.${q(routine)}();
       INSERT INTO ${copy} (${columns.map(q).join(', ')}) SELECT ${values} FROM (${newest}) n ORDER BY "${copy}_place"`,
      doing,
    )
    const [[rows, right] = []] = await session.query(
      `SELECT count(*), count(*) FILTER (WHERE given.tenant_id = n.tenant_id) FROM (${newest}) n
         JOIN (SELECT tenant_id, row_number() OVER (ORDER BY ctid) AS place FROM ${copy}) given ON given.place = "${copy}_place"`,
      doing,
    )
    if (rows === '0') return 'nothing to try'
    return right === '0' ? 'fails' : 'works'
  } finally {
    await session.query('ROLLBACK', doing)
  }
}

/** Opens a session for it. Faults: DB_*. Abort: closes the connection. */
export async function tryWritesAt(...[database, signal]: Parameters<typeof PostgresTarget.open>): Promise<TriedWrites> {
  const session = await PostgresTarget.open(database, signal)
  try {
    return await tryWrites(session)
  } finally {
    await session.close()
  }
}
