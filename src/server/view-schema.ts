import { z } from 'zod'
import { parties } from '../model/party.ts'
import { progressSchema } from '../model/progress.ts'
import { rowStateSchema } from '../model/row-state.ts'
import { type MigrationView, migrationStates } from '../ports/engine.ts'

const party = z.enum(parties)
const time = z.number()

export const explanationSchema = z.object({
  summary: z.string(),
  diff: z.array(z.object({ what: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
})

const answer = z.object({
  party,
  name: z.string(),
  verdict: z.enum(['approved', 'rejected']),
  reason: z.string(),
  at: time,
})

const gate = z.object({
  gate: z.object({
    question: z.string(),
    approvals: z.number(),
    parties: z.array(party),
    differentParties: z.number(),
    escalateAfterMs: z.number(),
    escalation: z.string(),
    lapseAfterMs: z.number(),
  }),
  explanation: explanationSchema,
  digest: z.string(),
  askedAt: time,
  answers: z.array(answer),
  missing: z.array(z.string()),
})

const failure = z.object({
  row: z.string(),
  code: z.string(),
  cause: z.string(),
  evidence: z.array(z.string()),
  safeNow: z.string(),
  nextCommand: z.string(),
  walkAway: z.string(),
})

/** A migration as a party is shown it. */
export const migrationViewSchema: z.ZodType<MigrationView> = z.object({
  id: z.string(),
  customer: z.string(),
  state: z.enum(migrationStates),
  generation: z.number(),
  direction: z.enum(['forward', 'back']),
  startedAt: time,
  requestedBy: z.object({ party, name: z.string() }),
  baton: z.object({
    party: z.enum([...parties, 'nobody']),
    row: z.string().nullable(),
    since: time,
    why: z.string(),
    unblock: z.string(),
  }),
  gate: gate.nullable(),
  failure: failure.nullable(),
  rows: z.array(
    z.object({
      id: z.string(),
      number: z.string(),
      title: z.string(),
      owner: party,
      undo: z.enum(['undo', 'nothing', 'impossible']),
      state: rowStateSchema,
      progress: progressSchema.nullable(),
    }),
  ),
})
