import type { Controller } from '../engine/controller.ts'
import type { Catalogs } from './catalog.ts'
import { clusterServiceVersions } from './cluster-service-versions.ts'
import { installPlans, type OlmFailures } from './install-plans.ts'
import { subscriptions } from './subscriptions.ts'

export const noOlmFailures: OlmFailures = { unpack: new Set(), install: new Set() }

/** The Operator Lifecycle Manager, with what its catalogs offer. */
export function olmControllers(catalogs: Catalogs, failures: OlmFailures = noOlmFailures): readonly Controller[] {
  return [subscriptions(catalogs), installPlans(catalogs, failures), clusterServiceVersions(failures)]
}
