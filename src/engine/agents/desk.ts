import type { ClientBase } from 'pg'
import { sleep } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { outcomeHash, reportedVerb } from '../../evidence/reported-verb.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Progress } from '../../model/progress.ts'
import type { AgentDesk, Caller, Completion, TaskView, TokenRole } from '../../ports/agent-desk.ts'
import type { VerbOutcome } from '../../ports/verb-runner.ts'
import { appendSigned, type KeySource } from '../journal/append.ts'
import type { Database } from '../journal/database.ts'
import { presentLineage } from '../journal/party-keys.ts'
import { readHead } from '../journal/read.ts'
import { demandStatement } from './demand-statement.ts'
import { fault } from './faults.ts'
import { counts, lockTask, mayLease, type TaskRow, takeLease } from './lease.ts'
import { authenticate } from './tokens.ts'

export interface DeskOptions {
  readonly database: Database
  /** The control plane's key, which seals what agents report. */
  readonly key: KeySource
  readonly clock: Clock
  /** Tells the workflow that waits, in the transaction of `tx`. */
  readonly sendOutcome: (
    tx: ClientBase,
    task: { readonly id: string; readonly workflow: string },
    outcome: VerbOutcome,
  ) => Promise<void>
  /** Called with each progress that an agent reports. */
  readonly onProgress: (
    at: { readonly migration: string; readonly row: string; readonly generation: number },
    progress: Progress,
  ) => Promise<void>
  /** How long a lease counts without a heartbeat, in milliseconds. */
  readonly leaseMs: number
}

/** How often a waiting lease looks, in milliseconds. */
const lookEveryMs = 250
/** Executions of one task that can be told apart by their fences. */
const leasesPerFence = 1_000_000

/** The desk that parties' agents come to, in the engine's database. */
export function databaseDesk(options: DeskOptions): AgentDesk {
  const { database, leaseMs } = options
  return {
    authenticate: (token) => authenticate(database, token),

    async lease(caller, { waitMs, signal }) {
      demandRole(caller, 'agent')
      for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
        signal.throwIfAborted()
        if (await database.write((tx) => mayLease(tx, caller))) {
          const found = await database.write(async (tx) => {
            const taken = await takeLease(tx, caller, leaseMs)
            return taken && { ...taken, seen: await readHead(tx, taken.task.migration) }
          })
          if (found !== null) {
            const { task, lease, seen } = found
            return { id: task.id, lease, leaseMs, task: { ...task.payload, fence: fenceOf(task) }, seen }
          }
        }
        if (waitedMs >= waitMs) return null
        await sleep(lookEveryMs, signal)
      }
    },

    async heartbeat(caller, { id, lease, progress }) {
      demandRole(caller, 'agent')
      const task = await database.write(async (tx) => {
        const found = await lockTask(tx, caller, id, lease)
        if (!counts(found)) throw fault('AGENT_LEASE_LOST', { task: id })
        await tx.query(
          `UPDATE threeshift.agent_task SET progress = coalesce($3, progress), leased_at = clock_timestamp(),
             leased_until = clock_timestamp() + $2::double precision * interval '1 ms'
           WHERE id = $1`,
          [id, leaseMs, progress === null ? null : JSON.stringify(progress)],
        )
        return found
      })
      if (progress !== null) await options.onProgress(task, progress)
      return { leaseMs }
    },

    async complete(caller, completion) {
      demandRole(caller, 'agent')
      const key = await options.key()
      await database.write(async (tx) => {
        const task = await lockTask(tx, caller, completion.id, completion.lease)
        const hash = outcomeHash(asJson(completion.outcome))
        // Said again, because the answer was lost: it is stored already.
        if (task.state === 'complete' && task.outcome_hash === hash) return
        if (!counts(task)) throw fault('AGENT_LEASE_LOST', { task: task.id })
        await demandReport(tx, caller, task, completion)
        await appendSigned(tx, completion, { entryKey: `reported ${task.id}`, key, clock: options.clock })
        await tx.query(
          `UPDATE threeshift.agent_task SET state = 'complete', outcome_hash = $2, completed_at = clock_timestamp() WHERE id = $1`,
          [task.id, hash],
        )
        await options.sendOutcome(tx, task, completion.outcome)
      })
    },

    async release(caller, { id, lease }) {
      demandRole(caller, 'agent')
      await database.write(async (tx) => {
        if (!counts(await lockTask(tx, caller, id, lease))) return
        await tx.query(`UPDATE threeshift.agent_task SET state = 'waiting' WHERE id = $1`, [id])
      })
    },

    presentKeys: (caller, lineage) => presentLineage(database, caller, lineage),

    async seen(caller, migration) {
      if (caller.migrations?.includes(migration) === false) return null
      return database.write((tx) => readHead(tx, migration))
    },

    async tasks(caller) {
      const { rows } = await database.write((tx) =>
        tx.query<TaskView>(
          `SELECT id, migration, "row", verb, state, leases, progress,
             floor(extract(epoch FROM requested_at) * 1000)::float8 AS "requestedAt"
           FROM threeshift.agent_task WHERE party = $1 AND ($2::text[] IS NULL OR migration = ANY ($2))
           ORDER BY requested_at DESC, id LIMIT 200`,
          [caller.party, caller.migrations],
        ),
      )
      return rows
    },
  }
}

/** Faults: AGENT_TOKEN_ROLE. */
export function demandRole({ name, role }: Caller, needed: TokenRole): void {
  if (role !== needed) throw fault('AGENT_TOKEN_ROLE', { name, role, needed })
}

/** What is signed must be what the control plane itself would say of this outcome. */
async function demandReport(
  tx: ClientBase,
  caller: Caller,
  task: TaskRow,
  { outcome, statement }: Completion,
): Promise<void> {
  const { id, migration, row, verb, generation } = task
  if (outcome.verb !== verb) throw fault('AGENT_STATEMENT_MISMATCH', { about: id, what: 'verb' })
  const { at, seen, body } = statement
  const tookMs = typeof body.tookMs === 'number' ? body.tookMs : 0
  const expected = reportedVerb(
    { id, migration, row, verb, generation, outcome: asJson(outcome), tookMs },
    { party: caller.party, actor: caller.name, at, seen },
  )
  await demandStatement(tx, id, expected, statement)
}

/** Grows with every lease, and from task to task of a row. */
function fenceOf(task: TaskRow): number {
  return task.payload.fence * leasesPerFence + task.leases
}

/** An outcome is JSON by its port's promise; its type has no index signature. */
function asJson(outcome: VerbOutcome): JsonObject {
  return outcome as unknown as JsonObject
}
