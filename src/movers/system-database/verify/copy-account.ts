import type { CopyAccount } from '../../../ports/system-database.ts'
import type { PostgresTarget } from '../postgres-target.ts'
import type { TableLedger } from './read-ledger.ts'

const doing = 'reading the account of the copy'

/**
 * Reads what the target's ledger tells of the copy that filled it; null where there is none.
 *
 * `ledgers`: what was read of it per table. The session must be in the snapshot in which they were.
 */
export async function readCopyAccount(
  target: PostgresTarget,
  ledgers: ReadonlyMap<string, TableLedger>,
): Promise<CopyAccount | null> {
  const [[there] = []] = await target.query(`SELECT to_regclass('threeshift.copy')`, doing)
  if (there === null) return null
  const [copy] = await target.query(
    `SELECT source, snapshot, position, plan, ${iso('started_at')}, ${iso('finished_at')} FROM threeshift.copy`,
    doing,
  )
  if (copy === undefined) return null
  const [source, snapshot, position = null, plan, startedAt, finishedAt = null] = copy
  const tables = await target.query(
    'SELECT table_name, rows, digest, reread FROM threeshift.copied_table ORDER BY table_name COLLATE "C"',
    doing,
  )
  const changes = await target.query(
    `SELECT table_name, column_name, reason, action, count(*) FROM (
        SELECT table_name, column_name, reason, action FROM threeshift.changed_value
        UNION ALL SELECT table_name, column_name, reason, 'quarantine' FROM threeshift.row_set_aside
      ) entry GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    doing,
  )
  return {
    source: source ?? '',
    snapshot: snapshot ?? '',
    position,
    plan: plan ?? '',
    startedAt: startedAt ?? '',
    finishedAt,
    tables: tables.map(([name, rows, digest = null, reread]) => {
      const ledger = ledgers.get(name ?? '')
      return {
        name: name ?? '',
        rows: rows === null ? null : Number(rows),
        digest,
        reread: reread === 't',
        entries: ledger?.sum.rows ?? 0,
        entriesDigest: ledger?.sum.hex ?? '',
      }
    }),
    changes: changes.map(([table, column, reason, action, entries]) => ({
      table: table ?? '',
      column: column ?? '',
      reason: reason ?? '',
      action: action ?? '',
      entries: Number(entries),
    })),
  }
}

function iso(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
