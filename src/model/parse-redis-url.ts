import { exitCode, faultsOf, kind } from '../base/fault.ts'
import { Secret } from '../base/secret.ts'
import { decodeUrlPart, isLoopback, readConnectionUrl, readUrlOptions, tlsModeOf } from './connection-url.ts'
import type { RedisEndpoint } from './redis-endpoint.ts'

/** Faults of a Redis' connection settings. None ever holds any part of the URL but the names of known options. */
export const redisAddressFaults = {
  REDIS_ADDRESS_UNREADABLE: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} does not hold a Redis URL`,
    remedy: (d) =>
      `Set ${d.name} to redis://USER:PASSWORD@HOST:PORT/DB (or rediss://…), with special characters percent-encoded.`,
  }),
  REDIS_ADDRESS_SCHEME: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} holds a URL that is of no Redis`,
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
const optionNames = ['sslmode', 'sslrootcert', 'master'] as const
const allowedOptions =
  'sslmode=disable|require|verify-ca|verify-full, sslrootcert=FILE, and with redis+sentinel:// master=NAME'
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
  const url = readConnectionUrl(text.reveal('parse a Redis URL').trim())
  if (url === undefined) throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  const scheme = schemes[url.protocol]
  if (scheme === undefined) throw fault('REDIS_ADDRESS_SCHEME', { name })
  const refuse = (option: string): never => {
    throw fault('REDIS_ADDRESS_OPTION', { name, option, allowed: allowedOptions })
  }
  const options = readUrlOptions(url, optionNames, refuse)
  const { master = '' } = options
  if (scheme.sentinel !== (master !== '')) refuse('master')
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, '$1'), name)
  if (host === '') throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  const user = decode(url.username, name)
  const password = decode(url.password, name)
  const tls = tlsModeOf(options, !scheme.tls && isLoopback(host)) ?? refuse('sslmode')
  if (scheme.tls && tls.kind === 'off') refuse('sslmode')
  return {
    host,
    port: url.port === '' ? scheme.port : Number(url.port),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password: new Secret(password) }),
    db: dbOf(url, name),
    tls,
    ...(scheme.sentinel ? { sentinel: { master } } : {}),
  }
}

function decode(part: string, name: string): string {
  const decoded = decodeUrlPart(part)
  if (decoded === undefined) throw fault('REDIS_ADDRESS_UNREADABLE', { name })
  return decoded
}

function dbOf(url: URL, name: string): number {
  const text = url.pathname.replace(/^\//, '')
  if (!/^\d{0,5}$/.test(text) || Number(text) > largestDb) throw fault('REDIS_ADDRESS_DB', { name })
  return Number(text)
}
