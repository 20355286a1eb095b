import type { Secret } from '../../../base/secret.ts'
import type { ObjectRef } from '../../cluster/kube-object.ts'
import { type Condition, withCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, keyOf, splitKey } from '../engine/controller.ts'
import { timingOf } from '../engine/timings.ts'
import { containerEnv } from './container-env.ts'
import type { ContainerRuntime, Ended } from './container-runtime.ts'
import type { Claim, Container, ContainerStatus, Pod } from './shapes.ts'

/** Pods with this label and without `hookLabel` end when the DeploymentConfig's rollout says so. */
export const deployerLabel = 'openshift.io/deployer-pod-for.name'
export const hookLabel = 'openshift.io/deployer-pod.type'

/**
 * Scheduler and kubelet. A pod is, in this order:
 *
 *   Pending without a node · with one, its image being pulled · with init containers that run or wait · held by
 *   CreateContainerConfigError while a key is missing · Running, not ready · Running and ready
 *
 * and from there CrashLoopBackOff and back, or Succeeded or Failed when its containers are to end. One that is being
 * deleted is gone after its grace.
 */
export function pods(runtime: ContainerRuntime): Controller {
  return {
    name: 'pods',
    watches: { pods: (pod) => [keyOf(pod)] },
    reconcile: async (key, context) => {
      const { namespace, name } = splitKey(key)
      const pod = context.view.get<Pod>('pods', namespace, name)
      if (pod === undefined) return null
      const ref = { resource: 'pods', namespace, name }
      if (pod.metadata.deletionTimestamp !== undefined) return end(pod, ref, context)
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return null
      return (
        schedule(pod, ref, context) ??
        holdForVolumes(pod, ref, context) ??
        pull(pod, ref, context) ??
        (await initialize(pod, ref, context, runtime)) ??
        (await runContainers(pod, ref, context, runtime))
      )
    },
  }
}

function end(pod: Pod, ref: ObjectRef, context: Context): Again {
  const wait = context.remaining(
    pod,
    'terminating',
    timingOf(context.timings.termination, pod.spec.containers[0]?.name),
  )
  if (wait > 0) return wait
  context.view.remove(ref, { atOnce: true })
  return null
}

function schedule(pod: Pod, ref: ObjectRef, context: Context): Again {
  if (pod.spec.nodeName !== undefined) return null
  const wait = context.remaining(pod, 'scheduling', context.timings.schedule)
  context.view.change<Pod>(ref, (draft) => {
    draft.status = { ...draft.status, phase: 'Pending' }
    if (wait > 0) return
    draft.spec.nodeName = `worker-${context.random.below(3) + 1}`
    draft.status.startTime = context.timestamp()
    draft.status.conditions = withCondition(draft.status.conditions, { type: 'PodScheduled', status: 'True' }, context)
  })
  return wait > 0 ? wait : 0
}

function holdForVolumes(pod: Pod, ref: ObjectRef, context: Context): Again {
  const { view, timings } = context
  const namespace = ref.namespace
  const missing = (pod.spec.volumes ?? []).find(({ persistentVolumeClaim: claim, secret }) => {
    if (
      secret !== undefined &&
      secret.optional !== true &&
      view.get('secrets', namespace, secret.secretName) === undefined
    )
      return true
    if (claim === undefined) return false
    const found = view.get<Claim>('persistentvolumeclaims', namespace, claim.claimName)
    return found?.status?.phase !== 'Bound'
  })
  if (missing === undefined) return null
  wait(ref, context, 'ContainerCreating')
  return timings.retry
}

function pull(pod: Pod, ref: ObjectRef, context: Context): Again {
  if (pod.status?.containerStatuses?.some(({ state }) => state.waiting?.reason !== 'ContainerCreating') === true)
    return null
  const left = context.remaining(pod, 'pulling', context.timings.imagePull)
  if (left === 0) return null
  wait(ref, context, 'ContainerCreating')
  return left
}

async function initialize(pod: Pod, ref: ObjectRef, context: Context, runtime: ContainerRuntime): Promise<Again> {
  if (isTrue(pod, 'Initialized')) return null
  for (const container of pod.spec.initContainers ?? []) {
    const resolved = containerEnv(context.view, ref.namespace ?? '', container)
    if (resolved.kind === 'incomplete') {
      wait(ref, context, 'PodInitializing')
      setInit(ref, context, [waiting(container, 'CreateContainerConfigError', resolved.message)])
      return context.timings.retry
    }
    if (!(await runtime.initialized({ view: context.view, pod, container, env: resolved.env }, context.signal))) {
      wait(ref, context, 'PodInitializing')
      return context.timings.retry
    }
    const left = context.remaining(pod, `init ${container.name}`, context.timings.initContainer)
    if (left > 0) {
      wait(ref, context, 'PodInitializing')
      return left
    }
  }
  setInit(ref, context, [])
  setConditions(ref, context, [{ type: 'Initialized', status: 'True' }])
  return null
}

/** What init containers wait for; empty when none does. */
function setInit(ref: ObjectRef, context: Context, statuses: readonly ContainerStatus[]): void {
  context.view.change<Pod>(ref, (draft) => {
    if (statuses.length === 0 && draft.status?.initContainerStatuses === undefined) return
    draft.status = { phase: 'Pending', ...draft.status, initContainerStatuses: [...statuses] }
  })
}

async function runContainers(pod: Pod, ref: ObjectRef, context: Context, runtime: ContainerRuntime): Promise<Again> {
  const envs: (readonly [Container, ReadonlyMap<string, Secret>])[] = []
  const isNew = !(pod.status?.containerStatuses ?? []).some((one) => one.state.running || one.restartCount > 0)
  for (const container of pod.spec.containers) {
    const running = statusOf(pod, container)?.state.running !== undefined
    const resolved = containerEnv(context.view, ref.namespace ?? '', container)
    if (resolved.kind === 'incomplete' && !running) {
      wait(ref, context, 'CreateContainerConfigError', resolved.message)
      return context.timings.retry
    }
    const held = isNew ? (runtime.held?.({ view: context.view, pod, container }) ?? null) : null
    if (held !== null) {
      wait(ref, context, held)
      return context.timings.retry
    }
    envs.push([container, resolved.kind === 'complete' ? resolved.env : new Map()])
  }
  const [first] = envs
  if (first === undefined) return null
  const { labels } = pod.metadata
  const ends = pod.spec.restartPolicy === 'Never' || pod.spec.restartPolicy === 'OnFailure'
  const isDeployer = labels?.[deployerLabel] !== undefined && labels[hookLabel] === undefined
  if (ends && !isDeployer) return runToTheEnd(pod, ref, context, runtime, first)

  for (const [container, env] of envs) {
    const status = statusOf(pod, container)
    if (status?.state.running !== undefined) continue
    const restarts = status?.restartCount ?? 0
    if (status?.state.waiting?.reason === 'CrashLoopBackOff') {
      const { crashBackoff, crashBackoffMost } = context.timings
      const backoff = Math.min(crashBackoff * 2 ** Math.max(0, restarts - 1), crashBackoffMost)
      const left = context.remaining(pod, `backoff ${container.name} ${restarts}`, backoff)
      if (left > 0) return left
    }
    const ended = await runtime.crash({ view: context.view, pod, container, env }, context.signal)
    if (ended !== null) {
      crashed(ref, context, container, restarts + 1, ended)
      return 0
    }
    context.view.change<Pod>(ref, (draft) => {
      const statuses = draft.spec.containers.map((one) => statusOf(draft, one) ?? waiting(one, 'ContainerCreating'))
      draft.status = {
        ...draft.status,
        phase: 'Running',
        podIP: draft.status?.podIP ?? `10.128.${context.random.below(64)}.${context.random.below(254) + 1}`,
        containerStatuses: statuses.map((one) =>
          one.name === container.name
            ? { ...one, started: true, restartCount: restarts, state: { running: { startedAt: context.timestamp() } } }
            : one,
        ),
      }
    })
    return 0
  }
  return ready(pod, ref, context)
}

function ready(pod: Pod, ref: ObjectRef, context: Context): Again {
  if (isTrue(pod, 'Ready')) return null
  const waits = pod.spec.containers.map(({ name }) => timingOf(context.timings.readiness, name))
  const restarts = pod.status?.containerStatuses?.reduce((sum, { restartCount }) => sum + restartCount, 0) ?? 0
  const left = context.remaining(pod, `starting ${restarts}`, Math.max(...waits))
  if (left > 0) {
    setConditions(ref, context, [
      { type: 'ContainersReady', status: 'False', reason: 'ContainersNotReady' },
      { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
    ])
    return left
  }
  context.view.change<Pod>(ref, (draft) => {
    const statuses = draft.status?.containerStatuses ?? []
    draft.status = {
      ...draft.status,
      phase: 'Running',
      containerStatuses: statuses.map((one) => ({ ...one, ready: true })),
    }
  })
  setConditions(ref, context, [
    { type: 'ContainersReady', status: 'True' },
    { type: 'Ready', status: 'True' },
  ])
  return null
}

function crashed(ref: ObjectRef, context: Context, container: Container, restarts: number, ended: Ended): void {
  const terminated = {
    exitCode: ended.exitCode,
    reason: 'Error',
    message: ended.message,
    finishedAt: context.timestamp(),
  }
  context.view.change<Pod>(ref, (draft) => {
    const statuses = draft.spec.containers.map((one) => statusOf(draft, one) ?? waiting(one, 'ContainerCreating'))
    const message = `back-off restarting failed container=${container.name}: ${ended.message}`
    draft.status = {
      ...draft.status,
      phase: 'Running',
      containerStatuses: statuses.map((one) =>
        one.name === container.name
          ? {
              ...one,
              ready: false,
              restartCount: restarts,
              state: { waiting: { reason: 'CrashLoopBackOff', message } },
              lastState: { terminated },
            }
          : one,
      ),
    }
  })
  setConditions(ref, context, [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }])
}

/** Runs the first container once; it decides how the pod ends. */
function runToTheEnd(
  pod: Pod,
  ref: ObjectRef,
  context: Context,
  runtime: ContainerRuntime,
  [container, env]: readonly [Container, ReadonlyMap<string, Secret>],
): Again {
  context.view.change<Pod>(ref, (draft) => {
    draft.status = {
      ...draft.status,
      phase: 'Running',
      containerStatuses: draft.spec.containers.map((one) => ({
        ...waiting(one, ''),
        started: true,
        ready: true,
        state:
          statusOf(draft, one)?.state.running === undefined
            ? { running: { startedAt: context.timestamp() } }
            : (statusOf(draft, one)?.state ?? {}),
      })),
    }
  })
  setConditions(ref, context, [
    { type: 'ContainersReady', status: 'True' },
    { type: 'Ready', status: 'True' },
  ])
  const outcome = context.outcome(`${pod.metadata.uid} run`, (signal) =>
    runtime.run({ view: context.view, pod, container, env }, signal),
  )
  if (outcome === undefined) return null
  const { exitCode, message } = outcome.value
  finishPod(context, ref, exitCode, message)
  return null
}

/** Ends a pod as its containers' exit code says. */
export function finishPod(context: Context, ref: ObjectRef, exitCode: number, message: string): void {
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  context.view.change<Pod>(ref, (draft) => {
    draft.status = {
      ...draft.status,
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: draft.spec.containers.map((one) => ({
        ...waiting(one, ''),
        started: false,
        state: { terminated: { exitCode, reason, message, finishedAt: context.timestamp() } },
      })),
      conditions: withCondition(
        draft.status?.conditions,
        { type: 'Ready', status: 'False', reason: 'PodCompleted' },
        context,
      ),
    }
  })
}

function wait(ref: ObjectRef, context: Context, reason: string, message?: string): void {
  const before = context.view.get<Pod>('pods', ref.namespace, ref.name)?.status?.containerStatuses?.[0]?.state.waiting
  if (before?.reason === reason && before.message === message) return
  context.view.change<Pod>(ref, (draft) => {
    draft.status = {
      ...draft.status,
      phase: 'Pending',
      containerStatuses: draft.spec.containers.map((one) => waiting(one, reason, message)),
    }
  })
  setConditions(ref, context, [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }])
}

function waiting(container: Container, reason: string, message?: string): ContainerStatus {
  return {
    name: container.name,
    image: container.image,
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
  }
}

function statusOf(pod: Pick<Pod, 'status'>, container: Container): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === container.name)
}

function isTrue(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
}

function setConditions(
  ref: ObjectRef,
  context: Context,
  wanted: readonly Omit<Condition, 'lastTransitionTime'>[],
): void {
  context.view.change<Pod>(ref, (draft) => {
    let conditions: readonly Condition[] = draft.status?.conditions ?? []
    for (const condition of wanted) conditions = withCondition(conditions, condition, context)
    draft.status = { phase: 'Pending', ...draft.status, conditions: [...conditions] }
  })
}
