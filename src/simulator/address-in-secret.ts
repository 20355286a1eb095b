import { Secret } from '../base/secret.ts'
import { isLoopback } from '../model/connection-url.ts'
import type { DatabaseAddress } from '../model/database-address.ts'
import { parseDatabaseUrl } from '../model/parse-database-url.ts'

/**
 * The database of a simulated 3scale, of the URL as the secret system-database holds it.
 *
 * The databases of a simulated world are private servers of this machine without TLS, so what the URL asks for in that
 * respect is heeded only where it leaves the machine. Faults: ADDRESS_*.
 */
export function addressInSecret(url: Secret): DatabaseAddress {
  const text = url.reveal('connect to the database of a simulated 3scale').trim()
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed !== undefined && isLoopback(parsed.hostname.replace(/^\[(.*)\]$/, '$1'))) parsed.search = ''
  return parseDatabaseUrl(parsed === undefined ? url : new Secret(parsed.toString()), 'the secret system-database')
}
