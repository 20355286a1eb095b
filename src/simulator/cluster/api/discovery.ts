import { never } from '../../../base/never.ts'
import { apiVersionOf, type KindTable, type ResourceKind, type Subresource } from '../kind-table.ts'
import { scaleVersion } from './scale.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const versions: Readonly<Record<Subresource, readonly string[]>> = {
  status: ['get', 'patch', 'update'],
  scale: ['get', 'patch', 'update'],
  log: ['get'],
  exec: ['create', 'get'],
  eviction: ['create'],
  token: ['create'],
  instantiate: ['create'],
  finalize: ['update'],
}

export const version = {
  major: '1',
  minor: '30',
  gitVersion: 'v1.30.7+threeshift',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2024-11-01T00:00:00Z',
  goVersion: 'go1.22.5',
  compiler: 'gc',
  platform: 'linux/amd64',
}

/** The answer to a path of discovery; undefined for any other path. */
export function discover(kinds: KindTable, path: string): object | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  if (path === '/version') return version
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (path === '/apis')
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames(kinds).map((name) => groupOf(kinds, name)) }
  if (parts[0] === 'api' && parts.length === 2 && parts[1] === 'v1') return resourcesOf(kinds, '', 'v1')
  if (parts[0] !== 'apis') return undefined
  const [, group = '', groupVersion = ''] = parts
  if (!groupNames(kinds).includes(group)) return undefined
  if (parts.length === 2) return { apiVersion: 'v1', ...groupOf(kinds, group) }
  return parts.length === 3 ? resourcesOf(kinds, group, groupVersion) : undefined
}

export function groupNames(kinds: KindTable): readonly string[] {
  return [...new Set(kinds.all().map(({ group }) => group))].filter((group) => group !== '')
}

export function versionsOf(kinds: KindTable, group: string): readonly string[] {
  return [
    ...new Set(
      kinds
        .all()
        .filter((kind) => kind.group === group)
        .map((kind) => kind.version),
    ),
  ]
    .sort()
    .reverse()
}

function groupOf(kinds: KindTable, name: string): object {
  const found = versionsOf(kinds, name).map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { kind: 'APIGroup', name, versions: found, preferredVersion: found[0] }
}

function resourcesOf(kinds: KindTable, group: string, version: string): object | undefined {
  const found = kinds.all().filter((kind) => kind.group === group && kind.version === version)
  if (found.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: found.flatMap((kind) => [
      resourceOf(kind),
      ...kind.subresources.map((name) => subresourceOf(kind, name)),
    ]),
  }
}

function resourceOf(kind: ResourceKind): object {
  const { plural, namespaced, shortNames, categories } = kind
  return {
    name: plural,
    singularName: kind.kind.toLowerCase(),
    namespaced,
    kind: kind.kind,
    verbs: kind.behaviour === 'review' ? ['create'] : verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
}

function subresourceOf(kind: ResourceKind, name: Subresource): object {
  const common = {
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    verbs: versions[name],
  }
  switch (name) {
    case 'scale':
      return { ...common, kind: 'Scale', ...scaleVersion(kind) }
    case 'exec':
      return { ...common, kind: 'PodExecOptions' }
    case 'eviction':
      return { ...common, kind: 'Eviction', group: 'policy', version: 'v1' }
    case 'token':
      return { ...common, kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1' }
    case 'instantiate':
      return { ...common, kind: 'DeploymentRequest' }
    case 'status':
    case 'log':
    case 'finalize':
      return { ...common, kind: kind.kind }
    default:
      return never(name)
  }
}
