import type { FieldsTree } from '../kube-object.ts'
import { keyOf, listRule } from '../list-rules.ts'
import { type Fields, isFields } from '../read-path.ts'

/**
 * A field's place: elements in the API's notation, joined by NUL: `f:name`, `k:{"name":"web"}` for an item of a list
 * that is a map, `v:"x"` for a member of a set, and a last `.` for such an item's being there at all.
 */
export type FieldPath = string & { readonly __kind: 'FieldPath' }

const separator = '\u0000'

export function joinPath(elements: readonly string[]): FieldPath {
  // Branding is the one thing that a cast is for.
  return elements.join(separator) as FieldPath
}

export function splitPath(path: FieldPath): string[] {
  return path.split(separator)
}

/** Metadata that the API fills in itself: it belongs to nobody. */
const unowned = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'generateName',
])

/** Every field of an object that somebody may own, with its value as JSON. */
export function fieldsOf(object: Fields, custom: boolean): Map<FieldPath, string> {
  const found = new Map<FieldPath, string>()
  for (const [field, value] of Object.entries(object)) {
    if (field === 'apiVersion' || field === 'kind' || value === undefined) continue
    if (field !== 'metadata') collect(value, [`f:${field}`], '', field)
    else if (isFields(value)) {
      for (const [name, inner] of Object.entries(value)) {
        if (!unowned.has(name) && inner !== undefined) collect(inner, ['f:metadata', `f:${name}`], 'metadata', name)
      }
    }
  }
  return found

  function collect(value: unknown, path: readonly string[], parent: string, field: string): void {
    if (isFields(value) && Object.keys(value).length > 0) {
      for (const [name, inner] of Object.entries(value)) {
        if (inner !== undefined) collect(inner, [...path, `f:${name}`], field, name)
      }
    } else if (Array.isArray(value)) collectList(value, path, parent, field)
    else found.set(joinPath(path), JSON.stringify(value))
  }

  function collectList(list: readonly unknown[], path: readonly string[], parent: string, field: string): void {
    const rule = listRule(custom, parent, field)
    if (rule.kind === 'atomic' || (rule.kind === 'map' && !list.every(isFields))) {
      found.set(joinPath(path), JSON.stringify(list))
    } else if (rule.kind === 'set') {
      for (const value of list) found.set(joinPath([...path, `v:${JSON.stringify(value)}`]), '')
    } else {
      for (const item of list.filter(isFields)) {
        const element = itemElement(item, rule.keys)
        found.set(joinPath([...path, element, '.']), '')
        for (const [name, inner] of Object.entries(item)) {
          if (inner !== undefined) collect(inner, [...path, element, `f:${name}`], field, name)
        }
      }
    }
  }
}

/** `k:{…}`: the item's keys and their values, sorted by key. */
export function itemElement(item: Fields, keys: readonly string[]): string {
  const pairs = [...keys].sort().map((key) => [key, keyOf(item, key)])
  return `k:${JSON.stringify(Object.fromEntries(pairs))}`
}

export function treeOf(paths: Iterable<FieldPath>): FieldsTree {
  interface Growing {
    [element: string]: Growing
  }
  const root: Growing = {}
  for (const path of paths) {
    let at = root
    for (const element of splitPath(path)) {
      at = at[element] ??= {}
    }
  }
  return root
}

export function pathsOf(tree: FieldsTree): Set<FieldPath> {
  const paths = new Set<FieldPath>()
  const visit = (at: FieldsTree, path: readonly string[]): void => {
    const entries = Object.entries(at)
    if (entries.length === 0 && path.length > 0) paths.add(joinPath(path))
    for (const [element, inner] of entries) visit(inner, [...path, element])
  }
  visit(tree, [])
  return paths
}

/** The path in words, as conflicts name it: `.spec.template.spec.containers[name="web"].image`. */
export function pathInWords(path: FieldPath): string {
  return splitPath(path)
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`
      if (!element.startsWith('k:')) return element.startsWith('v:') ? `[=${element.slice(2)}]` : ''
      const keys = Object.entries(JSON.parse(element.slice(2)) as Fields)
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    })
    .join('')
}
