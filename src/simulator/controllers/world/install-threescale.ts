import { Secret } from '../../../base/secret.ts'
import type { Release } from '../../../model/release.ts'
import { catalogSource } from '../../../threescale/hops.ts'
import type { ClusterStore } from '../../cluster/store.ts'
import { clusterViewOf, type ClusterView } from '../engine/cluster-view.ts'
import { threescalePackage } from '../olm/catalog.ts'
import { type ClusterServiceVersion, resources } from '../olm/shapes.ts'
import { type ApiManager, apiManagers } from '../threescale/shapes.ts'
import { writeSecret } from '../workloads/secrets.ts'
import { ensureCatalogSource, ensureNamespace } from './base-cluster.ts'

/** A 3scale that somebody runs themselves, with databases outside the operator. */
export interface ThreescaleInstallation {
  readonly release: Release
  readonly namespace: string
  readonly wildcardDomain: string
  readonly tenantName: string
  /** With scheme mysql2:// or postgresql://, as system-database holds it. */
  readonly database: Secret
  readonly systemRedis: Secret
  readonly backendStorage: Secret
  readonly backendQueues: Secret
  /** What the seed secrets hold; absent: the operator draws them. Give those that a database which is moved in knows. */
  readonly seed?: Readonly<Record<string, Secret>>
  /** What the secret of the file storage holds; absent: what leads nowhere. */
  readonly fileStorage?: Readonly<Record<string, Secret>>
}

/**
 * Puts the operator's Subscription, the secrets of the databases and the APIManager into a cluster. The cluster's
 * controllers make the rest of them: `isInstalled` says when.
 */
export function installThreescale(store: ClusterStore, installation: ThreescaleInstallation): void {
  const { release, namespace, wildcardDomain, tenantName } = installation
  const view = clusterViewOf(store)
  ensureNamespace(store, namespace)
  ensureCatalogSource(store, catalogSource.namespace, catalogSource.name)
  const secrets: Readonly<Record<string, Readonly<Record<string, Secret>>>> = {
    'system-database': { URL: installation.database },
    'system-redis': {
      URL: installation.systemRedis,
      ...(release === '2.11'
        ? {
            MESSAGE_BUS_URL: installation.systemRedis,
            MESSAGE_BUS_NAMESPACE: new Secret(''),
            MESSAGE_BUS_SENTINEL_HOSTS: new Secret(''),
            MESSAGE_BUS_SENTINEL_ROLE: new Secret(''),
          }
        : {}),
    },
    'backend-redis': {
      REDIS_STORAGE_URL: installation.backendStorage,
      REDIS_QUEUES_URL: installation.backendQueues,
    },
    'aws-auth': installation.fileStorage ?? {
      AWS_ACCESS_KEY_ID: new Secret('something'),
      AWS_SECRET_ACCESS_KEY: new Secret('something'),
      AWS_BUCKET: new Secret('something'),
      AWS_REGION: new Secret('eu-west-1'),
    },
    ...(installation.seed === undefined ? {} : { 'system-seed': installation.seed }),
  }
  for (const [name, values] of Object.entries(secrets)) {
    writeSecret(view, { namespace, name, values: new Map(Object.entries(values)) })
  }
  view.ensure({
    apiVersion: 'operators.coreos.com/v1',
    kind: 'OperatorGroup',
    metadata: { namespace, name: '3scale-operator-og' },
    spec: { targetNamespaces: [namespace] },
  })
  view.ensure({
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'Subscription',
    metadata: { namespace, name: '3scale-operator' },
    spec: {
      name: '3scale-operator',
      channel: `threescale-${release}`,
      source: catalogSource.name,
      sourceNamespace: catalogSource.namespace,
      installPlanApproval: 'Automatic',
    },
  })
  const external =
    release === '2.11'
      ? { highAvailability: { enabled: true } }
      : { externalComponents: { system: { redis: true, database: true }, backend: { redis: true } } }
  view.ensure({
    apiVersion: 'apps.3scale.net/v1alpha1',
    kind: 'APIManager',
    metadata: { namespace, name: '3scale' },
    spec: {
      wildcardDomain,
      tenantName,
      resourceRequirementsEnabled: false,
      ...external,
      system: { fileStorage: { simpleStorageService: { configurationSecretRef: { name: 'aws-auth' } } } },
    },
  })
}

/** True when the operator is at the head of its release's channel and all that the APIManager runs is ready. */
export function isInstalled(view: ClusterView, namespace: string, release: Release): boolean {
  const head = threescalePackage()
    .channels.find(({ name }) => name === `threescale-${release}`)
    ?.entries.at(-1)
  const csv = view.get<ClusterServiceVersion>(resources.csvs, namespace, head?.csv ?? '')
  const apiManager = view.get<ApiManager>(apiManagers, namespace, '3scale')
  const { ready = [], starting = [], stopped = [] } = apiManager?.status?.deployments ?? {}
  return csv?.status?.phase === 'Succeeded' && ready.length > 0 && starting.length === 0 && stopped.length === 0
}
