import type { KubeObject } from '../../cluster/kube-object.ts'
import type { Condition } from '../engine/conditions.ts'
import type { Deployment, EnvVar } from '../workloads/shapes.ts'

/** The parts of OLM's kinds that the controllers read and write. */
export interface Subscription extends KubeObject {
  readonly spec: {
    readonly name: string
    readonly channel: string
    readonly source: string
    readonly sourceNamespace: string
    readonly installPlanApproval?: 'Automatic' | 'Manual'
    readonly startingCSV?: string
    readonly config?: { readonly env?: readonly EnvVar[] }
  }
  readonly status?: {
    readonly state?: string
    readonly currentCSV?: string
    readonly installedCSV?: string
    readonly installPlanRef?: { readonly name: string; readonly namespace: string }
    readonly conditions?: readonly Condition[]
  }
}

export interface InstallPlan extends KubeObject {
  readonly spec: {
    readonly approval: 'Automatic' | 'Manual'
    readonly approved: boolean
    readonly clusterServiceVersionNames: readonly string[]
  }
  readonly status?: {
    readonly phase: 'Planning' | 'RequiresApproval' | 'Installing' | 'Complete' | 'Failed'
    readonly conditions?: readonly Condition[]
  }
}

export interface ClusterServiceVersion extends KubeObject {
  readonly spec: {
    readonly version: string
    readonly replaces?: string
    readonly installModes: readonly { readonly type: string; readonly supported: boolean }[]
    readonly install: {
      readonly strategy: 'deployment'
      readonly spec: { readonly deployments: readonly { readonly name: string; readonly spec: Deployment['spec'] }[] }
    }
  }
  readonly status?: { readonly phase: CsvPhase; readonly reason?: string; readonly message?: string }
}

export type CsvPhase = 'Pending' | 'InstallReady' | 'Installing' | 'Succeeded' | 'Failed' | 'Replacing' | 'Deleting'

export interface CatalogSource extends KubeObject {
  readonly status?: { readonly connectionState?: { readonly lastObservedState?: string } }
}

export interface OperatorGroup extends KubeObject {
  readonly spec?: { readonly targetNamespaces?: readonly string[] }
}

export interface OperatorCondition extends KubeObject {
  readonly spec?: { readonly conditions?: readonly Condition[]; readonly overrides?: readonly Condition[] }
}

export const resources = {
  subscriptions: 'subscriptions.operators.coreos.com',
  installPlans: 'installplans.operators.coreos.com',
  csvs: 'clusterserviceversions.operators.coreos.com',
  catalogSources: 'catalogsources.operators.coreos.com',
  operatorGroups: 'operatorgroups.operators.coreos.com',
  operatorConditions: 'operatorconditions.operators.coreos.com',
} as const

export const packageLabel = (name: string, namespace: string): string => `operators.coreos.com/${name}.${namespace}`
