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

/** A database server and one database of it. Rows and bytes are estimates, of all tables together. */
export interface DatabaseStanding {
  readonly product: 'mysql' | 'mariadb' | 'postgresql'
  /** As it calls itself, such as `8.0.36`. */
  readonly version: string
  /** What the server takes for now, in epoch milliseconds. */
  readonly clockMs: number
  /** The greatest version in `schema_migrations`; null: it holds no 3scale. */
  readonly lastMigration: string | null
  readonly tables: number
  readonly rows: number
  readonly bytes: number
  readonly tenants: number
}

export interface TriedWrites {
  /** Tables with a tenant trigger and with rows of tenants, and those of them where no row got its own tenant. */
  readonly triggers: { readonly tried: number; readonly failing: readonly string[] }
  /** Tables with a sequence, and those whose next id is taken already. */
  readonly sequences: { readonly tried: number; readonly colliding: readonly string[] }
}

/** What is in a 3scale's system database and in no API. Keeps nothing there. Faults: DB_*. */
export interface ThreescaleDatabase {
  /** All tenants that are not on their way out, by id; not the master. */
  tenants(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<readonly StoredTenant[]>
  /** Logs in, and gives the server's version as it calls itself, such as `8.0.36`. */
  version(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<string>
  /** The greatest version in `schema_migrations`; null when there is none. */
  lastMigration(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<string | null>
  /** Id of the master's account. Faults: THREESCALE_NO_MASTER. */
  master(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<string>
  /** What it is, and how large by its own estimates. An empty database is described too. */
  describe(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<DatabaseStanding>
  /**
   * Tries on a PostgreSQL what a 3scale would write: whether the triggers give rows their tenant, and which ids come next.
   * Tables of its own are written, in transactions that are taken back.
   */
  tryWrites(database: DatabaseAddress, options: { readonly signal: AbortSignal }): Promise<TriedWrites>
}
