import type { Secret } from '../../../base/secret.ts'
import type { ClusterView } from '../engine/cluster-view.ts'
import type { Container, Pod } from './shapes.ts'

/** A container of a pod, with its variables as they were when it was looked at. */
export interface RunningContainer {
  readonly view: ClusterView
  readonly pod: Pod
  readonly container: Container
  readonly env: ReadonlyMap<string, Secret>
}

/** How a container that ended did so; the message is for people, and holds no secret. */
export interface Ended {
  readonly exitCode: number
  readonly message: string
}

/** What goes on inside the containers of a cluster's pods, as far as it shows outside. */
export interface ContainerRuntime {
  /** Why a container cannot be started yet, such as ImagePullBackOff; null, or absent: it can. */
  held?(container: Omit<RunningContainer, 'env'>): string | null
  /** Asked at each start of a container that should go on for ever: null when it does, else how it ended. */
  crash(container: RunningContainer, signal: AbortSignal): Promise<Ended | null>
  /** Asked of an init container: false while it waits for something. */
  initialized(container: RunningContainer, signal: AbortSignal): Promise<boolean>
  /** Runs a container that is to end, such as a job's. Not called twice for one start. */
  run(container: RunningContainer, signal: AbortSignal): Promise<Ended>
}
