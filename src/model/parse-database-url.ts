import { exitCode, faultsOf, kind } from '../base/fault.ts'
import { Secret } from '../base/secret.ts'
import type { DatabaseAddress, TlsMode } from './database-address.ts'

/** Faults of connection settings. None ever holds any part of the URL but its scheme and option names. */
export const addressFaults = {
  ADDRESS_UNREADABLE: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} does not hold a database URL`,
    remedy: (d) =>
      `Set ${d.name} to mysql://USER:PASSWORD@HOST:PORT/DATABASE or postgresql://…, with special characters percent-encoded.`,
  }),
  ADDRESS_SCHEME: kind<{ name: string; scheme: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} holds a ${d.scheme}:// URL, which is no database that Threeshift moves`,
    remedy: () => 'Use mysql:// (MySQL and MariaDB; mysql2:// is accepted) or postgresql://.',
  }),
  ADDRESS_INCOMPLETE: kind<{ name: string; missing: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the URL in ${d.name} has no ${d.missing}`,
    remedy: (d) => `Write the ${d.missing} into the URL in ${d.name}.`,
  }),
  ADDRESS_OPTION: kind<{ name: string; option: string; allowed: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the URL in ${d.name} has an option or value that is not known: ${d.option}`,
    remedy: (d) => `Allowed here: ${d.allowed}.`,
  }),
}
const fault = faultsOf(addressFaults)

const engines: Readonly<Record<string, { readonly engine: DatabaseAddress['engine']; readonly port: number }>> = {
  'mysql:': { engine: 'mysql', port: 3306 },
  'mysql2:': { engine: 'mysql', port: 3306 },
  'mariadb:': { engine: 'mysql', port: 3306 },
  'postgresql:': { engine: 'postgresql', port: 5432 },
  'postgres:': { engine: 'postgresql', port: 5432 },
}
const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const
const options = ['sslmode', 'sslrootcert', 'socket'] as const
const allowedOptions = `sslmode=${tlsModes.join('|')}, sslrootcert=FILE, socket=PATH`

/**
 * Parses a database URL such as `mysql://user:p%40ss@host:3306/system?sslmode=verify-full&sslrootcert=/ca.pem`.
 *
 * TLS: without `sslmode` a connection is verified (`verify-full`), but for one that cannot leave this machine (a loopback
 * address or a socket), which goes without. `require` is taken as `verify-full`: there is no unverified TLS.
 * Faults: ADDRESS_* with exit 64, naming `name` (where the URL came from) and never a part of the value.
 */
export function parseDatabaseUrl(text: Secret, name: string): DatabaseAddress {
  const url = parse(text.reveal('parse a database URL').trim(), name)
  const engine = engines[url.protocol]
  if (engine === undefined) throw fault('ADDRESS_SCHEME', { name, scheme: url.protocol.replace(/:$/, '') })
  for (const option of url.searchParams.keys()) {
    // A membership test on a literal tuple needs the wider type.
    if (!(options as readonly string[]).includes(option)) {
      throw fault('ADDRESS_OPTION', { name, option, allowed: allowedOptions })
    }
  }
  const socket = url.searchParams.get('socket') ?? undefined
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost'
  const database = decode(url.pathname.replace(/^\//, ''), name)
  const user = decode(url.username, name)
  if (database === '') throw fault('ADDRESS_INCOMPLETE', { name, missing: 'database name' })
  if (user === '') throw fault('ADDRESS_INCOMPLETE', { name, missing: 'user' })
  return {
    engine: engine.engine,
    host,
    port: url.port === '' ? engine.port : Number(url.port),
    ...(socket === undefined ? {} : { socket }),
    user,
    password: new Secret(decode(url.password, name)),
    database,
    tls: tlsOf(url, socket !== undefined || isLoopback(host), name),
  }
}

function parse(text: string, name: string): URL {
  // URL parses host, port and credentials only for schemes it knows as hierarchical; both of ours carry `//`.
  if (!/^[a-z0-9]+:\/\//i.test(text) || !URL.canParse(text)) throw fault('ADDRESS_UNREADABLE', { name })
  return new URL(text)
}

function decode(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // The cause would quote the value.
    throw fault('ADDRESS_UNREADABLE', { name })
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function tlsOf(url: URL, staysHere: boolean, name: string): TlsMode {
  const mode = url.searchParams.get('sslmode') ?? (staysHere ? 'disable' : 'verify-full')
  // As above: a membership test on a literal tuple.
  if (!(tlsModes as readonly string[]).includes(mode)) {
    throw fault('ADDRESS_OPTION', { name, option: 'sslmode', allowed: allowedOptions })
  }
  if (mode === 'disable') return { kind: 'off' }
  const caFile = url.searchParams.get('sslrootcert')
  return { kind: 'verified', checkHost: mode !== 'verify-ca', ...(caFile === null ? {} : { caFile }) }
}
