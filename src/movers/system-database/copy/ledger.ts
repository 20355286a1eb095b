import { readFile } from 'node:fs/promises'
import type { PostgresTarget } from '../postgres-target.ts'
import { literal } from '../schema/target-schema.ts'

/** A cell that was changed by decision. Keys are `rowKey`s; values are bytes as sent by, and to, the servers. */
export interface ChangedValue {
  readonly table: string
  readonly sourceKey: string
  readonly targetKey: string
  readonly column: string
  readonly reason: string
  readonly action: string
  readonly sourceValue: Buffer
  readonly targetValue: Buffer | null
}

/** A row that was set aside by decision, because of one of its columns. */
export interface RowSetAside {
  readonly table: string
  readonly sourceKey: string
  readonly column: string
  readonly reason: string
  readonly cells: Readonly<Record<string, string | null>>
}

const rowsPerInsert = 500

/** Creates what the ledger needs; does nothing when it is there. */
export async function createLedger(target: PostgresTarget): Promise<void> {
  await target.query(await readFile(new URL('ledger.sql', import.meta.url), 'utf8'), 'creating the ledger')
}

const ledgerTables = ['copy', 'copied_table', 'copied_range', 'changed_value', 'row_set_aside'] as const

/** Forgets everything. */
export async function emptyLedger(target: PostgresTarget): Promise<void> {
  await target.query(`TRUNCATE ${ledgerTables.map((name) => `threeshift.${name}`).join(', ')}`, 'emptying the ledger')
}

/** Forgets what concerns some tables. */
export async function forgetInLedger(target: PostgresTarget, tables: readonly string[]): Promise<void> {
  for (const name of ledgerTables.filter((table) => table !== 'copy')) {
    const sql = `DELETE FROM threeshift.${name} WHERE table_name = ANY (ARRAY[${tables.map(literal).join(', ')}]::text[])`
    await target.query(sql, 'taking tables out of the ledger')
  }
}

/** Leaves nothing of it. */
export async function dropLedger(target: PostgresTarget): Promise<void> {
  await target.query(`DROP TABLE ${ledgerTables.map((name) => `threeshift.${name}`).join(', ')}`, 'dropping the ledger')
  await target.query('DROP SCHEMA threeshift', 'dropping the ledger')
}

/** Writes entries in the transaction that is open, some at a time. */
export async function writeLedger(
  target: PostgresTarget,
  entries: readonly (ChangedValue | RowSetAside)[],
): Promise<void> {
  for (let at = 0; at < entries.length; at += rowsPerInsert) {
    const some = entries.slice(at, at + rowsPerInsert)
    const changed = some.filter((entry): entry is ChangedValue => !('cells' in entry))
    const setAside = some.filter((entry): entry is RowSetAside => 'cells' in entry)
    await insert(
      target,
      'threeshift.changed_value',
      changed.map((e) => [
        e.table,
        Buffer.from(e.sourceKey, 'latin1'),
        Buffer.from(e.targetKey, 'latin1'),
        e.column,
        e.reason,
        e.action,
        e.sourceValue,
        e.targetValue,
      ]),
    )
    await insert(
      target,
      'threeshift.row_set_aside',
      setAside.map((e) => [e.table, Buffer.from(e.sourceKey, 'latin1'), e.column, e.reason, JSON.stringify(e.cells)]),
    )
  }
}

async function insert(
  target: PostgresTarget,
  table: string,
  rows: readonly (readonly (string | Buffer | null)[])[],
): Promise<void> {
  const width = rows[0]?.length ?? 0
  if (width === 0) return
  const tuples = rows.map(
    (_, row) => `(${Array.from({ length: width }, (_column, i) => `$${row * width + i + 1}`).join(', ')})`,
  )
  await target.query(`INSERT INTO ${table} VALUES ${tuples.join(', ')}`, 'writing the ledger', rows.flat())
}

/** Cells changed and rows set aside, over all tables and runs. */
export async function countLedger(
  target: PostgresTarget,
): Promise<{ readonly changed: number; readonly setAside: number }> {
  const sql = 'SELECT (SELECT count(*) FROM threeshift.changed_value), (SELECT count(*) FROM threeshift.row_set_aside)'
  const [[changed, setAside] = []] = await target.query(sql, 'counting the ledger')
  return { changed: Number(changed), setAside: Number(setAside) }
}
