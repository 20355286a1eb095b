import type { KubeObject } from '../../cluster/kube-object.ts'
import type { Condition } from '../engine/conditions.ts'

/** The parts of an APIManager that its operator reads and writes. */
export interface ApiManager extends KubeObject {
  readonly spec: {
    readonly wildcardDomain: string
    readonly tenantName?: string
    readonly appLabel?: string
    readonly highAvailability?: { readonly enabled?: boolean; readonly externalZyncDatabaseEnabled?: boolean }
    readonly externalComponents?: ExternalComponents
    readonly zync?: { readonly enabled?: boolean; readonly [field: string]: unknown }
    readonly system?: {
      readonly database?: { readonly mysql?: object; readonly postgresql?: object }
      readonly [field: string]: unknown
    }
    readonly [field: string]: unknown
  }
  readonly status?: {
    readonly conditions?: readonly Condition[]
    readonly deployments?: DeploymentNames
  }
}

export interface ExternalComponents {
  readonly system?: { readonly redis?: boolean; readonly database?: boolean }
  readonly backend?: { readonly redis?: boolean }
  readonly zync?: { readonly database?: boolean }
}

export interface DeploymentNames {
  readonly ready: readonly string[]
  readonly starting: readonly string[]
  readonly stopped: readonly string[]
}

export const apiManagers = 'apimanagers.apps.3scale.net'
export const deploymentResource = 'deployments.apps'
export const configResource = 'deploymentconfigs.apps.openshift.io'
export const routeResource = 'routes.route.openshift.io'
export const jobResource = 'jobs.batch'
