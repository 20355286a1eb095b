import { isDeepStrictEqual } from 'node:util'
import { never } from '../../base/never.ts'
import type { ResourceKind } from './kind-table.ts'
import type { KubeObject } from './kube-object.ts'
import { jsonPatch } from './patch/json-patch.ts'
import { mergePatch } from './patch/merge-patch.ts'
import { strategicMerge } from './patch/strategic-merge.ts'
import { type Fields, isFields } from './read-path.ts'
import { badRequest, unsupportedMediaType } from './refusal.ts'
import type { Patch } from './store.ts'

/** A copy without what JSON has no word for. */
export function plain<Shape extends object>(object: Shape): Shape {
  // JSON gives the same shape back: everything in the store came from JSON.
  return JSON.parse(JSON.stringify(object)) as Shape
}

/** What a write may not change, from before; the rest as it was given. */
export function keptMetadata(previous: KubeObject, given: Partial<KubeObject['metadata']>): KubeObject['metadata'] {
  const { labels, annotations, finalizers, ownerReferences } = given
  const { labels: _, annotations: __, finalizers: ___, ownerReferences: ____, ...fixed } = previous.metadata
  return {
    ...fixed,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers === undefined ? {} : { finalizers }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  }
}

export function patchedBy(
  kind: ResourceKind,
  previous: KubeObject,
  patch: Exclude<Patch, { kind: 'apply' }>,
): KubeObject {
  const patched = ((): unknown => {
    switch (patch.kind) {
      case 'json':
        return jsonPatch(previous, patch.operations)
      case 'merge':
        return mergePatch(previous, patch.patch)
      case 'strategic':
        if (kind.custom) throw unsupportedMediaType(kind)
        return strategicMerge(previous, patch.patch)
      default:
        return never(patch)
    }
  })()
  if (!isFields(patched) || !isFields(patched.metadata)) throw badRequest('the patch does not leave an object')
  // It was an object of this kind, and what may not change of it is put back.
  return patched as unknown as KubeObject
}

export function appliedFields(given: unknown, kind: ResourceKind, subresource: 'status' | undefined): Fields {
  if (!isFields(given)) throw badRequest('an apply patch is an object')
  if (isFields(given.metadata) && given.metadata.managedFields !== undefined) {
    throw badRequest('metadata.managedFields must be nil')
  }
  if (subresource === 'status') return { status: given.status }
  const { status, ...rest } = given
  return kind.subresources.includes('status') || status === undefined ? rest : { ...rest, status }
}

export function nextGeneration(previous: KubeObject | undefined, next: KubeObject): number | undefined {
  const before = previous?.metadata.generation
  if (previous === undefined || before === undefined) return next.metadata.generation
  const { metadata: _, status: __, ...wantedBefore } = previous
  const { metadata: ___, status: ____, ...wanted } = next
  return isDeepStrictEqual(plain(wantedBefore), plain(wanted)) ? before : before + 1
}

/** When a manager wrote the same again is no change. */
export function withoutTimes(object: KubeObject): unknown {
  const managedFields = object.metadata.managedFields?.map((entry) => ({ ...entry, time: undefined }))
  return plain({ ...object, metadata: { ...object.metadata, managedFields } })
}
