import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../src/simulator/source-world/random.ts'
import { killAgainAndAgain } from '../support/engine-kills.ts'

test('a migration survives kills of worker, PostgreSQL and control process, and every effect is there once', async (t) => {
  const seed = Math.floor(Math.random() * 1_000_000)
  t.diagnostic(`seed ${seed}`)
  const random = new Random(seed, 'engine kills')
  const result = await killAgainAndAgain({
    kills: 6,
    rows: 16,
    workMs: 20,
    random: () => random.below(1_000_000) / 1_000_000,
  })
  assert.deepEqual(result.kills, { worker: 2, postgres: 2, control: 2 })
})
