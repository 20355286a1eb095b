import type { DatabaseAddress } from '../model/database-address.ts'
import type { RedisEndpoint } from '../model/redis-endpoint.ts'
import type { Release } from '../model/release.ts'

export interface SourceWorldRequest {
  readonly release: Release
  readonly tenants: number
  /** 1 is about 100,000 rows for 20 tenants; rows grow in proportion. */
  readonly scale: number
  /** The same seed, release, tenants, scale, edge rows and first tenant give the same bytes in every row. */
  readonly seed: number
  readonly edgeRows: boolean
  /** What the first tenant's hosts begin with; absent: 3scale, as the operator calls its own. */
  readonly firstTenant?: string
  readonly mysql: DatabaseAddress
  /** The backend Redis to fill; absent: none. */
  readonly redis?: WorldRedisAddress
  /** Called every some megabytes and once more when a table is full. `rows` are the table's so far. */
  readonly onProgress: (progress: { readonly table: string; readonly rows: number; readonly allRows: number }) => void
  readonly signal: AbortSignal
}

/** The backend's Redis: its storage, and the database of the same server that holds the queues. */
export interface WorldRedisAddress {
  readonly storage: RedisEndpoint
  readonly queuesDatabase: number
}

export interface SourceWorldReport {
  readonly release: Release
  readonly wildcardDomain: string
  /** By name; edge rows are counted. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  readonly rows: number
  /** Written to both Redis databases, those that expire included; 0 without a Redis. */
  readonly keys: number
  readonly tookMs: number
}

/**
 * Fills an empty MySQL database (and a Redis) with a 3scale that could be a customer's.
 *
 * Faults: WORLD_*. A database or Redis that is not empty is refused before anything is written; after any other failure
 * drop both before the next try. Abort: cuts the connections and throws the signal's reason.
 */
export interface SourceWorld {
  generate(request: SourceWorldRequest): Promise<SourceWorldReport>
}
