import { apiVersionOf, type ResourceKind } from './kind-table.ts'

/** What a Kubernetes API answers instead of the object: kind Status, apiVersion v1. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: object
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly retryAfterSeconds?: number
  readonly causes?: readonly StatusCause[]
}

export interface StatusCause {
  readonly reason: string
  readonly message: string
  readonly field?: string
}

/** A request that the simulated API refuses. Not a fault of the product: it is what the API is expected to say. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: Status

  constructor(code: number, reason: string, message: string, details: StatusDetails = {}) {
    super(message)
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code }
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

type Named = Pick<ResourceKind, 'group' | 'plural'>

function detailsOf(kind: Named, name: string): StatusDetails {
  return { name, kind: kind.plural, ...(kind.group === '' ? {} : { group: kind.group }) }
}

function quoted(kind: Named, name: string): string {
  const resource = `${kind.plural}${kind.group === '' ? '' : `.${kind.group}`}`
  return name === '' ? resource : `${resource} "${name}"`
}

export function notFound(kind: Named, name: string): Refusal {
  return new Refusal(404, 'NotFound', `${quoted(kind, name)} not found`, detailsOf(kind, name))
}

export function alreadyExists(kind: Named, name: string): Refusal {
  return new Refusal(409, 'AlreadyExists', `${quoted(kind, name)} already exists`, detailsOf(kind, name))
}

export function conflict(kind: Named, name: string, why: string): Refusal {
  return new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${quoted(kind, name)}: ${why}`,
    detailsOf(kind, name),
  )
}

/** Another manager owns fields that an apply wants to have otherwise. */
export function applyConflict(causes: readonly StatusCause[]): Refusal {
  const words = causes.map(({ message, field }) => `${message}: ${field}`).join('\n')
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`
  return new Refusal(409, 'Conflict', `Apply failed with ${count}: ${words}`, { causes })
}

export function invalid(kind: ResourceKind, name: string, field: string, message: string): Refusal {
  const causes = [{ reason: 'FieldValueInvalid', message, field }]
  return new Refusal(422, 'Invalid', `${kind.kind} "${name}" is invalid: ${field}: ${message}`, {
    name,
    kind: kind.kind,
    ...(kind.group === '' ? {} : { group: kind.group }),
    causes,
  })
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message)
}

export function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', 'Unauthorized')
}

export function forbidden(kind: Named, name: string, why: string): Refusal {
  return new Refusal(403, 'Forbidden', `${quoted(kind, name)} is forbidden: ${why}`, detailsOf(kind, name))
}

export function expired(message: string): Refusal {
  return new Refusal(410, 'Expired', message)
}

export function noSuchPath(): Refusal {
  return new Refusal(404, 'NotFound', 'the server could not find the requested resource')
}

export function methodNotAllowed(): Refusal {
  return new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')
}

export function unsupportedMediaType(kind: ResourceKind): Refusal {
  return new Refusal(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format for ${apiVersionOf(kind)} ${kind.kind} - accepted media types include: ` +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  )
}

export function success(details: StatusDetails): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details, code: 200 }
}
