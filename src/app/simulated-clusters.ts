import { mkdir, mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errnoOf } from '../cli/errno.ts'
import { fault } from '../cli/faults.ts'
import type { SimulatedClusters } from '../ports/simulated-clusters.ts'

/** The simulated clusters, in this process. Their servers are loaded with the first that is asked for. */
export function simulatedClusters(clock: Clock, path: string | undefined): SimulatedClusters {
  return {
    async serve({ dir, portBase, onReady, signal }) {
      const { clusterNames, openClusters } = await import('../simulator/cluster/clusters.ts')
      await makeFolder(dir)
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

/** Not the folders above it: a path with a slip in it is not made. Faults: FILE_UNWRITABLE. */
async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    await rmdir(await mkdtemp(join(dir, '.probe-')))
  } catch (cause) {
    throw fault('FILE_UNWRITABLE', { file: dir, reason: errnoOf(cause) }, cause)
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
