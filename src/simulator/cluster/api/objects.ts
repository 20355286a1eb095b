import type { ServerResponse } from 'node:http'
import { apiVersionOf } from '../kind-table.ts'
import type { KubeObject } from '../kube-object.ts'
import { badRequest, methodNotAllowed, success } from '../refusal.ts'
import { jsonOf, sendJson, sendStatus, sendText } from './answers.ts'
import { filterOf } from './api-request.ts'
import { addressed, readDeleteOptions, readObject, readPatch } from './body.ts'
import { type ApiContext, type ResourceCall, refOf, writeOptionsOf } from './context.ts'
import { readPage, sendPage } from './list.ts'
import { partialMetadata, shapeOf, tableOf } from './table.ts'
import { serveWatch } from './watch.ts'

/** Serves the verbs that all stored kinds have. Refuses as the store does. */
export async function serveObjects(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const { store, clock } = context
  const { request, kind, resource } = call
  const { query } = request
  switch (request.verb) {
    case 'get':
      sendObject(context, call, response, 200, store.read(refOf(call)))
      break
    case 'list':
      await sendPage(response, kind, readPage(store, resource, filterOf(request), query), shapeFor(call), clock.now())
      break
    case 'watch':
      serveWatch(response, store, clock, {
        kind,
        resource,
        filter: filterOf(request),
        query,
        shape: shapeFor(call),
        show: (object) => object,
        effect: call.effect,
        bookmarkMs: context.bookmarkMs,
      })
      break
    case 'create': {
      if (call.target.name !== undefined) throw methodNotAllowed()
      const { status, ...rest } = await readAddressed(call)
      // What has a status of its own is created without one.
      const given = kind.subresources.includes('status') || status === undefined ? rest : { ...rest, status }
      sendObject(
        context,
        call,
        response,
        201,
        store.create(
          { ...given, apiVersion: rest.apiVersion, kind: rest.kind, metadata: rest.metadata },
          writeOptionsOf(call),
        ),
      )
      break
    }
    case 'update':
      sendObject(
        context,
        call,
        response,
        200,
        store.update(await readAddressed(call), { ...writeOptionsOf(call), ...statusOnly(call) }),
      )
      break
    case 'patch': {
      const ref = refOf(call)
      const patch = await readPatch(request)
      const isNew = store.get(ref) === undefined
      const patched = store.patch(ref, patch, { ...writeOptionsOf(call), ...statusOnly(call) })
      sendObject(context, call, response, isNew ? 201 : 200, patched)
      break
    }
    case 'delete': {
      const ref = refOf(call)
      const last = store.delete(ref, await readDeleteOptions(request))
      const left = store.get(ref)
      if (left !== undefined && left.metadata.uid === last.metadata.uid) sendObject(context, call, response, 200, left)
      else
        sendStatus(
          response,
          success({
            name: ref.name,
            kind: kind.plural,
            ...(kind.group === '' ? {} : { group: kind.group }),
            uid: last.metadata.uid,
          }),
        )
      break
    }
    case 'deletecollection': {
      const options = await readDeleteOptions(request)
      const objects = store.list(resource, filterOf(request))
      for (const { metadata } of objects) {
        const { name, namespace } = metadata
        store.delete({ resource, name, ...(namespace === undefined ? {} : { namespace }) }, options)
      }
      await sendPage(response, kind, { objects, version: store.version() }, { kind: 'object' }, clock.now())
      break
    }
    default:
      throw methodNotAllowed()
  }
}

function statusOnly({ target }: ResourceCall): { readonly subresource?: 'status' } {
  return target.subresource === 'status' ? { subresource: 'status' } : {}
}

async function readAddressed(call: ResourceCall) {
  const { kind, target } = call
  const { kind: name, namespaced } = kind
  if (call.request.verb === 'update' && target.name === undefined) throw badRequest('name is required')
  return addressed(await readObject(call.request), { apiVersion: apiVersionOf(kind), kind: name, namespaced }, target)
}

export function shapeFor({ request }: ResourceCall) {
  return shapeOf(request.message.headers.accept, request.query)
}

/** One object in the shape that was asked for. */
export function sendObject(
  context: ApiContext,
  call: ResourceCall,
  response: ServerResponse,
  code: number,
  object: KubeObject,
): void {
  const shape = shapeFor(call)
  switch (shape.kind) {
    case 'object':
      sendText(response, code, jsonOf(object))
      break
    case 'metadata':
      sendJson(response, code, partialMetadata(object))
      break
    case 'table': {
      const listMetadata = { resourceVersion: object.metadata.resourceVersion }
      const options = { include: shape.include, listMetadata, now: context.clock.now() }
      sendJson(response, code, tableOf(call.kind, [object], options))
    }
  }
}
