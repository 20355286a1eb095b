import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { never } from '../../base/never.ts'
import type { ClusterKind } from '../../model/cluster-object.ts'
import type { ObjectQuery, Waiting } from '../../ports/cluster.ts'
import type { Link } from './ask.ts'
import { type Failure, failureOf } from './failure.ts'
import { openOnce } from './http.ts'
import { collectionPath, queryOf, selectorsOf } from './paths.ts'
import { readStatus } from './status.ts'

export type WatchEvent =
  | { readonly kind: 'put' | 'gone'; readonly object: unknown }
  /** Nothing has happened up to this version. */
  | { readonly kind: 'bookmark'; readonly version: string }

/** Null: the cluster has ended the watch as it does every few minutes. */
export type WatchEnd = Failure | null

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional() }),
})

const largestEventBytes = 64 * 2 ** 20

/**
 * The changes after `version`, once: it is not asked again, and its end says why. A watch on which nothing passes for
 * `watchSilenceMs` ends, for it may be dead. Abort: ends the request and throws the reason.
 */
export async function* watchOnce(
  link: Link,
  kind: ClusterKind,
  query: ObjectQuery & { readonly version: string },
  { signal }: Waiting,
): AsyncGenerator<WatchEvent, WatchEnd> {
  const { dialer, timing } = link
  const parameters = queryOf({
    ...selectorsOf(query),
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: query.version,
    timeoutSeconds: Math.max(1, Math.round(timing.watchMs / 1000)),
  })
  const path = `${collectionPath(kind, query.namespace)}${parameters}`
  const opened = await openOnce(dialer, { method: 'GET', path, silenceMs: timing.watchSilenceMs, signal })
  if (opened.kind !== 'ok') return opened
  const lines = linesOf(opened.result)
  try {
    for (;;) {
      const line = await lines.next()
      if (line.done === true) return null
      const event = eventOf(line.value)
      if (event === null) return { kind: 'cut', reason: 'a watch gave no event' }
      if (event.kind === 'failed') return event.failure
      yield event
    }
  } catch (error) {
    signal.throwIfAborted()
    return failureOf(error, true)
  } finally {
    opened.result.destroy()
  }
}

function eventOf(line: Buffer): WatchEvent | { readonly kind: 'failed'; readonly failure: Failure } | null {
  const decoded = eventSchema.safeParse(parse(line))
  if (!decoded.success) return null
  const { type, object } = decoded.data
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'put', object }
    case 'DELETED':
      return { kind: 'gone', object }
    case 'BOOKMARK': {
      const version = object.metadata?.resourceVersion
      return version === undefined ? null : { kind: 'bookmark', version }
    }
    case 'ERROR': {
      const status = typeof object['code'] === 'number' ? object['code'] : 500
      return { kind: 'failed', failure: { kind: 'refused', status, answer: readStatus(object, undefined) } }
    }
    default:
      return never(type)
  }
}

/** A line that breaks off at the end is dropped: it is no event. */
async function* linesOf(body: IncomingMessage): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    // A message without an encoding gives buffers.
    let left = piece as Buffer
    for (let at = left.indexOf(10); at !== -1; at = left.indexOf(10)) {
      const line = Buffer.concat([...rest, left.subarray(0, at)])
      if (line.length > 0) yield line
      rest = []
      bytes = 0
      left = left.subarray(at + 1)
    }
    rest.push(left)
    bytes += left.length
    if (bytes > largestEventBytes) throw new Error('an event is larger than 64 MiB')
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch {
    return null
  }
}
