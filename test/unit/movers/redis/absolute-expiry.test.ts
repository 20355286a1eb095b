import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withAbsoluteExpiry } from '../../../../src/movers/redis/absolute-expiry.ts'
import { Arrivals } from '../../../../src/movers/redis/arrivals.ts'
import { wordsOf } from '../../../../src/wire/resp/resp-pipe.ts'

function changed(text: string, setPxat = true): string | null {
  const words = text.split(' ').map((word) => Buffer.from(word))
  const command = { name: (text.split(' ')[0] ?? '').toLowerCase(), words, bytes: Buffer.alloc(0) }
  const bytes = withAbsoluteExpiry(command, 1_000_000.5, setPxat)
  return bytes === null ? null : wordsOf(bytes).join(' ')
}

test('a time to live is counted from when the command came', () => {
  assert.equal(changed('EXPIRE k 10'), 'PEXPIREAT k 1010000')
  assert.equal(changed('expire k 10 NX'), 'PEXPIREAT k 1010000 NX')
  assert.equal(changed('PEXPIRE k 10'), 'PEXPIREAT k 1000010')
  assert.equal(changed('SETEX k 10 v'), 'SET k v PXAT 1010000')
  assert.equal(changed('PSETEX k 10 v'), 'SET k v PXAT 1000010')
  assert.equal(changed('SET k v NX ex 10'), 'SET k v NX PXAT 1010000')
  assert.equal(changed('SET ex px PX 10'), 'SET ex px PXAT 1000010')
  assert.equal(changed('RESTORE k 10 payload REPLACE'), 'RESTORE k 1000010 payload REPLACE ABSTTL')
})

test('what says a time, or none, stays as it is; so does what an old target could not take', () => {
  for (const text of [
    'PEXPIREAT k 10',
    'SET k v',
    'SET k v PXAT 10',
    'SET k ex',
    'INCR k',
    'RESTORE k 0 p',
    'RESTORE k 9 p ABSTTL',
  ]) {
    assert.equal(changed(text), null, text)
  }
  assert.equal(changed('SETEX k 10 v', false), null)
  assert.equal(changed('EXPIRE k 10', false), 'PEXPIREAT k 1010000')
})

test('when a part of a stream came is known to the next run, and what comes again came later', () => {
  const folder = mkdtempSync(join(tmpdir(), 'threeshift-test-'))
  try {
    const first = new Arrivals(join(folder, 'arrivals'))
    assert.equal(first.at(0), null)
    for (const [position, ms] of [
      [0, 1000],
      [10, 1050],
      [20, 1200],
      [30, 5000],
    ] as const) {
      first.note(position, ms)
    }
    first.close()
    const again = new Arrivals(join(folder, 'arrivals'))
    assert.deepEqual(
      [0, 9, 10, 19, 20, 29, 30, 99].map((position) => again.at(position)),
      [1000, 1000, 1000, 1000, 1200, 1200, 5000, 5000],
    )
    again.note(15, 9000)
    again.close()
    const last = new Arrivals(join(folder, 'arrivals'))
    assert.deepEqual(
      [14, 15, 40].map((position) => last.at(position)),
      [1000, 9000, 9000],
    )
    last.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
