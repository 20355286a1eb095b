import type { KubeObject } from '../../cluster/kube-object.ts'
import type { Condition } from '../engine/conditions.ts'

/** The parts of Kubernetes' and OpenShift's own kinds that the controllers read and write. */
export type EnvVar = {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean }
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean }
  }
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly {
    readonly prefix?: string
    readonly secretRef?: { readonly name: string; readonly optional?: boolean }
    readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
  }[]
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  readonly nodeName?: string
  readonly volumes?: readonly {
    readonly name: string
    readonly persistentVolumeClaim?: { readonly claimName: string }
    readonly secret?: { readonly secretName: string; readonly optional?: boolean }
  }[]
  readonly serviceAccountName?: string
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: PodSpec
}

export interface ContainerStatus {
  readonly name: string
  readonly image: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: {
    readonly waiting?: { readonly reason: string; readonly message?: string }
    readonly running?: { readonly startedAt: string }
    readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly finishedAt: string }
  }
  readonly lastState?: ContainerStatus['state']
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec
  readonly status?: {
    readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly podIP?: string
    readonly startTime?: string
  }
}

interface Counts {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly updatedReplicas?: number
  readonly unavailableReplicas?: number
  readonly conditions?: readonly Condition[]
}

/** A ReplicaSet, ReplicationController or StatefulSet. */
export interface PodKeeper extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate; readonly selector?: unknown }
  readonly status?: Counts
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly template: PodTemplate
    readonly strategy?: { readonly type?: 'RollingUpdate' | 'Recreate' }
    readonly selector?: unknown
  }
  readonly status?: Counts
}

export interface LifecycleHook {
  readonly failurePolicy: 'Retry' | 'Abort' | 'Ignore'
  readonly execNewPod: {
    readonly containerName: string
    readonly command: readonly string[]
    readonly env?: readonly EnvVar[]
  }
}

export interface DeploymentConfig extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly template: PodTemplate
    readonly strategy?: {
      readonly type?: 'Rolling' | 'Recreate'
      readonly rollingParams?: { readonly pre?: LifecycleHook; readonly post?: LifecycleHook }
    }
    readonly selector?: unknown
  }
  readonly status?: Counts & { readonly latestVersion?: number }
}

export interface Job extends KubeObject {
  readonly spec: {
    readonly backoffLimit?: number
    readonly completions?: number
    readonly activeDeadlineSeconds?: number
    readonly ttlSecondsAfterFinished?: number
    readonly template: PodTemplate
  }
  readonly status?: {
    readonly active?: number
    readonly succeeded?: number
    readonly failed?: number
    readonly startTime?: string
    readonly completionTime?: string
    readonly conditions?: readonly Condition[]
  }
}

export interface Route extends KubeObject {
  readonly spec: { readonly host?: string; readonly to: { readonly kind: string; readonly name: string } }
  readonly status?: {
    readonly ingress?: readonly {
      readonly host: string
      readonly routerName: string
      readonly routerCanonicalHostname: string
      readonly wildcardPolicy: string
      readonly conditions: readonly Condition[]
    }[]
  }
}

/** A Secret as it is stored; values are base64. */
export interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

/** A PersistentVolumeClaim. */
export interface Claim extends KubeObject {
  readonly status?: { readonly phase: 'Pending' | 'Bound' | 'Lost' }
}
