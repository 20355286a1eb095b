import type { ClientBase } from 'pg'
import { fault } from '../../evidence/faults.ts'
import { continues } from '../../evidence/known-keys.ts'
import { keyId } from '../../evidence/signing-key.ts'
import type { KeyHolder, Lineage } from '../../model/evidence.ts'
import type { Caller } from '../../ports/agent-desk.ts'
import type { Database } from './database.ts'

/** Keys that are good for every migration which has none of its own. */
const everyMigration = '*'

/** The keys that a party's agent has presented for a migration; null when it has not. */
export async function presentedLineage(
  client: ClientBase,
  migration: string,
  holder: KeyHolder,
): Promise<Lineage | null> {
  const { rows } = await client.query<{ lineage: Lineage }>(
    `SELECT lineage FROM threeshift.party_key WHERE migration IN ($1, $3) AND holder = $2
     ORDER BY migration = $3 LIMIT 1`,
    [migration, holder, everyMigration],
  )
  return rows[0]?.lineage ?? null
}

/**
 * Takes a party's keys from its agent, for the migrations that it may work on. The first are taken as they are; later ones must
 * continue them, so that a stolen token cannot bring a key of its own. Faults: EVIDENCE_KEY_FOREIGN.
 */
export async function presentLineage(
  database: Database,
  { party, migrations }: Pick<Caller, 'party' | 'migrations'>,
  lineage: Lineage,
): Promise<void> {
  await database.write(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`threeshift party key ${party}`])
    for (const migration of migrations ?? [everyMigration]) {
      const { rows } = await client.query<{ lineage: Lineage }>(
        'SELECT lineage FROM threeshift.party_key WHERE migration = $1 AND holder = $2',
        [migration, party],
      )
      if (!continues(rows[0]?.lineage.at(-1)?.publicKey, party, lineage)) {
        const key = keyId(lineage.at(-1)?.publicKey ?? '')
        throw fault('EVIDENCE_KEY_FOREIGN', { holder: party, key, migration })
      }
      await client.query(
        `INSERT INTO threeshift.party_key VALUES ($1, $2, $3)
         ON CONFLICT (migration, holder) DO UPDATE SET lineage = excluded.lineage`,
        [migration, party, JSON.stringify(lineage)],
      )
    }
  })
}
