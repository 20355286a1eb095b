import { readList, readText } from '../read-path.ts'
import type { ClusterStore } from '../store.ts'
import type { User } from './accounts.ts'

/** What somebody wants to do: to a resource (`pods/exec` in `resource`), or to a path that is none. */
export type Attempt =
  | {
      readonly kind: 'resource'
      readonly verb: string
      readonly group: string
      readonly resource: string
      readonly namespace?: string
      readonly name?: string
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string }

/** A rule of a Role or ClusterRole. */
export interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

const rbac = 'rbac.authorization.k8s.io'

/** Whether the user's roles allow it: cluster-wide ones, and those bound in the attempt's namespace. */
export function mayDo(store: ClusterStore, user: User, attempt: Attempt): boolean {
  const namespace = attempt.kind === 'resource' ? attempt.namespace : undefined
  return rulesOf(store, user, namespace).some((rule) => allows(rule, attempt))
}

/** The rules that hold for a user, everywhere and in that namespace. */
export function rulesOf(store: ClusterStore, user: User, namespace: string | undefined): readonly Rule[] {
  const everywhere = store.list(`clusterrolebindings.${rbac}`)
  const here = namespace === undefined ? [] : store.list(`rolebindings.${rbac}`, { namespace })
  return [...everywhere, ...here]
    .filter((binding) => readList(binding, 'subjects').some((subject) => isSubject(subject, user)))
    .flatMap((binding) => {
      const name = readText(binding, 'roleRef.name')
      const isLocal = readText(binding, 'roleRef.kind') === 'Role' && namespace !== undefined
      const role = isLocal
        ? store.get({ resource: `roles.${rbac}`, namespace, name })
        : store.get({ resource: `clusterroles.${rbac}`, name })
      return readList(role, 'rules').map(ruleOf)
    })
}

function isSubject(subject: unknown, user: User): boolean {
  const name = readText(subject, 'name')
  switch (readText(subject, 'kind')) {
    case 'User':
      return name === user.name
    case 'Group':
      return user.groups.includes(name)
    case 'ServiceAccount':
      return user.name === `system:serviceaccount:${readText(subject, 'namespace')}:${name}`
    default:
      return false
  }
}

function ruleOf(rule: unknown): Rule {
  const texts = (field: string) => readList(rule, field).map(String)
  return {
    verbs: texts('verbs'),
    apiGroups: texts('apiGroups'),
    resources: texts('resources'),
    resourceNames: texts('resourceNames'),
    nonResourceURLs: texts('nonResourceURLs'),
  }
}

function allows(rule: Rule, attempt: Attempt): boolean {
  if (!has(rule.verbs, attempt.verb)) return false
  if (attempt.kind === 'path') return rule.nonResourceURLs.some((pattern) => matchesPath(pattern, attempt.path))
  const [, subresource] = attempt.resource.split('/')
  const isNamed = rule.resourceNames.length === 0 || rule.resourceNames.includes(attempt.name ?? '')
  const isResource =
    has(rule.resources, attempt.resource) || (subresource !== undefined && rule.resources.includes(`*/${subresource}`))
  return has(rule.apiGroups, attempt.group) && isResource && isNamed
}

function has(allowed: readonly string[], wanted: string): boolean {
  return allowed.includes('*') || allowed.includes(wanted)
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path
}
