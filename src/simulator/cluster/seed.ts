import { defaultRoles } from './access/default-roles.ts'
import type { NewObject } from './kube-object.ts'
import type { ClusterStore } from './store.ts'

/** What tells one cluster from another. */
export interface ClusterIdentity {
  readonly name: string
  /** The domain below which its applications' hosts are, such as `apps.source.example`. */
  readonly appsDomain: string
  readonly region: string
}

const openshiftVersion = '4.17.9'
const namespaces = [
  'default',
  'kube-system',
  'openshift',
  'openshift-config',
  'openshift-console',
  'openshift-ingress-operator',
  'openshift-marketplace',
]

/** Puts into an empty cluster what every OpenShift has; what is there already stays as it is. */
export function seed(store: ClusterStore, identity: ClusterIdentity, newId: () => string): void {
  for (const name of namespaces) add(store, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const role of defaultRoles) add(store, role)
  for (const object of configuration(identity, newId)) add(store, object)
}

function add(store: ClusterStore, object: NewObject): void {
  const kind = store.kinds.findByKind(object.apiVersion, object.kind)
  if (kind === undefined) throw new Error(`bug: ${object.kind} is not served`)
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  const { name = '', namespace } = object.metadata
  const ref = { resource, name, ...(namespace === undefined ? {} : { namespace }) }
  if (store.get(ref) === undefined) store.create(object)
}

function configuration({ name, appsDomain, region }: ClusterIdentity, newId: () => string): readonly NewObject[] {
  const apiVersion = 'config.openshift.io/v1'
  const metadata = { name: 'cluster' }
  const canonical = `router-default.${appsDomain}`
  return [
    {
      apiVersion,
      kind: 'Infrastructure',
      metadata,
      status: {
        infrastructureName: `${name}-x7k2p`,
        apiServerURL: `https://api.${appsDomain.replace(/^apps\./, '')}:6443`,
        platform: 'AWS',
        platformStatus: { type: 'AWS', aws: { region } },
      },
    },
    {
      apiVersion,
      kind: 'ClusterVersion',
      metadata: { name: 'version' },
      spec: { clusterID: newId(), channel: 'stable-4.17' },
      status: {
        desired: { version: openshiftVersion },
        history: [{ state: 'Completed', version: openshiftVersion }],
        conditions: [
          { type: 'Available', status: 'True' },
          { type: 'Progressing', status: 'False', message: `Cluster version is ${openshiftVersion}` },
        ],
      },
    },
    { apiVersion, kind: 'Ingress', metadata, spec: { domain: appsDomain } },
    { apiVersion, kind: 'DNS', metadata, spec: { baseDomain: appsDomain.replace(/^apps\./, '') } },
    { apiVersion, kind: 'OAuth', metadata, spec: {} },
    {
      apiVersion,
      kind: 'Network',
      metadata,
      spec: { clusterNetwork: [{ cidr: '10.128.0.0/14', hostPrefix: 23 }], serviceNetwork: ['172.30.0.0/16'] },
    },
    {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'IngressController',
      metadata: { name: 'default', namespace: 'openshift-ingress-operator' },
      spec: { domain: appsDomain, replicas: 2 },
      status: { domain: appsDomain, conditions: [{ type: 'Available', status: 'True' }] },
    },
    {
      apiVersion: 'route.openshift.io/v1',
      kind: 'Route',
      metadata: { name: 'console', namespace: 'openshift-console' },
      spec: { host: `console-openshift-console.${appsDomain}`, to: { kind: 'Service', name: 'console' } },
      status: {
        ingress: [
          {
            host: `console-openshift-console.${appsDomain}`,
            routerName: 'default',
            routerCanonicalHostname: canonical,
            conditions: [{ type: 'Admitted', status: 'True' }],
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `${name}-worker-0`, labels: { 'node-role.kubernetes.io/worker': '' } },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { kubeletVersion: 'v1.30.7' },
      },
    },
  ]
}
