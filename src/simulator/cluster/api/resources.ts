import type { ServerResponse } from 'node:http'
import { methodNotAllowed, noSuchPath } from '../refusal.ts'
import { type ApiContext, type ResourceCall, refOf } from './context.ts'
import { serveLog } from './log.ts'
import { sendObject, serveObjects } from './objects.ts'
import { serveProjectRequest, serveProjects } from './projects.ts'
import { serveReview, serveTokenRequest } from './reviews.ts'
import { serveScale } from './scale.ts'
import { serveEviction, serveInstantiate } from './workload-calls.ts'

type Serve = (context: ApiContext, call: ResourceCall, response: ServerResponse) => Promise<void> | void

/** Those that are not served as the object itself is. */
const subresources: Readonly<Record<string, Serve>> = {
  scale: serveScale,
  log: serveLog,
  eviction: serveEviction,
  token: serveTokenRequest,
  instantiate: serveInstantiate,
  exec: () => {
    // Without an upgrade of the connection there is nothing to talk over.
    throw methodNotAllowed()
  },
}

/** Finds who serves a call: by its subresource first, then by how its kind behaves. */
export async function serveResource(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const { kind, target, request } = call
  const { subresource } = target
  if (subresource !== undefined && !kind.subresources.some((name) => name === subresource)) throw noSuchPath()
  const special = subresource === undefined ? undefined : subresources[subresource]
  if (special !== undefined) {
    await special(context, call, response)
    return
  }
  switch (kind.behaviour) {
    case 'review':
      if (request.verb !== 'create') throw methodNotAllowed()
      if (kind.kind === 'ProjectRequest') await serveProjectRequest(context, call, response)
      else await serveReview(context, call, response)
      return
    case 'project':
      await serveProjects(context, call, response)
      return
    case 'user':
      if (target.name === '~') sendMe(context, call, response)
      else await serveObjects(context, call, response)
      return
    case 'stored':
      await serveObjects(context, call, response)
  }
}

/** `users/~` is whoever asks; not everybody has an object. */
function sendMe(context: ApiContext, call: ResourceCall, response: ServerResponse): void {
  const { user, kind } = call
  const known = context.store.get({ ...refOf(call), name: user.name })
  const metadata = { name: user.name, uid: '', resourceVersion: '', creationTimestamp: '' }
  const apiVersion = 'user.openshift.io/v1'
  sendObject(context, call, response, 200, known ?? { apiVersion, kind: kind.kind, metadata, groups: user.groups })
}
