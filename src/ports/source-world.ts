import type { DatabaseAddress } from '../model/database-address.ts'
import type { Release } from '../model/release.ts'

export interface SourceWorldRequest {
  readonly release: Release
  readonly tenants: number
  /** 1 is about 100,000 rows for 20 tenants; rows grow in proportion. */
  readonly scale: number
  /** The same seed, release, tenants, scale and edge rows give the same bytes in every row. */
  readonly seed: number
  readonly edgeRows: boolean
  readonly mysql: DatabaseAddress
  /** The backend Redis to fill; absent: none. */
  readonly redis?: RedisAddress
  readonly onProgress: (progress: { readonly table: string; readonly rows: number; readonly allRows: number }) => void
  readonly signal: AbortSignal
}

/** A Redis URL's parts; storage lives in `database`, the queues in `queuesDatabase`. */
export interface RedisAddress {
  readonly url: import('../base/secret.ts').Secret
  readonly queuesDatabase: number
}

export interface SourceWorldReport {
  readonly release: Release
  readonly wildcardDomain: string
  readonly tables: readonly { readonly name: string; readonly rows: number }[]
  readonly rows: number
  readonly keys: number
  readonly tookMs: number
}

/** Fills an empty MySQL database (and a Redis) with a 3scale that could be a customer's. */
export interface SourceWorld {
  generate(request: SourceWorldRequest): Promise<SourceWorldReport>
}
