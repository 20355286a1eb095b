import type { ServerResponse } from 'node:http'
import type { User } from '../access/accounts.ts'
import { mayDo } from '../access/rbac.ts'
import type { KubeObject } from '../kube-object.ts'
import { isFields, readPath, readText } from '../read-path.ts'
import { methodNotAllowed, success } from '../refusal.ts'
import type { ClusterStore } from '../store.ts'
import { sendStatus } from './answers.ts'
import { filterOf } from './api-request.ts'
import { readDeleteOptions, readObject } from './body.ts'
import { type ApiContext, type ResourceCall, writeOptionsOf } from './context.ts'
import { readPage, sendPage } from './list.ts'
import { sendObject, shapeFor } from './objects.ts'
import { serveWatch } from './watch.ts'

const resource = 'namespaces'

/** Projects: the namespaces, as OpenShift shows them to people. Everybody sees those that they may get. */
export async function serveProjects(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const { store, clock } = context
  const { request, user } = call
  const name = call.target.name ?? ''
  switch (request.verb) {
    case 'get':
      sendObject(context, call, response, 200, projectOf(store.read({ resource, name })))
      break
    case 'list': {
      const page = readPage(store, resource, filterOf(request), request.query)
      const objects = page.objects.filter((namespace) => maySee(store, user, namespace)).map(projectOf)
      await sendPage(response, call.kind, { ...page, objects }, shapeFor(call), clock.now())
      break
    }
    case 'watch':
      serveWatch(response, store, clock, {
        kind: call.kind,
        resource,
        filter: filterOf(request),
        query: request.query,
        shape: shapeFor(call),
        show: projectOf,
        effect: call.effect,
        bookmarkMs: context.bookmarkMs,
      })
      break
    case 'delete': {
      const { metadata } = store.delete({ resource, name }, await readDeleteOptions(request))
      sendStatus(response, success({ name, kind: 'projects', group: 'project.openshift.io', uid: metadata.uid }))
      break
    }
    default:
      throw methodNotAllowed()
  }
}

function maySee(store: ClusterStore, user: User, { metadata }: KubeObject): boolean {
  const { name } = metadata
  return mayDo(store, user, { kind: 'resource', verb: 'get', group: '', resource, namespace: name, name })
}

function projectOf(namespace: KubeObject): KubeObject {
  const { metadata, spec, status } = namespace
  return { apiVersion: 'project.openshift.io/v1', kind: 'Project', metadata, spec, status }
}

/** POST projectrequests: a namespace that belongs to who asked for it. Refuses: AlreadyExists, Invalid. */
export async function serveProjectRequest(
  context: ApiContext,
  call: ResourceCall,
  response: ServerResponse,
): Promise<void> {
  const { store } = context
  const body = await readObject(call.request)
  const name = readText(body, 'metadata.name')
  const labels = readPath(body, 'metadata.labels')
  const annotations = {
    'openshift.io/description': readText(body, 'description'),
    'openshift.io/display-name': readText(body, 'displayName'),
    'openshift.io/requester': call.user.name,
  }
  const metadata = { name, annotations, ...(isFields(labels) ? { labels: labels as Record<string, string> } : {}) }
  const options = writeOptionsOf(call)
  const namespace = store.create({ apiVersion: 'v1', kind: 'Namespace', metadata }, options)
  const apiGroup = 'rbac.authorization.k8s.io'
  if (options.dryRun !== true) {
    store.create({
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'admin', namespace: name },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'admin' },
      subjects: [{ apiGroup, kind: 'User', name: call.user.name }],
    })
  }
  sendObject(context, call, response, 201, projectOf(namespace))
}
