import type { ClientBase } from 'pg'
import { Secret } from '../../base/secret.ts'
import type { Caller } from '../../ports/agent-desk.ts'
import type { Verb } from '../../ports/step.ts'
import type { VerbTask } from '../../ports/verb-runner.ts'
import { fault } from './faults.ts'
import { hashOf, randomSecret } from './tokens.ts'

/** A task as the desk needs it. */
export interface TaskRow {
  readonly id: string
  readonly workflow: string
  readonly migration: string
  readonly row: string
  readonly verb: Verb
  readonly generation: number
  readonly payload: VerbTask
  readonly state: 'waiting' | 'leased' | 'complete' | 'withdrawn'
  readonly leases: number
  readonly lease_hash: string | null
  readonly outcome_hash: string | null
  /** Whether the lease still counts, by the database's clock. */
  readonly in_time: boolean
}

/**
 * Whether the lease of the task `table` counts, by the database's clock. Before it was given it does not: somebody has set the clock back,
 * and a lease of somebody who is gone must not last for as long as that. A little is let pass, as clocks are kept right in small steps.
 */
const counting = (table: string) =>
  `clock_timestamp() BETWEEN ${table}.leased_at - interval '5 seconds' AND ${table}.leased_until`

const columns = `id, workflow, migration, "row", verb, generation, payload, state, leases, lease_hash, outcome_hash,
  coalesce(${counting('agent_task')}, false) AS in_time`

/**
 * Leases the oldest of the caller's tasks that nobody works on, for `leaseMs`; null when there is none.
 *
 * Of a migration only one task is leased at a time. Leases are given one after the other, for two at once could not see
 * each other; giving one takes about a millisecond.
 */
export async function takeLease(
  tx: ClientBase,
  caller: Caller,
  leaseMs: number,
): Promise<{ readonly task: TaskRow; readonly lease: Secret } | null> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtext('threeshift lease'))")
  const { text, hash } = randomSecret()
  const { rows } = await tx.query<TaskRow>(
    `UPDATE threeshift.agent_task SET state = 'leased', lease_hash = $3, leased_by = $2, leases = leases + 1, leased_at = clock_timestamp(),
       leased_until = clock_timestamp() + $4::double precision * interval '1 ms'
     WHERE id = (
       SELECT id FROM threeshift.agent_task AS task
       WHERE party = $1 AND ($5::text[] IS NULL OR migration = ANY ($5))
         AND (state = 'waiting' OR state = 'leased' AND NOT ${counting('task')})
         AND NOT EXISTS (
           SELECT FROM threeshift.agent_task AS other
           WHERE other.migration = task.migration AND other.state = 'leased' AND ${counting('other')})
       ORDER BY requested_at, id LIMIT 1 FOR UPDATE)
     RETURNING ${columns}`,
    [caller.party, caller.token, hash, leaseMs, caller.migrations],
  )
  const [task] = rows
  return task === undefined ? null : { task, lease: new Secret(text) }
}

/** Whether there may be something for the caller to lease: cheap, and without a lock. */
export async function mayLease(tx: ClientBase, caller: Caller): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM threeshift.agent_task
     WHERE party = $1 AND ($2::text[] IS NULL OR migration = ANY ($2))
       AND (state = 'waiting' OR state = 'leased' AND NOT ${counting('agent_task')}) LIMIT 1`,
    [caller.party, caller.migrations],
  )
  return rowCount !== 0
}

/**
 * The task of which this was the last lease, locked until the transaction ends; its state says whether the lease still counts.
 *
 * Faults: AGENT_LEASE_LOST, also for a task that is another party's or does not exist.
 */
export async function lockTask(tx: ClientBase, caller: Caller, id: string, lease: Secret): Promise<TaskRow> {
  const { rows } = await tx.query<TaskRow>(
    `SELECT ${columns} FROM threeshift.agent_task
     WHERE id = $1 AND party = $2 AND ($3::text[] IS NULL OR migration = ANY ($3)) FOR UPDATE`,
    [id, caller.party, caller.migrations],
  )
  const [task] = rows
  const hash = hashOf(lease.reveal('compare with the hash of the lease that counts'))
  if (task === undefined || task.lease_hash !== hash) throw fault('AGENT_LEASE_LOST', { task: id })
  return task
}

/** True while nobody else may do what this task says. */
export function counts(task: TaskRow): boolean {
  return task.state === 'leased' && task.in_time
}
