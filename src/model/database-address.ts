import type { Secret } from '../base/secret.ts'

/** How a connection is protected. `verified`: TLS with chain and host name checked. */
export type TlsMode =
  | { readonly kind: 'verified'; readonly caFile?: string; readonly checkHost: boolean }
  | { readonly kind: 'off' }

/** Where a database is and how to get in. Made from a URL by `parseDatabaseUrl`. */
export interface DatabaseAddress {
  readonly engine: 'mysql' | 'postgresql'
  readonly host: string
  readonly port: number
  /** A Unix socket (MySQL: its path, PostgreSQL: its folder); wins over host and port. */
  readonly socket?: string
  readonly user: string
  readonly password: Secret
  readonly database: string
  readonly tls: TlsMode
}

/** `mysql://host:port/database`, without user and password, for messages. */
export function describeAddress(address: DatabaseAddress): string {
  const place = address.socket ?? `${address.host}:${address.port}`
  return `${address.engine}://${place}/${address.database}`
}
