/**
 * How a list takes part in a merge: as a whole, as a set of values, or as a map whose items are told apart by keys.
 * `keys`: what tells items apart in server-side apply; the first is the merge key of strategic merge patches.
 */
export type ListRule =
  | { readonly kind: 'atomic' }
  | { readonly kind: 'set' }
  | { readonly kind: 'map'; readonly keys: readonly [string, ...string[]] }

const atomic: ListRule = { kind: 'atomic' }

function by(...keys: readonly [string, ...string[]]): ListRule {
  return { kind: 'map', keys }
}

/** Of every kind, custom ones too. */
const everywhere: ReadonlyMap<string, ListRule> = new Map([
  ['metadata.finalizers', { kind: 'set' }],
  ['metadata.ownerReferences', by('uid')],
  ['status.conditions', by('type')],
])

/** Of the kinds that are not custom, by the name of the field, or by those of its parent and itself. */
const builtIn: ReadonlyMap<string, ListRule> = new Map([
  ['containers', by('name')],
  ['initContainers', by('name')],
  ['ephemeralContainers', by('name')],
  ['volumes', by('name')],
  ['env', by('name')],
  ['imagePullSecrets', by('name')],
  ['volumeMounts', by('mountPath')],
  ['volumeDevices', by('devicePath')],
  ['hostAliases', by('ip')],
  ['topologySpreadConstraints', by('topologyKey', 'whenUnsatisfiable')],
  ['conditions', by('type')],
  ['podIPs', by('ip')],
  ['secrets', by('name')],
  ['containers.ports', by('containerPort', 'protocol')],
  ['initContainers.ports', by('containerPort', 'protocol')],
  ['spec.ports', by('port', 'protocol')],
])

/** The rule of a list. `parent`: the field that holds the object, or the list of objects, that has the list. */
export function listRule(custom: boolean, parent: string, field: string): ListRule {
  const name = `${parent}.${field}`
  return everywhere.get(name) ?? (custom ? atomic : (builtIn.get(name) ?? builtIn.get(field) ?? atomic))
}

/** What an absent key stands for: ports are TCP unless they say otherwise. */
export function keyOf(item: Readonly<Record<string, unknown>>, key: string): unknown {
  return item[key] ?? (key === 'protocol' ? 'TCP' : undefined)
}
