import type { KubeObject } from '../../cluster/kube-object.ts'
import type { Condition } from '../engine/conditions.ts'

export type Phase =
  | 'awaiting operator'
  | 'awaiting cloud resources'
  | 'creating components'
  | 'awaiting components'
  | 'in progress'
  | 'completed'
  | 'failed'

export interface ProductStatus {
  readonly name: string
  /** The operator's version. */
  readonly operator: string
  readonly version: string
  readonly host: string
  readonly status: Phase
}

export interface Rhmi extends KubeObject {
  readonly spec: {
    readonly type: string
    readonly namespacePrefix: string
    readonly routingSubdomain?: string
    readonly masterURL?: string
    readonly APIServer?: string
    readonly useClusterStorage?: string
    readonly alertingEmailAddress?: string
    readonly smtpSecret: string
    readonly pagerDutySecret: string
  }
  readonly status?: {
    readonly stage?: string
    readonly stages?: Readonly<
      Record<string, { name: string; phase: Phase; products?: Readonly<Record<string, ProductStatus>> }>
    >
    readonly preflightStatus?: '' | 'successful' | 'failed'
    readonly preflightMessage?: string
    readonly lastError?: string
    readonly version?: string
    readonly toVersion?: string
    readonly quota?: string
    readonly toQuota?: string
    readonly customSmtp?: { readonly enabled: boolean; readonly error?: string } | null
    readonly customDomain?: { readonly enabled: boolean; readonly error?: string } | null
  }
}

/** A Postgres, Redis or BlobStorage. */
export interface CloudResource extends KubeObject {
  readonly spec: {
    readonly type: string
    readonly tier: string
    readonly secretRef: { readonly name: string; readonly namespace: string }
    readonly skipCreate?: boolean
  }
  readonly status?: {
    readonly phase?: 'in progress' | 'complete' | 'paused' | 'failed' | 'deletion in progress'
    readonly message?: string
    readonly strategy?: string
    readonly provider?: string
    readonly secretRef?: { readonly name: string; readonly namespace: string }
  }
}

export interface Snapshot extends KubeObject {
  readonly spec: { readonly resourceName: string; readonly skipDelete?: boolean }
  readonly status?: { readonly phase?: string; readonly message?: string; readonly snapshotID?: string }
}

export interface KeycloakClient extends KubeObject {
  readonly spec: {
    readonly client: { readonly clientId: string; readonly id?: string; readonly [field: string]: unknown }
    readonly realmSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  }
  readonly status?: { readonly ready: boolean }
}

export interface KeycloakUser extends KubeObject {
  readonly spec: {
    readonly user: { readonly username: string; readonly attributes?: Readonly<Record<string, readonly string[]>> }
  }
}

export interface CustomDomain extends KubeObject {
  readonly spec: {
    readonly domain: string
    readonly certificate: { readonly name: string; readonly namespace: string }
  }
  readonly status?: {
    readonly state: 'Ready' | 'NotReady'
    readonly endpoint?: string
    readonly dnsRecord?: string
    readonly conditions?: readonly Condition[]
  }
}
