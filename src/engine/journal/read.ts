import type { ClientBase } from 'pg'
import { type Head, parseRecordLine } from '../../evidence/record.ts'
import type { Digest } from '../../model/evidence.ts'
import type { Plan } from '../../model/plan.ts'

/** A migration's journal: one line per record, in order, exactly as it was signed; empty when there is none. */
export async function readJournal(client: ClientBase, migration: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ record: string }>(
    'SELECT record FROM threeshift.journal_record WHERE migration = $1 ORDER BY seq',
    [migration],
  )
  return rows.map(({ record }) => record)
}

/** Where a migration's chain ends now; null when it has not begun. What a party's next statement says it has seen. */
export async function readHead(client: ClientBase, migration: string): Promise<Head | null> {
  const { rows } = await client.query<{ seq: string; hash: Digest }>(
    'SELECT seq, hash FROM threeshift.journal_head WHERE migration = $1 AND seq >= 0',
    [migration],
  )
  return rows[0] === undefined ? null : { seq: Number(rows[0].seq), hash: rows[0].hash }
}

/** The plan that a migration runs by; null when the engine has none of this name. */
export async function readPlan(client: ClientBase, migration: string): Promise<Plan | null> {
  const { rows } = await client.query<{ plan: Plan }>('SELECT plan FROM threeshift.migrations WHERE id = $1', [
    migration,
  ])
  return rows[0]?.plan ?? null
}

/** True when the migration's chain has this record. */
export async function isInJournal(client: ClientBase, migration: string, { seq, hash }: Head): Promise<boolean> {
  const { rows } = await client.query<{ record: string }>(
    'SELECT record FROM threeshift.journal_record WHERE migration = $1 AND seq = $2',
    [migration, seq],
  )
  return rows[0] !== undefined && parseRecordLine(rows[0].record)?.hash === hash
}
