import { isDeepStrictEqual } from 'node:util'
import type { ResourceKind } from './kind-table.ts'
import type { KubeObject, NewObject } from './kube-object.ts'
import { withPodDefaults } from './pod-defaults.ts'
import { readList, readPath, isFields, type Fields } from './read-path.ts'
import { forbidden, invalid } from './refusal.ts'

const maxSecretBytes = 1024 * 1024
const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
/** Names of these are paths, or have colons in them. */
const looseNames = new Set([
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
  'users',
  'groups',
  'identities',
  'imagestreamtags',
])

/** Refuses Invalid: a name that the API would not take. */
export function checkName(kind: ResourceKind, name: string): void {
  if (name === '') throw invalid(kind, '', 'metadata.name', 'Required value: name or generateName is required')
  const isFine = looseNames.has(kind.plural) ? /^[^/%]+$/.test(name) : subdomain.test(name) && name.length <= 253
  if (isFine) return
  throw invalid(
    kind,
    name,
    'metadata.name',
    `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
  )
}

/**
 * What the API itself fills in or refuses of a kind, before an object is stored. `previous`: absent when it is new.
 *
 * Refuses: Invalid for a secret that is too large, not base64, of another type than before, or immutable.
 */
export function admit<Shape extends NewObject>(
  kind: ResourceKind,
  object: Shape,
  previous: KubeObject | undefined,
): Shape {
  if (kind.custom) return object
  const fill = defaults[kind.kind]
  const filled = withPodDefaults(fill === undefined ? object : { ...object, ...fill(object) }, kind.kind === 'Pod')
  if (kind.kind === 'Secret' || kind.kind === 'ConfigMap') checkData(kind, filled, previous)
  if (kind.kind === 'Deployment' || kind.kind === 'StatefulSet' || kind.kind === 'Job')
    checkSelector(kind, filled, previous)
  return filled
}

const defaults: Readonly<Record<string, (object: NewObject) => Fields>> = {
  Secret: (object) => {
    const given = isFields(object.stringData) ? Object.entries(object.stringData) : []
    const data = given.map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')] as const)
    return {
      type: object.type ?? 'Opaque',
      stringData: undefined,
      ...(data.length === 0
        ? {}
        : { data: { ...(isFields(object.data) ? object.data : {}), ...Object.fromEntries(data) } }),
    }
  },
  Namespace: (object) => ({
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name ?? '' },
    },
    spec: { finalizers: ['kubernetes'], ...fieldsIn(object, 'spec') },
    status: { phase: 'Active', ...fieldsIn(object, 'status') },
  }),
  Deployment: (object) => ({
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...fieldsIn(object, 'spec'),
    },
  }),
  ReplicaSet: (object) => ({ spec: { replicas: 1, ...fieldsIn(object, 'spec') } }),
  StatefulSet: (object) => ({ spec: { replicas: 1, ...fieldsIn(object, 'spec') } }),
  ReplicationController: (object) => ({ spec: { replicas: 1, ...fieldsIn(object, 'spec') } }),
  DeploymentConfig: (object) => ({ spec: { replicas: 1, revisionHistoryLimit: 10, ...fieldsIn(object, 'spec') } }),
  Job: (object) => ({ spec: { completions: 1, parallelism: 1, backoffLimit: 6, ...fieldsIn(object, 'spec') } }),
  Pod: (object) => ({
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      serviceAccountName: 'default',
      ...fieldsIn(object, 'spec'),
    },
    status: { phase: 'Pending', ...fieldsIn(object, 'status') },
  }),
  Service: (object) => ({
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...fieldsIn(object, 'spec'), ports: servicePorts(object) },
  }),
  PersistentVolumeClaim: (object) => ({
    spec: { volumeMode: 'Filesystem', ...fieldsIn(object, 'spec') },
    status: { phase: 'Pending', ...fieldsIn(object, 'status') },
  }),
  Route: (object) => ({ spec: { wildcardPolicy: 'None', ...fieldsIn(object, 'spec') } }),
}

function fieldsIn(object: NewObject, field: string): Fields {
  const found = object[field]
  return isFields(found) ? found : {}
}

function servicePorts(service: NewObject): readonly unknown[] {
  return readList(service, 'spec.ports').map((port) =>
    isFields(port) ? { protocol: 'TCP', targetPort: port.port, ...port } : port,
  )
}

function checkData(kind: ResourceKind, object: NewObject, previous: KubeObject | undefined): void {
  const name = object.metadata.name ?? ''
  const data = Object.entries(fieldsIn(object, 'data'))
  if (kind.kind === 'Secret') {
    for (const [key, value] of data) {
      if (typeof value !== 'string' || !isBase64(value)) {
        throw invalid(kind, name, `data[${key}]`, 'Invalid value: illegal base64 data')
      }
    }
    if (previous !== undefined && previous.type !== object.type) {
      throw invalid(kind, name, 'type', `Invalid value: "${String(object.type)}": field is immutable`)
    }
  }
  const bytes = data.reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)
  if (bytes > maxSecretBytes * (kind.kind === 'Secret' ? 4 / 3 : 1)) {
    throw invalid(kind, name, 'data', `Too long: may not be more than ${maxSecretBytes} bytes`)
  }
  if (previous?.immutable === true && !isDeepStrictEqual(previous.data, object.data)) {
    throw forbidden(kind, name, 'field is immutable when `immutable` is set')
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

function checkSelector(kind: ResourceKind, object: NewObject, previous: KubeObject | undefined): void {
  const name = object.metadata.name ?? ''
  const labels = readPath(object, 'spec.template.metadata.labels')
  const wanted = readPath(object, 'spec.selector.matchLabels')
  const before = readPath(previous, 'spec.selector.matchLabels')
  if (previous !== undefined && !isDeepStrictEqual(before, wanted)) {
    throw invalid(kind, name, 'spec.selector', 'Invalid value: field is immutable')
  }
  if (kind.kind === 'Job') return
  if (!isFields(wanted)) throw invalid(kind, name, 'spec.selector', 'Required value')
  const has = isFields(labels) ? labels : {}
  if (Object.entries(wanted).some(([key, value]) => has[key] !== value)) {
    throw invalid(
      kind,
      name,
      'spec.template.metadata.labels',
      `Invalid value: ${JSON.stringify(has)}: \`selector\` does not match template \`labels\``,
    )
  }
}
