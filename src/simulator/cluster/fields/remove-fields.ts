import { listRule } from '../list-rules.ts'
import { isFields } from '../read-path.ts'
import { type FieldPath, itemElement, splitPath } from './field-set.ts'

/** A copy of `object` without the fields at `paths`, and without the objects and lists that are empty for the lack of them. */
export function removeFields(object: object, paths: Iterable<FieldPath>, custom: boolean): Record<string, unknown> {
  const copy: unknown = structuredClone(object)
  for (const path of paths) removeAt(copy, splitPath(path), '', '', custom)
  // A copy of an object is one.
  return copy as Record<string, unknown>
}

/** Whether nothing is left of `at` itself. */
function removeAt(at: unknown, path: readonly string[], parent: string, field: string, custom: boolean): boolean {
  const [element = '', ...rest] = path
  if (Array.isArray(at)) {
    const rule = listRule(custom, parent, field)
    const index = at.findIndex((item: unknown) =>
      rule.kind === 'map'
        ? isFields(item) && itemElement(item, rule.keys) === element
        : `v:${JSON.stringify(item)}` === element,
    )
    if (index < 0) return false
    const gone = rule.kind === 'set' || rest[0] === '.' || removeAt(at[index], rest, '', field, custom)
    if (gone) at.splice(index, 1)
    return at.length === 0
  }
  if (!isFields(at) || !element.startsWith('f:')) return false
  const name = element.slice(2)
  const gone = rest.length === 0 || removeAt(at[name], rest, field, name, custom)
  if (gone) Reflect.deleteProperty(at, name)
  return Object.keys(at).length === 0
}
