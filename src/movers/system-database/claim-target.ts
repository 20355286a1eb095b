import { describeAddress } from '../../model/database-address.ts'
import type { MoveRequest } from '../../ports/system-database.ts'
import { compareSchemas } from './compare-schemas.ts'
import { fault } from './faults.ts'
import type { PostgresTarget } from './postgres-target.ts'
import { readPostgresCatalog } from './read-postgres-catalog.ts'
import { quotePostgres, type TargetSchema } from './target-schema.ts'

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
  const [[free] = []] = await target.query(
    `SELECT pg_try_advisory_lock(hashtextextended('threeshift copy', 0))`,
    'locking the target',
  )
  if (free !== 't') throw fault('DB_TARGET_BUSY', { address })
  const actual = await readPostgresCatalog(target)
  const copied = await copiedTables(target)
  return request.schema === 'create'
    ? claimForCreation(target, actual, copied, address)
    : claimForAdoption(target, planned, actual, copied, request.emptyTarget, address)
}

/** Tables that an earlier copy filled; the value says whether it also made them. */
type Copied = ReadonlyMap<string, boolean>

async function copiedTables(target: PostgresTarget): Promise<Copied> {
  const [[ledger] = []] = await target.query(`SELECT to_regclass('threeshift.copied_table')`, 'looking for the ledger')
  if (ledger === null) return new Map()
  const rows = await target.query('SELECT table_name, made FROM threeshift.copied_table', 'reading the ledger')
  return new Map(rows.map(([name, made]) => [name ?? '', made === 't']))
}

function claimForCreation(target: PostgresTarget, actual: TargetSchema, copied: Copied, address: string): TargetClaim {
  const foreign = actual.tables.filter((table) => copied.get(table.name) !== true)
  if (foreign.length > 0)
    throw fault('DB_TARGET_NOT_EMPTY', { address, tables: some(foreign.map((table) => table.name)) })
  return {
    create: true,
    notes: [],
    prepare: () =>
      inTransaction(target, [
        ...actual.tables.map((table) => `DROP TABLE public.${quotePostgres(table.name)} CASCADE`),
        ...emptyLedger,
      ]),
  }
}

async function claimForAdoption(
  target: PostgresTarget,
  planned: TargetSchema,
  actual: TargetSchema,
  copied: Copied,
  emptyTarget: boolean,
  address: string,
): Promise<TargetClaim> {
  const differences = compareSchemas(planned, actual)
  const unfit = differences.filter(({ aspect }) => aspect === 'table' || aspect === 'column')
  if (unfit.length > 0) {
    throw fault('DB_SCHEMA_UNFIT', { address, differences: some(unfit.map(({ table, says }) => `${table}: ${says}`)) })
  }
  const filled: string[] = []
  for (const table of actual.tables) {
    const [[any] = []] = await target.query(
      `SELECT EXISTS (SELECT FROM public.${quotePostgres(table.name)})`,
      `looking into ${table.name}`,
    )
    if (any === 't' && !copied.has(table.name)) filled.push(table.name)
  }
  if (filled.length > 0 && !emptyTarget) throw fault('DB_TARGET_HAS_ROWS', { address, tables: some(filled) })
  const tables = actual.tables.map((table) => `public.${quotePostgres(table.name)}`)
  const tenantTriggers = new Set(planned.tables.flatMap((table) => table.triggers))
  const triggers = actual.tables.flatMap((table) =>
    table.triggers
      .filter((name) => tenantTriggers.has(name))
      .map((name) => `DROP TRIGGER ${quotePostgres(name)} ON public.${quotePostgres(table.name)}`),
  )
  return {
    create: false,
    notes: differences
      .filter(({ aspect }) => aspect === 'index' || aspect === 'foreign key' || aspect === 'primary key')
      .map(({ table, says }) => `The adopted schema differs from the planned one in ${table}: ${says}.`),
    // Rows come with their tenant; the triggers would only stop the load, and are made again at its end.
    prepare: () => inTransaction(target, [`TRUNCATE ${tables.join(', ')}`, ...triggers, ...emptyLedger]),
  }
}

const emptyLedger = ['copy', 'copied_table', 'changed_value', 'row_set_aside'].map(
  (name) => `TRUNCATE threeshift.${name}`,
)

async function inTransaction(target: PostgresTarget, statements: readonly string[]): Promise<void> {
  for (const sql of ['BEGIN', ...statements, 'COMMIT']) await target.query(sql, 'clearing what an earlier copy left')
}

/** The first few names, and how many more there are. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join('; ')
  return names.length > 5 ? `${shown}; and ${names.length - 5} more` : shown
}
