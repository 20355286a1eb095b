import type { ServerResponse } from 'node:http'
import type { MutableObject } from '../store.ts'
import { labelMatcher } from '../selectors.ts'
import { isFields, readNumber, readPath } from '../read-path.ts'
import { Refusal, success } from '../refusal.ts'
import { sendStatus } from './answers.ts'
import { readBody } from './body.ts'
import { type ApiContext, type ResourceCall, refOf, writeOptionsOf } from './context.ts'
import { sendObject } from './objects.ts'

/** POST pods/NAME/eviction: deletes the pod unless a disruption budget forbids it. Refuses: TooManyRequests, NotFound. */
export async function serveEviction(context: ApiContext, call: ResourceCall, response: ServerResponse): Promise<void> {
  const { store } = context
  await readBody(call.request.message)
  const ref = refOf(call)
  const pod = store.read(ref)
  const budgets = store.list('poddisruptionbudgets.policy', { namespace: pod.metadata.namespace ?? '' })
  const forbids = budgets.find((budget) => {
    const labels = readPath(budget, 'spec.selector.matchLabels')
    const pairs = isFields(labels) ? Object.entries(labels) : []
    const selector = pairs.map(([key, value]) => `${key}=${String(value)}`).join(',')
    return pairs.length > 0 && labelMatcher(selector)(pod) && readNumber(budget, 'status.disruptionsAllowed') <= 0
  })
  if (forbids !== undefined) {
    const message = "Cannot evict pod as it would violate the pod's disruption budget."
    throw new Refusal(429, 'TooManyRequests', message, { retryAfterSeconds: 10 })
  }
  store.delete(ref)
  sendStatus(response, { ...success({}), code: 201 })
}

/** POST deploymentconfigs/NAME/instantiate: asks for a new rollout. Refuses: NotFound. */
export async function serveInstantiate(
  context: ApiContext,
  call: ResourceCall,
  response: ServerResponse,
): Promise<void> {
  await readBody(call.request.message)
  sendObject(context, call, response, 201, context.store.modify(refOf(call), countRollout, writeOptionsOf(call)))
}

function countRollout(draft: MutableObject): void {
  draft.status = { ...draft.status, latestVersion: readNumber(draft.status, 'latestVersion') + 1 }
}
