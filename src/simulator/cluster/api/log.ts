import type { ServerResponse } from 'node:http'
import { containerOf } from '../pods/pod-env.ts'
import type { LogFilter } from '../pods/pod-logs.ts'
import { readList, readText } from '../read-path.ts'
import { badRequest } from '../refusal.ts'
import { isTrue } from './api-request.ts'
import { type ApiContext, type ResourceCall, refOf } from './context.ts'

/** GET pods/NAME/log: text, and with `follow` until the pod or the client goes. Refuses: NotFound, BadRequest. */
export function serveLog(context: ApiContext, call: ResourceCall, response: ServerResponse): void {
  const { store, logs } = context
  const { query } = call.request
  const pod = store.read(refOf(call))
  const { uid, name, namespace } = pod.metadata
  const asked = query.get('container') ?? ''
  const names = readList(pod, 'spec.containers').map((entry) => readText(entry, 'name'))
  if (asked === '' && names.length > 1) {
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`)
  }
  const container = readText(containerOf(pod, asked), 'name')
  const filter = filterOf(query)
  const limit = Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY)
  const text = logs
    .read(uid, container, filter)
    .map((line) => `${line}\n`)
    .join('')
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  response.write(Buffer.from(text).subarray(0, limit))
  if (!isTrue(query, 'follow') || isOver(pod)) {
    response.end()
    return
  }
  const stops = [
    logs.follow(uid, container, filter, (line) => void response.write(`${line}\n`)),
    store.watch('pods', namespace === undefined ? {} : { namespace }, ({ object }) => {
      const isGone = store.get(refOf(call))?.metadata.uid !== uid
      if (object.metadata.uid === uid && (isOver(object) || isGone)) response.end()
    }),
  ]
  response.once('close', () => {
    for (const stop of stops) stop()
  })
}

function isOver(pod: unknown): boolean {
  return ['Succeeded', 'Failed'].includes(readText(pod, 'status.phase'))
}

function filterOf(query: URLSearchParams): LogFilter {
  const tail = query.get('tailLines')
  const since = query.get('sinceSeconds')
  return {
    timestamps: isTrue(query, 'timestamps'),
    previous: isTrue(query, 'previous'),
    ...(tail === null ? {} : { tailLines: Number(tail) }),
    ...(since === null ? {} : { sinceMs: Number(since) * 1000 }),
  }
}
