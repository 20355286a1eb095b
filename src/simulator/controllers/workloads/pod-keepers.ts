import { type Controller, keyOf, ownerKey, splitKey } from '../engine/controller.ts'
import { keepPods } from './keep-pods.ts'
import type { PodKeeper } from './shapes.ts'

/** What keeps a number of equal pods: ReplicaSets, ReplicationControllers and StatefulSets. */
export const podKeepers: readonly Controller[] = [
  podKeeper('replicasets.apps', 'ReplicaSet', false),
  podKeeper('replicationcontrollers', 'ReplicationController', false),
  podKeeper('statefulsets.apps', 'StatefulSet', true),
]

function podKeeper(resource: string, kind: string, ordinals: boolean): Controller {
  return {
    name: resource,
    watches: { [resource]: (keeper) => [keyOf(keeper)], pods: (pod) => ownerKey(pod, kind) },
    reconcile: (key, context) => {
      const { namespace, name } = splitKey(key)
      const keeper = context.view.get<PodKeeper>(resource, namespace, name)
      if (keeper === undefined || keeper.metadata.deletionTimestamp !== undefined) return null
      const { replicas = 1, template } = keeper.spec
      const counts = keepPods(context, keeper, { replicas, template, ordinals })
      context.view.change<PodKeeper>({ resource, namespace, name }, (draft) => {
        draft.status = {
          ...draft.status,
          observedGeneration: keeper.metadata.generation ?? 1,
          ...counts,
          availableReplicas: counts.readyReplicas,
          ...(ordinals ? { updatedReplicas: counts.replicas } : {}),
        }
      })
      return null
    },
  }
}
