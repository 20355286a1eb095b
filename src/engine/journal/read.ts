import type { Pool } from 'pg'

/** A migration's journal: one line per record, in order, exactly as it was signed; empty when there is none. */
export async function readJournal(pool: Pool, migration: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ record: string }>(
    'SELECT record FROM threeshift.journal_record WHERE migration = $1 ORDER BY seq',
    [migration],
  )
  return rows.map(({ record }) => record)
}
