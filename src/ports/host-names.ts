import type { DatabaseAddress } from '../model/database-address.ts'

/** From which domain to which a 3scale moves, in its own PostgreSQL. Both are wildcard domains, in lower case. */
export interface HostNamesRequest {
  readonly database: DatabaseAddress
  readonly from: string
  readonly to: string
  /** Whole names that change besides, such as the backend's route: old to new. */
  readonly also: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

/** One name that changes, in one column. */
export interface HostRename {
  /** `table.column` */
  readonly column: string
  /** Id of the tenant's account; null for what has none. */
  readonly tenant: string | null
  readonly rows: number
  readonly before: string
  readonly after: string
}

export interface HostNamesPreview {
  /** By tenant, column and name. */
  readonly renames: readonly HostRename[]
  /** Promoted configurations that hold a name that changes; they are rewritten whole. */
  readonly configurations: number
  /** Names that 3scale serves and that are not below `from`: a tenant's own domain stays. */
  readonly kept: readonly { readonly column: string; readonly tenant: string | null; readonly host: string }[]
  /** Where the old domain is mentioned in what is the customer's: a person looks at it. At most five names each. */
  readonly toLookAt: readonly { readonly column: string; readonly rows: number; readonly hosts: readonly string[] }[]
  /** New names that cannot be. While there is one, nothing can be renamed. */
  readonly problems: readonly { readonly host: string; readonly says: string }[]
}

export interface HostNamesReport {
  /** Rows changed, by `table.column`; empty when everything was so already. */
  readonly changed: readonly { readonly column: string; readonly rows: number }[]
  /** Restore only: cells that somebody has changed since, and that were left as they are. */
  readonly leftAlone: number
}

/**
 * Renames every host name that 3scale serves, of all tenants and in everything that was promoted. No program of 3scale
 * may run meanwhile.
 *
 * Faults: HOSTS_*, DB_*. Abort: the connection is closed, the open transaction rolled back, the reason thrown.
 */
export interface HostNames {
  /** What `rename` will do. Changes nothing. */
  preview(request: HostNamesRequest): Promise<HostNamesPreview>
  /** All of it in one transaction; what was there is kept in `threeshift.renamed_host`. A second call changes nothing. */
  rename(request: HostNamesRequest): Promise<HostNamesReport>
  /** Puts back what `rename` of the same two domains kept. Without that it changes nothing. */
  restore(request: HostNamesRequest): Promise<HostNamesReport>
}
