import type { ClusterStore } from '../../cluster/store.ts'
import { clusterViewOf } from '../engine/cluster-view.ts'
import { namespaces, rhmiName, rhmis } from '../rhoam/names.ts'
import type { Rhmi } from '../rhoam/shapes.ts'
import { type ClusterFacts, installBaseCluster } from './base-cluster.ts'
import { type AddonValues, installRhoam } from './install-rhoam.ts'
import { installThreescale, isInstalled, type ThreescaleInstallation } from './install-threescale.ts'

/** The two clusters that a migration begins and ends with. */
export interface WorldPlan {
  readonly source: {
    readonly store: ClusterStore
    readonly facts: ClusterFacts
    readonly threescale: ThreescaleInstallation
  }
  readonly destination: {
    readonly store: ClusterStore
    readonly facts: ClusterFacts
    readonly addon: AddonValues
  }
}

/**
 * Puts what a migration starts from into two stores: a source with the operator, its secrets and an APIManager; and a
 * destination on which RHOAM's installation has been triggered. Again with the effect of once.
 *
 * The clusters' controllers do the rest. Out: whether the source's 3scale is ready, and whether RHOAM is complete.
 */
export function installWorld({ source, destination }: WorldPlan): {
  readonly isSourceReady: () => boolean
  readonly isDestinationComplete: () => boolean
} {
  installBaseCluster(source.store, source.facts)
  installThreescale(source.store, source.threescale)
  installBaseCluster(destination.store, destination.facts)
  installRhoam(destination.store, destination.addon)
  const [from, to] = [clusterViewOf(source.store), clusterViewOf(destination.store)]
  const { namespace, release } = source.threescale
  return {
    isSourceReady: () => isInstalled(from, namespace, release),
    isDestinationComplete: () => isRhoamComplete(to.get<Rhmi>(rhmis, namespaces.operator, rhmiName)),
  }
}

/** True when the RHMI says that everything is installed, and nothing else is being installed or wrong. */
export function isRhoamComplete(rhmi: Rhmi | undefined): boolean {
  const { stage, version = '', toVersion = '', lastError = '', stages } = rhmi?.status ?? {}
  const products = Object.values(stages?.['installation']?.products ?? {})
  return (
    stage === 'complete' &&
    version !== '' &&
    toVersion === '' &&
    lastError === '' &&
    products.length > 0 &&
    products.every(({ status }) => status === 'completed')
  )
}
