import type { OperatorBuild, RhoamBuild } from '../model/release.ts'

/** A least version, compared number by number. */
export interface DatabaseFloor {
  readonly database: 'mysql' | 'postgresql' | 'system-redis' | 'backend-redis'
  readonly atLeast: string
  /** Who checks it: the new operator before it touches anything, or nobody but us. */
  readonly checkedBy: 'operator' | 'nobody'
}

/** What somebody has to do by hand before the operator may move. */
export type ManualAction =
  /** Removes keys from a secret; a key that is not there is no fault (a JSON patch would make it one). */
  | {
      readonly kind: 'remove-secret-keys'
      readonly secret: string
      readonly keys: readonly string[]
      readonly when: string
    }
  /** Sets a field of the APIManager. */
  | { readonly kind: 'set-apimanager'; readonly path: string; readonly value: boolean; readonly when: string }
  /** The Subscription moves to the hop's channel. */
  | { readonly kind: 'switch-channel' }
  /** No upgrade edge leads there: the Subscription and the CSV that its status names go, a new Subscription comes. */
  | { readonly kind: 'replace-subscription' }

/** How an installation tells that the new operator's work is finished, beyond what every hop has in common. */
export type DoneMark =
  /** The version annotations are written last, so they say it. */
  | { readonly kind: 'annotation-last' }
  /** The version annotations are written first and say nothing; only workloads and migrations do. */
  | { readonly kind: 'annotation-first' }
  | { readonly kind: 'workload-exists'; readonly name: string }
  | { readonly kind: 'workload-gone'; readonly name: string }
  /** No DeploymentConfig is left and both deploy jobs are complete. */
  | { readonly kind: 'deployments-only' }

export interface Hop {
  readonly from: OperatorBuild
  readonly to: OperatorBuild
  readonly package: '3scale-operator'
  readonly channel: string
  /** The operator's own version line, such as 0.9; it does not tell the 3scale release where -mas builds are about. */
  readonly operator: string
  readonly needs: readonly DatabaseFloor[]
  readonly byHand: readonly ManualAction[]
  /** What the operator changes by itself, a sentence each. */
  readonly operatorDoes: readonly string[]
  /** What has gone wrong there, a sentence each, for the plan. */
  readonly traps: readonly string[]
  readonly done: readonly DoneMark[]
}

/**
 * The upgrades that the operator supports, one minor release each.
 *
 * Source: 3scale-operator's reconcilers (`pkg/3scale/amp/operator`), preflight checks and CSV annotations, at
 * 3scale-2.11-stable to 3scale-2.16-stable.
 */
export const hops = [
  {
    from: '2.11',
    to: '2.12',
    package: '3scale-operator',
    channel: 'threescale-2.12',
    operator: '0.9',
    needs: [{ database: 'mysql', atLeast: '8.0.0', checkedBy: 'nobody' }],
    byHand: [
      {
        kind: 'remove-secret-keys',
        secret: 'system-redis',
        keys: ['MESSAGE_BUS_URL', 'MESSAGE_BUS_NAMESPACE', 'MESSAGE_BUS_SENTINEL_ROLE', 'MESSAGE_BUS_SENTINEL_HOSTS'],
        when: 'system-redis is external; the operator removes them from a bundled one',
      },
      { kind: 'switch-channel' },
    ],
    operatorDoes: [
      'The message bus settings and AMP_RELEASE go.',
      'A bundled MySQL goes from 5.7 to 8.0, with mysql_native_password as its default authentication.',
      'highAvailability of the APIManager becomes externalComponents.',
    ],
    traps: ['Replica counts go back to those of the APIManager, so workloads at 0 start again.'],
    done: [{ kind: 'annotation-last' }],
  },
  {
    from: '2.12',
    to: '2.13',
    package: '3scale-operator',
    channel: 'threescale-2.13',
    operator: '0.10',
    needs: [],
    byHand: [{ kind: 'switch-channel' }],
    operatorDoes: ['system-sphinx gets SECRET_KEY_BASE.'],
    traps: ['The database schema does not change: the greatest migration says nothing about this hop.'],
    done: [{ kind: 'annotation-first' }],
  },
  {
    from: '2.13',
    to: '2.13-mas',
    package: '3scale-operator',
    channel: 'threescale-mas',
    operator: '0.11-mas',
    needs: [],
    byHand: [{ kind: 'replace-subscription' }],
    operatorDoes: ['The new operator adopts the running APIManager and its workloads.'],
    traps: [
      'The CSV to delete is the one that Subscription.status.installedCSV names; no name can be known beforehand.',
      'A second OperatorGroup in the namespace makes every CSV fail.',
      'By its number 0.11-mas looks newer than 2.13 and like 2.14; only the annotation and label rht.comp_ver tell.',
      'With automatic approval OLM goes on to the head of the channel, whatever startingCSV says.',
    ],
    done: [{ kind: 'annotation-first' }],
  },
  {
    from: '2.13',
    to: '2.14',
    package: '3scale-operator',
    channel: 'threescale-2.14',
    operator: '0.11',
    needs: [],
    byHand: [{ kind: 'switch-channel' }],
    operatorDoes: [
      'system-sphinx and its Service go; system-searchd comes with a Service and a PVC.',
      'A bundled Redis goes from 5 to 6.',
    ],
    traps: ['Searches find nothing until the index has been built anew.'],
    done: [
      { kind: 'annotation-first' },
      { kind: 'workload-gone', name: 'system-sphinx' },
      { kind: 'workload-exists', name: 'system-searchd' },
    ],
  },
  {
    from: '2.14',
    to: '2.15',
    package: '3scale-operator',
    channel: 'threescale-2.15',
    operator: '0.12',
    needs: [
      { database: 'mysql', atLeast: '8.0.0', checkedBy: 'operator' },
      { database: 'postgresql', atLeast: '10.0.0', checkedBy: 'operator' },
      { database: 'system-redis', atLeast: '6.2.0', checkedBy: 'operator' },
      { database: 'backend-redis', atLeast: '6.2.0', checkedBy: 'operator' },
    ],
    byHand: [
      {
        kind: 'remove-secret-keys',
        secret: 'system-redis',
        keys: ['NAMESPACE'],
        when: 'it is there, drained of jobs first',
      },
      { kind: 'switch-channel' },
    ],
    operatorDoes: [
      'Each DeploymentConfig becomes a Deployment of the same name and replica count; the old one goes once it is up.',
      'Hook pods become the jobs system-app-pre and system-app-post.',
      'The search index gets a new PVC, and a job builds it.',
    ],
    traps: [
      'A DeploymentConfig at 0 replicas makes a Deployment at 0 replicas.',
      'Label deploymentConfig becomes deployment: selectors, network policies and disruption budgets of others miss.',
      'For a moment two system-sidekiq run.',
      'A failed preflight shows as Preflights False and blocks OLM; it is tried again every ten minutes.',
    ],
    done: [{ kind: 'annotation-first' }, { kind: 'deployments-only' }],
  },
  {
    from: '2.15',
    to: '2.16',
    package: '3scale-operator',
    channel: 'threescale-2.16',
    operator: '0.13',
    needs: [
      { database: 'mysql', atLeast: '8.0.0', checkedBy: 'operator' },
      { database: 'postgresql', atLeast: '13.0.0', checkedBy: 'operator' },
      { database: 'system-redis', atLeast: '7.0.0', checkedBy: 'operator' },
      { database: 'backend-redis', atLeast: '7.0.0', checkedBy: 'operator' },
    ],
    byHand: [
      {
        kind: 'set-apimanager',
        path: 'spec.externalComponents.system.database',
        value: true,
        when: 'always, with the database outside the operator',
      },
      {
        kind: 'set-apimanager',
        path: 'spec.externalComponents.system.redis',
        value: true,
        when: 'always, with Redis outside the operator',
      },
      {
        kind: 'set-apimanager',
        path: 'spec.externalComponents.backend.redis',
        value: true,
        when: 'always, with Redis outside the operator',
      },
      { kind: 'switch-channel' },
    ],
    operatorDoes: ['A bundled zync-database goes from PostgreSQL 10 to 15; zync may be switched off.'],
    traps: [
      'Bundled databases end here: the operator refuses to go on while one is left.',
      'PostgreSQL 10 data is of no use to 15: zync-database starts empty and zync:resync:domains fills it.',
      'From here on a jump of two minor releases is refused; a step back of one is not noticed.',
    ],
    done: [
      { kind: 'annotation-first' },
      { kind: 'workload-gone', name: 'system-mysql' },
      { kind: 'workload-gone', name: 'system-postgresql' },
      { kind: 'workload-gone', name: 'system-redis' },
      { kind: 'workload-gone', name: 'backend-redis' },
    ],
  },
] as const satisfies readonly Hop[]

/**
 * The shortest way from one build to another; empty when they are the same, null when no hops lead there.
 *
 * No hop leads back, and none leads on from 2.13-mas.
 */
export function hopsBetween(from: OperatorBuild, to: RhoamBuild): readonly Hop[] | null {
  if (from === to) return []
  const ways = hops
    .filter((hop: Hop) => hop.from === from)
    .flatMap((hop) => {
      const rest = hopsBetween(hop.to, to)
      return rest === null ? [] : [[hop, ...rest]]
    })
  return ways.sort((a, b) => a.length - b.length)[0] ?? null
}

/** The catalog that all packages come from. */
export const catalogSource = { name: 'redhat-operators', namespace: 'openshift-marketplace' } as const

/** Annotations of the APIManager that say which 3scale and which operator made it what it is. */
export const versionAnnotations = {
  threescale: 'apps.3scale.net/apimanager-threescale-version',
  operator: 'apps.3scale.net/threescale-operator-version',
} as const
