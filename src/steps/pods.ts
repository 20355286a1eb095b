import { Secret } from '../base/secret.ts'
import { clusterKinds } from '../model/cluster-kinds.ts'
import type { ContainerRef } from '../ports/cluster.ts'
import { fault } from './faults.ts'
import type { ThreescalePlace } from './places.ts'

/** A ready pod of porta, and the container in it that commands are run in. Faults: STEP_NO_POD. */
export async function portaPod(at: ThreescalePlace, element: 'app' | 'sidekiq'): Promise<ContainerRef> {
  const { cluster, namespace, place, signal } = at
  const labels = `threescale_component=system,threescale_component_element=${element}`
  for await (const page of cluster.list(clusterKinds.pods, { namespace, labels }, { signal })) {
    const ready = page.find(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    if (ready !== undefined) {
      const container = element === 'app' ? 'system-master' : 'system-sidekiq'
      return { namespace, pod: ready.metadata.name, container }
    }
  }
  throw fault('STEP_NO_POD', { place, namespace, element })
}

/** Runs a rake task of porta to its end. Faults: STEP_NO_POD, OPENSHIFT_EXEC_*. */
export async function rake(at: ThreescalePlace, task: string): Promise<void> {
  const { cluster, signal } = at
  await cluster.exec(await portaPod(at, 'sidekiq'), { argv: ['bundle', 'exec', 'rake', task], signal })
}

/** Runs a command of porta in a container that has Rails; gives what it printed. Faults: STEP_NO_POD, OPENSHIFT_EXEC_*. */
export async function run(at: ThreescalePlace, argv: readonly string[]): Promise<string> {
  const { cluster, signal } = at
  const printed: Uint8Array[] = []
  await cluster.exec(await portaPod(at, 'app'), { argv, signal, onStdout: (bytes) => void printed.push(bytes) })
  return Buffer.concat(printed).toString('utf8')
}

/** The same, and what it prints. Nobody knows what is in it. */
export async function outputOf(at: ThreescalePlace, argv: readonly string[]): Promise<Secret> {
  const { cluster, signal } = at
  const pieces: Uint8Array[] = []
  const onStdout = (bytes: Uint8Array) => void pieces.push(bytes)
  await cluster.exec(await portaPod(at, 'app'), { argv, onStdout, signal })
  return new Secret(Buffer.concat(pieces).toString())
}
