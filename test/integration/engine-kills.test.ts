import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../src/simulator/source-world/random.ts'
import { killAgainAndAgain } from '../support/engine-kills.ts'

test('a migration survives kills of control plane, worker, agent, PostgreSQL and people, with every effect once and sound evidence', async (t) => {
  const seed = Math.floor(Math.random() * 1_000_000)
  t.diagnostic(`seed ${seed}`)
  const random = new Random(seed, 'engine kills')
  const result = await killAgainAndAgain({
    kills: 8,
    rows: 12,
    workMs: 20,
    random: () => random.below(1_000_000) / 1_000_000,
  })
  assert.deepEqual(result.kills, { 'control-plane': 2, worker: 2, agent: 2, postgres: 1, people: 1 })
})
