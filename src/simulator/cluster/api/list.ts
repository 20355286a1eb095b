import type { ServerResponse } from 'node:http'
import { never } from '../../../base/never.ts'
import { apiVersionOf, type ResourceKind } from '../kind-table.ts'
import type { KubeObject } from '../kube-object.ts'
import { badRequest, expired, Refusal } from '../refusal.ts'
import type { ClusterStore, Filter } from '../store.ts'
import type { EpochMs } from '../../../base/clock.ts'
import { jsonOf, sendJson, sendText } from './answers.ts'
import { partialMetadata, type Shape, tableOf } from './table.ts'

/** One page of objects, as they were at `version`. */
export interface Page {
  readonly objects: readonly KubeObject[]
  readonly version: string
  /** What asks for the next page; absent on the last. */
  readonly next?: string
  readonly remaining?: number
}

interface Continuation {
  readonly version: string
  /** How many objects of that version came before. */
  readonly skip: number
}

/**
 * The page that `limit`, `continue` and `resourceVersion` ask for; later pages show the version of the first.
 * Refuses: BadRequest; Expired, when that version is no longer remembered.
 */
export function readPage(store: ClusterStore, resource: string, filter: Filter, query: URLSearchParams): Page {
  const limit = Number(query.get('limit') ?? 0)
  const token = query.get('continue') ?? ''
  const asked = query.get('resourceVersion') ?? ''
  if (token === '') checkVersion(asked, store)
  const isExact = query.get('resourceVersionMatch') === 'Exact'
  const { version, skip } =
    token === '' ? { version: isExact ? asked : store.version(), skip: 0 } : continuationOf(token)
  const all = version === store.version() ? store.list(resource, filter) : listAt(store, resource, filter, version)
  if (limit <= 0 || all.length - skip <= limit) return { objects: skip === 0 ? all : all.slice(skip), version }
  const end = skip + limit
  const next = Buffer.from(JSON.stringify({ version, skip: end } satisfies Continuation)).toString('base64url')
  return { objects: all.slice(skip, end), version, next, remaining: all.length - end }
}

function checkVersion(asked: string, store: ClusterStore): void {
  if (Number(asked) <= Number(store.version())) return
  const message = `Too large resource version: ${asked}, current: ${store.version()}`
  throw new Refusal(504, 'Timeout', message, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  })
}

function continuationOf(token: string): Continuation {
  try {
    const { version, skip } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Partial<Continuation>
    if (typeof version === 'string' && typeof skip === 'number') return { version, skip }
  } catch {
    // Not ours, as anything else that does not read so.
  }
  throw badRequest('continue key is not valid')
}

function listAt(store: ClusterStore, resource: string, filter: Filter, version: string): readonly KubeObject[] {
  try {
    return store.listAt(resource, filter, version)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'Expired') throw error
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    )
  }
}

/** Objects that are written at a time: what a client has not taken yet is not turned into text. */
const chunkObjects = 200

/** Sends a page; a large one bit by bit, as fast as the client takes it. */
export async function sendPage(
  response: ServerResponse,
  kind: ResourceKind,
  page: Page,
  shape: Shape,
  now: EpochMs,
): Promise<void> {
  const listMetadata = {
    resourceVersion: page.version,
    ...(page.next === undefined ? {} : { continue: page.next, remainingItemCount: page.remaining }),
  }
  switch (shape.kind) {
    case 'table':
      sendJson(response, 200, tableOf(kind, page.objects, { include: shape.include, listMetadata, now }))
      break
    case 'metadata':
      sendJson(response, 200, {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: listMetadata,
        items: page.objects.map(partialMetadata),
      })
      break
    case 'object': {
      const head = `{"kind":"${kind.kind}List","apiVersion":"${apiVersionOf(kind)}","metadata":${JSON.stringify(listMetadata)},"items":[`
      await sendItems(response, head, page.objects)
      break
    }
    default:
      never(shape)
  }
}

async function sendItems(response: ServerResponse, head: string, objects: readonly KubeObject[]): Promise<void> {
  const textOf = (from: number) =>
    objects
      .slice(from, from + chunkObjects)
      .map(jsonOf)
      .join(',')
  if (objects.length <= chunkObjects) {
    sendText(response, 200, `${head}${textOf(0)}]}`)
    return
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.write(head)
  for (let at = 0; at < objects.length && !response.destroyed; at += chunkObjects) {
    if (!response.write((at === 0 ? '' : ',') + textOf(at))) await drained(response)
  }
  response.end(']}')
}

/** Until there is room again, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}
