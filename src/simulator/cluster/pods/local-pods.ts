import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PodCommandRequest, PodExec, PodRuntime, SimulatedCommand } from '../pod-runtime.ts'
import { readList, readPath, readText } from '../read-path.ts'
import { badRequest } from '../refusal.ts'
import type { ClusterStore } from '../store.ts'
import { runLocalProgram } from './local-program.ts'
import { containerEnv, containerOf } from './pod-env.ts'
import { ShimPrograms } from './shim-programs.ts'
import type { PodLogs } from './pod-logs.ts'

export interface LocalPodsOptions {
  readonly store: ClusterStore
  readonly logs: PodLogs
  /** Holds a folder for each pod, by uid; one that has gone takes its folder with it. */
  readonly folder: string
  /** Where programs are looked for, as in PATH. */
  readonly path: string
}

/** Of a program that is not there. */
const notFound = 127

/** Pods whose commands are registered ones or real programs of this machine. */
export function localPods({ store, logs, folder, path }: LocalPodsOptions): PodRuntime {
  const commands: SimulatedCommand[] = []
  const running = new Map<string, Set<AbortController>>()
  const shims = new ShimPrograms(async ({ caller, ...exec }) => {
    // A shell in the pod has called it, with what the shell itself was given.
    const [uid = '', name] = caller.split('/')
    const pod = store.list('pods').find(({ metadata }) => metadata.uid === uid)
    if (pod === undefined) return notFound
    const container = containerOf(pod, name)
    const whole = { ...exec, pod, container: name ?? '', env: containerEnv(store, pod, container), stdin: undefined }
    const simulated = commands.find((command) => command.matches(whole))
    return simulated === undefined ? notFound : simulated.run(whole)
  })
  store.watch('pods', {}, ({ type, object }) => {
    if (type !== 'DELETED') return
    const { uid } = object.metadata
    for (const controller of running.get(uid) ?? []) controller.abort()
    rmSync(join(folder, uid), { recursive: true, force: true })
  })

  async function exec(request: Parameters<PodRuntime['exec']>[0]): Promise<number> {
    const { pod, signal } = request
    const container = containerOf(pod, request.container)
    checkRuns(pod, readText(container, 'name'))
    const { uid } = pod.metadata
    const gone = new AbortController()
    const all = running.get(uid) ?? new Set()
    running.set(uid, all.add(gone))
    try {
      const env = containerEnv(store, pod, container)
      const whole = {
        ...request,
        container: readText(container, 'name'),
        env,
        signal: AbortSignal.any([signal, gone.signal]),
      }
      return await run(whole)
    } finally {
      all.delete(gone)
      if (all.size === 0) running.delete(uid)
    }
  }

  async function run(exec: PodExec): Promise<number> {
    const simulated = commands.find((command) => command.matches(exec))
    if (simulated !== undefined) return simulated.run(exec)
    const home = join(folder, exec.pod.metadata.uid, 'home')
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const programs = commands.flatMap(({ program }) => program ?? [])
    const env = { ...exec.env, ...(await shims.envFor(programs, `${exec.pod.metadata.uid}/${exec.container}`, path)) }
    return runLocalProgram({ ...exec, env }, { folder: home, path: env['PATH'] ?? path })
  }

  return {
    register: (command) => void commands.push(command),
    exec,
    close: async () => {
      for (const controller of [...running.values()].flatMap((all) => [...all])) controller.abort()
      await shims.close()
    },
    log: (pod, container, text) => logs.append(pod.metadata.uid, container, text),
    restarted: (pod, container) => logs.restart(pod.metadata.uid, container),
  }
}

/** As a kubelet refuses: a pod that has ended, or a container that waits. One that nobody has a status of is taken to run. */
function checkRuns(pod: PodCommandRequest['pod'], container: string): void {
  const phase = readText(pod, 'status.phase')
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  }
  const status = readList(pod, 'status.containerStatuses').find((entry) => readText(entry, 'name') === container)
  const isDown = phase === 'Pending' || (status !== undefined && readPath(status, 'state.running') === undefined)
  if (isDown) throw badRequest(`container not found ("${container}")`)
}
