import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'pg'
import type { Step, StepContext, Steps } from '../../src/ports/step.ts'

/** What fake steps write down, in a database of their own: the world that the steps of a test change. */
export const worldSql = `
CREATE TABLE IF NOT EXISTS world (migration text, row_id text, generation int, PRIMARY KEY (migration, row_id));
CREATE TABLE IF NOT EXISTS calls (id bigserial PRIMARY KEY, migration text, row_id text, verb text, generation int, fence int,
  began timestamptz DEFAULT clock_timestamp(), ended timestamptz);
CREATE TABLE IF NOT EXISTS effects (migration text, row_id text, fence int);
CREATE TABLE IF NOT EXISTS at_once (migration text, row_id text, verb text);`

/**
 * Steps that change one row of a real table each, and note every call of a verb: an apply that finds its row there
 * changes nothing. Two verbs of one migration at the same time are noted as an overlap.
 */
export function countingSteps(
  rows: readonly string[],
  url: string,
  options: {
    readonly workMs: number
    /** How long a verb that is stopped takes to end its batch; then it notes its end. */
    readonly drainMs?: number
    readonly overrides?: Readonly<Record<string, Partial<Step>>>
  },
): { readonly steps: Steps; readonly close: () => Promise<void> } {
  const pool = poolOf(url)
  // A call keeps its connection while its verb uses another: of one pool, many at once would wait for each other.
  const callers = poolOf(url)
  const call = async <Result>(verb: string, context: StepContext, work: () => Promise<Result>): Promise<Result> => {
    const client = await callers.connect()
    const { migration, row, generation, fence } = context
    const at = [migration.name, row.id, verb]
    try {
      const { rows: called } = await client.query<{ id: string }>(
        'INSERT INTO calls (migration, row_id, verb, generation, fence) VALUES ($1, $2, $3, $4, $5) RETURNING id',
        [...at, generation, fence],
      )
      const lock = await client.query('SELECT pg_try_advisory_lock(hashtext($1)) AS alone', [migration.name])
      if (lock.rows[0]?.alone !== true) await client.query('INSERT INTO at_once VALUES ($1, $2, $3)', at)
      if (options.workMs > 0) await wait(options.workMs, undefined, { signal: context.signal }).catch(() => undefined)
      if (context.signal.aborted && options.drainMs !== undefined) {
        await wait(options.drainMs)
        await client.query('UPDATE calls SET ended = clock_timestamp() WHERE id = $1', [called[0]?.id])
      }
      context.signal.throwIfAborted()
      const result = await work()
      await client.query('UPDATE calls SET ended = clock_timestamp() WHERE id = $1', [called[0]?.id])
      return result
    } finally {
      await client.query('SELECT pg_advisory_unlock_all()').catch(() => undefined)
      client.release()
    }
  }
  const isThere = async ({ migration, row }: StepContext) => {
    const found = await pool.query('SELECT 1 FROM world WHERE migration = $1 AND row_id = $2', [migration.name, row.id])
    return found.rows.length > 0
  }
  const step: Step = {
    check: (context) =>
      call('check', context, async () =>
        (await isThere(context))
          ? { kind: 'done', says: 'is there', facts: {} }
          : { kind: 'needed', says: 'is not there' },
      ),
    explain: (context) =>
      call('explain', context, async () => ({
        summary: `puts ${context.row.id} there`,
        diff: [{ what: context.row.id, before: null, after: 'there' }],
      })),
    apply: (context) =>
      call('apply', context, async () => {
        // The effect and the note of it are one statement: a note more is an effect more.
        await pool.query(
          `WITH put AS (INSERT INTO world VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING migration)
           INSERT INTO effects SELECT migration, $2, $4 FROM put`,
          [context.migration.name, context.row.id, context.generation, context.fence],
        )
        return { says: 'put there', facts: { saw: Object.keys(context.facts).length } }
      }),
    confirm: (context) =>
      call('confirm', context, async () => {
        const found = (await isThere(context)) ? 'there' : 'missing'
        return {
          says: `${context.row.id} is ${found}`,
          measured: [{ what: context.row.id, expected: 'there', found, equal: found === 'there' }],
          facts: {},
        }
      }),
    undo: (context) =>
      call('undo', context, async () => {
        await pool.query('DELETE FROM world WHERE migration = $1 AND row_id = $2', [
          context.migration.name,
          context.row.id,
        ])
        return { says: 'taken away' }
      }),
  }
  return {
    steps: new Map(rows.map((row) => [row, { ...step, ...options.overrides?.[row] }])),
    close: async () => {
      await Promise.all([pool.end(), callers.end()])
    },
  }
}

function poolOf(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}
