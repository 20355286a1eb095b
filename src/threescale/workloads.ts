import type { Release } from '../model/release.ts'
import { holdsIn, type ReleaseRange } from './release-range.ts'

/** What is lost when the workload's own storage is lost. */
export type Holds =
  /** Nothing. */
  | 'nothing'
  /** What fills itself again while in use. */
  | 'cache'
  /** What is made again from other data; see `rebuiltBy`. */
  | 'rebuildable'
  /** The installation's only copy. */
  | 'data'

export type Rebuild =
  /** By the command, run in the workload `in`. */
  | { readonly kind: 'command'; readonly command: string; readonly in: string }
  /** By itself, whenever its pod starts. */
  | { readonly kind: 'own-start' }

/** When the workload is there: always, only with zync, or only while the operator bundles that database. */
export type Presence =
  | { readonly kind: 'always' }
  | { readonly kind: 'zync-enabled' }
  | {
      readonly kind: 'bundled'
      readonly database: 'system-mysql' | 'system-postgresql' | 'system-redis' | 'backend-redis' | 'zync-database'
    }

export interface Workload {
  readonly name: string
  readonly in: ReleaseRange
  readonly presence: Presence
  /** Pod labels threescale_component and threescale_component_element: the one selector that fits every release. */
  readonly component: 'apicast' | 'backend' | 'system' | 'zync'
  readonly element: string
  readonly containers: readonly string[]
  readonly initContainers: readonly string[]
  readonly holds: Holds
  /** How its data is made again; of those that are rebuildable, and of no other. */
  readonly rebuiltBy?: Rebuild
  /**
   * Path in the APIManager of the replica count that the operator applies; null where it applies none, and whoever
   * scaled the workload down has to scale it up again.
   */
  readonly replicasAt: string | null
}

const always = { in: {}, presence: { kind: 'always' }, initContainers: [], holds: 'nothing' } as const
const bundled = { in: { until: '2.15' }, initContainers: [], holds: 'data', replicasAt: null } as const

/**
 * Everything that the operator runs for one installation.
 *
 * Source: 3scale-operator `pkg/3scale/amp/component/deployments_lister.go` and the file of each component, at
 * 3scale-2.11-stable to 3scale-2.16-stable; labels in `pkg/3scale/amp/operator/*_options_provider.go`.
 */
export const workloads = [
  {
    ...always,
    name: 'apicast-staging',
    component: 'apicast',
    element: 'staging',
    containers: ['apicast-staging'],
    replicasAt: 'spec.apicast.stagingSpec.replicas',
  },
  {
    ...always,
    name: 'apicast-production',
    component: 'apicast',
    element: 'production',
    containers: ['apicast-production'],
    replicasAt: 'spec.apicast.productionSpec.replicas',
  },
  {
    ...always,
    name: 'backend-listener',
    component: 'backend',
    element: 'listener',
    containers: ['backend-listener'],
    replicasAt: 'spec.backend.listenerSpec.replicas',
  },
  {
    ...always,
    name: 'backend-worker',
    component: 'backend',
    element: 'worker',
    containers: ['backend-worker'],
    replicasAt: 'spec.backend.workerSpec.replicas',
  },
  {
    ...always,
    name: 'backend-cron',
    component: 'backend',
    element: 'cron',
    containers: ['backend-cron'],
    replicasAt: 'spec.backend.cronSpec.replicas',
  },
  {
    ...always,
    name: 'system-app',
    component: 'system',
    element: 'app',
    containers: ['system-master', 'system-provider', 'system-developer'],
    replicasAt: 'spec.system.appSpec.replicas',
  },
  {
    ...always,
    name: 'system-sidekiq',
    component: 'system',
    element: 'sidekiq',
    containers: ['system-sidekiq'],
    initContainers: ['check-svc'],
    replicasAt: 'spec.system.sidekiqSpec.replicas',
  },
  {
    ...always,
    name: 'system-memcache',
    component: 'system',
    element: 'memcache',
    containers: ['memcache'],
    holds: 'cache',
    replicasAt: null,
  },
  {
    ...always,
    name: 'system-sphinx',
    in: { until: '2.13' },
    component: 'system',
    element: 'sphinx',
    containers: ['system-sphinx'],
    holds: 'rebuildable',
    // Its index lies in an emptyDir; porta's `openshift:thinking_sphinx:start` fills it before the engine answers.
    rebuiltBy: { kind: 'own-start' },
    replicasAt: null,
  },
  {
    ...always,
    name: 'system-searchd',
    in: { since: '2.14' },
    component: 'system',
    element: 'searchd',
    containers: ['system-searchd'],
    holds: 'rebuildable',
    rebuiltBy: { kind: 'command', command: 'bundle exec rake searchd:optimal_index', in: 'system-sidekiq' },
    replicasAt: null,
  },
  {
    ...always,
    name: 'zync',
    presence: { kind: 'zync-enabled' },
    component: 'zync',
    element: 'zync',
    containers: ['zync'],
    initContainers: ['zync-db-svc'],
    replicasAt: 'spec.zync.appSpec.replicas',
  },
  {
    ...always,
    name: 'zync-que',
    presence: { kind: 'zync-enabled' },
    component: 'zync',
    element: 'zync-que',
    containers: ['que'],
    replicasAt: 'spec.zync.queSpec.replicas',
  },
  {
    ...always,
    name: 'zync-database',
    presence: { kind: 'bundled', database: 'zync-database' },
    component: 'zync',
    element: 'database',
    containers: ['postgresql'],
    holds: 'rebuildable',
    rebuiltBy: { kind: 'command', command: 'bundle exec rake zync:resync:domains', in: 'system-sidekiq' },
    replicasAt: null,
  },
  {
    ...bundled,
    name: 'backend-redis',
    presence: { kind: 'bundled', database: 'backend-redis' },
    component: 'backend',
    element: 'redis',
    containers: ['backend-redis'],
  },
  {
    ...bundled,
    name: 'system-redis',
    presence: { kind: 'bundled', database: 'system-redis' },
    component: 'system',
    element: 'redis',
    containers: ['system-redis'],
  },
  {
    ...bundled,
    name: 'system-mysql',
    presence: { kind: 'bundled', database: 'system-mysql' },
    component: 'system',
    element: 'mysql',
    containers: ['system-mysql'],
  },
  {
    ...bundled,
    name: 'system-postgresql',
    presence: { kind: 'bundled', database: 'system-postgresql' },
    component: 'system',
    element: 'postgresql',
    containers: ['system-postgresql'],
  },
] as const satisfies readonly Workload[]

export type WorkloadName = (typeof workloads)[number]['name']

/** The workloads that an installation of `release` can have, optional ones included. */
export function workloadsOf(release: Release): readonly Workload[] {
  return workloads.filter((workload: Workload) => holdsIn(workload.in, release))
}

/** How the operator of a release treats a replica count that somebody else changed. */
export type ReplicaPolicy =
  /** Sets it back at every reconcile; an absent count in the APIManager means 1. */
  | 'always-reset'
  /** Sets it back only where the APIManager names one. */
  | 'reset-when-named'

/** Source: 3scale-operator `pkg/3scale/amp/operator/*_reconciler.go`. */
export function replicaPolicyOf(release: Release): ReplicaPolicy {
  return holdsIn({ until: '2.12' }, release) ? 'always-reset' : 'reset-when-named'
}

/** What runs `rake` before and after a new system-app, by name; null where it is a hook pod of the rollout itself. */
export interface DeployJobs {
  readonly before: string
  readonly after: string
}

/** Jobs (batch/v1) in place of hook pods. Source: 3scale-operator `pkg/3scale/amp/component/system.go`. */
export function deployJobsOf(release: Release): DeployJobs | null {
  return holdsIn({ since: '2.15' }, release) ? { before: 'system-app-pre', after: 'system-app-post' } : null
}
