import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../base/clock.ts'
import type { FaultEffect } from '../fault-script.ts'
import { apiVersionOf, type ResourceKind } from '../kind-table.ts'
import type { KubeObject, WatchEvent } from '../kube-object.ts'
import { expired } from '../refusal.ts'
import { fieldMatcher, labelMatcher } from '../selectors.ts'
import type { ClusterStore, Filter } from '../store.ts'
import { jsonOf, statusOf } from './answers.ts'
import { isTrue } from './api-request.ts'
import { partialMetadata, type Shape, tableOf } from './table.ts'

/** A watcher that reads no faster than this falls behind, and is cut off, as the API does. */
const maxUnsentBytes = 16 * 1024 * 1024
const longestSeconds = 3600

export interface WatchRequest {
  readonly kind: ResourceKind
  /** What is watched in the store; another than `kind`'s for what is a sight of it. */
  readonly resource: string
  readonly filter: Filter
  readonly query: URLSearchParams
  readonly shape: Shape
  /** Turns what the store holds into what is shown. */
  readonly show: (object: KubeObject) => KubeObject
  /** Scripted: it stays open and tells nothing, or it is expired from the start. */
  readonly effect: FaultEffect | undefined
  readonly bookmarkMs: number
}

/**
 * Sends one JSON line per change until the client leaves, its time is over, or the connection is ended.
 *
 * From `resourceVersion`, or, without one, from all that is there. A version that is forgotten is told as an ERROR of 410.
 */
export function serveWatch(response: ServerResponse, store: ClusterStore, clock: Clock, request: WatchRequest): void {
  const { query, kind, filter } = request
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
  const send = (line: string): void => {
    if (request.effect?.kind === 'silent' || response.destroyed || response.writableEnded) return
    response.write(`${line}\n`)
    if (response.writableLength > maxUnsentBytes) response.destroy()
  }
  const tell = (type: string, object: KubeObject): void => {
    send(`{"type":"${type}","object":${shown(request, object, clock)}}`)
  }
  const matchers = [labelMatcher(filter.labelSelector), fieldMatcher(filter.fieldSelector, kind)]
  const matches = (object: KubeObject | undefined): boolean =>
    object !== undefined && matchers.every((matcher) => matcher(object))
  const onEvent = ({ type, object, previous }: WatchEvent): void => {
    const [is, was] = [matches(object), matches(previous)]
    if (type === 'DELETED') {
      if (was) tell('DELETED', object)
    } else if (is) tell(was ? 'MODIFIED' : 'ADDED', object)
    else if (was) tell('DELETED', object)
  }
  const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
    const metadata = { resourceVersion: store.version(), creationTimestamp: null, ...(annotations && { annotations }) }
    send(JSON.stringify({ type: 'BOOKMARK', object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } }))
  }

  const since = query.get('resourceVersion') ?? ''
  const wantsInitial = isTrue(query, 'sendInitialEvents')
  const isFromNow = since === '' || since === '0' || wantsInitial
  try {
    if (request.effect?.kind === 'expire') throw expired('scripted: too old resource version')
    if (isFromNow && query.get('sendInitialEvents') !== 'false') {
      for (const object of store.list(request.resource, filter)) tell('ADDED', object)
    }
    if (wantsInitial) bookmark({ 'k8s.io/initial-events-end': 'true' })
    const { namespace } = filter
    const options = { ...(namespace === undefined ? {} : { namespace }), ...(isFromNow ? {} : { since }) }
    const stop = store.watch(request.resource, options, onEvent)
    const seconds = Math.min(Number(query.get('timeoutSeconds') ?? longestSeconds) || longestSeconds, longestSeconds)
    const end = setTimeout(() => response.end(), seconds * 1000)
    const marks = isTrue(query, 'allowWatchBookmarks') ? setInterval(() => bookmark(), request.bookmarkMs) : undefined
    response.once('close', () => {
      stop()
      clearTimeout(end)
      clearInterval(marks)
    })
  } catch (error) {
    response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`)
  }
}

function shown(request: WatchRequest, object: KubeObject, clock: Clock): string {
  const seen = request.show(object)
  if (request.shape.kind === 'object') return jsonOf(seen)
  if (request.shape.kind === 'metadata') return JSON.stringify(partialMetadata(seen))
  const listMetadata = { resourceVersion: seen.metadata.resourceVersion }
  const { include } = request.shape
  return JSON.stringify(tableOf(request.kind, [seen], { include, listMetadata, now: clock.now() }))
}
