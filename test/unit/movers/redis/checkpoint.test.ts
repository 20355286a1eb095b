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

const followed = { replid: 'f'.repeat(40), offset: '9007199254740993', database: 0, databases: [3] }

test('a checkpoint comes back as it was written', () => {
  for (const one of [checkpoint, { ...checkpoint, followed }]) {
    assert.deepEqual(decodeCheckpoint(encodeCheckpoint(one)), one)
  }
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
    changed({ followed: null }),
    changed({ followed: { ...followed, offset: 1 } }),
    changed({ followed: { ...followed, database: -1 } }),
    changed({ followed: { ...followed, databases: ['1'] } }),
  ]
  for (const text of [...others, changed({ mode: 'x' }), changed({ carry: 1 }), changed({ merged: [1] })]) {
    assert.equal(decodeCheckpoint(text), null, text)
  }
})
