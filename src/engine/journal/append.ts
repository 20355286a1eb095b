import type { ClientBase } from 'pg'
import type { Clock } from '../../base/clock.ts'
import { bodyMembers } from '../../evidence/body-members.ts'
import { fault } from '../../evidence/faults.ts'
import { continues } from '../../evidence/known-keys.ts'
import { type Head, recordLine, sealRecord } from '../../evidence/record.ts'
import { redact } from '../../evidence/redact.ts'
import { isSignedBy, keyId, type SigningKey } from '../../evidence/signing-key.ts'
import type { Digest, KeyHolder, Lineage, Signature, SignedStatement, Statement } from '../../model/evidence.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Party } from '../../model/party.ts'
import type { Journal } from '../../ports/journal.ts'
import type { Database } from './database.ts'
import { presentedLineage } from './party-keys.ts'

/** The control plane's key as it is now: asked for each time, for it may have been rotated. */
export type KeySource = () => Promise<SigningKey>

/**
 * The journal in the engine's database. Every entry is redacted, signed with the control plane's key and sealed behind the
 * one before it.
 *
 * Appending holds a lock on the end of the migration's chain until it commits, so a chain never forks, whoever else
 * appends and whenever one of them is killed.
 * Faults: EVIDENCE_KEY_FOREIGN when the key does not continue the chain's. Nothing is written then.
 */
export function databaseJournal(database: Database, keySource: KeySource, clock: Clock): Journal {
  return {
    async append(entry) {
      const { migration, party, actor, row, verb, generation, kind } = entry
      const body = redact(entry.body, bodyMembers)
      const key = await keySource()
      await database.write(async (client) => {
        const chain = await openChain(client, migration, key, clock)
        if (await hasEntry(client, migration, entry.key)) return
        const at = clock.now()
        const statement = { migration, party, actor, at, kind, row, verb, generation, seen: null, body }
        await chain.add(statement, key.sign('statement', statement), entry.key)
      })
    },
    async appendSigned(entryKey, signed) {
      const key = await keySource()
      await database.write((client) => appendSigned(client, signed, { entryKey, key, clock }))
    },
  }
}

/**
 * Appends what a party has signed, within the caller's transaction; once, however often it is called with the same `entryKey`.
 *
 * The party's lineage must have been presented (`presentLineage`); the chain learns of a new key first.
 * Faults: EVIDENCE_KEY_FOREIGN, EVIDENCE_SIGNATURE_INVALID.
 */
export async function appendSigned(
  client: ClientBase,
  { statement, signature }: SignedStatement,
  options: { readonly entryKey: string; readonly key: SigningKey; readonly clock: Clock },
): Promise<void> {
  const { migration, party: holder, kind } = statement
  const chain = await openChain(client, migration, options.key, options.clock)
  if (await hasEntry(client, migration, options.entryKey)) return
  const lineage = await presentedLineage(client, migration, holder)
  const publicKey = lineage?.at(-1)?.publicKey
  if (lineage === null || publicKey === undefined || !isSignedBy(publicKey, signature, 'statement', statement)) {
    throw fault('EVIDENCE_SIGNATURE_INVALID', { holder, kind })
  }
  await chain.introduce(holder, lineage)
  await chain.add(statement, signature, options.entryKey)
}

/**
 * Declares a party's key lost: its agent's next key is taken without the old one's endorsement, and every chain that knows
 * the old one says so. A key that nobody knows may be forgotten too.
 */
export async function forgetKey(
  database: Database,
  holder: Party,
  options: { readonly by: string; readonly key: SigningKey; readonly clock: Clock },
): Promise<void> {
  await database.write(async (client) => {
    await client.query('DELETE FROM threeshift.party_key WHERE holder = $1', [holder])
    const { rows } = await client.query<{ migration: string }>(
      'SELECT migration FROM threeshift.journal_key WHERE holder = $1 ORDER BY migration',
      [holder],
    )
    for (const { migration } of rows) {
      const chain = await openChain(client, migration, options.key, options.clock)
      const said = aboutKeys(migration, 'key-forgotten', { holder }, options.by, options.clock)
      await chain.add(said, options.key.sign('statement', said), null)
      await client.query('DELETE FROM threeshift.journal_key WHERE migration = $1 AND holder = $2', [migration, holder])
    }
  })
}

/** A chain whose end is locked until the transaction ends. */
interface OpenChain {
  add(statement: Statement, signature: Signature, entryKey: string | null): Promise<void>
  introduce(holder: KeyHolder, lineage: Lineage): Promise<void>
}

async function openChain(client: ClientBase, migration: string, key: SigningKey, clock: Clock): Promise<OpenChain> {
  await client.query(
    // -1: no record yet.
    `INSERT INTO threeshift.journal_head VALUES ($1, -1, '') ON CONFLICT DO NOTHING`,
    [migration],
  )
  const locked = await client.query<{ seq: string; hash: Digest }>(
    'SELECT seq, hash FROM threeshift.journal_head WHERE migration = $1 FOR UPDATE',
    [migration],
  )
  const end = locked.rows[0]
  if (end === undefined) throw new Error('bug: the head of a chain that was just made is not there')
  let head: Head | null = Number(end.seq) < 0 ? null : { seq: Number(end.seq), hash: end.hash }
  const chain: OpenChain = {
    async add(statement, signature, entryKey) {
      const record = sealRecord(head, statement, signature, key)
      head = { seq: record.seq, hash: record.hash }
      await client.query('INSERT INTO threeshift.journal_record VALUES ($1, $2, $3, $4, $5)', [
        migration,
        record.seq,
        entryKey,
        statement.kind,
        recordLine(record),
      ])
      await client.query('UPDATE threeshift.journal_head SET seq = $2, hash = $3 WHERE migration = $1', [
        migration,
        record.seq,
        record.hash,
      ])
    },
    async introduce(holder, lineage) {
      const { rows } = await client.query<{ public_key: string }>(
        'SELECT public_key FROM threeshift.journal_key WHERE migration = $1 AND holder = $2',
        [migration, holder],
      )
      const known = rows[0]?.public_key
      const next = lineage.at(-1)?.publicKey
      if (next === undefined || known === next) return
      if (!continues(known, holder, lineage)) {
        throw fault('EVIDENCE_KEY_FOREIGN', { holder, key: keyId(next), migration })
      }
      const said = aboutKeys(migration, 'key-introduced', { holder, lineage }, 'journal', clock)
      await this.add(said, key.sign('statement', said), null)
      await client.query(
        `INSERT INTO threeshift.journal_key VALUES ($1, $2, $3)
         ON CONFLICT (migration, holder) DO UPDATE SET public_key = excluded.public_key`,
        [migration, holder, next],
      )
    },
  }
  await chain.introduce('control-plane', key.lineage)
  return chain
}

/** A statement of the control plane about keys. */
function aboutKeys(
  migration: string,
  kind: 'key-introduced' | 'key-forgotten',
  body: JsonObject,
  actor: string,
  clock: Clock,
): Statement {
  const about = { row: null, verb: null, generation: null, seen: null }
  return { migration, party: 'control-plane', actor, at: clock.now(), kind, ...about, body: { ...body } }
}

async function hasEntry(client: ClientBase, migration: string, entryKey: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT 1 FROM threeshift.journal_record WHERE migration = $1 AND entry_key = $2',
    [migration, entryKey],
  )
  return rowCount !== 0
}
