import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../../../src/movers/redis/checkpoint.ts'

const checkpoint: Checkpoint = {
  state: 'running',
  snapshot: 'abc',
  mode: 'merge',
  carry: 'all',
  offset: 12,
  merged: ['merge all xyz'],
}

const changed = (change: Record<string, unknown>) => JSON.stringify({ version: 1, ...checkpoint, ...change })

test('a checkpoint comes back as it was written', () => {
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint)
})

test('whatever else stands under its key is no checkpoint', () => {
  const others = [
    '',
    'x',
    '12',
    'null',
    '[]',
    changed({ version: 2 }),
    changed({ state: 'lost' }),
    changed({ offset: '1' }),
  ]
  for (const text of [...others, changed({ mode: 'x' }), changed({ carry: 1 }), changed({ merged: [1] })]) {
    assert.equal(decodeCheckpoint(text), null, text)
  }
})
