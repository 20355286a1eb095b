import { mkdir } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'

/** The simulated clusters, in this process. Their servers are loaded with the first that is asked for. */
export function simulatedClusters(clock: Clock, path: string | undefined): SimulatedClusters {
  return {
    async serve({ dir, portBase, onReady, signal }) {
      const { clusterNames, openClusters } = await import('../simulator/cluster/clusters.ts')
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const clusters = await openClusters({
        dir,
        path: path ?? '/usr/local/bin:/usr/bin:/bin',
        clock,
        ...(portBase === undefined ? {} : { portBase }),
      })
      try {
        for (const name of clusterNames) onReady({ name, kubeconfig: clusters[name].kubeconfig })
        await untilAborted(signal)
      } finally {
        await Promise.all(Object.values(clusters).map((cluster) => cluster.close()))
      }
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
