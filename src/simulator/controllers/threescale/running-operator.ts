import { type Release, releases } from '../../../model/release.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import { type OperatorGroup, resources } from '../olm/shapes.ts'
import type { Deployment } from '../workloads/shapes.ts'
import { deploymentResource } from './shapes.ts'

export const operatorDeployment = 'threescale-operator-controller-manager-v2'

/** The 3scale operator that looks after a namespace. */
export interface RunningOperator {
  readonly release: Release
  /** Its own version, such as 0.12.5. */
  readonly version: string
  readonly namespace: string
  readonly csv: string
  /** PREFLIGHT_CHECKS_BYPASS, which RHOAM sets. */
  readonly skipsPreflights: boolean
}

/** The operator whose OperatorGroup covers `namespace` and whose newest pod is ready; undefined: everything stands still. */
export function operatorOf(view: ClusterView, namespace: string): RunningOperator | undefined {
  for (const deployment of view.list<Deployment>(deploymentResource)) {
    const { metadata, spec, status } = deployment
    if (metadata.name !== operatorDeployment || metadata.namespace === undefined) continue
    if (!covers(view, metadata.namespace, namespace)) continue
    const isUp = (status?.readyReplicas ?? 0) > 0 && status?.observedGeneration === metadata.generation
    // While a new version comes up the old one has the lead; what it does then shows no difference here.
    if (!isUp || (spec.replicas ?? 1) === 0 || status?.updatedReplicas !== status?.replicas) continue
    const labels = spec.template.metadata?.labels ?? {}
    const release = releases.find((one) => one === labels['rht.comp_ver'])
    if (release === undefined) throw new Error(`bug: ${metadata.namespace}/${metadata.name} is of no release`)
    const env = spec.template.spec.containers[0]?.env ?? []
    return {
      release,
      version: labels['threeshift.simulator/operator-version'] ?? '',
      namespace: metadata.namespace,
      csv: metadata.labels?.['olm.owner'] ?? '',
      skipsPreflights: env.some(({ name, value }) => name === 'PREFLIGHT_CHECKS_BYPASS' && value === 'true'),
    }
  }
  return undefined
}

function covers(view: ClusterView, operatorNamespace: string, namespace: string): boolean {
  return view
    .list<OperatorGroup>(resources.operatorGroups, operatorNamespace)
    .some(({ spec }) => (spec?.targetNamespaces ?? []).length === 0 || spec?.targetNamespaces?.includes(namespace))
}
