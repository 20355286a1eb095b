import type { ServerResponse } from 'node:http'
import type { ResourceKind } from '../kind-table.ts'
import type { KubeObject } from '../kube-object.ts'
import { mergePatch } from '../patch/merge-patch.ts'
import { jsonPatch } from '../patch/json-patch.ts'
import { type Fields, isFields, readNumber, readPath } from '../read-path.ts'
import { badRequest, conflict, invalid, methodNotAllowed } from '../refusal.ts'
import { sendJson } from './answers.ts'
import { readObject, readPatch } from './body.ts'
import { type ApiContext, type ResourceCall, refOf, writeOptionsOf } from './context.ts'

/** The group and version in which a kind is scaled: OpenShift's deployment configs kept the old one. */
export function scaleVersion(kind: ResourceKind): { readonly group: string; readonly version: string } {
  return kind.kind === 'DeploymentConfig'
    ? { group: 'extensions', version: 'v1beta1' }
    : { group: 'autoscaling', version: 'v1' }
}

/** GET, PUT and PATCH of how many replicas there are to be. Refuses: NotFound, Conflict, Invalid. */
export async function serveScale(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const { store } = context
  const { request, kind } = call
  const ref = refOf(call)
  const before = scaleOf(kind, store.read(ref))
  if (request.verb === 'get') {
    sendJson(response, 200, before)
    return
  }
  const wanted = request.verb === 'update' ? await readObject(request) : await patchedScale(call, before)
  const replicas = readPath(wanted, 'spec.replicas') ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    throw invalid(kind, ref.name, 'spec.replicas', 'Invalid value: must be greater than or equal to 0')
  }
  const version = readPath(wanted, 'metadata.resourceVersion')
  if (typeof version === 'string' && version !== '' && version !== store.read(ref).metadata.resourceVersion) {
    throw conflict(
      kind,
      ref.name,
      'the object has been modified; please apply your changes to the latest version and try again',
    )
  }
  const patch = { kind: 'merge', patch: { spec: { replicas } } } as const
  sendJson(response, 200, scaleOf(kind, store.patch(ref, patch, writeOptionsOf(call))))
}

async function patchedScale(call: ResourceCall, before: Fields): Promise<Fields> {
  if (call.request.verb !== 'patch') throw methodNotAllowed()
  const patch = await readPatch(call.request)
  const given = patch.kind === 'json' ? jsonPatch(before, patch.operations) : undefined
  const wanted =
    given ??
    mergePatch(unlocked(before), patch.kind === 'apply' ? patch.object : patch.kind === 'json' ? {} : patch.patch)
  if (!isFields(wanted)) throw badRequest('the patch does not leave a Scale')
  return wanted
}

/** A patch is locked only by a version of its own. */
function unlocked(scale: Fields): Fields {
  return { ...scale, metadata: {} }
}

function scaleOf(kind: ResourceKind, object: KubeObject): Fields {
  const { group, version } = scaleVersion(kind)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const labels = readPath(object, 'spec.selector.matchLabels') ?? readPath(object, 'spec.selector')
  const pairs = isFields(labels) ? Object.entries(labels) : []
  const selector = pairs.map(([key, value]) => `${key}=${String(value)}`).join(',')
  return {
    kind: 'Scale',
    apiVersion: `${group}/${version}`,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: readNumber(object, 'spec.replicas') },
    status: {
      replicas: readNumber(object, 'status.replicas'),
      ...(group === 'extensions' ? { selector: Object.fromEntries(pairs), targetSelector: selector } : { selector }),
    },
  }
}
