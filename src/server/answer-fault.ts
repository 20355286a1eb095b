import { exitCode, Fault } from '../base/fault.ts'
import { Stop } from '../base/stop.ts'
import { fault } from './faults.ts'

/** HTTP status per fault that is not simply 400 (usage) or 503 (anything else). */
const statusOf: Readonly<Record<string, number>> = {
  CONTROL_TOKEN_REFUSED: 401,
  CONTROL_TOKEN_ROLE: 403,
  CONTROL_NOT_FOUND: 404,
  CONTROL_BROKE: 500,
  AGENT_TOKEN_ROLE: 403,
  AGENT_LEASE_LOST: 409,
  AGENT_STATEMENT_MISMATCH: 422,
  EVIDENCE_SIGNATURE_INVALID: 422,
  EVIDENCE_KEY_FOREIGN: 409,
  ENGINE_NOT_YOURS: 403,
  MIGRATION_UNKNOWN: 404,
  ENGINE_ROW_UNKNOWN: 404,
  ENGINE_NOTHING_ASKED: 409,
  ENGINE_SHOWN_CHANGED: 409,
  ENGINE_ANSWERED_ALREADY: 409,
}

/** The fault that a caller is told, and its HTTP status. `unforeseen` is true for an error that somebody has to look into. */
export function answerFor(
  error: unknown,
  route: string,
): {
  readonly fault: Fault
  readonly status: number
  readonly unforeseen: boolean
} {
  const known = foreseen(error, route)
  if (known === null) return { fault: fault('CONTROL_BROKE', { route }, error), status: 500, unforeseen: true }
  const status = statusOf[known.code] ?? (known.exit === exitCode.usage ? 400 : 503)
  return { fault: known, status, unforeseen: false }
}

function foreseen(error: unknown, route: string): Fault | null {
  if (error instanceof Fault) return error
  // Fastify's own refusals: not JSON, too large, another media type.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return fault('CONTROL_REQUEST_MALFORMED', { where: status === 413 ? 'it is too large' : 'its body' }, error)
  }
  // The server ends, or the caller has gone: nothing was done.
  if (error instanceof Stop) return fault('CONTROL_STOPPING', { route }, error)
  return null
}
