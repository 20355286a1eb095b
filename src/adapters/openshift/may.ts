import { z } from 'zod'
import type { AccessAnswer, AccessQuestion, Waiting } from '../../ports/cluster.ts'
import { ask, type Link } from './ask.ts'
import { decode } from './decode.ts'
import { faultOf } from './failure.ts'

const reviewSchema = z.object({
  kind: z.literal('SelfSubjectAccessReview'),
  status: z.object({ allowed: z.boolean(), denied: z.boolean().default(false) }),
})

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** One review per question, one after the other: they are asked before a run, and are few. */
export async function may(
  link: Link,
  questions: readonly AccessQuestion[],
  { signal }: Waiting,
): Promise<readonly AccessAnswer[]> {
  const answers: AccessAnswer[] = []
  for (const question of questions) {
    const body = JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: question },
    })
    const asked = {
      doing: 'review selfsubjectaccessreviews of the cluster',
      right: 'create on selfsubjectaccessreviews.authorization.k8s.io of the cluster',
      changes: false,
    }
    const outcome = await ask(link, { method: 'POST', path, body, repeat: 'again', signal, ...asked })
    if (outcome.kind !== 'ok') throw faultOf(outcome, { ...asked, server: link.dialer.server })
    const { status } = decode(reviewSchema, outcome.result, asked.doing)
    answers.push({ question, allowed: status.allowed && !status.denied })
  }
  return answers
}
