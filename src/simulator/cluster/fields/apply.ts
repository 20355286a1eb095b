import { isDeepStrictEqual } from 'node:util'
import { never } from '../../../base/never.ts'
import type { KubeObject } from '../kube-object.ts'
import { keyOf, listRule } from '../list-rules.ts'
import { type Fields, isFields } from '../read-path.ts'
import { applyConflict } from '../refusal.ts'
import { type FieldPath, fieldsOf, pathInWords } from './field-set.ts'
import { isSameManager, type Manager, type Ownership, ownershipsOf, withOwnerships } from './managers.ts'
import { removeFields } from './remove-fields.ts'

/**
 * Server-side apply: `wanted` is all that the manager wants the object to have.
 *
 * What it wants is merged in and owned from now on; what it owned by an earlier apply and wants no more is removed unless
 * somebody else owns it too. Out: the new object. Refuses: Conflict, when another manager owns a field that is to change,
 * unless `force` takes it over.
 */
export function applyTo(
  live: KubeObject,
  wanted: Fields,
  manager: Manager,
  options: { readonly force: boolean; readonly custom: boolean },
): KubeObject {
  const { force, custom } = options
  const wants = fieldsOf(wanted, custom)
  const has = fieldsOf(live, custom)
  const ownerships = ownershipsOf(live)
  const own = ownerships.find((entry) => isSameManager(entry.manager, manager))
  const others = ownerships.filter((entry) => entry !== own)
  const toChange = [...wants].filter(([path, value]) => has.get(path) !== value).map(([path]) => path)
  const disputed = others.map((other) => ({ other, paths: toChange.filter((path) => other.paths.has(path)) }))
  if (force) {
    for (const { other, paths } of disputed) for (const path of paths) other.paths.delete(path)
  } else refuseDisputed(disputed)

  const given = [...(own?.paths ?? [])].filter((path) => !wants.has(path))
  const unclaimed = given.filter((path) => !others.some(({ paths }) => paths.has(path)))
  const kept = unclaimed.length === 0 ? live : removeFields(live, itemsLast(unclaimed, others), custom)
  // A merge of an object with fields of the same kind is one.
  const merged = mergeApplied(kept, wanted, '', '', custom) as KubeObject
  const next = { ...merged, metadata: { ...merged.metadata, managedFields: live.metadata.managedFields ?? [] } }
  const unchanged = own !== undefined && isDeepStrictEqual(own.paths, new Set(wants.keys()))
  const touched: Ownership = { manager: unchanged ? own.manager : manager, paths: new Set(wants.keys()) }
  return withOwnerships(
    next,
    own === undefined ? [...others, touched] : ownerships.map((entry) => (entry === own ? touched : entry)),
  )
}

function refuseDisputed(
  disputed: readonly { readonly other: Ownership; readonly paths: readonly FieldPath[] }[],
): void {
  const causes = disputed.flatMap(({ other, paths }) =>
    paths.map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${other.manager.manager}"${other.manager.operation === 'Update' ? ` using ${other.manager.apiVersion}` : ''}`,
      field: pathInWords(path),
    })),
  )
  if (causes.length > 0) throw applyConflict(causes)
}

function isItem(path: FieldPath): boolean {
  return path.endsWith('\u0000.')
}

/** Fields before the items that hold them; an item in which another manager owns something stays. */
function itemsLast(paths: readonly FieldPath[], others: readonly Ownership[]): FieldPath[] {
  const isHeld = (item: FieldPath) => {
    const inside = item.slice(0, -1)
    return others.some(({ paths }) => [...paths].some((path) => path.startsWith(inside)))
  }
  return [...paths.filter((path) => !isItem(path)), ...paths.filter((path) => isItem(path) && !isHeld(path))]
}

function mergeApplied(live: unknown, wanted: unknown, parent: string, field: string, custom: boolean): unknown {
  if (Array.isArray(wanted)) return mergeList(Array.isArray(live) ? live : [], wanted, parent, field, custom)
  if (!isFields(wanted) || !isFields(live)) return wanted
  const result: Record<string, unknown> = { ...live }
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined) result[name] = mergeApplied(live[name], value, field, name, custom)
  }
  return result
}

function mergeList(
  live: readonly unknown[],
  wanted: readonly unknown[],
  parent: string,
  field: string,
  custom: boolean,
): readonly unknown[] {
  const rule = listRule(custom, parent, field)
  switch (rule.kind) {
    case 'atomic':
      return wanted
    case 'set':
      return [...live, ...wanted.filter((value) => !live.includes(value))]
    case 'map': {
      const result = [...live]
      const isSame = (a: unknown, b: unknown) =>
        isFields(a) && isFields(b) && rule.keys.every((key) => isDeepStrictEqual(keyOf(a, key), keyOf(b, key)))
      for (const item of wanted) {
        const at = result.findIndex((other) => isSame(other, item))
        if (at < 0) result.push(item)
        else result[at] = mergeApplied(result[at], item, '', field, custom)
      }
      return result
    }
    default:
      return never(rule)
  }
}
