import { withCondition } from '../engine/conditions.ts'
import { type Controller, keyOf, splitKey } from '../engine/controller.ts'
import type { CatalogEntry, Catalogs } from './catalog.ts'
import { type InstallPlan, packageLabel, resources, type Subscription } from './shapes.ts'

/** Names of versions that go wrong: their bundle cannot be unpacked, or their operator does not come up. */
export interface OlmFailures {
  readonly unpack: ReadonlySet<string>
  readonly install: ReadonlySet<string>
}

/**
 * Planning → RequiresApproval, until somebody sets spec.approved → Installing → Complete, with the CSV made; or Failed,
 * when its bundle cannot be unpacked.
 */
export function installPlans(catalogs: Catalogs, failures: OlmFailures): Controller {
  return {
    name: 'installplans',
    watches: { [resources.installPlans]: (plan) => [keyOf(plan)] },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const { view } = context
      const plan = view.get<InstallPlan>(resources.installPlans, namespace, name)
      const phase = plan?.status?.phase
      if (plan === undefined || phase === 'Complete' || phase === 'Failed') return null
      const set = (phase: NonNullable<InstallPlan['status']>['phase'], reason?: string) =>
        view.change<InstallPlan>({ resource: resources.installPlans, namespace, name }, (draft) => {
          const installed = { type: 'Installed', status: phase === 'Complete' ? ('True' as const) : ('False' as const) }
          const condition = reason === undefined ? installed : { ...installed, reason }
          draft.status = { phase, conditions: withCondition(draft.status?.conditions, condition, context) }
        })
      if (!plan.spec.approved) {
        set('RequiresApproval', 'RequiresApproval')
        return null
      }
      set('Installing', 'Installing')
      const wait = context.remaining(plan, 'installing', context.timings.olmInstall)
      if (wait > 0) return wait
      const wanted = plan.spec.clusterServiceVersionNames
      if (wanted.some((csv) => failures.unpack.has(csv))) {
        set('Failed', 'BundleUnpackFailed')
        return null
      }
      for (const csv of wanted) {
        const found = findEntry(catalogs, csv)
        if (found === undefined) throw new Error(`bug: no catalog offers ${csv} any more`)
        // However it came to be reachable, it replaces what the Subscription had.
        const before = view
          .list<Subscription>(resources.subscriptions, namespace)
          .find(({ status }) => status?.currentCSV === csv)?.status?.installedCSV
        view.ensure(csvOf(found.entry, found.package, namespace, before))
      }
      set('Complete')
      return null
    },
  }
}

function findEntry(catalogs: Catalogs, csv: string): { package: string; entry: CatalogEntry } | undefined {
  for (const { name, channels } of Object.values(catalogs).flat()) {
    const entry = channels.flatMap(({ entries }) => entries).find((one) => one.csv === csv)
    if (entry !== undefined) return { package: name, entry }
  }
  return undefined
}

function csvOf(
  { csv, version, bundle }: CatalogEntry,
  packageName: string,
  namespace: string,
  replaces: string | undefined,
) {
  const labels = { name: bundle.deployment, ...bundle.podLabels }
  const container = { name: 'manager', image: bundle.image }
  return {
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'ClusterServiceVersion',
    metadata: {
      namespace,
      name: csv,
      labels: { [packageLabel(packageName, namespace)]: '' },
      annotations: bundle.annotations,
    },
    spec: {
      displayName: packageName,
      version,
      ...(replaces === undefined ? {} : { replaces }),
      installModes: [
        { type: 'OwnNamespace', supported: true },
        { type: 'SingleNamespace', supported: true },
        { type: 'AllNamespaces', supported: bundle.allNamespaces },
      ],
      install: {
        strategy: 'deployment',
        spec: {
          deployments: [
            {
              name: bundle.deployment,
              spec: {
                replicas: 1,
                selector: { matchLabels: { name: bundle.deployment } },
                template: { metadata: { labels }, spec: { containers: [container] } },
              },
            },
          ],
        },
      },
    },
  }
}
