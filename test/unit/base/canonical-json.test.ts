import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalJson } from '../../../src/base/canonical-json.ts'

test('the example of RFC 8785 comes out as there', () => {
  const input = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],` +
      String.raw`"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  )
  assert.equal(
    canonicalJson(input),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
})

test('what is the same is written the same, in whatever order its names stand, and reads back', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalJson(value)
      assert.equal(canonicalJson(reversed(value)), text)
      assert.equal(canonicalJson(JSON.parse(text)), text)
      // -0 is 0 in JSON.
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('names are in the order of their code units, and what is undefined is left out', () => {
  assert.equal(canonicalJson({ '\u{1f600}': 1, '\ufb33': 2, a: undefined, B: 3 }), '{"B":3,"\u{1f600}":1,"\ufb33":2}')
})

test('what JSON has no form for is a bug', () => {
  for (const value of [undefined, 1n, Number.NaN, Infinity, new Date(0), () => 1, [undefined]]) {
    assert.throws(() => canonicalJson(value), /bug:/)
  }
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, held]) => [name, reversed(held)]),
  )
}
