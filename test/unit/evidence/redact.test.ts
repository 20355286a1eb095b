import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/base/secret.ts'
import { redact, withheld } from '../../../src/evidence/redact.ts'
import type { JsonObject } from '../../../src/model/json.ts'

const allowed = new Set(['says', 'facts', 'result'])

test('what is not on the list is withheld, whatever it holds', () => {
  const body = { says: 'done', note: 'hunter2', rows: [1, 2] }
  assert.deepEqual(redact(body, allowed), { says: 'done', note: withheld, rows: withheld })
})

test('a value is withheld by its name or by its look, at any depth', () => {
  const facts = {
    host: 'db.example.com',
    rows: 7,
    password: 'hunter2',
    dbPassword: 'hunter2',
    access_key: 'abc',
    tokens: ['kept: a name, not a token'],
    list: [{ secret: 'hunter2', name: 'system-seed' }],
    header: 'Bearer abcdef',
    pem: '-----BEGIN EC PRIVATE KEY-----\nabc',
    aws: 'AKIAIOSFODNN7EXAMPLE',
    token: 'tst_0123456789ab_xyz',
    other: 'see tst_0123456789ab_xyz',
    jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc',
    url: 'postgres://ann:hunt/er2@x@db/x and https://db.example.com/a',
  }
  const kept = redact({ facts }, allowed).facts as JsonObject
  const text = JSON.stringify(kept)
  for (const secret of ['hunter2', 'er2', 'abc', 'AKIA', 'tst_', 'eyJ'])
    assert.ok(!text.includes(secret), `${secret}: ${text}`)
  assert.deepEqual(
    [kept.host, kept.rows, kept.tokens, kept.list, kept.url],
    [
      'db.example.com',
      7,
      ['kept: a name, not a token'],
      [{ secret: withheld, name: 'system-seed' }],
      `postgres://${withheld}@db/x and https://db.example.com/a`,
    ],
  )
})

test('a Secret, or anything else that is no plain data, never gets in: nothing is written', () => {
  // What the type forbids and a caller may still do.
  for (const value of [new Secret('hunter2'), new Date(0), Buffer.from('x'), undefined, 1n, () => 1, new Map()]) {
    for (const body of [{ facts: { inner: value } }, { says: value }, { facts: [value] }]) {
      assert.throws(() => redact(body as unknown as JsonObject, allowed), TypeError)
    }
  }
})

test('very long text is cut, and half of a surrogate pair is replaced', () => {
  const kept = redact({ says: 'x'.repeat(10_000), result: 'a\ud800' }, allowed)
  assert.equal(kept.says, `${'x'.repeat(4000)}… (10000 characters)`)
  assert.equal(kept.result, 'a\ufffd')
})
