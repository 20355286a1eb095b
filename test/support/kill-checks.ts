import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { checkChain } from '../../src/evidence/check-chain.ts'
import type { StartRequest } from '../../src/ports/engine.ts'
import { runCli } from './cli.ts'

/** Check, apply, confirm; a gate has an explain besides. */
const verbsPerRow = 3

/**
 * Throws when an effect of the migration is there other than once, when two of its verbs ran at the same time, when more
 * verbs were repeated than there were kills, or when a later run of a row's verb has not the greater fence.
 */
export async function assertExact(world: Pool, { plan }: StartRequest, kills: number): Promise<void> {
  const { migration } = plan
  const there = await world.query('SELECT count(*)::int AS count FROM world WHERE migration = $1', [migration])
  assert.equal(there.rows[0]?.count, plan.rows.length, `${migration} is done, and its effects are there`)
  const atOnce = await world.query('SELECT * FROM at_once WHERE migration = $1', [migration])
  assert.deepEqual(atOnce.rows, [], `verbs of ${migration} ran beside another`)
  const put = await world.query(
    `SELECT row_id, count(*)::int AS count FROM effects WHERE migration = $1 GROUP BY row_id HAVING count(*) <> 1`,
    [migration],
  )
  assert.deepEqual(put.rows, [], `effects of ${migration} other than once`)
  const fences = await world.query(
    `SELECT * FROM (SELECT row_id, fence, lag(fence) OVER (PARTITION BY row_id ORDER BY id) AS before
     FROM calls WHERE migration = $1) AS each WHERE fence <= before`,
    [migration],
  )
  assert.deepEqual(fences.rows, [], `fences of ${migration} that do not grow`)
  const { repeated } = await countCalls(world, migration)
  // What a kill stops is done again: one verb at most.
  assert.ok(repeated <= kills, `${repeated} verbs of ${migration} were repeated after ${kills} kills`)
}

/** Calls of verbs, and how many of them repeat a verb of the same run; of one migration or, without one, of all. */
export async function countCalls(
  world: Pool,
  migration?: string,
): Promise<{ readonly calls: number; readonly repeated: number }> {
  const { rows } = await world.query<{ calls: number; once: number }>(
    `SELECT count(*)::int AS calls, count(DISTINCT (migration, row_id, verb, generation))::int AS once FROM calls
     WHERE $1::text IS NULL OR migration = $1`,
    [migration],
  )
  const [{ calls, once } = { calls: 0, once: 0 }] = rows
  return { calls, repeated: calls - once }
}

/**
 * Has `threeshift report` make the migration's pack and `threeshift verify-report` check it. Throws when that does not find
 * it sound, or when an approval, an agent's report or the end stands in the journal other than once. Gives the number of records.
 */
export async function assertEvidence(state: string, folder: string, { plan, gates, agents }: StartRequest) {
  const { migration } = plan
  const pack = join(folder, `pack-of-${migration}`)
  const options = { cwd: folder, env: { THREESHIFT_STATE_DIR: state, THREESHIFT_DATABASE_URL: '' } }
  const made = await runCli(['report', migration, '--out', pack], options)
  assert.equal(made.code, 0, made.stderr)
  const verified = await runCli(['verify-report', pack], options)
  assert.equal(verified.code, 0, verified.stdout)
  const { problems, records } = checkChain(readFileSync(join(pack, 'journal.jsonl'), 'utf8').trimEnd().split('\n'))
  assert.deepEqual(problems, [])
  const count = (kind: string) => records.filter(({ statement }) => statement.kind === kind).length
  const atAgents = plan.rows.filter(({ owner }) => agents.includes(owner))
  const explained = atAgents.filter(({ id }) => gates[id] !== undefined)
  assert.deepEqual(
    {
      started: count('migration-started'),
      approved: count('approved'),
      reported: count('verb-reported'),
      ended: count('migration-ended'),
    },
    {
      started: 1,
      approved: Object.values(gates).reduce((sum, { approvals }) => sum + approvals, 0),
      reported: atAgents.length * verbsPerRow + explained.length,
      ended: 1,
    },
    migration,
  )
  return records.length
}
