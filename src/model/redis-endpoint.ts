import type { Secret } from '../base/secret.ts'
import type { TlsMode } from './database-address.ts'

/** Where a Redis is and how to get in. Made from a URL by `parseRedisUrl`. */
export interface RedisEndpoint {
  /** The server's, or with `sentinel` a Sentinel's, who is asked for the server of that master name. */
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: Secret
  readonly db: number
  readonly tls: TlsMode
  readonly sentinel?: { readonly master: string }
}

/** `redis://host:port/db`, without user and password, for messages. */
export function describeEndpoint(endpoint: RedisEndpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  const scheme = endpoint.sentinel === undefined ? 'redis' : 'redis+sentinel'
  return `${scheme}://${host}:${endpoint.port}/${endpoint.db}`
}
