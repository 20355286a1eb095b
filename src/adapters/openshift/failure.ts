import type { Fault } from '../../base/fault.ts'
import { never } from '../../base/never.ts'
import { fault } from './faults.ts'
import type { StatusAnswer } from './status.ts'

/** What came of a request instead of a result. */
export type Failure =
  /** Nothing of it has reached the cluster. */
  | { readonly kind: 'unsent'; readonly reason: string }
  /** It may have reached the cluster; there is no whole answer. */
  | { readonly kind: 'cut'; readonly reason: string }
  /** The other end could not be verified; nothing has reached it. */
  | { readonly kind: 'unverified'; readonly reason: string }
  | { readonly kind: 'refused'; readonly status: number; readonly answer: StatusAnswer }

/** What was asked, for messages and for the right that it takes. */
export interface Question {
  /** A verb and an object: `patch deployments ns/name`. */
  readonly doing: string
  /** As roles name it: `patch on deployments/scale in namespace`. */
  readonly right: string
  /** Whether the cluster may be another one afterwards. */
  readonly changes: boolean
  readonly server: string
}

const unsentCodes = new Set(['EADDRNOTAVAIL', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'])
const untrusted = /^(?:ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/

/** What an error of Node's sockets means. `sent`: whether the request may have left before it. */
export function failureOf(error: unknown, sent: boolean): Failure {
  const reason = reasonOf(error)
  if (!sent && untrusted.test(reason)) return { kind: 'unverified', reason }
  return { kind: sent && !unsentCodes.has(reason) ? 'cut' : 'unsent', reason }
}

/** A system's or TLS' code; never a message, which may quote what passed. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  // How the proxy agent says that the proxy has answered something else than 200.
  const proxy = /^Bad response: (\d{3})$/.exec(error.message)
  return proxy === null ? error.name : `the proxy answers HTTP ${proxy[1]}`
}

/** Whether it may have been done although it failed. */
export function mayHaveHappened(failure: Failure): boolean {
  return failure.kind === 'cut' || (failure.kind === 'refused' && failure.status >= 500)
}

/** The fault that a failure is in the end. That a change may have been made is said. */
export function faultOf(failure: Failure, question: Question): Fault {
  const { doing, server } = question
  const unknown = question.changes && mayHaveHappened(failure) ? '; whether it was done is not known' : ''
  switch (failure.kind) {
    case 'unverified':
      return fault('OPENSHIFT_TLS_FAILED', { server, reason: failure.reason })
    case 'unsent':
    case 'cut':
      return fault('OPENSHIFT_UNREACHABLE', { doing, server, reason: failure.reason, unknown })
    case 'refused':
      return refusalFault(failure.status, failure.answer, { ...question, unknown })
    default:
      return never(failure)
  }
}

function refusalFault(
  status: number,
  answer: StatusAnswer,
  { doing, right, server, unknown }: Question & { readonly unknown: string },
): Fault {
  if (status === 401) return fault('OPENSHIFT_TOKEN_REFUSED', { server })
  if (status === 403) {
    return answer.deniedBy === null
      ? fault('OPENSHIFT_FORBIDDEN', { doing, right })
      : fault('OPENSHIFT_DENIED', { doing, by: answer.deniedBy })
  }
  if (status === 404 && answer.name !== '') return fault('OPENSHIFT_NOT_FOUND', { doing })
  if (status === 404) return fault('OPENSHIFT_KIND_UNKNOWN', { resource: doing.split(' ')[1] ?? doing })
  if (status === 409) return fault('OPENSHIFT_CONFLICT', { doing })
  if (status === 429 || status >= 500) return fault('OPENSHIFT_UNAVAILABLE', { doing, status, unknown })
  if (!answer.isStatus) return fault('OPENSHIFT_BAD_ANSWER', { doing, reason: `HTTP ${status}` })
  const fields = answer.fields.length === 0 ? '' : `: ${answer.fields.join(', ')}`
  return fault('OPENSHIFT_REFUSED', { doing, status, reason: answer.reason, fields })
}
