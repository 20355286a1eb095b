import { Fault } from '../../base/fault.ts'
import { Stop } from '../../base/stop.ts'
import type { DatabaseAddress } from '../../model/database-address.ts'
import { describeAddress } from '../../model/database-address.ts'
import { fault } from './faults.ts'

export type Side = 'source' | 'target'

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
const lost = new Set([
  'ECONNRESET',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'CONNECTION_LOST',
  '57P01',
  '57P02',
  '57P03',
  '08006',
  '08003',
  '1053',
  '1927',
])
const crowded = new Set(['53300', '1040', '1203'])
const full = new Set(['53100', '1021', '1114'])
const redefined = new Set(['1412', '1054', '1146', '42P01', '42703'])
const forbidden = new Set(['42501', '1142', '1143', '1044', '1227'])

/**
 * Turns what a database driver threw into a fault, once, where its meaning is known.
 *
 * The driver's own message and statement may hold customers' values, so only its code travels on; the error itself is
 * not kept as the cause for the same reason. Faults and stops pass through unchanged.
 */
export function driverFault(error: unknown, side: Side, address: DatabaseAddress, doing: string): Error {
  if (error instanceof Fault || error instanceof Stop) return error
  if (!(error instanceof Error)) return new Error(`bug: a driver threw ${typeof error}`)
  const codes = codesOf(error)
  const has = (set: ReadonlySet<string>): string | undefined => codes.find((code) => set.has(code))
  const where = { side, address: describeAddress(address) }
  const sqlState = codes.find((code) => /^[0-9][0-9A-Z]{4}$|^HY000$/.test(code)) ?? codes[0] ?? 'unknown'
  if (codes.includes('28P01') || codes.includes('28000') || codes.includes('1045') || codes.includes('1698')) {
    return fault('DB_LOGIN_REFUSED', { ...where, user: address.user })
  }
  if (codes.includes('23505')) return fault('DB_UNIQUE_VIOLATED', { table: doing.replace(/^.* /, '') })
  if (codes.includes('2BP01')) return fault('DB_TARGET_DEPENDENTS', { address: where.address })
  if (codes.includes('3D000') || codes.includes('1049')) return fault('DB_UNKNOWN_DATABASE', where)
  if (has(crowded) !== undefined) return fault('DB_UNREACHABLE', { ...where, reason: 'too many connections' })
  if (isFileError(error))
    return fault('DB_TLS_FAILED', { ...where, reason: `the CA file cannot be read: ${codes[0] ?? ''}` })
  const away = has(unreachable) ?? (/timeout expired/.test(error.message) ? 'ETIMEDOUT' : undefined)
  if (away !== undefined) return fault('DB_UNREACHABLE', { ...where, reason: away })
  if (isTlsFailure(error, codes)) return fault('DB_TLS_FAILED', { ...where, reason: codes[0] ?? 'no TLS offered' })
  if (has(full) !== undefined) return fault('DB_TARGET_FULL', { ...where, doing })
  if (has(forbidden) !== undefined) return fault('DB_FORBIDDEN', { ...where, doing, sqlState })
  if (codes.includes('22021') || codes.includes('22P05')) return fault('DB_TEXT_UNDECODABLE', { ...where, doing })
  if (side === 'source' && codes.includes('40001')) {
    return fault('DB_REPLICA_CONFLICT', { address: where.address, doing })
  }
  if (side === 'source' && has(redefined) !== undefined) {
    return fault('DB_SOURCE_CHANGED', {
      table: doing.replace(/^.* /, ''),
      what: `error ${has(redefined)}`,
    })
  }
  if (has(lost) !== undefined || /terminated|closed state|not queryable/.test(error.message)) {
    return fault('DB_CONNECTION_LOST', { ...where, doing })
  }
  if (codes.length === 0 && doing === 'connecting') {
    return fault('DB_UNREACHABLE', {
      ...where,
      reason: 'it does not answer as this kind of server does, or wants a password',
    })
  }
  if (codes.length === 0) return error
  return fault('DB_STATEMENT_FAILED', { ...where, doing, sqlState })
}

/**
 * The codes a driver error carries: errno and sqlState of mysql2 and of our own MySQL session, node-postgres' SQLSTATE,
 * Node's system codes.
 */
function codesOf(error: Error): readonly string[] {
  const fields = error as Error & { code?: unknown; errno?: unknown; sqlState?: unknown; errors?: unknown }
  const inner =
    error instanceof AggregateError ? error.errors.flatMap((e) => (e instanceof Error ? codesOf(e) : [])) : []
  return [fields.code, fields.errno, fields.sqlState]
    .filter((code) => code !== undefined)
    .map(String)
    .concat(inner)
}

/** The only file that is opened is the CA's; a socket that is missing fails in connect. */
function isFileError(error: Error): boolean {
  return 'syscall' in error && (error.syscall === 'open' || error.syscall === 'read') && 'path' in error
}

function isTlsFailure(error: Error, codes: readonly string[]): boolean {
  return (
    codes.some((code) => /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|HANDSHAKE_NO_SSL/.test(code)) ||
    /does not support SSL|server does not support secure/i.test(error.message)
  )
}
