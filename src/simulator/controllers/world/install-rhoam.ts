import { Secret } from '../../../base/secret.ts'
import type { ClusterStore } from '../../cluster/store.ts'
import { clusterViewOf } from '../engine/cluster-view.ts'
import { namespaces, parametersSecret } from '../rhoam/names.ts'
import { addonCatalog } from '../rhoam/rhoam-catalog.ts'
import { writeSecret } from '../workloads/secrets.ts'
import { ensureCatalogSource, ensureNamespace } from './base-cluster.ts'

/** What the addon is installed with, by the keys of its parameters secret. */
export type AddonValues = Readonly<Record<string, Secret>>

/** The least that an installation needs: a quota, and an address for notifications. */
export const defaultAddonValues: AddonValues = {
  'addon-managed-api-service': new Secret('10'),
  'notification-email': new Secret('rhoam-notifications@example.com'),
}

/** Triggers RHOAM's installation, as the addon does: its operator's Subscription, the parameters, and what SRE delivers. */
export function installRhoam(store: ClusterStore, values: AddonValues): void {
  const view = clusterViewOf(store)
  const namespace = namespaces.operator
  ensureNamespace(store, namespace)
  ensureCatalogSource(store, namespace, addonCatalog)
  writeSecret(view, { namespace, name: parametersSecret, values: new Map(Object.entries(values)) })
  const delivered: Readonly<Record<string, Readonly<Record<string, Secret>>>> = {
    'redhat-rhoam-pagerduty': { PAGERDUTY_KEY: new Secret('simulated') },
    'redhat-rhoam-deadmanssnitch': { SNITCH_URL: new Secret('https://snitch.example.com/simulated') },
    'redhat-rhoam-smtp': {
      host: new Secret('smtp.example.com'),
      port: new Secret('587'),
      username: new Secret('simulated'),
      password: new Secret('simulated'),
    },
  }
  for (const [name, entries] of Object.entries(delivered)) {
    writeSecret(view, { namespace, name, values: new Map(Object.entries(entries)) })
  }
  view.ensure({
    apiVersion: 'operators.coreos.com/v1',
    kind: 'OperatorGroup',
    metadata: { namespace, name: 'redhat-rhoam-operator-og' },
    spec: { targetNamespaces: [] },
  })
  view.ensure({
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'Subscription',
    metadata: { namespace, name: 'addon-managed-api-service' },
    spec: {
      name: 'managed-api-service',
      channel: 'stable',
      source: addonCatalog,
      sourceNamespace: namespace,
      installPlanApproval: 'Automatic',
    },
  })
}
