import { z } from 'zod'
import { lineageSchema, signatureSchema, statementSchema } from '../model/evidence.ts'
import { faultDataSchema } from '../model/fault-data.ts'
import type { JsonObject } from '../model/json.ts'
import { migrationSchema } from '../model/migration.ts'
import { parties } from '../model/party.ts'
import type { PlanRow } from '../model/plan.ts'
import { progressSchema } from '../model/progress.ts'
import { verbs } from '../ports/step.ts'
import type { VerbOutcome } from '../ports/verb-runner.ts'
import { explanationSchema, migrationViewSchema } from './view-schema.ts'

/*
 * What goes over the wire between control plane and agents, consoles and scripts: version 1. Every request has a bearer
 * token. Whatever is refused is answered with `{ fault }`.
 */

const facts: z.ZodType<JsonObject> = z.record(z.string(), z.json())
const verb = z.enum(verbs)
const says = z.string().max(20_000)
const measurement = z.strictObject({ what: says, expected: says, found: says, equal: z.boolean() })
const change = z.strictObject({ what: says, before: says.nullable(), after: says.nullable() })

const ended = z.discriminatedUnion('verb', [
  z.strictObject({
    kind: z.literal('ended'),
    verb: z.literal('check'),
    result: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('done'), says, facts }),
      z.strictObject({ kind: z.literal('needed'), says }),
    ]),
  }),
  z.strictObject({
    kind: z.literal('ended'),
    verb: z.literal('explain'),
    result: z.strictObject({ summary: says, diff: z.array(change) }),
  }),
  z.strictObject({ kind: z.literal('ended'), verb: z.literal('apply'), result: z.strictObject({ says, facts }) }),
  z.strictObject({
    kind: z.literal('ended'),
    verb: z.literal('confirm'),
    result: z.strictObject({ says, measured: z.array(measurement), facts }),
  }),
  z.strictObject({ kind: z.literal('ended'), verb: z.literal('undo'), result: z.strictObject({ says }) }),
])

export const outcomeSchema: z.ZodType<VerbOutcome> = z.union([
  ended,
  z.strictObject({ kind: z.literal('faulted'), verb, fault: faultDataSchema }),
])

const taskId = z.string().min(1).max(300)
const lease = z.string().regex(/^[\w-]{43}$/)
const name = z.string().min(1).max(100)

/** The longest that a lease is waited for, in milliseconds; proxies cut off what is silent for longer. */
export const longestWaitMs = 25_000

/** `POST /v1/lease`: 200 with a task, or 204. */
export const leaseRequest = z.strictObject({ waitMs: z.int().min(0).max(longestWaitMs) })
export const leaseAnswer = z.object({
  id: taskId,
  lease,
  leaseMs: z.int().positive(),
  seen: statementSchema.shape.seen,
  task: z.object({
    verb,
    generation: z.int(),
    fence: z.int(),
    facts: z.record(z.string(), facts),
    migration: migrationSchema,
    // Text that the control plane has compiled itself; the agent uses its id and shows the rest.
    row: z.custom<PlanRow>(
      (row) => typeof row === 'object' && row !== null && 'id' in row && typeof row.id === 'string',
    ),
  }),
})

/** `POST /v1/heartbeat`: 200, or 409 when the lease is lost. */
export const heartbeatRequest = z.strictObject({ id: taskId, lease, progress: progressSchema.nullable() })
export const heartbeatAnswer = z.object({ leaseMs: z.int().positive() })

/** `POST /v1/complete`: 204, or 409 when the lease is lost. */
export const completeRequest = z.strictObject({
  id: taskId,
  lease,
  outcome: outcomeSchema,
  statement: statementSchema,
  signature: signatureSchema,
})

/** `POST /v1/release`: 204, or 409 when the lease is not the last one of the task. */
export const releaseRequest = z.strictObject({ id: taskId, lease })

/** `POST /v1/keys`: 204. */
export const keysRequest = z.strictObject({ lineage: lineageSchema })

/**
 * `POST /v1/approvals`: 204. `digest`: of what was shown, as `GET /v1/approvals` gives it. The statement says the same, signed with
 * the party's key, which `POST /v1/keys` has presented.
 */
export const answerRequest = z.strictObject({
  migration: name,
  row: name,
  verdict: z.enum(['approved', 'rejected']),
  reason: z.string().min(1).max(2000),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  statement: statementSchema,
  signature: signatureSchema,
})

/** `GET /v1/status`: what the caller's party may see: whose turn it is, its own rows, and what is asked of it. */
export const statusAnswer = z.object({
  party: z.enum(parties),
  name: z.string(),
  migrations: z.array(migrationViewSchema),
})
export type StatusAnswer = z.output<typeof statusAnswer>

/** `GET /v1/approvals`: what the caller may answer; `seen` and `generation` belong into the statement about the answer. */
export const approvalsAnswer = z.object({
  approvals: z.array(
    explanationSchema.extend({
      migration: z.string(),
      generation: z.int(),
      row: z.string(),
      question: z.string(),
      digest: z.string(),
      askedAt: z.number(),
      missing: z.array(z.string()),
      seen: statementSchema.shape.seen,
    }),
  ),
})
export type ApprovalsAnswer = z.output<typeof approvalsAnswer>

/** The body of every refusal. */
export const refusal = z.object({ fault: faultDataSchema })
