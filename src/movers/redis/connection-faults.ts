import { Fault } from '../../base/fault.ts'
import { Stop } from '../../base/stop.ts'
import { describeEndpoint, type RedisEndpoint } from '../../model/redis-endpoint.ts'
import { RespRefused } from '../../wire/resp/connect.ts'
import { type ReplyError, RespProtocolError } from '../../wire/resp/reply-parser.ts'
import { RespConnectionLost } from '../../wire/resp/resp-pipe.ts'
import { fault } from './faults.ts'

export type Side = 'source' | 'target'

const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])

/**
 * Turns what a connection threw into a fault, once, where its meaning is known.
 *
 * Only codes travel on: a server's text may quote a key. Faults and stops pass through unchanged.
 */
export function connectionFault(error: unknown, side: Side, endpoint: RedisEndpoint, doing: string): unknown {
  if (error instanceof Fault || error instanceof Stop) return error
  const where = { side, address: describeEndpoint(endpoint) }
  if (error instanceof RespRefused) {
    return error.step === 'SELECT' && error.reply.code === 'ERR'
      ? fault('REDIS_NO_DATABASE', where)
      : (replyFault(error.reply, side, endpoint, error.step) ?? fault('REDIS_LOGIN_REFUSED', where))
  }
  if (error instanceof RespProtocolError) return fault('REDIS_NOT_REDIS', where)
  if (error instanceof AggregateError && error.errors.length > 0) {
    return connectionFault(error.errors[0], side, endpoint, doing)
  }
  const code = codeOf(error)
  if (code !== '' && unreachable.has(code)) return fault('REDIS_UNREACHABLE', { ...where, reason: code })
  if (isTlsFailure(error, code)) return fault('REDIS_TLS_FAILED', { ...where, reason: code })
  if (error instanceof RespConnectionLost || code === 'ECONNRESET' || code === 'EPIPE') {
    return fault('REDIS_CONNECTION_LOST', { ...where, doing, reason: code === '' ? 'closed by the server' : code })
  }
  return error
}

/** The fault that an error reply stands for whatever the command was; null when its meaning depends on the command. */
export function replyFault(reply: ReplyError, side: Side, endpoint: RedisEndpoint, command: string): Fault | null {
  const address = describeEndpoint(endpoint)
  switch (reply.code) {
    case 'OOM':
      return fault('REDIS_OUT_OF_MEMORY', { address })
    case 'READONLY':
      return fault('REDIS_READ_ONLY', { address })
    case 'LOADING':
    case 'MASTERDOWN':
      return fault('REDIS_LOADING', { side, address })
    case 'NOAUTH':
    case 'WRONGPASS':
      return fault('REDIS_LOGIN_REFUSED', { side, address })
    case 'NOPERM':
      return fault('REDIS_FORBIDDEN', { side, address, command })
    case 'MOVED':
    case 'ASK':
    case 'CROSSSLOT':
    case 'CLUSTERDOWN':
      return fault('REDIS_CLUSTER_MODE', { side, address })
    default:
      return null
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return ''
  return error.code
}

function isTlsFailure(error: unknown, code: string): boolean {
  return error instanceof Error && /^(?:ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code)
}
