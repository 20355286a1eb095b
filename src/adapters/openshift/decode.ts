import { z } from 'zod'
import type { ClusterKind, ClusterObject } from '../../model/cluster-object.ts'
import { fault } from './faults.ts'

/** A decoder's output, or OPENSHIFT_BAD_ANSWER that names the field and nothing of its value. */
export function decode<Decoded>(schema: z.ZodType<Decoded>, body: unknown, doing: string): Decoded {
  const decoded = schema.safeParse(body)
  if (decoded.success) return decoded.data
  const [issue] = decoded.error.issues
  const path = issue?.path.join('.') ?? ''
  throw fault('OPENSHIFT_BAD_ANSWER', { doing, reason: `${path === '' ? 'it' : path}: ${issue?.code}` })
}

/** As `decode`, of one object of a kind. An object of another kind is a bad answer, too. */
export function decodeObject<Decoded extends ClusterObject>(
  kind: ClusterKind<Decoded>,
  body: unknown,
  doing: string,
): Decoded {
  decode(z.object({ kind: z.literal(kind.kind), apiVersion: z.literal(kind.apiVersion) }), body, doing)
  return decode(kind.schema, body, doing)
}
