import { readFileSync } from 'node:fs'
import type { HostNamesRequest } from '../../ports/host-names.ts'
import type { PostgresSession } from '../system-database/postgres-session.ts'

const ledgerSql = readFileSync(new URL('renamed-host.sql', import.meta.url), 'utf8')

/** A cell and what it is to be. */
export interface NewCell {
  readonly table: string
  readonly column: string
  readonly id: string
  readonly after: string
}

type Domains = Pick<HostNamesRequest, 'from' | 'to'>

export async function createLedger(session: PostgresSession): Promise<void> {
  await session.query(ledgerSql, 'making the account of renamed hosts')
}

/** Writes cells of one column, and keeps what they held before they were first renamed. */
export async function rewriteCells(
  session: PostgresSession,
  { from, to }: Domains,
  cells: readonly NewCell[],
): Promise<void> {
  const [first] = cells
  if (first === undefined) return
  const { table, column } = first
  const values = JSON.stringify(cells.map(({ id, after }) => ({ id, after })))
  await session.query(
    `WITH cell AS (SELECT * FROM json_to_recordset($1::json) AS cell (id bigint, after text)),
      kept AS (
        INSERT INTO threeshift.renamed_host
        SELECT $2, $3, '${table}', '${column}', t.id, t."${column}", cell.after
          FROM "${table}" t JOIN cell USING (id)
        ON CONFLICT (from_domain, to_domain, table_name, column_name, id) DO UPDATE SET after = excluded.after)
     UPDATE "${table}" t SET "${column}" = cell.after FROM cell WHERE t.id = cell.id`,
    `renaming hosts in ${table}`,
    [values, from, to],
  )
}

/** Puts back what was kept where nobody has changed it since; gives rows by column, and how many were left. */
export async function restoreCells(session: PostgresSession, { from, to }: Domains) {
  const columns = await session.query(
    `SELECT table_name, column_name, count(*) FROM threeshift.renamed_host WHERE from_domain = $1 AND to_domain = $2
      GROUP BY 1, 2 ORDER BY 1, 2`,
    'reading the account of renamed hosts',
    [from, to],
  )
  const changed: { column: string; rows: number }[] = []
  let leftAlone = 0
  for (const [table, column, kept] of columns) {
    const rows = await session.query(
      `UPDATE "${table}" t SET "${column}" = r.before FROM threeshift.renamed_host r
        WHERE r.from_domain = $1 AND r.to_domain = $2 AND r.table_name = $3 AND r.column_name = $4
          AND t.id = r.id AND t."${column}" = r.after
        RETURNING 1`,
      `restoring hosts in ${table}`,
      [from, to, table ?? '', column ?? ''],
    )
    changed.push({ column: `${table}.${column}`, rows: rows.length })
    leftAlone += Number(kept) - rows.length
  }
  await session.query(
    'DELETE FROM threeshift.renamed_host WHERE from_domain = $1 AND to_domain = $2',
    'closing the account of renamed hosts',
    [from, to],
  )
  return { changed, leftAlone }
}
