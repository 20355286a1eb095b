import type { Secret } from '../base/secret.ts'
import type { DatabaseAddress } from '../model/database-address.ts'

/** A tenant as its own database has it. */
export interface StoredTenant {
  /** Of its account, decimal. */
  readonly id: string
  readonly orgName: string
  readonly state: string
  readonly adminHost: string
  readonly portalHost: string
  readonly fromEmail: string | null
  /**
   * An access token of one of its own users that may read accounts and, if there is such a one, statistics. Null: it has
   * none, or none whose value the database still knows.
   */
  readonly token: Secret | null
  readonly services: readonly { readonly id: string; readonly systemName: string; readonly token: Secret | null }[]
}

/** What is in a 3scale's system database and in no API. Reads only. Faults: DB_*. */
export interface ThreescaleDatabase {
  /** All tenants that are not on their way out, by id; not the master. */
  tenants(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<readonly StoredTenant[]>
  /** Logs in, and gives the server's version as it calls itself, such as `8.0.36`. */
  version(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<string>
  /** The greatest version in `schema_migrations`; null when there is none. */
  lastMigration(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<string | null>
}
