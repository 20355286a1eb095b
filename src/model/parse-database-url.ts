import { exitCode, faultsOf, kind } from '../base/fault.ts'
import { Secret } from '../base/secret.ts'
import { decodeUrlPart, isLoopback, readConnectionUrl, readUrlOptions, tlsModeOf } from './connection-url.ts'
import type { DatabaseAddress } from './database-address.ts'

const optionNames = ['sslmode', 'sslrootcert', 'socket'] as const
const allowedOptions = 'sslmode=disable|require|verify-ca|verify-full, sslrootcert=FILE, socket=PATH, each once'

/** Faults of connection settings. None ever holds any part of the URL but the names of known options. */
export const addressFaults = {
  ADDRESS_UNREADABLE: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} does not hold a database URL`,
    remedy: (d) =>
      `Set ${d.name} to mysql://USER:PASSWORD@HOST:PORT/DATABASE or postgresql://…, with special characters percent-encoded.`,
  }),
  ADDRESS_SCHEME: kind<{ name: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `${d.name} holds a URL of no database that Threeshift moves`,
    remedy: () => 'Use mysql:// (MySQL and MariaDB; mysql2:// is accepted) or postgresql://. Oracle is not read.',
  }),
  ADDRESS_INCOMPLETE: kind<{ name: string; missing: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) => `the URL in ${d.name} has no ${d.missing}`,
    remedy: (d) => `Write the ${d.missing} into the URL in ${d.name}.`,
  }),
  ADDRESS_OPTION: kind<{ name: string; option: string }>({
    exit: exitCode.usage,
    retry: 'after-remedy',
    says: (d) =>
      `the URL in ${d.name} has an option that is not known, empty, given twice or out of range: ${d.option}`,
    remedy: () => `Allowed after ?: ${allowedOptions}. A question mark in a password is written %3F.`,
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

/**
 * Parses a database URL such as `mysql://user:p%40ss@host:3306/system?sslmode=verify-full&sslrootcert=/ca.pem`.
 *
 * TLS: without `sslmode` a connection is verified (`verify-full`), but for one that cannot leave this machine (a loopback
 * address or a socket) and names no CA, which goes without. `require` is taken as `verify-full`: there is no unverified TLS.
 * Faults: ADDRESS_* with exit 64, naming `name` (where the URL came from) and never a part of the value.
 */
export function parseDatabaseUrl(text: Secret, name: string): DatabaseAddress {
  const url = readConnectionUrl(text.reveal('parse a database URL').trim())
  if (url === undefined || url.pathname === '') throw fault('ADDRESS_UNREADABLE', { name })
  const engine = engines[url.protocol]
  if (engine === undefined) throw fault('ADDRESS_SCHEME', { name })
  const options = readUrlOptions(url, optionNames, (option) => {
    throw fault('ADDRESS_OPTION', { name, option })
  })
  const { socket } = options
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, '$1'), name) || 'localhost'
  const database = decode(url.pathname.replace(/^\//, ''), name)
  const user = decode(url.username, name)
  if (database === '') throw fault('ADDRESS_INCOMPLETE', { name, missing: 'database name' })
  if (user === '') throw fault('ADDRESS_INCOMPLETE', { name, missing: 'user' })
  const port = url.port === '' ? engine.port : Number(url.port)
  if (port === 0) throw fault('ADDRESS_INCOMPLETE', { name, missing: 'port' })
  const tls = tlsModeOf(options, socket !== undefined || isLoopback(host))
  if (tls === undefined) throw fault('ADDRESS_OPTION', { name, option: 'sslmode' })
  return {
    engine: engine.engine,
    host,
    port,
    ...(socket === undefined ? {} : { socket }),
    user,
    password: new Secret(decode(url.password, name)),
    database,
    tls,
  }
}

function decode(part: string, name: string): string {
  const decoded = decodeUrlPart(part)
  if (decoded === undefined) throw fault('ADDRESS_UNREADABLE', { name })
  return decoded
}
