import { z } from 'zod'
import { Secret } from '../base/secret.ts'
import type { Step, StepContext } from '../ports/step.ts'
import { factsIfAny } from './facts.ts'
import { exchangeBucketOf, makingOf, removeMade } from './making.ts'
import { measure } from './measure.ts'
import type { Tools } from './tools.ts'

/** The key to the bucket, encrypted for the vendor: only the vendor's agent can open it, wherever it lies. */
const grantedFacts = z.object({ user: z.string(), sealedKey: z.string() })

/** What the vendor's agent opens to reach the bucket; null before it is granted, and for whom it is not needed. */
export function sealedBucketKey(context: StepContext): string | null {
  return factsIfAny(context, 'exchange-granted', grantedFacts)?.sealedKey ?? null
}

const userOf = ({ migration }: StepContext): string => `threeshift-${migration.name}-exchange`

/** Prerequisite 8: a user of its own that may use this bucket and nothing else; its key crosses encrypted. */
export function exchangeGranted(tools: Tools): Step {
  return {
    async check(context) {
      const granted = factsIfAny(context, 'exchange-granted', grantedFacts)
      if (granted === null) return { kind: 'needed', says: 'the vendor has no key to the bucket' }
      return { kind: 'done', says: `user ${granted.user} has its key`, facts: {} }
    },

    async explain(context) {
      return {
        summary: `User ${userOf(context)} may read and write bucket ${exchangeBucketOf(context.migration)}, and nothing else.`,
        diff: [{ what: 'user', before: null, after: userOf(context) }],
      }
    },

    async apply(context) {
      const { migration, signal } = context
      const cloud = await tools.cloud('destination', signal)
      const making = makingOf(tools, context, "the vendor's way to the bucket", 'remove')
      const user = { name: userOf(context), rights: [{ kind: 'bucket' as const, bucket: exchangeBucketOf(migration) }] }
      await cloud.users.ensure(user, making, { signal })
      const { id, secret } = await cloud.users.issueKey(user.name, making, { signal })
      const key = JSON.stringify({ id, secret: secret.reveal('encrypt it for the vendor') })
      const sealedKey = await tools.exchange.seal(new Secret(key), await tools.exchange.card('rhoam-eng'))
      return {
        says: `user ${user.name} has a key that only the vendor can open`,
        facts: { user: user.name, sealedKey },
      }
    },

    async confirm(context) {
      const granted = factsIfAny(context, 'exchange-granted', grantedFacts)
      return {
        says: 'the key is on record, encrypted',
        measured: [measure('a key was handed over', true, granted !== null)],
        facts: {},
      }
    },

    async undo(context) {
      await removeMade(tools, context, 'destination')
      return { says: `user ${userOf(context)} and its keys are gone` }
    },
  }
}
