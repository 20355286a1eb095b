import { hasCondition, withCondition } from '../engine/conditions.ts'
import { type Controller, keyOf, ownerKey, splitKey } from '../engine/controller.ts'
import { createPod, newName, podsOf } from './keep-pods.ts'
import type { Job } from './shapes.ts'

const resource = 'jobs.batch'

/** Jobs, one pod at a time: Complete when enough of them have succeeded, Failed when more than backoffLimit have not. */
export const jobs: Controller = {
  name: 'jobs',
  watches: { [resource]: (job) => [keyOf(job)], pods: (pod) => ownerKey(pod, 'Job') },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const job = context.view.get<Job>(resource, namespace, name)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return null
    if (hasCondition(job, 'Complete') || hasCondition(job, 'Failed')) return null
    const pods = podsOf(context, job)
    const succeeded = pods.filter(({ status }) => status?.phase === 'Succeeded').length
    const failed = pods.filter(({ status }) => status?.phase === 'Failed').length
    const { backoffLimit = 6, completions = 1, template } = job.spec
    const isComplete = succeeded >= completions
    const isFailed = !isComplete && failed > backoffLimit
    const active = pods.length - succeeded - failed
    if (!isComplete && !isFailed && active === 0) {
      const wait = failed === 0 ? 0 : context.remaining(job, `backoff ${failed}`, context.timings.crashBackoff)
      if (wait > 0) return wait
      const labels = { ...template.metadata?.labels, 'job-name': name, 'batch.kubernetes.io/job-name': name }
      const spec = { restartPolicy: 'Never' as const, ...template.spec }
      createPod(context, job, { metadata: { ...template.metadata, labels }, spec }, newName(context, name))
    }
    context.view.change<Job>({ resource, namespace, name }, (draft) => {
      const { conditions, ...status } = draft.status ?? {}
      const ending = isComplete
        ? { type: 'Complete', status: 'True' as const }
        : { type: 'Failed', status: 'True' as const, reason: 'BackoffLimitExceeded' }
      draft.status = {
        ...status,
        startTime: status.startTime ?? context.timestamp(),
        active: isComplete || isFailed ? 0 : 1,
        succeeded,
        failed,
        ...(isComplete ? { completionTime: context.timestamp() } : {}),
        ...(isComplete || isFailed ? { conditions: withCondition(conditions, ending, context) } : {}),
      }
    })
    return null
  },
}
