import { exitCode, faultsOf, kind } from '../base/fault.ts'
import { Secret } from '../base/secret.ts'
import type { TlsMode } from './database-address.ts'
import type { RedisEndpoint } from './redis-endpoint.ts'

/** Faults of a Redis' connection settings. None ever holds any part of the URL but its scheme and option names. */
export const redisAddressFaults = {
  REDIS_ADDRESS_UNREADABLE: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} does not hold a Redis URL`,
    remedy: (d) =>
      `Set ${d.name} to redis://USER:PASSWORD@HOST:PORT/DB (or rediss://…), with special characters percent-encoded.`,
  }),
  REDIS_ADDRESS_SCHEME: kind<{ name: string; scheme: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} holds a ${d.scheme}:// URL, which is no Redis`,
    remedy: () => 'Use redis://, rediss:// (always TLS) or redis+sentinel://HOST:26379/DB?master=NAME.',
  }),
  REDIS_ADDRESS_DB: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the path of the URL in ${d.name} is no database number`,
    remedy: (d) => `End the URL in ${d.name} with the number of the database, such as /0; without one it is 0.`,
  }),
  REDIS_ADDRESS_OPTION: kind<{ name: string; option: string; allowed: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the URL in ${d.name} has an option or value that is not known: ${d.option}`,
    remedy: (d) => `Allowed here: ${d.allowed}.`,
  }),
}
const fault = faultsOf(redisAddressFaults)

const schemes: Readonly<Record<string, { readonly port: number; readonly tls: boolean; readonly sentinel: boolean }>> =
  {
    'redis:': { port: 6379, tls: false, sentinel: false },
    'rediss:': { port: 6379, tls: true, sentinel: false },
    'redis+sentinel:': { port: 26379, tls: false, sentinel: true },
  }
const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const
const options = ['sslmode', 'sslrootcert', 'master'] as const
const allowedOptions = `sslmode=${tlsModes.join('|')}, sslrootcert=FILE, and with redis+sentinel:// master=NAME`
const largestDb = 65_535

/**
 * Parses a Redis URL such as `rediss://user:p%40ss@host:6380/1?sslrootcert=/ca.pem`.
 *
 * TLS: as for databases, a connection is verified unless it cannot leave this machine (a loopback address) or the URL
 * says `sslmode=disable`; `rediss://` is verified even there. `require` is taken as `verify-full`.
 * Sentinel: `redis+sentinel://user:password@host:26379/0?master=NAME`; user and password are the server's.
 * Faults: REDIS_ADDRESS_* with exit 64, naming `name` (where the URL came from) and never a part of the value.
 */
export function parseRedisUrl(text: Secret, name: string): RedisEndpoint {
  const url = parse(text.reveal('parse a Redis URL').trim(), name)
  const scheme = schemes[url.protocol]
  if (scheme === undefined) throw fault('REDIS_ADDRESS_SCHEME', { name, scheme: url.protocol.replace(/:$/, '') })
  for (const option of url.searchParams.keys()) {
    // A membership test on a literal tuple needs the wider type.
    if (!(options as readonly string[]).includes(option)) {
      throw fault('REDIS_ADDRESS_OPTION', { name, option, allowed: allowedOptions })
    }
  }
  const master = url.searchParams.get('master') ?? ''
  if (scheme.sentinel !== (master !== '')) {
    throw fault('REDIS_ADDRESS_OPTION', { name, option: 'master', allowed: allowedOptions })
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  const user = decode(url.username, name)
  const password = decode(url.password, name)
  return {
    host,
    port: url.port === '' ? scheme.port : Number(url.port),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password: new Secret(password) }),
    db: dbOf(url, name),
    tls: tlsOf(url, !scheme.tls && isLoopback(host), name),
    ...(scheme.sentinel ? { sentinel: { master } } : {}),
  }
}

function parse(text: string, name: string): URL {
  if (!/^[a-z0-9+]+:\/\//i.test(text) || !URL.canParse(text)) throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  return new URL(text)
}

function decode(part: string, name: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // The cause would quote the value.
    throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  }
}

function dbOf(url: URL, name: string): number {
  const text = url.pathname.replace(/^\//, '')
  if (!/^\d{0,5}$/.test(text) || Number(text) > largestDb) throw fault('REDIS_ADDRESS_DB', { name })
  return Number(text)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function tlsOf(url: URL, staysHere: boolean, name: string): TlsMode {
  const mode = url.searchParams.get('sslmode') ?? (staysHere ? 'disable' : 'verify-full')
  const contradicts = url.protocol === 'rediss:' && mode === 'disable'
  // As above: a membership test on a literal tuple.
  if (contradicts || !(tlsModes as readonly string[]).includes(mode)) {
    throw fault('REDIS_ADDRESS_OPTION', { name, option: 'sslmode', allowed: allowedOptions })
  }
  if (mode === 'disable') return { kind: 'off' }
  const caFile = url.searchParams.get('sslrootcert')
  return { kind: 'verified', checkHost: mode !== 'verify-ca', ...(caFile === null ? {} : { caFile }) }
}
