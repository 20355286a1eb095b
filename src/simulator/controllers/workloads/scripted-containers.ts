import { containers, type FaultEffect, type FaultScript } from '../../cluster/fault-script.ts'
import type { ContainerRuntime, Ended, RunningContainer } from './container-runtime.ts'

/** A runtime in which containers also end, or do not come to start, because a script of faults says so. */
export function scriptedContainers(runtime: ContainerRuntime, faults: Pick<FaultScript, 'meet'>): ContainerRuntime {
  const met = ({ pod, container }: Pick<RunningContainer, 'pod' | 'container'>): FaultEffect | undefined =>
    faults.meet({
      verb: 'start',
      resource: containers,
      namespace: pod.metadata.namespace,
      name: container.name,
      user: 'kubelet',
    })
  /** By container: what its first start has met, until it is started. */
  const starts = new Map<string, FaultEffect | undefined>()
  const take = (running: RunningContainer): FaultEffect | undefined => {
    const key = keyOf(running)
    const effect = starts.has(key) ? starts.get(key) : met(running)
    starts.delete(key)
    return effect
  }
  return {
    ...runtime,
    held: (container) => {
      const key = keyOf(container)
      if (!starts.has(key)) {
        const effect = met(container)
        if (effect?.kind === 'hold') return effect.reason
        starts.set(key, effect)
      }
      return runtime.held?.(container) ?? null
    },
    crash: async (container, signal) => {
      const effect = take(container)
      return effect?.kind === 'crash' ? crash(effect.exitCode) : runtime.crash(container, signal)
    },
    run: async (container, signal) => {
      const effect = take(container)
      return effect?.kind === 'crash' ? crash(effect.exitCode) : runtime.run(container, signal)
    },
  }
}

function crash(exitCode: number): Ended {
  return { exitCode, message: 'a script of faults ended it' }
}

function keyOf({ pod, container }: Pick<RunningContainer, 'pod' | 'container'>): string {
  return `${pod.metadata.uid} ${container.name}`
}
