import type { TlsMode } from './database-address.ts'

/**
 * Reads a connection URL; undefined when it cannot be one.
 *
 * URL would drop control characters without a word, and they may be part of a password. An @ or a slash of a password
 * that is not percent-encoded would make a host or a path of the rest of it.
 */
export function readConnectionUrl(text: string): URL | undefined {
  const shape = /^[a-z0-9+]+:\/\/(?:[^@/?#]*@)?[^@/?#]*(?:\/[^@/?#]*)?(?:\?[^@#]*)?$/i
  const readable = shape.test(text) && !/[\p{Cc}\s]/u.test(text) && URL.canParse(text)
  return readable ? new URL(text) : undefined
}

/** A percent-encoded part of a URL as it is meant; undefined when it is malformed or holds a control character. */
export function decodeUrlPart(part: string): string | undefined {
  try {
    const decoded = decodeURIComponent(part)
    return /\p{Cc}/u.test(decoded) ? undefined : decoded
  } catch {
    // The reason would quote the value.
    return undefined
  }
}

/**
 * The URL's options, each known, filled and given once. `refuse` is told what is wrong: the name of a known option, or
 * nothing of it, for what is not known may be the end of a password that was not percent-encoded.
 */
export function readUrlOptions<Name extends string>(
  url: URL,
  names: readonly Name[],
  refuse: (option: string) => never,
): Readonly<Partial<Record<Name, string>>> {
  const options: Partial<Record<Name, string>> = {}
  for (const [key, value] of url.searchParams) {
    const option = names.find((candidate) => candidate === key)
    if (option === undefined || value === '' || options[option] !== undefined) {
      return refuse(option ?? 'one that is not known')
    }
    options[option] = value
  }
  return options
}

/** True for a host that names this machine by its loopback address. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * What `sslmode` and `sslrootcert` ask for; undefined for an `sslmode` that does not exist.
 *
 * Without `sslmode` a connection is verified, but for one that stays on this machine and names no CA. `require` is taken
 * as `verify-full`: there is no unverified TLS.
 */
export function tlsModeOf(
  options: { readonly sslmode?: string; readonly sslrootcert?: string },
  staysHere: boolean,
): TlsMode | undefined {
  const caFile = options.sslrootcert
  const mode = options.sslmode ?? (staysHere && caFile === undefined ? 'disable' : 'verify-full')
  switch (mode) {
    case 'disable':
      return { kind: 'off' }
    case 'require':
    case 'verify-full':
    case 'verify-ca':
      return { kind: 'verified', checkHost: mode !== 'verify-ca', ...(caFile === undefined ? {} : { caFile }) }
    default:
      return undefined
  }
}
