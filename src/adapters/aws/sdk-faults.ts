import type { Fault } from '../../base/fault.ts'
import { fault } from './faults.ts'

/** What an AWS service answered instead of a result. */
export interface Refusal {
  /** Such as `AccessDenied`; what is no code is left out. */
  readonly code: string
  readonly status: number
  readonly requestId: string
  /** The service's own words, to look for a word in them: never for a message, for they may quote what was asked. */
  readonly words: string
  /** Where the bucket is, when the service says so. */
  readonly region: string | null
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'])
const refused = new Set([
  'AuthFailure',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidIdentityToken',
  'InvalidToken',
  'NotSignedUp',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
])
const skewed = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture'])
const unreachable = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])
const throttled = /^(?:SlowDown|Throttl|TooManyRequests|RequestThrottled|RequestLimitExceeded|BandwidthLimitExceeded)/

/** The service's answer in an error of the SDK, or null: then there was none. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('$metadata' in error)) return null
  // What the SDK documents of every exception that comes from a service; each part may be missing.
  const { name, message, $metadata, $response, Region } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
    readonly Region?: unknown
  }
  const status = $metadata?.httpStatusCode
  if (status === undefined) return null
  return {
    code: plain(name) ?? 'no code',
    status,
    requestId: plain($metadata?.requestId) ?? 'unknown',
    words: message,
    region: plain($response?.headers?.['x-amz-bucket-region'] ?? Region),
  }
}

/**
 * The fault that an error of the SDK stands for whatever was asked of which service.
 *
 * Only codes travel on: the SDK's errors hold the request, and with it signatures. So they are nobody's `cause`.
 */
export function awsFault(error: unknown): Fault {
  const refusal = refusalOf(error)
  if (refusal === null) return unansweredFault(error)
  // A success that cannot be read has been cut on its way.
  if (refusal.status < 300) return fault('AWS_UNREACHABLE', { host: hostOf(error), reason: 'its answer was cut short' })
  return knownRefusal(refusal) ?? fault('AWS_REFUSED', shown(refusal))
}

/** As `awsFault`, for what failed while credentials were looked for, which may be an answer of STS or SSO. */
export function credentialsFault(error: unknown): Fault {
  const refusal = refusalOf(error)
  if (refusal !== null) return knownRefusal(refusal) ?? fault('AWS_CREDENTIALS_REFUSED', { code: refusal.code })
  if (error instanceof Error && /^(?:CredentialsProviderError|TokenProviderError)$/.test(error.name)) {
    return fault('AWS_NO_CREDENTIALS', {})
  }
  const { path } = detailsOf(error)
  return path === undefined
    ? unansweredFault(error)
    : fault('AWS_CREDENTIALS_UNREADABLE', { file: path, reason: reasonOf(error) })
}

/** The fault that a refusal stands for by its code or status alone, or null. */
export function knownRefusal(refusal: Refusal): Fault | null {
  const { code, status } = refusal
  if (expired.has(code)) return fault('AWS_CREDENTIALS_EXPIRED', { code })
  if (refused.has(code)) return fault('AWS_CREDENTIALS_REFUSED', { code })
  if (skewed.has(code)) return fault('AWS_CLOCK_SKEW', {})
  if (throttled.test(code) || status === 429) return fault('AWS_THROTTLED', { code })
  return status >= 500 ? fault('AWS_UNAVAILABLE', { status }) : null
}

/** Why a connection failed, as a code: the system's, TLS', or ETIMEDOUT for the SDK's own limits. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name === 'TimeoutError' ? 'ETIMEDOUT' : error.name
}

function unansweredFault(error: unknown): Fault {
  if (error instanceof Error && error.message === 'Region is missing') return fault('AWS_NO_REGION', {})
  const reason = reasonOf(error)
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(reason)) {
    return fault('AWS_TLS_FAILED', { reason })
  }
  if (unreachable.has(reason)) return fault('AWS_UNREACHABLE', { host: hostOf(error), reason })
  return fault('AWS_FAILED', { reason })
}

/** The host that could not be reached, as far as the system's error tells. */
function hostOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return hostOf(error.errors[0])
  const { hostname, address, port } = detailsOf(error)
  return hostname ?? (address === undefined ? 'its address' : `${address}:${port ?? 0}`)
}

/** What Node's own errors of DNS, sockets and files say besides their code. */
function detailsOf(error: unknown): { hostname?: string; address?: string; port?: number; path?: string } {
  return Object(error) as { hostname?: string; address?: string; port?: number; path?: string }
}

/** Text that can only be a code or a name: a proxy's page may be taken for an answer. */
function plain(text: unknown): string | null {
  return typeof text === 'string' && /^[\w./:=+-]{1,100}$/.test(text) ? text : null
}

function shown({ code, status, requestId }: Refusal) {
  return { code, status, requestId }
}
