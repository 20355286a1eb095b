import { apiVersionOf, resourceOf } from '../../cluster/kind-table.ts'
import type { NewObject } from '../../cluster/kube-object.ts'
import type { ClusterStore } from '../../cluster/store.ts'
import { clusterViewOf } from '../engine/cluster-view.ts'

export interface ClusterFacts {
  /** Such as `source`; the infrastructure's name begins with it. */
  readonly name: string
  /** The domain that Routes are under, such as apps.source.example.com. */
  readonly appsDomain: string
  readonly awsRegion: string
  readonly openshiftVersion: string
}

/** What every OpenShift has before anybody installs anything. Again with the effect of once. */
export function installBaseCluster(store: ClusterStore, facts: ClusterFacts): void {
  const view = clusterViewOf(store)
  const { name, appsDomain, awsRegion, openshiftVersion } = facts
  const baseDomain = appsDomain.replace(/^apps\./, '')
  const namespaces = ['default', 'openshift-config', 'openshift-console', 'openshift-ingress-operator', marketplace]
  for (const one of namespaces) ensureNamespace(store, one)
  const objects: readonly NewObject[] = [
    config('Infrastructure', {
      spec: {},
      status: {
        infrastructureName: `${name}-x7k2p`,
        apiServerURL: `https://api.${baseDomain}:6443`,
        platform: 'AWS',
        platformStatus: { type: 'AWS', aws: { region: awsRegion } },
      },
    }),
    config(
      'ClusterVersion',
      { spec: { channel: 'stable' }, status: { desired: { version: openshiftVersion }, history: [] } },
      'version',
    ),
    config('Ingress', { spec: { domain: appsDomain } }),
    config('DNS', { spec: { baseDomain } }),
    config('OAuth', { spec: { identityProviders: [] } }),
    config('Network', {
      spec: { clusterNetwork: [{ cidr: '10.128.0.0/14', hostPrefix: 23 }], serviceNetwork: ['172.30.0.0/16'] },
    }),
    {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'IngressController',
      metadata: { namespace: 'openshift-ingress-operator', name: 'default' },
      spec: { domain: appsDomain },
      status: { domain: appsDomain, conditions: [{ type: 'Available', status: 'True' }] },
    },
    {
      apiVersion: 'route.openshift.io/v1',
      kind: 'Route',
      metadata: { namespace: 'openshift-console', name: 'console' },
      spec: { host: `console-openshift-console.${appsDomain}`, to: { kind: 'Service', name: 'console' } },
    },
    ...customResourceDefinitions(store),
  ]
  for (const object of objects) view.ensure(object)
}

function config(kind: string, rest: object, name = 'cluster'): NewObject {
  return { apiVersion: 'config.openshift.io/v1', kind, metadata: { name }, ...rest }
}

export const marketplace = 'openshift-marketplace'

export function ensureNamespace(store: ClusterStore, name: string): void {
  clusterViewOf(store).ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
}

/** A catalog that answers. */
export function ensureCatalogSource(store: ClusterStore, namespace: string, name: string): void {
  clusterViewOf(store).ensure({
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'CatalogSource',
    metadata: { namespace, name },
    spec: { sourceType: 'grpc', displayName: name },
    status: { connectionState: { lastObservedState: 'READY' } },
  })
}

/** Of every kind that OpenShift and its operators add. */
export function customResourceDefinitions(store: Pick<ClusterStore, 'kinds'>): readonly NewObject[] {
  return store.kinds
    .all()
    .filter(({ custom }) => custom)
    .map(definitionOf)
}

type CustomKind = ReturnType<ClusterStore['kinds']['all']>[number]

function definitionOf(kind: CustomKind): NewObject {
  const { group, version, plural, namespaced, shortNames, subresources } = kind
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: resourceOf(kind) },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind: kind.kind, plural, singular: kind.kind.toLowerCase(), listKind: `${kind.kind}List`, shortNames },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(subresources.includes('status') ? { subresources: { status: {} } } : {}),
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
    status: {
      acceptedNames: { kind: kind.kind, plural },
      storedVersions: [apiVersionOf(kind).split('/').at(-1)],
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
    },
  }
}
