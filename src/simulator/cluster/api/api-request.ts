import type { IncomingMessage } from 'node:http'
import type { Filter } from '../store.ts'

/** What a URL of the API names, taken apart. */
export interface Target {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
}

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly message: IncomingMessage
  /** Undefined for paths that are no resource, such as /version. */
  readonly target: Target | undefined
  /** As roles and faults name it: get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string
}

const writes: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' }

export function readRequest(message: IncomingMessage): ApiRequest {
  const url = new URL(message.url ?? '/', 'https://localhost')
  const target = targetOf(url.pathname)
  const method = message.method ?? 'GET'
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    message,
    target,
    verb: verbOf(method, url.searchParams, target),
  }
}

function targetOf(path: string): Target | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  const isCore = parts[0] === 'api'
  if (!isCore && parts[0] !== 'apis') return undefined
  const [group = '', version] = isCore ? ['', parts[1]] : [parts[1], parts[2]]
  const rest = parts.slice(isCore ? 2 : 3)
  if (version === undefined || rest[0] === undefined) return undefined
  // /namespaces/shop/pods is in a namespace; /namespaces/shop and /namespaces/shop/status are one.
  const isInside = rest[0] === 'namespaces' && rest[2] !== undefined && rest[2] !== 'status' && rest[2] !== 'finalize'
  const namespace = isInside ? rest[1] : undefined
  const [plural = '', name, subresource] = isInside ? rest.slice(2) : rest
  return { group, version, plural, namespace, name, subresource }
}

function verbOf(method: string, query: URLSearchParams, target: Target | undefined): string {
  if (target === undefined) return method.toLowerCase()
  if (target.subresource === 'exec') return 'create'
  if (method === 'DELETE') return target.name === undefined ? 'deletecollection' : 'delete'
  if (method !== 'GET') return writes[method] ?? method.toLowerCase()
  if (isTrue(query, 'watch')) return 'watch'
  return target.name === undefined ? 'list' : 'get'
}

export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value === 'true' || value === '1'
}

/** The resource as roles name it, such as `pods/exec`; the empty text for none. */
export function resourceWords(target: Target | undefined): string {
  if (target === undefined) return ''
  return target.subresource === undefined ? target.plural : `${target.plural}/${target.subresource}`
}

/** What the URL narrows a list or watch to. */
export function filterOf({ query, target }: ApiRequest): Filter {
  const fields = [query.get('fieldSelector') ?? '', target?.name === undefined ? '' : `metadata.name=${target.name}`]
  const fieldSelector = fields.filter((text) => text !== '').join(',')
  const labelSelector = query.get('labelSelector') ?? ''
  return {
    ...(target?.namespace === undefined ? {} : { namespace: target.namespace }),
    ...(fieldSelector === '' ? {} : { fieldSelector }),
    ...(labelSelector === '' ? {} : { labelSelector }),
  }
}
