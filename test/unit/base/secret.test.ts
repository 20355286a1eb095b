import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import { Secret } from '../../../src/base/secret.ts'

const canary = 'CANARY-hunter2-4f9d'
const secret = new Secret(canary)

test('no way of printing a secret shows its value', () => {
  const printed = [
    String(secret),
    secret.toString(),
    [secret].join(),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true }),
    inspect({ deep: [secret] }, { depth: null, showHidden: true, getters: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
    inspect(new Error('x', { cause: secret })),
  ]
  for (const text of printed) assert.ok(!text.includes(canary), text)
  for (const text of printed.slice(0, 3)) assert.equal(text, '[secret]')
})

test('a secret is opened by name of the purpose only', () => {
  assert.equal(secret.reveal('test'), canary)
})

test('secrets are equal when their values are, whatever their length', () => {
  assert.ok(secret.equals(new Secret(canary)))
  for (const other of ['', canary.slice(1), `${canary}x`, canary.toLowerCase()]) {
    assert.ok(!secret.equals(new Secret(other)), other)
  }
  // As many characters, more bytes.
  assert.ok(!new Secret('a').equals(new Secret('ä')))
})
