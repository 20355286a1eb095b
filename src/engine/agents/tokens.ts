import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret } from '../../base/secret.ts'
import type { Party } from '../../model/party.ts'
import type { Caller, TokenRole } from '../../ports/agent-desk.ts'
import type { PartyTokens } from '../../ports/party-tokens.ts'
import type { Database } from '../journal/database.ts'
import { fault } from './faults.ts'

interface TokenRow {
  readonly id: string
  readonly party: Party
  readonly role: TokenRole
  readonly name: string
  readonly migrations: readonly string[] | null
  readonly hash: string
  readonly created_at: Date
  readonly revoked_at: Date | null
}

const prefix = 'tst'

/** The parties' tokens in the engine's database. A token is `tst_ID_RANDOM`; the id is no secret. */
export function partyTokens(database: Database): PartyTokens {
  return {
    async create({ party, role, name, migrations }) {
      const { id, token, hash } = newToken(randomBytes(6).toString('hex'))
      const sql =
        'INSERT INTO threeshift.party_token (id, party, role, name, hash, migrations) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING'
      await database.write((tx) => tx.query(sql, [id, party, role, name, hash, migrations]))
      return { id, token }
    },
    async rotate(id) {
      const { token, hash } = newToken(id)
      const sql = 'UPDATE threeshift.party_token SET hash = $2 WHERE id = $1 AND revoked_at IS NULL'
      const { rowCount } = await database.write((tx) => tx.query(sql, [id, hash]))
      if (rowCount === 0) throw fault('PARTY_TOKEN_UNKNOWN', { id })
      return { id, token }
    },
    async revoke(id) {
      await database.write(async (client) => {
        const { rowCount } = await client.query(
          'UPDATE threeshift.party_token SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL',
          [id],
        )
        if (rowCount === 0) throw fault('PARTY_TOKEN_UNKNOWN', { id })
        await client.query(
          `UPDATE threeshift.agent_task SET state = 'waiting' WHERE leased_by = $1 AND state = 'leased'`,
          [id],
        )
      })
    },
    async list() {
      const { rows } = await database.write((tx) =>
        tx.query<TokenRow>('SELECT * FROM threeshift.party_token ORDER BY created_at, id'),
      )
      return rows.map(({ id, party, role, name, migrations, created_at, revoked_at }) => ({
        id,
        party,
        role,
        name,
        migrations,
        createdAt: created_at.getTime(),
        revokedAt: revoked_at?.getTime() ?? null,
      }))
    },
  }
}

/** Who bears this token; null when it is none of ours, was rotated away or revoked. */
export async function authenticate(database: Database, token: Secret): Promise<Caller | null> {
  const text = token.reveal('look up whose token it is')
  const id = new RegExp(`^${prefix}_([0-9a-f]{12})_[\\w-]{43}$`).exec(text)?.[1]
  if (id === undefined) return null
  const sql = 'SELECT * FROM threeshift.party_token WHERE id = $1 AND revoked_at IS NULL'
  const { rows } = await database.write((tx) => tx.query<TokenRow>(sql, [id]))
  const [row] = rows
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hashOf(text)))) return null
  return { token: row.id, party: row.party, role: row.role, name: row.name, migrations: row.migrations }
}

/** 256 random bits as text, and their hash. */
export function randomSecret(): { readonly text: string; readonly hash: string } {
  const text = randomBytes(32).toString('base64url')
  return { text, hash: hashOf(text) }
}

/** SHA-256, hex: enough for what has 256 random bits. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function newToken(id: string): { readonly id: string; readonly token: Secret; readonly hash: string } {
  const text = `${prefix}_${id}_${randomSecret().text}`
  return { id, token: new Secret(text), hash: hashOf(text) }
}
