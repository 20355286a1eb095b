import type { Secret } from '../base/secret.ts'
import type { Party } from '../model/party.ts'
import type { TokenRole } from './agent-desk.ts'

export interface TokenView {
  readonly id: string
  readonly party: Party
  readonly role: TokenRole
  readonly name: string
  /** The migrations that it is good for; null: all. */
  readonly migrations: readonly string[] | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly revokedAt: number | null
}

/** By which tokens parties' agents and people are known. A token is shown once, when it is made; only its hash is kept. */
export interface PartyTokens {
  create(
    token: Pick<TokenView, 'party' | 'role' | 'name' | 'migrations'>,
  ): Promise<{ readonly id: string; readonly token: Secret }>
  /** Gives a new token of the same id; the old one counts no longer. Faults: PARTY_TOKEN_UNKNOWN. */
  rotate(id: string): Promise<{ readonly id: string; readonly token: Secret }>
  /** Nobody gets in by it any more, and what it has leased is given to others. Faults: PARTY_TOKEN_UNKNOWN. */
  revoke(id: string): Promise<void>
  list(): Promise<readonly TokenView[]>
}
