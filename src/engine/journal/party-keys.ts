import type { ClientBase } from 'pg'
import { fault } from '../../evidence/faults.ts'
import { continues } from '../../evidence/known-keys.ts'
import { keyId } from '../../evidence/signing-key.ts'
import type { KeyHolder, Lineage } from '../../model/evidence.ts'
import type { Party } from '../../model/party.ts'
import type { Database } from './database.ts'

/** The keys that a party's agent has presented; null when it has not. */
export async function presentedLineage(client: ClientBase, holder: KeyHolder): Promise<Lineage | null> {
  const { rows } = await client.query<{ lineage: Lineage }>(
    'SELECT lineage FROM threeshift.party_key WHERE holder = $1',
    [holder],
  )
  return rows[0]?.lineage ?? null
}

/**
 * Takes a party's keys from its agent. The first are taken as they are; later ones must continue them, so that a stolen
 * token cannot bring a key of its own. Faults: EVIDENCE_KEY_FOREIGN.
 */
export async function presentLineage(database: Database, holder: Party, lineage: Lineage): Promise<void> {
  await database.write(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`threeshift party key ${holder}`])
    const known = await presentedLineage(client, holder)
    const publicKey = lineage.at(-1)?.publicKey ?? ''
    if (!continues(known?.at(-1)?.publicKey, holder, lineage)) {
      throw fault('EVIDENCE_KEY_FOREIGN', { holder, key: keyId(publicKey), migration: 'any migration' })
    }
    await client.query(
      `INSERT INTO threeshift.party_key VALUES ($1, $2)
       ON CONFLICT (holder) DO UPDATE SET lineage = excluded.lineage`,
      [holder, JSON.stringify(lineage)],
    )
  })
}
