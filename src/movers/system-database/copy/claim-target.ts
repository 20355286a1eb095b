import { describeAddress } from '../../../model/database-address.ts'
import type { CopyPart, MoveRequest } from '../../../ports/system-database.ts'
import { compareSchemas } from '../schema/compare-schemas.ts'
import { fault } from '../faults.ts'
import { emptyLedger } from './ledger.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import { readPostgresCatalog } from '../schema/read-postgres-catalog.ts'
import { quotePostgres, type TargetSchema } from '../schema/target-schema.ts'

/** What may be done with the target, found without changing it. */
export interface TargetClaim {
  /** True when the copy makes the tables, false when it fills those that are there. */
  readonly create: boolean
  readonly notes: readonly string[]
  /** Clears what an earlier copy left (and, where allowed, rows of an adopted schema), in one transaction. */
  readonly prepare: () => Promise<void>
}

/**
 * Makes sure that the target is this copy's to fill, and nobody else is filling it.
 *
 * Faults: DB_TARGET_BUSY, DB_TARGET_NOT_EMPTY, DB_TARGET_HAS_ROWS, DB_SCHEMA_UNFIT; nothing is changed then.
 */
export async function claimTarget(
  target: PostgresTarget,
  planned: TargetSchema,
  request: Pick<MoveRequest, 'schema' | 'emptyTarget'>,
): Promise<TargetClaim> {
  const address = describeAddress(target.address)
  // Held until the session ends.
  const [[free] = []] = await target.query(`SELECT pg_try_advisory_lock(${claimLock})`, 'locking the target')
  if (free !== 't') throw fault('DB_TARGET_BUSY', { address })
  await endOrphans(target)
  const actual = await readPostgresCatalog(target)
  const earlier = await earlierCopy(target)
  const claim =
    request.schema === 'create'
      ? await claimForCreation(target, actual, earlier, request.emptyTarget, address)
      : await claimForAdoption(target, planned, actual, earlier, request.emptyTarget, address)
  return { ...claim, notes: [...claim.notes, ...(await noteOnUser(target))] }
}

/** PostgreSQL's usual search path begins with a schema of the user's own name, and the ledger's is called as we are. */
async function noteOnUser(target: PostgresTarget): Promise<readonly string[]> {
  const sql = `SELECT quote_ident(current_database()) WHERE current_user = 'threeshift'`
  const [[database] = []] = await target.query(sql, 'asking who we are')
  if (database === undefined) return []
  return [
    "The database user threeshift has the name of the ledger's schema: what it creates later without naming a schema lands there and not in " +
      `public. Give 3scale another user, or run: ALTER ROLE threeshift IN DATABASE ${database} SET search_path = public.`,
  ]
}

/** Sessions that hold an advisory lock of this database, or wait for it. */
function holdersOf(lock: string): string {
  return `(SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) | objid::bigint = ${lock} AND pid <> pg_backend_pid()) AS holders`
}

/**
 * Makes this session, which holds the stream lock, the only one that fills a part: one that did so before is ended.
 *
 * A copy that claims the target from now on ends this session too. Faults: DB_TARGET_BUSY, when one has claimed it already.
 */
export async function claimPart(target: PostgresTarget, { table, range }: CopyPart): Promise<void> {
  const [[isClaimed] = []] = await target.query(
    `SELECT count(*) > 0 FROM ${holdersOf(claimLock)}`,
    'looking for a copy',
  )
  if (isClaimed === 't') throw fault('DB_TARGET_BUSY', { address: describeAddress(target.address) })
  const name = `threeshift part ${range} of ${table}`.replaceAll("'", "''")
  const lock = `hashtextextended('${name}', 0)`
  await target.query(`SELECT pg_terminate_backend(pid) FROM ${holdersOf(lock)}`, `taking over a part of ${table}`)
  await target.query(`SELECT pg_advisory_lock(${lock})`, `taking over a part of ${table}`)
}

/** Held by the copy that may fill the target, until its session ends. */
const claimLock = `hashtextextended('threeshift copy', 0)`

/** Held by every session that fills the target, shared; it outlives the claim where the copy's process was killed. */
export const streamLock = `hashtextextended('threeshift stream', 0)`

/**
 * Ends the sessions of a copy whose claim is gone, and waits for their end: a server works on at a statement (an index,
 * say) when nobody is there any more, and commits it.
 */
async function endOrphans(target: PostgresTarget): Promise<void> {
  const doing = 'ending what a copy that is gone still does'
  await target.query(`SELECT pg_terminate_backend(pid) FROM ${holdersOf(streamLock)}`, doing)
  await target.query(`SELECT pg_advisory_lock(${streamLock}), pg_advisory_unlock(${streamLock})`, doing)
}

/** What an earlier copy left here. */
interface EarlierCopy {
  /** Rows per table that it filled, and whether it also made the table. */
  readonly tables: ReadonlyMap<string, { readonly made: boolean; readonly rows: string }>
  /** The transaction that ended it, as PostgreSQL counts them in row headers; null when it was cut off. */
  readonly endedBy: string | null
}

async function earlierCopy(target: PostgresTarget): Promise<EarlierCopy> {
  const [[ledger] = []] = await target.query(`SELECT to_regclass('threeshift.copied_table')`, 'looking for the ledger')
  if (ledger === null) return { tables: new Map(), endedBy: null }
  const rows = await target.query('SELECT table_name, made, rows FROM threeshift.copied_table', 'reading the ledger')
  const [[endedBy = null] = []] = await target.query('SELECT ended_by FROM threeshift.copy', 'reading the ledger')
  return {
    tables: new Map(rows.map(([name, made, count]) => [name ?? '', { made: made === 't', rows: count ?? '' }])),
    endedBy,
  }
}

/** Tables of a finished copy that somebody has written to since: other rows than were copied, or newer ones. */
async function writtenSince(target: PostgresTarget, earlier: EarlierCopy): Promise<readonly string[]> {
  const { endedBy } = earlier
  if (endedBy === null) return []
  const written: string[] = []
  for (const [name, { rows }] of earlier.tables) {
    const table = `public.${quotePostgres(name)}`
    const [[there] = []] = await target.query('SELECT to_regclass($1)', `looking for ${name}`, [table])
    if (there === null) continue
    const [[count, newer] = []] = await target.query(
      `SELECT count(*), count(*) FILTER (WHERE xmin::text::bigint > $1) FROM ${table}`,
      `looking into ${name}`,
      [endedBy],
    )
    if (count !== rows || newer !== '0') written.push(name)
  }
  return written
}

async function claimForCreation(
  target: PostgresTarget,
  actual: TargetSchema,
  earlier: EarlierCopy,
  emptyTarget: boolean,
  address: string,
): Promise<TargetClaim> {
  const foreign = actual.tables.filter((table) => earlier.tables.get(table.name)?.made !== true)
  if (foreign.length > 0) {
    throw fault('DB_TARGET_NOT_EMPTY', { address, tables: some(foreign.map((table) => table.name)) })
  }
  const written = emptyTarget ? [] : await writtenSince(target, earlier)
  if (written.length > 0) throw fault('DB_TARGET_HAS_ROWS', { address, tables: some(written) })
  const tables = actual.tables.map((table) => `public.${quotePostgres(table.name)}`)
  return {
    create: true,
    notes: [],
    // All at once and never CASCADE: what somebody else has built on these tables is not ours to drop.
    prepare: () => clear(target, tables.length === 0 ? [] : [`DROP TABLE ${tables.join(', ')}`]),
  }
}

async function claimForAdoption(
  target: PostgresTarget,
  planned: TargetSchema,
  actual: TargetSchema,
  earlier: EarlierCopy,
  emptyTarget: boolean,
  address: string,
): Promise<TargetClaim> {
  const differences = compareSchemas(planned, actual)
  const unfit = differences.filter(({ aspect }) => aspect === 'table' || aspect === 'column' || aspect === 'sequence')
  if (unfit.length > 0) {
    throw fault('DB_SCHEMA_UNFIT', { address, differences: some(unfit.map(({ table, says }) => `${table}: ${says}`)) })
  }
  const filled = emptyTarget
    ? []
    : [...(await tablesWithRows(target, actual, earlier)), ...(await writtenSince(target, earlier))]
  if (filled.length > 0) throw fault('DB_TARGET_HAS_ROWS', { address, tables: some(filled) })
  const tenantTriggers = new Set(planned.tables.flatMap((table) => table.triggers))
  const alterations = actual.tables.flatMap((table) =>
    [
      ...table.triggers.filter((name) => tenantTriggers.has(name)).map((name) => ['TRIGGER', name] as const),
      ...table.foreignKeys.map(({ name }) => ['CONSTRAINT', name] as const),
    ].map(([kind, name]) => dropFrom(table.name, kind, name)),
  )
  const tables = actual.tables.map((table) => `public.${quotePostgres(table.name)}`)
  return {
    create: false,
    notes: differences
      .filter(({ aspect }) => aspect === 'index' || aspect === 'primary key' || aspect === 'peculiarity')
      .map(({ table, says }) => `The adopted schema differs from the planned one in ${table}: ${says}.`),
    // Rows come with their tenant and in any order; triggers and foreign keys are made again when all are in.
    prepare: () => clear(target, [`TRUNCATE ${tables.join(', ')}`, ...alterations]),
  }
}

async function tablesWithRows(target: PostgresTarget, actual: TargetSchema, earlier: EarlierCopy): Promise<string[]> {
  const filled: string[] = []
  for (const { name } of actual.tables) {
    if (earlier.tables.has(name)) continue
    const [[any] = []] = await target.query(
      `SELECT EXISTS (SELECT FROM public.${quotePostgres(name)})`,
      `looking into ${name}`,
    )
    if (any === 't') filled.push(name)
  }
  return filled
}

function dropFrom(table: string, kind: 'TRIGGER' | 'CONSTRAINT', name: string): string {
  const on = `public.${quotePostgres(table)}`
  return kind === 'TRIGGER'
    ? `DROP TRIGGER ${quotePostgres(name)} ON ${on}`
    : `ALTER TABLE ${on} DROP CONSTRAINT ${quotePostgres(name)}`
}

async function clear(target: PostgresTarget, statements: readonly string[]): Promise<void> {
  const doing = 'clearing what an earlier copy left'
  for (const sql of ['BEGIN', ...statements]) await target.query(sql, doing)
  await emptyLedger(target)
  await target.query('COMMIT', doing)
}

/** The first few names, and how many more there are. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join('; ')
  return names.length > 5 ? `${shown}; and ${names.length - 5} more` : shown
}
