import { rest } from '../../base/abort.ts'
import type { RedisEndpoint } from '../../model/redis-endpoint.ts'
import { hasCondition } from '../../simulator/controllers/engine/conditions.ts'
import type { ClusterView } from '../../simulator/controllers/engine/cluster-view.ts'
import type { Pod } from '../../simulator/controllers/workloads/shapes.ts'
import { JobTakers } from '../../simulator/source-world/take-jobs.ts'

const everyMs = 100
const labels = { threescale_component: 'backend', threescale_component_element: 'worker' }

/**
 * Takes the jobs of the backend's queues for as long as a pod of backend-worker is ready, until the signal. A Redis that
 * does not answer is tried again.
 */
export async function workOnJobs(
  {
    view,
    namespace,
    queues,
  }: { readonly view: ClusterView; readonly namespace: string; readonly queues: RedisEndpoint },
  onTrouble: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const takers = JobTakers.open(queues)
  try {
    while (!signal.aborted) {
      const isUp = view.list<Pod>('pods', namespace, labels).some((pod) => hasCondition(pod, 'Ready'))
      if (isUp) await takers.takeAll().catch(onTrouble)
      await rest(everyMs, signal)
    }
  } finally {
    takers.close()
  }
}
