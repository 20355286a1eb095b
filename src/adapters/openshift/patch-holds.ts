import { isDeepStrictEqual } from 'node:util'
import type { Patch } from '../../ports/cluster.ts'
import { revealed } from './write-body.ts'

/**
 * Whether an object already is as a patch would make it: true, false, or null when that cannot be told, which is so of
 * items of lists. Used after a change of which nobody knows whether it was made.
 */
export function patchHolds(patch: Patch, object: unknown): boolean | null {
  if (patch.kind === 'merge') return mergeHolds(revealed(patch.body), object)
  let all: boolean | null = true
  for (const operation of patch.operations) {
    const place = find(object, operation.path)
    if (place === null) return null
    const holds =
      operation.op === 'remove'
        ? !place.there
        : place.there && isDeepStrictEqual(place.value, revealed(operation.value))
    if (!holds) all = false
  }
  return all
}

function mergeHolds(wanted: unknown, found: unknown): boolean {
  if (!isFields(wanted)) return isDeepStrictEqual(wanted, found)
  return Object.entries(wanted).every(([name, part]) => {
    const there = isFields(found) && Object.hasOwn(found, name)
    return part === null ? !there : mergeHolds(part, there ? found[name] : undefined)
  })
}

/** What is at a JSON pointer; null where the way leads through a list. */
function find(object: unknown, pointer: string): { readonly there: boolean; readonly value: unknown } | null {
  let at = object
  let there = true
  for (const escaped of pointer.split('/').slice(1)) {
    if (Array.isArray(at)) return null
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    there = isFields(at) && Object.hasOwn(at, name)
    at = isFields(at) && there ? at[name] : undefined
  }
  return { there, value: at }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
