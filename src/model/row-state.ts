import { z } from 'zod'
import { faultDataSchema } from './fault-data.ts'
import { parties } from './party.ts'

const verb = z.enum(['check', 'explain', 'apply', 'confirm', 'undo'])
/** Milliseconds since 1970, by the clock of the engine's database. */
const time = z.number().int()

/**
 * Where a row stands.
 *
 * - `waiting`: its turn has not come.
 * - `running`: a verb runs in a process of the engine; `since` its first start.
 * - `with-agent`: a verb waits for, or runs on, the owner's own agent.
 * - `held`: its gate is open and somebody has to answer.
 * - `retrying`: a verb failed, and is tried again by itself at `until`.
 * - `failed`: a verb failed, and nothing happens before a person acts.
 * - `done`: `applied` by this migration, or `already-so` when it was first looked at.
 * - `undone`: taken back, or nothing was to be taken back.
 *
 * From `waiting` to `running`/`with-agent` (check, explain, apply, confirm) to `done`; `held` lies between explain and
 * apply; `retrying` and `failed` lead back to `running`. A rollback leads from any of them over `running` (undo) to `undone`.
 */
export const rowStateSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('waiting') }),
  z.strictObject({ kind: z.literal('running'), verb, attempt: z.number().int(), since: time, executor: z.string() }),
  z.strictObject({ kind: z.literal('with-agent'), verb, party: z.enum(parties), task: z.string(), since: time }),
  z.strictObject({ kind: z.literal('held'), question: z.string(), since: time }),
  z.strictObject({
    kind: z.literal('retrying'),
    verb,
    fault: faultDataSchema,
    tries: z.number().int(),
    since: time,
    until: time,
  }),
  z.strictObject({ kind: z.literal('failed'), verb: verb.nullable(), fault: faultDataSchema, since: time }),
  z.strictObject({ kind: z.literal('done'), how: z.enum(['applied', 'already-so']), says: z.string(), at: time }),
  z.strictObject({ kind: z.literal('undone'), says: z.string(), at: time }),
])
export type RowState = Readonly<z.output<typeof rowStateSchema>>
