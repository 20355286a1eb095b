import { isDeepStrictEqual } from 'node:util'
import { never } from '../../../base/never.ts'
import { keyOf, listRule } from '../list-rules.ts'
import { isFields } from '../read-path.ts'

const order = '$setElementOrder/'
const fromPrimitives = '$deleteFromPrimitiveList/'

/**
 * Kubernetes' own merge: as a merge patch, but lists that have a merge key are merged item by item, and the directives
 * `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…` are obeyed. Only for kinds that are not custom.
 *
 * Changes neither argument. `parent`: the field that holds the target.
 */
export function strategicMerge(target: unknown, patch: unknown, parent = ''): unknown {
  if (!isFields(patch)) return patch
  const directive = patch.$patch
  if (directive === 'delete') return undefined
  const given = Object.entries(patch).filter(([field]) => !field.startsWith('$'))
  if (directive === 'replace') return Object.fromEntries(given)
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {}
  if (Array.isArray(patch.$retainKeys)) {
    for (const field of Object.keys(result)) if (!patch.$retainKeys.includes(field)) delete result[field]
  }
  for (const [name, values] of Object.entries(patch)) {
    if (!name.startsWith(fromPrimitives) || !Array.isArray(values)) continue
    const field = name.slice(fromPrimitives.length)
    const kept = result[field]
    if (Array.isArray(kept)) result[field] = kept.filter((value) => !values.includes(value))
  }
  for (const [field, value] of given) {
    const merged = value === null ? undefined : mergeField(result[field], value, parent, field)
    if (merged === undefined) delete result[field]
    else result[field] = merged
  }
  for (const [name, wanted] of Object.entries(patch)) {
    if (!name.startsWith(order) || !Array.isArray(wanted)) continue
    const field = name.slice(order.length)
    const list = result[field]
    if (Array.isArray(list)) result[field] = inOrder(list, wanted, parent, field)
  }
  return result
}

function mergeField(target: unknown, patch: unknown, parent: string, field: string): unknown {
  if (!Array.isArray(patch)) return strategicMerge(target, patch, field)
  const rule = listRule(false, parent, field)
  const existing: readonly unknown[] = Array.isArray(target) ? target : []
  switch (rule.kind) {
    case 'atomic':
      return patch
    case 'set':
      return [...existing, ...patch.filter((value) => !existing.includes(value))]
    case 'map':
      return mergeItems(existing, patch, rule.keys[0], field)
    default:
      return never(rule)
  }
}

function mergeItems(existing: readonly unknown[], patch: readonly unknown[], key: string, field: string): unknown[] {
  const items = patch.filter(isFields)
  if (items.some((item) => item.$patch === 'replace')) return items.filter((item) => item.$patch !== 'replace')
  const result = [...existing]
  for (const item of items) {
    const at = result.findIndex((other) => isFields(other) && isDeepStrictEqual(keyOf(other, key), keyOf(item, key)))
    if (item.$patch === 'delete') {
      if (at >= 0) result.splice(at, 1)
    } else if (at < 0) result.push(strategicMerge({}, item, field))
    else result[at] = strategicMerge(result[at], item, field)
  }
  return result
}

/** Items that the order names stand in that order, in the places that such items had; the others stay where they are. */
function inOrder(list: readonly unknown[], wanted: readonly unknown[], parent: string, field: string): unknown[] {
  const rule = listRule(false, parent, field)
  const key = rule.kind === 'map' ? rule.keys[0] : undefined
  const rankOf = (item: unknown) =>
    wanted.findIndex((other) =>
      key !== undefined && isFields(item) && isFields(other)
        ? isDeepStrictEqual(keyOf(item, key), keyOf(other, key))
        : item === other,
    )
  const named = list.filter((item) => rankOf(item) >= 0).sort((a, b) => rankOf(a) - rankOf(b))
  return list.map((item) => (rankOf(item) >= 0 ? named.shift() : item))
}
