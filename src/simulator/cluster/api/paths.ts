import type { ServerResponse } from 'node:http'
import { badRequest, noSuchPath } from '../refusal.ts'
import { sendJson, sendText } from './answers.ts'
import type { ApiRequest } from './api-request.ts'
import { parseBody, readBody } from './body.ts'
import type { ApiContext } from './context.ts'
import { discover } from './discovery.ts'
import { openApiProtobuf, openApiProtobufType } from './openapi-protobuf.ts'
import { openApiV2, openApiV3, openApiV3Index } from './openapi.ts'

/**
 * Serves what is no resource: health, discovery, OpenAPI, and what only a simulator has: `/simulator/faults` (GET; PUT
 * replaces the script), `/simulator/journal` (GET) and `/simulator/compact` (POST: earlier versions are forgotten).
 */
export async function servePath(context: ApiContext, request: ApiRequest, response: ServerResponse): Promise<void> {
  const { path, method } = request
  const { kinds } = context.store
  if (path === '/healthz' || path === '/livez' || path === '/readyz') {
    sendText(response, 200, 'ok', 'text/plain')
    return
  }
  if (path.startsWith('/simulator/')) {
    await serveSimulator(context, request, response)
    return
  }
  if (method !== 'GET') throw noSuchPath()
  if (path === '/openapi/v2') {
    const accept = request.message.headers.accept ?? ''
    if (accept.includes('proto-openapi')) sendText(response, 200, openApiProtobuf(kinds), openApiProtobufType)
    else sendJson(response, 200, openApiV2(kinds))
    return
  }
  const found =
    path === '/openapi/v3'
      ? openApiV3Index(kinds)
      : path.startsWith('/openapi/v3/')
        ? openApiV3(kinds, path.slice('/openapi/v3/'.length))
        : discover(kinds, path.replace(/\/$/, ''))
  if (found === undefined) throw noSuchPath()
  sendJson(response, 200, found)
}

async function serveSimulator(context: ApiContext, request: ApiRequest, response: ServerResponse): Promise<void> {
  const { faults, journal, store } = context
  switch (`${request.method} ${request.path.slice('/simulator/'.length)}`) {
    case 'PUT faults': {
      const script = parseBody(await readBody(request.message), 'application/json')
      try {
        faults.load(script)
      } catch (error) {
        throw badRequest(error instanceof Error ? error.message : 'no fault script')
      }
      sendJson(response, 200, { faults: faults.state() })
      break
    }
    case 'GET faults':
      sendJson(response, 200, { faults: faults.state() })
      break
    case 'GET journal':
      sendJson(response, 200, { entries: journal.entries() })
      break
    case 'POST compact':
      store.compact()
      sendJson(response, 200, {})
      break
    default:
      throw noSuchPath()
  }
}
