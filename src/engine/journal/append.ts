import type { Pool, PoolClient } from 'pg'
import type { Clock } from '../../base/clock.ts'
import { fault } from '../../evidence/faults.ts'
import { continues } from '../../evidence/known-keys.ts'
import { type Head, recordLine, sealRecord } from '../../evidence/record.ts'
import { redact } from '../../evidence/redact.ts'
import { isSignedBy, keyId, type SigningKey } from '../../evidence/signing-key.ts'
import type { Digest, KeyHolder, Lineage, Signature, Statement } from '../../model/evidence.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Journal } from '../../ports/journal.ts'
import { journalBodyMembers } from './journal-bodies.ts'
import { inTransaction } from './in-transaction.ts'
import { presentedLineage } from './party-keys.ts'

/** The control plane's key as it is now: asked for each time, for it may have been rotated. */
export type KeySource = () => Promise<SigningKey>

/** What a party has said and signed itself. */
export interface SignedStatement {
  readonly statement: Statement
  readonly signature: Signature
}

/**
 * The journal in the engine's database. Every entry is redacted, signed with the control plane's key and sealed behind the
 * one before it.
 *
 * Appending holds a lock on the end of the migration's chain until it commits, so a chain never forks, whoever else
 * appends and whenever one of them is killed.
 * Faults: EVIDENCE_KEY_FOREIGN when the key does not continue the chain's. Nothing is written then.
 */
export function databaseJournal(pool: Pool, keySource: KeySource, clock: Clock): Journal {
  return {
    async append(entry) {
      const { migration, party, actor, row, verb, generation, kind } = entry
      const body = redact(entry.body, journalBodyMembers)
      const key = await keySource()
      await inTransaction(pool, async (client) => {
        const chain = await openChain(client, migration, key, clock)
        if (await hasEntry(client, migration, entry.key)) return
        const at = clock.now()
        const statement = { migration, party, actor, at, kind, row, verb, generation, seen: null, body }
        await chain.add(statement, key.sign('statement', statement), entry.key)
      })
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
  client: PoolClient,
  { statement, signature }: SignedStatement,
  options: { readonly entryKey: string; readonly key: SigningKey; readonly clock: Clock },
): Promise<void> {
  const { migration, party: holder, kind } = statement
  const chain = await openChain(client, migration, options.key, options.clock)
  if (await hasEntry(client, migration, options.entryKey)) return
  const lineage = await presentedLineage(client, holder)
  const publicKey = lineage?.at(-1)?.publicKey
  if (lineage === null || publicKey === undefined || !isSignedBy(publicKey, signature, 'statement', statement)) {
    throw fault('EVIDENCE_SIGNATURE_INVALID', { holder, kind })
  }
  await chain.introduce(holder, lineage)
  await chain.add(statement, signature, options.entryKey)
}

/** Where a migration's chain ends now; null when it has not begun. What a party's next statement says it has seen. */
export async function readHead(client: Pool | PoolClient, migration: string): Promise<Head | null> {
  const { rows } = await client.query<{ seq: string; hash: Digest }>(
    'SELECT seq, hash FROM threeshift.journal_head WHERE migration = $1 AND seq >= 0',
    [migration],
  )
  return rows[0] === undefined ? null : { seq: Number(rows[0].seq), hash: rows[0].hash }
}

/** A chain whose end is locked until the transaction ends. */
interface OpenChain {
  add(statement: Statement, signature: Signature, entryKey: string | null): Promise<void>
  introduce(holder: KeyHolder, lineage: Lineage): Promise<void>
}

async function openChain(client: PoolClient, migration: string, key: SigningKey, clock: Clock): Promise<OpenChain> {
  await client.query(
    `INSERT INTO threeshift.journal_head VALUES ($1, -1, '') ON CONFLICT DO NOTHING`, // no record yet
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
      await this.add(...introduction(migration, { holder, lineage }, key, clock), null)
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

function introduction(
  migration: string,
  body: JsonObject,
  key: SigningKey,
  clock: Clock,
): readonly [Statement, Signature] {
  const statement: Statement = {
    migration,
    party: 'control-plane',
    actor: 'journal',
    at: clock.now(),
    kind: 'key-introduced',
    row: null,
    verb: null,
    generation: null,
    seen: null,
    body: { ...body },
  }
  return [statement, key.sign('statement', statement)]
}

async function hasEntry(client: PoolClient, migration: string, entryKey: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT 1 FROM threeshift.journal_record WHERE migration = $1 AND entry_key = $2',
    [migration, entryKey],
  )
  return rowCount !== 0
}
