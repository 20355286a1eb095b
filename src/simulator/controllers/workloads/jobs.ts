import { type Condition, hasCondition, withCondition } from '../engine/conditions.ts'
import { type Again, type Context, type Controller, keyOf, ownerKey, splitKey } from '../engine/controller.ts'
import { createPod, newName, podsOf } from './keep-pods.ts'
import type { Job } from './shapes.ts'

const resource = 'jobs.batch'

/**
 * Jobs, one pod at a time: Complete when enough of them have succeeded, Failed when more than backoffLimit have not, or
 * when the time is over that the Job was given; then its pods go. One that says how long it stays is removed after that.
 */
export const jobs: Controller = {
  name: 'jobs',
  watches: { [resource]: (job) => [keyOf(job)], pods: (pod) => ownerKey(pod, 'Job') },
  reconcile: (key, context) => {
    const { namespace, name } = splitKey(key)
    const job = context.view.get<Job>(resource, namespace, name)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return null
    if (hasCondition(job, 'Complete') || hasCondition(job, 'Failed')) return forget(job, context)
    const pods = podsOf(context, job)
    const succeeded = pods.filter(({ status }) => status?.phase === 'Succeeded').length
    const failed = pods.filter(({ status }) => status?.phase === 'Failed').length
    const { backoffLimit = 6, completions = 1 } = job.spec
    const left = timeLeft(job, context)
    const ending = endingOf({ isComplete: succeeded >= completions, isFailed: failed > backoffLimit, left })
    const active = pods.length - succeeded - failed
    if (ending?.reason === 'DeadlineExceeded') {
      for (const { metadata } of pods) context.view.remove({ resource: 'pods', namespace, name: metadata.name })
    }
    if (ending === null && active === 0) {
      const wait = failed === 0 ? 0 : context.remaining(job, `backoff ${failed}`, context.timings.crashBackoff)
      if (wait > 0) return Math.min(wait, left ?? wait)
      startPod(job, namespace, context)
    }
    context.view.change<Job>({ resource, namespace, name }, (draft) => {
      const { conditions, ...status } = draft.status ?? {}
      draft.status = {
        ...status,
        startTime: status.startTime ?? context.timestamp(),
        active: ending === null ? 1 : 0,
        succeeded,
        failed,
        ...(ending?.type === 'Complete' ? { completionTime: context.timestamp() } : {}),
        ...(ending === null ? {} : { conditions: withCondition(conditions, ending, context) }),
      }
    })
    return ending === null ? left : null
  },
}

function endingOf(found: {
  readonly isComplete: boolean
  readonly isFailed: boolean
  readonly left: number | null
}): Omit<Condition, 'lastTransitionTime'> | null {
  if (found.isComplete) return { type: 'Complete', status: 'True' }
  if (found.isFailed) return { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }
  return found.left === 0 ? { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' } : null
}

/** Milliseconds; null: it has all the time there is. These are the Job's own seconds, however fast the world is. */
function timeLeft(job: Job, context: Context): number | null {
  const { activeDeadlineSeconds } = job.spec
  return activeDeadlineSeconds === undefined ? null : context.remaining(job, 'active', activeDeadlineSeconds * 1000)
}

function startPod(job: Job, namespace: string, context: Context): void {
  const { name } = job.metadata
  const { template } = job.spec
  const labels = { ...template.metadata?.labels, 'job-name': name, 'batch.kubernetes.io/job-name': name }
  const spec = { restartPolicy: 'Never' as const, ...template.spec }
  createPod(context, job, { metadata: { ...template.metadata, labels }, spec }, newName(context, name))
}

function forget(job: Job, context: Context): Again {
  const { ttlSecondsAfterFinished } = job.spec
  if (ttlSecondsAfterFinished === undefined) return null
  const wait = context.remaining(job, 'kept', ttlSecondsAfterFinished * 1000)
  if (wait > 0) return wait
  const { namespace = '', name } = job.metadata
  context.view.remove({ resource, namespace, name })
  return null
}
